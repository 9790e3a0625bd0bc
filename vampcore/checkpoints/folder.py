"""Write files completely or not at all, and replace folders in one step."""

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
# A folder is replaced once a minute at most, so two replacements during one reading are unlikely.
MOST_READINGS = 5
# No write takes this long: an older temporary folder was left by a killed process.
SECONDS_OF_A_WRITING = 3600


def write_bytes(path: Path, content: bytes) -> None:
    """Write a temporary file, then rename it: readers see the old content or the new, never a part.

    Raises:
        OSError: If it cannot be written, or is not a regular file; the old file stays unchanged. Its `filename` is the
            path of the file.
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
def atomic_replace(folder: Path, ours: Container[str] = ()) -> Iterator[Path]:
    """Yield an empty folder that replaces `folder` at the end.

    Files of the old folder are moved into the new one, except those named in `ours` and those that the new folder has
    too. So the state of a run and the user's own files are kept.

    A failure before the end leaves the old folder unchanged. After a crash between the last two renames the old folder
    has its reserve name; `readable` finds it there, and the next write restores it.

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


def move_folder(folder: Path, target: Path) -> None:
    """Move a folder to where another may be, which it replaces in one step.

    Raises:
        OSError: If it cannot be moved; what was there is left as it was.
    """
    recover(folder)
    recover(target)
    reserve = _reserve(target)
    try:
        if target.exists():
            target.rename(reserve)
        folder.rename(target)
    except BaseException:
        recover(target)
        raise
    shutil.rmtree(reserve, ignore_errors=True)


def recover(folder: Path) -> None:
    """Restore a folder that a crash during `replaced` left under its reserve name.

    Raises:
        FileExistsError: If the reserve contains a file that the folder lacks. Neither is removed then.
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
            errno.EEXIST,
            f"this folder and {reserve.name} next to it each contain part of a run: move one of them away",
            str(folder),
        )


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not _is_leftover(path)}


def readable(folder: Path) -> Path:
    """Return the folder to read: `folder`, or its reserve if `folder` is being replaced or a crash interrupted that."""
    return _reserve(folder) if not folder.exists() and _reserve(folder).exists() else folder


def read_consistently(folder: Path, read: Callable[[Path], Read]) -> Read:
    """Read all files of `folder` from the same write: read again if the folder was replaced during reading.

    Raises:
        Exception: What `read` raises for a folder that was not replaced.
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
    """Identify one write of the folder; None if there is no folder."""
    try:
        found = readable(folder).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_ctime_ns


def reserved_name(folder: Path) -> Path:
    """Return the folder of which this is the reserve, or the folder itself."""
    name = folder.name
    is_reserve = name.startswith(".") and name.endswith(".old")
    return folder.with_name(name[1:-4]) if is_reserve else folder


def _is_leftover(path: Path) -> bool:
    """Return whether a killed process left this file half-written."""
    return path.name.startswith(".") and path.name.endswith(".part")


def _keep(path: Path, other: Path) -> None:
    """Give the same file, link or folder another name."""
    if path.is_dir() and not path.is_symlink():
        shutil.copytree(path, other, symlinks=True, copy_function=_link)
    else:
        _link(path, other)


def _link(file: str | Path, other: str | Path) -> None:
    """Give the same file another name: a hard link, or a copy if the file system has no hard links."""
    try:
        os.link(file, other, follow_symlinks=False)
    except OSError:
        shutil.copy2(file, other, follow_symlinks=False)


def _discard_leftovers(folder: Path) -> None:
    for path in folder.parent.iterdir():
        if path.name.startswith(f".{folder.name}.") and path.name.endswith(".part"):
            try:
                age = time.time() - path.stat().st_mtime
            except FileNotFoundError:  # its writer has just ended
                continue
            if age > SECONDS_OF_A_WRITING:
                shutil.rmtree(path, ignore_errors=True)


def _reserve(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")
