"""Check where a command may write, before it computes anything."""

import errno
import os
import stat
from pathlib import Path

# A folder with one of these files holds a run or a checkpoint.
_SIGNS_OF_A_RUN = frozenset(("config.json", "state.safetensors", "status.json"))
# Folders of a path. Python creates missing ones by recursion, which ends at about a thousand.
_MOST_PARTS = 200


def writable_file(path: Path) -> Path:
    """Return the regular file that writing to `path` creates or replaces: of a symbolic link, its target.

    Raises:
        OSError: If `path` names a folder, a device, a pipe or a socket. Its `filename` is the path.
    """
    _check_name(path)
    found = _real(path) if path.is_symlink() else path
    try:
        mode = found.lstat().st_mode
    except FileNotFoundError:
        if not found.name or found.name == "..":
            raise _refused(errno.EISDIR, "is a folder: give the path of a file", path) from None
        return found
    if stat.S_ISDIR(mode):
        raise _refused(errno.EISDIR, "is a folder: give the path of a file", path)
    if not stat.S_ISREG(mode):
        raise _refused(errno.EEXIST, "is not a regular file, so it is not overwritten: choose another name", path)
    return found


def writable_folder(path: Path) -> Path:
    """Return the folder that a run or a checkpoint at `path` creates or replaces: of a symbolic link, its target.

    Raises:
        OSError: If `path` is no folder, holds other files than those of a run, or is the working folder, the home
            folder or one above them. Its `filename` is the path.
    """
    _check_name(path)
    full = _real(path)
    found = full if path.is_symlink() or path.name in ("", "..") else path
    if any(full == own or full in own.parents for own in _own_folders()):
        raise _refused(
            errno.EBUSY,
            "would be replaced with all its contents: choose a new folder "
            "inside it, or run the command from another folder",
            path,
        )
    if found.exists():
        if not found.is_dir():
            raise _refused(errno.ENOTDIR, "is not a folder: choose another one", path)
        visible = {each.name for each in found.iterdir() if not each.name.startswith(".")}
        if visible and not visible & _SIGNS_OF_A_RUN:
            raise _refused(errno.ENOTEMPTY, "contains other files, which would be lost: choose a new folder", path)
    return found


def _own_folders() -> list[Path]:
    """List the folders that must not be replaced, nor any folder above them."""
    try:
        return [Path.cwd(), _real(Path.home())]
    except (OSError, RuntimeError):  # removed, or a user without a home
        return []


def _real(path: Path) -> Path:
    """Resolve symbolic links; for a loop of links, return one of them."""
    return Path(os.path.realpath(path))


def _check_name(path: Path) -> None:
    if "\0" in str(path):
        raise _refused(
            errno.EINVAL, "contains a NUL character: choose another name", Path(str(path).replace("\0", "?"))
        )
    if len(path.parts) > _MOST_PARTS:
        cut = Path(*path.parts[:5], "...")
        raise _refused(
            errno.ENAMETOOLONG, f"is nested more than {_MOST_PARTS} folders deep: choose a shorter path", cut
        )


def _refused(number: int, reason: str, path: Path) -> OSError:
    return OSError(number, reason, str(path))
