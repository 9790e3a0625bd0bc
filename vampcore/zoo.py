"""The trained models at hand, by name: those that came with the code, and those in the working folder.

A checkout comes with all of its `checkpoints/`, a wheel with the experiments of two latent dimensions. In the working
folder `checkpoints/` and `runs/` are looked at.

A folder is read when it is first listed, and again when one of its files has changed: a list of a thousand then costs
what it takes to look at their dates.
"""

import hashlib
import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from vampcore.checkpoints import (
    Checkpoint,
    CheckpointError,
    CheckpointInfo,
    fingerprint,
    read_description,
    read_metrics,
)
from vampcore.checkpoints import load as load_checkpoint
from vampcore.checkpoints.edit_file import is_edited
from vampcore.checkpoints.folder import read_consistently, readable, reserved_name
from vampcore.checkpoints.manifest import MANIFEST, OURS, read_manifest
from vampcore.checkpoints.records import info_of

_IN_WHEEL = Path(__file__).resolve().parent / "shipped"
SHIPPED = _IN_WHEEL if _IN_WHEEL.is_dir() else _IN_WHEEL.parent.parent / "checkpoints"
OTHERS = Path("checkpoints")
RUNS = Path("runs")
ROOTS = (SHIPPED, OTHERS, RUNS)
LISTED_FILES = ("config.json", "metrics.json", "weights.safetensors", MANIFEST)
# Two writings within a tick of the file system's clock have one date, so what was just written is not yet trusted.
NANOSECONDS_OF_A_TICK = 100_000_000

# What a broken folder is read again for.
_ALL_FILES = (*OURS, MANIFEST)

_Stamp = dict[str, tuple[int, int, int, int, int] | None]


@dataclass(frozen=True)
class Entry:
    """One checkpoint in a list.

    Attributes:
        name: What `load` takes: `<experiment>/<prior>`, with `checkpoints/` or `runs/` before it for one that lies in
            that folder and did not come with the code.
        experiment: Family; the name of the parent folder.
        prior: Name within the family; the name of the folder.
        path: The folder.
        info: What it says of its model; None where it cannot be opened.
        error: Why it cannot be opened.
        content: SHA-256 of what it holds, the scores among it; "" where it cannot be opened.
    """

    name: str
    experiment: str
    prior: str
    path: Path
    info: CheckpointInfo | None = None
    error: str | None = None
    content: str = ""


_known: dict[tuple[Path, str], tuple[_Stamp, Entry]] = {}


class _Read(NamedTuple):
    """What a folder was found to be, and whether that can have causes outside of it."""

    entry: Entry
    settled: bool


def entries(roots: tuple[Path, ...] = ROOTS) -> list[Entry]:
    """All checkpoints under the roots, `<root>/<experiment>/<prior>`; a folder that is not sound carries its error."""
    roots = _distinct(roots)
    wanted = [(folder, _name(folder, root, roots)) for root in roots for folder in _folders(root)]
    found = [_remembered(key) for key in wanted]
    missing = [i for i, entry in enumerate(found) if entry is None]
    if missing:
        # Hashing and reading leave Python's lock, so threads read as many folders at once as there are cores.
        with ThreadPoolExecutor(min(len(missing), os.cpu_count() or 1)) as readers:
            for i, entry in zip(missing, readers.map(lambda i: _read_anew(wanted[i]), missing), strict=True):
                found[i] = entry
    _forget_all_but(set(wanted), roots)
    return [entry for entry in found if entry is not None]


def load(name: str, roots: tuple[Path, ...] = ROOTS) -> Checkpoint:
    """The checkpoint of a name in `entries`, or in the folder of that path.

    Raises:
        CheckpointError: If there is none, or it is not sound.
    """
    return load_checkpoint(find(name, roots))


def find(name: str, roots: tuple[Path, ...] = ROOTS) -> Path:
    """The folder of a checkpoint's name or path.

    Raises:
        CheckpointError: If there is none.
    """
    roots = _distinct(roots)
    for root in roots:
        for folder in _folders(root):
            if _name(folder, root, roots) == name:
                return folder
    try:
        if name and readable(Path(name)).is_dir():
            if inside := _checkpoints_in(Path(name)):
                raise CheckpointError(f"{name} is an experiment, not a checkpoint: choose one of {', '.join(inside)}")
            return Path(name)
        if name and Path(name).exists():
            raise CheckpointError(f"{name!r:.200} is a file, not the folder of a checkpoint that vampcore trained")
    except OSError:  # too long for a path, or behind a folder that is closed to us: no checkpoint of ours
        pass
    raise CheckpointError(f"no checkpoint is called {name!r:.200}: see `python -m vampcore list`")


def _distinct(roots: tuple[Path, ...]) -> tuple[Path, ...]:
    """The roots without those that are an earlier one: in a checkout, the working folder's own may be what ships."""
    first: dict[str, Path] = {}
    for root in roots:
        first.setdefault(os.path.realpath(root), root)
    return tuple(first.values())


def _checkpoints_in(folder: Path) -> list[str]:
    """The checkpoints of a folder that is none itself but holds some."""
    if (folder / "config.json").exists():
        return []
    return sorted(str(folder / name) for name in _subfolders(str(folder)) if (folder / name / "config.json").exists())


def _folders(root: Path) -> list[Path]:
    found = {
        reserved_name(root / experiment / prior)
        for experiment in _subfolders(str(root))
        for prior in _subfolders(f"{root}/{experiment}")
        if os.path.exists(f"{root}/{experiment}/{prior}/config.json")  # noqa: PTH110 - a Path each costs as much again
    }
    return sorted(folder for folder in found if not folder.name.startswith("."))


def _subfolders(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as listed:
            return [each.name for each in listed if each.is_dir()]
    except OSError:  # not there, no folder, or closed to us: nothing of ours
        return []


def _stamp(folder: Path, names: Iterable[str]) -> _Stamp | None:
    """What changes when one of these files of the folder does; None if one was written just now."""
    place = readable(folder)
    stamp: _Stamp = {}
    latest = 0
    for name in names:
        try:
            found = os.stat(f"{place}/{name}")  # noqa: PTH116 - see _folders
        except OSError:
            stamp[name] = None
            continue
        latest = max(latest, found.st_ctime_ns)
        stamp[name] = found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
    return None if time.time_ns() - latest < NANOSECONDS_OF_A_TICK else stamp


def _remembered(key: tuple[Path, str]) -> Entry | None:
    before = _known.get(key)
    return before[1] if before is not None and _stamp(key[0], before[0]) == before[0] else None


def _read_anew(key: tuple[Path, str]) -> Entry:
    """Read a folder, and remember what it is until a file changes: one that is broken until any of its files does."""
    stamp = _stamp(key[0], _ALL_FILES)
    entry, settled = _entry(*key)
    if stamp is not None and settled and _stamp(key[0], _ALL_FILES) == stamp:
        _known[key] = stamp if entry.error is not None else {name: stamp[name] for name in LISTED_FILES}, entry
    return entry


def _forget_all_but(wanted: set[tuple[Path, str]], roots: tuple[Path, ...]) -> None:
    """Let go of folders of these roots that are gone."""
    for key in [key for key in list(_known) if key not in wanted and key[0].parent.parent in roots]:
        _known.pop(key, None)


def _name(folder: Path, root: Path, roots: tuple[Path, ...]) -> str:
    short = f"{folder.parent.name}/{folder.name}"
    return short if root == roots[0] else f"{root.name}/{short}"


def _entry(folder: Path, name: str) -> _Read:
    shown, experiment, prior = (_printable(text) for text in (name, folder.parent.name, folder.name))
    if (shown, experiment, prior) != (name, folder.parent.name, folder.name):
        reason = f"{shown}: the folder's name holds letters that cannot be shown: rename it"
        return _Read(Entry(shown, experiment, prior, folder, error=reason), settled=True)
    try:
        return _Read(read_consistently(folder, lambda folder: _sound_entry(folder, name)), settled=True)
    except CheckpointError as error:
        # What the system refused it may grant later, with no file changed.
        outside = isinstance(error.__cause__, OSError)
        return _Read(Entry(shown, experiment, prior, folder, error=str(error)), settled=not outside)


def _printable(name: str) -> str:
    """A name of a file as text that every file and page can hold; what is no text in it is replaced."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in name)


def _sound_entry(folder: Path, name: str) -> Entry:
    manifest = read_manifest(folder)
    described, metrics = read_description(folder), read_metrics(folder)
    info = info_of(
        described.config,
        described.observation,
        described.progress,
        metrics,
        sha256=fingerprint(folder),
        checked=manifest is not None,
        edited=is_edited(folder),
    )
    # Without a manifest, of what a list is made of.
    files = metrics if manifest is None else sorted(manifest.items())
    content = hashlib.sha256(f"{info.sha256} {files}".encode()).hexdigest()
    return Entry(name, folder.parent.name, folder.name, folder, info, content=content)
