"""Files written whole or not at all, and folders replaced in one step."""

import errno
import os
import shutil
import time
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from vampcore.checkpoints.destinations import writable_file

Read = TypeVar("Read")
# A folder is replaced once a minute at most; a second replacement while it is read again is not to be expected.
MOST_READINGS = 5
# No writing takes so long: a temporary folder of this age is what a killed process left.
SECONDS_OF_A_WRITING = 3600


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file beside its place, then rename it there: readers see the old content or the new, never a part.

    Raises:
        OSError: If it cannot be written, or is not a regular file; what was there is left as it was. Its `filename` is
            that of the file.
    """
    path = writable_file(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)
        raise


@contextmanager
def replaced(folder: Path, ours: Container[str] = ()) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `folder` at the end, together with the old one's other files.

    What the old one holds under a name in `ours`, or of the yielded folder, goes. The rest, a run's state and what its
    user put there, stays.

    A failure before the end leaves the old folder whole. A crash between the last two renames leaves it under its
    reserve name, where `readable` finds it and the next write restores it.

    Raises:
        OSError: If the folder cannot be written.
    """
    recover(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _discard_leftovers(folder)
    fresh = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    try:
        yield fresh
        for path in sorted(folder.iterdir()) if folder.exists() else ():
            if path.name not in ours and not _is_leftover(path) and not (fresh / path.name).exists():
                _keep(path, fresh / path.name)
        reserve = _reserve(folder)
        if folder.exists():
            folder.rename(reserve)
        fresh.rename(folder)
        shutil.rmtree(reserve, ignore_errors=True)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        recover(folder)
        raise


def recover(folder: Path) -> None:
    """Bring back the folder that a crash in the middle of `replaced` left under its reserve name.

    Raises:
        FileExistsError: If its reserve holds a file that the folder lacks: neither is removed.
    """
    reserve = _reserve(folder)
    if not reserve.is_dir():
        return
    if not folder.exists():
        reserve.rename(folder)
    elif _names(reserve) <= _names(folder):
        shutil.rmtree(reserve, ignore_errors=True)
    elif not _names(folder):
        folder.rmdir()
        reserve.rename(folder)
    else:
        raise FileExistsError(
            errno.EEXIST, f"it and {reserve.name} beside it each hold a part of a run: move one away", str(folder)
        )


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not _is_leftover(path)}


def readable(folder: Path) -> Path:
    """The folder to read: `folder`, or its reserve in the moment, or after the crash, between the last two renames."""
    return _reserve(folder) if not folder.exists() and _reserve(folder).exists() else folder


def whole(folder: Path, read: Callable[[Path], Read]) -> Read:
    """What `read` makes of the files of `folder`, all of one writing: read again if it was replaced meanwhile.

    Raises:
        Exception: What `read` raises of a folder that was not replaced.
    """
    for _ in range(MOST_READINGS - 1):
        before = _identity(folder)
        try:
            found = read(folder)
        except ValueError:
            if _identity(folder) == before:
                raise
        else:
            if _identity(folder) == before:
                return found
    return read(folder)


def _identity(folder: Path) -> tuple[int, int, int] | None:
    """What tells the folder of one writing from that of the next; None if there is none."""
    try:
        found = readable(folder).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_ctime_ns


def reserved_name(folder: Path) -> Path:
    """The folder whose reserve this is; itself, if it is none."""
    name = folder.name
    is_reserve = name.startswith(".") and name.endswith(".old")
    return folder.with_name(name[1:-4]) if is_reserve else folder


def _is_leftover(path: Path) -> bool:
    """Whether this is a file that a process was killed in writing."""
    return path.name.startswith(".") and path.name.endswith(".part")


def _keep(path: Path, other: Path) -> None:
    """The same file, link or folder under another name."""
    if path.is_dir() and not path.is_symlink():
        shutil.copytree(path, other, symlinks=True, copy_function=_link)
    else:
        _link(path, other)


def _link(file: str | Path, other: str | Path) -> None:
    """The same file under another name; a copy where the file system has no hard links."""
    try:
        os.link(file, other, follow_symlinks=False)
    except OSError:
        shutil.copy2(file, other, follow_symlinks=False)


def _discard_leftovers(folder: Path) -> None:
    for path in folder.parent.iterdir():
        if path.name.startswith(f".{folder.name}.") and path.name.endswith(".part"):
            try:
                age = time.time() - path.stat().st_mtime
            except FileNotFoundError:  # its writer has ended meanwhile
                continue
            if age > SECONDS_OF_A_WRITING:
                shutil.rmtree(path, ignore_errors=True)


def _reserve(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")
