"""One process at a time works on a run's folder, and its lock goes with it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vampcore.checkpoints import CheckpointError
from vampcore.checkpoints.locking import is_locked, run_lock

ROOT = Path(__file__).resolve().parents[2]
HOLD = "import sys; from pathlib import Path; from vampcore.checkpoints.locking import run_lock\n"
HOLD += "with run_lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"


@pytest.fixture
def other(tmp_path):
    """Another process that holds the run of a folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "run")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    with process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_what_another_process_holds_is_refused_with_one_line(other, tmp_path):
    assert is_locked(tmp_path / "run")
    with pytest.raises(CheckpointError, match="run is in use by another process, which trains or measures it"):
        run_lock(tmp_path / "run").__enter__()
    assert not is_locked(tmp_path / "else")
    assert [path.name for path in tmp_path.iterdir()] == [".run.lock"]


def test_it_is_free_as_soon_as_its_process_is_killed(other, tmp_path):
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert not is_locked(tmp_path / "run")
    with run_lock(tmp_path / "run"):
        assert is_locked(tmp_path / "run")
    assert not is_locked(tmp_path / "run")


def test_a_folder_that_is_not_ours_is_named_with_the_hint(tmp_path, monkeypatch):
    def denied(lock, timeout):
        raise PermissionError(13, "Permission denied", lock.lock_file)

    monkeypatch.setattr("filelock.FileLock.acquire", denied)
    with pytest.raises(CheckpointError, match="cannot be written to: allow it, or choose another folder"):
        run_lock(tmp_path / "run").__enter__()


def test_a_process_may_hold_what_it_holds(tmp_path):
    with run_lock(tmp_path / "run"), run_lock(tmp_path / "run"):
        assert is_locked(tmp_path / "run")
    assert not is_locked(tmp_path / "run")


def test_looking_leaves_nothing_behind(tmp_path):
    assert not is_locked(tmp_path / "run")
    assert not list(tmp_path.iterdir())


def test_commands_leave_a_run_alone_that_is_in_use(other, family, tmp_path, monkeypatch, capsys):
    import shutil

    from vampcore.commands import main

    shutil.copytree(family / "small" / "sg", tmp_path / "run")
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    run = str(tmp_path / "run")
    for arguments in (
        ["train", "--like", run, "--out", run],
        ["train", "--like", run, "--out", run, "--resume"],
        ["evaluate", run, "--samples", "0", "--save"],
        ["upgrade", run],
    ):
        assert main(arguments) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"error: {run} is in use by another process")
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before
    assert main(["evaluate", run, "--samples", "0"]) == 0
