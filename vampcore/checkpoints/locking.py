"""One writer a run: a lock that the system frees when its process ends, however it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from vampcore.checkpoints.records import CheckpointError

# Whoever looks at a lock holds it for a moment; nobody who wants to work is turned away for that.
SECONDS_OF_PATIENCE = 1.0


class RunInUseError(CheckpointError):
    """Another process holds the run of a folder."""


@contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Hold the run of a folder within this block; a process may hold what it holds already.

    The lock is the file `.NAME.lock` beside the folder, because the folder itself is replaced by each checkpoint.

    Raises:
        RunInUseError: If another process holds it.
        CheckpointError: If the folder cannot be written to.
        OSError: If the file cannot be made for another reason.
    """
    lock = _lock(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock.acquire(timeout=SECONDS_OF_PATIENCE)
    except Timeout as error:
        raise RunInUseError(
            f"{folder} is in use by another process, which trains or measures it: wait until that ends, or choose "
            "another folder"
        ) from error
    except PermissionError as error:
        raise CheckpointError(f"{folder.parent} cannot be written to: allow it, or choose another folder") from error
    try:
        yield
    finally:
        lock.release()


def is_locked(folder: Path) -> bool:
    """Whether a process holds the run of a folder now, whatever its `status.json` says."""
    lock = _lock(folder)
    if lock.is_locked:
        return True
    if not Path(lock.lock_file).exists():
        return False
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:  # a folder of another user: not ours to say
        return False
    lock.release()
    return False


def _lock(folder: Path) -> FileLock:
    place = folder.resolve()
    return FileLock(place.with_name(f".{place.name}.lock"), thread_local=False, is_singleton=True)
