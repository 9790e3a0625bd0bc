"""What is expensive to make and only read: made once in a run of the tests, whatever the number of its workers."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder under the run's common temporary folder, which the first worker that asks for it fills.

    The others wait for it. A folder whose making failed is made anew by the next one that asks.

    Arguments:
        factory: The worker's temporary folders.
        name: The folder's name, the same in every worker.
        make: Called with the empty folder; fills it.

    Returns:
        The folder, not to be written to.
    """
    base = factory.getbasetemp()
    common = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done = common / name, common / f".{name}.done"
    with FileLock(common / f".{name}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder
