"""A folder to run commands in, and a run to go on with."""

from pathlib import Path

import pytest

from tests.small_runs import digits
from vampcore.checkpoints import load
from vampcore.training import fit


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """The working directory of a test, empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(family, tmp_path) -> Path:
    """A run that has one epoch of three behind it."""
    settings = load(family / "small" / "mog").config
    epochs = fit(settings, digits(), tmp_path / "run")
    next(epochs)
    epochs.close()
    return tmp_path / "run"
