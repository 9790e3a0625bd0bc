"""Commands on a disk that fills up: what was there stays, and one line says what to do."""

import errno
import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.commands.running import only_error
from tests.small_runs import digits
from vampcore.checkpoints import CheckpointError, load
from vampcore.commands import main
from vampcore.training import fit
from vampcore.training import state as state_module


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """As on a full disk: a write beyond that many bytes of a file fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_while_training(run, capsys):
    before, state = load(run), (run / "state.safetensors").read_bytes()
    with files_of_at_most(4096):
        assert main(["train", "--like", str(run), "--out", str(run), "--resume"]) == 1
    line = only_error(capsys)
    assert "the last saved state is unchanged: make room, then continue with --resume" in line
    assert (run / "state.safetensors").read_bytes() == state
    assert load(run).sha256 == before.sha256
    assert main(["train", "--like", str(run), "--out", str(run), "--resume"]) == 0
    assert load(run).progress.epochs == 3


def test_while_figures_are_stored(run, capsys):
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    with files_of_at_most(4096):
        assert main(["evaluate", str(run), "--samples", "2", "--save"]) == 1
    assert "its old contents are unchanged: make room" in only_error(capsys)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before
    assert {path.name for path in run.parent.iterdir()} == {"run", ".run.lock"}


def test_while_a_picture_is_written(run, tmp_path, capsys):
    with files_of_at_most(100):
        assert main(["sample", str(run), "--out", str(tmp_path / "a.png")]) == 1
    assert only_error(capsys).startswith(f"error: {tmp_path / 'a.png'}: ")
    assert {path.name for path in tmp_path.iterdir()} == {"run", ".run.lock"}


def test_at_the_end_the_checkpoint_comes_before_the_larger_state(run, monkeypatch, capsys):
    """The state does not fit any more, and the checkpoint does."""
    written = state_module.write_bytes

    def full(path, content):
        if path.name == "state.safetensors" and load(run).progress.epochs == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written(path, content)

    resume = ["train", "--like", str(run), "--out", str(run), "--resume"]
    with monkeypatch.context() as disk:
        disk.setattr(state_module, "write_bytes", full)
        assert main(resume) == 1
    assert "state.safetensors could not be written (No space left on device)" in only_error(capsys)
    assert load(run).progress.epochs == 3
    assert json.loads((run / "status.json").read_text())["phase"] == "stopped"
    # The next run says that it trains two epochs again.
    assert main(resume) == 0
    (line,) = [each for each in capsys.readouterr().err.splitlines() if "last saved state" in each]
    assert line == (
        "small/mog: the last saved state is that of epoch 1 of the 3 that were trained: training continues from epoch 2"
    )
    assert main(resume) == 0
    assert "last saved state" not in capsys.readouterr().err


def test_at_the_end_of_the_first_writing(family, tmp_path, monkeypatch, capsys):
    def full(path, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    settings = load(family / "small" / "sg").config
    epochs = fit(settings, digits(), tmp_path / "run")
    next(epochs)
    monkeypatch.setattr(state_module, "write_bytes", full)
    with pytest.raises(CheckpointError, match="could not be written"):
        epochs.close()
    assert load(tmp_path / "run").progress.epochs == 1
