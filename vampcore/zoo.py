"""The trained models at hand, by name: those that ship in `checkpoints/`, and those of your own in `runs/`.

A folder is read when it is first listed, and again when one of its files has changed: a list of a thousand then costs
what it takes to look at their dates.
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from vampcore.checkpoints import Checkpoint, CheckpointError, fingerprint, read_description, read_metrics
from vampcore.checkpoints import load as load_checkpoint
from vampcore.checkpoints.folder import readable, reserved_name, whole
from vampcore.metrics.metric import Metric

SHIPPED = Path(__file__).resolve().parent.parent / "checkpoints"
RUNS = Path("runs")
LISTED_FILES = ("config.json", "metrics.json", "weights.safetensors")
# Two writings within a tick of the file system's clock have one date, so what was just written is not yet trusted.
NANOSECONDS_OF_A_TICK = 100_000_000

_Stamp = tuple[tuple[int, int, int, int, int], ...]


@dataclass(frozen=True)
class Entry:
    """One checkpoint in a list.

    Attributes:
        name: What `load` takes: `<experiment>/<prior>`, with `runs/` before it for a run of your own.
        experiment: Family; the name of the parent folder.
        prior: Name within the family; the name of the folder.
        path: The folder.
        data: Data set.
        model: Architecture.
        components: Mixture components of the prior; 0 where it is a flow.
        latent_dims: Dimensions of each stochastic layer, top first.
        epochs: Epochs trained.
        converged: Whether training came to its end.
        log_likelihood: log p(x) of the test set, estimated of `n` of its images, where it was evaluated.
        sha256: Of configuration and weights.
        posterior: `normal`, or the flow of q(z | x).
        error: Why the folder cannot be opened; the other fields are then empty.
    """

    name: str
    experiment: str
    prior: str
    path: Path
    data: str = ""
    model: str = ""
    components: int = 0
    latent_dims: tuple[int, ...] = ()
    epochs: int = 0
    converged: bool = False
    log_likelihood: Metric | None = None
    sha256: str = ""
    posterior: str = ""
    error: str | None = None


_known: dict[tuple[Path, str], tuple[_Stamp, Entry]] = {}


def entries(roots: tuple[Path, ...] = (SHIPPED, RUNS)) -> list[Entry]:
    """All checkpoints under the roots, `<root>/<experiment>/<prior>`; a folder that is not sound carries its error."""
    wanted = [(folder, _name(folder, root, roots)) for root in roots for folder in _folders(root)]
    stamps = [_stamp(folder) for folder, _ in wanted]
    found = [_remembered(key, stamp) for key, stamp in zip(wanted, stamps, strict=True)]
    missing = [i for i, entry in enumerate(found) if entry is None]
    if missing:
        # Hashing and reading leave Python's lock, so threads read as many folders at once as there are cores.
        with ThreadPoolExecutor(min(len(missing), os.cpu_count() or 1)) as readers:
            for i, entry in zip(missing, readers.map(lambda i: _entry(*wanted[i]), missing), strict=True):
                found[i] = entry
                _remember(wanted[i], stamps[i], entry)
    _forget_all_but(set(wanted), roots)
    return [entry for entry in found if entry is not None]


def load(name: str, roots: tuple[Path, ...] = (SHIPPED, RUNS)) -> Checkpoint:
    """The checkpoint of a name in `entries`, or in the folder of that path.

    Raises:
        CheckpointError: If there is none, or it is not sound.
    """
    return load_checkpoint(find(name, roots))


def find(name: str, roots: tuple[Path, ...] = (SHIPPED, RUNS)) -> Path:
    """The folder of a checkpoint's name or path.

    Raises:
        CheckpointError: If there is none.
    """
    for root in roots:
        for folder in _folders(root):
            if _name(folder, root, roots) == name:
                return folder
    try:
        if name and readable(Path(name)).is_dir():
            if inside := _checkpoints_in(Path(name)):
                raise CheckpointError(f"{name} is an experiment, not a checkpoint: choose one of {', '.join(inside)}")
            return Path(name)
    except OSError:  # too long for a path, or behind a folder that is closed to us: no checkpoint of ours
        pass
    raise CheckpointError(f"no checkpoint is called {name!r:.200}: see `python -m vampcore list`")


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


def _stamp(folder: Path) -> _Stamp | None:
    """What changes when a listed file of the folder does; None while a file is missing or was written just now."""
    place = readable(folder)
    try:
        found = [os.stat(f"{place}/{name}") for name in LISTED_FILES]  # noqa: PTH116 - see _folders
    except OSError:
        return None
    if time.time_ns() - max(each.st_ctime_ns for each in found) < NANOSECONDS_OF_A_TICK:
        return None
    return tuple((each.st_dev, each.st_ino, each.st_size, each.st_mtime_ns, each.st_ctime_ns) for each in found)


def _remembered(key: tuple[Path, str], stamp: _Stamp | None) -> Entry | None:
    before = _known.get(key)
    return before[1] if before is not None and stamp is not None and before[0] == stamp else None


def _remember(key: tuple[Path, str], stamp: _Stamp | None, entry: Entry) -> None:
    """Keep what was read, unless a file has changed since the stamp; an error may have causes outside of the folder."""
    if stamp is not None and entry.error is None and _stamp(key[0]) == stamp:
        _known[key] = stamp, entry


def _forget_all_but(wanted: set[tuple[Path, str]], roots: tuple[Path, ...]) -> None:
    """Let go of folders of these roots that are gone."""
    for key in [key for key in list(_known) if key not in wanted and key[0].parent.parent in roots]:
        _known.pop(key, None)


def _name(folder: Path, root: Path, roots: tuple[Path, ...]) -> str:
    short = f"{folder.parent.name}/{folder.name}"
    return short if root == roots[0] else f"{root.name}/{short}"


def _entry(folder: Path, name: str) -> Entry:
    try:
        return whole(folder, lambda folder: _sound_entry(folder, name))
    except CheckpointError as error:
        return Entry(name, folder.parent.name, folder.name, folder, error=str(error))


def _sound_entry(folder: Path, name: str) -> Entry:
    described, metrics = read_description(folder), read_metrics(folder)
    config = described.config
    return Entry(
        name=name,
        experiment=folder.parent.name,
        prior=folder.name,
        path=folder,
        data=config.data,
        model=config.model,
        posterior=config.posterior,
        components=config.prior_components,
        latent_dims=config.latent_dims,
        epochs=described.progress.epochs,
        converged=described.progress.converged,
        log_likelihood=next((metric for metric in metrics if metric.name == "log_likelihood"), None),
        sha256=fingerprint(folder),
    )
