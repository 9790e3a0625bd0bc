"""Claims: one holder at a time, and the dead are succeeded by exactly one."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.processes import ROOT
from tools.patience import patience
from vampcore.results import claims
from vampcore.results.claims import claimed, holder


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "family" / "vamp"


def rewritten(folder: Path, **changes: object) -> None:
    """The newest claim of a run, saying something else."""
    path = max(folder.parent.glob(".vamp.claim-*"))
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def left_behind(folder: Path, **changes: object) -> None:
    """A claim that nobody gave back."""
    with claimed(folder) as claim:
        assert claim is not None
        content = claim.path.read_bytes()
    claim.path.write_bytes(content)
    rewritten(folder, **changes)


def test_a_second_one_is_refused_until_the_first_gives_back(folder):
    with claimed(folder) as first:
        assert first is not None
        with claimed(folder) as second:
            assert second is None
        assert holder(folder) == f"process {os.getpid()} on {claims.socket.gethostname()}"
    assert holder(folder) is None
    with claimed(folder) as third:
        assert third is not None


def test_the_run_folder_is_not_touched_and_one_small_file_stays_beside_it(folder):
    for _ in range(3):
        with claimed(folder) as claim:
            assert claim is not None
    assert [path.name for path in folder.parent.iterdir()] == [".vamp.claim-3"]


def test_runs_with_similar_names_are_different_runs(folder):
    with claimed(folder) as one, claimed(folder.with_name("vamp-data")) as other:
        assert one is not None
        assert other is not None


def test_it_is_given_back_after_an_error(folder):
    with pytest.raises(RuntimeError), claimed(folder):
        raise RuntimeError
    assert holder(folder) is None


def test_a_process_that_was_killed_is_succeeded(folder):
    script = (
        "import os, sys; from pathlib import Path; from vampcore.results.claims import claimed\n"
        "with claimed(Path(sys.argv[1])) as claim:\n"
        "    print(claim is not None, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=patience(),
        check=False,
    )
    assert (done.stdout, done.returncode) == ("True\n", -9)
    assert holder(folder) is None
    with claimed(folder) as claim:
        assert claim is not None


def test_a_pid_that_was_given_to_another_process_holds_nothing(folder):
    left_behind(folder)
    assert holder(folder) is not None
    rewritten(folder, started=1.0)
    assert holder(folder) is None


def test_another_machine_holds_as_long_as_its_heart_beats(folder):
    left_behind(folder, host="elsewhere", heartbeat=time.time() - claims.SECONDS_OF_SILENCE / 2)
    with claimed(folder) as claim:
        assert claim is None
    rewritten(folder, heartbeat=time.time() - 2 * claims.SECONDS_OF_SILENCE)
    with claimed(folder) as claim:
        assert claim is not None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_what_is_no_claim_holds_nothing(folder, content):
    folder.parent.mkdir(parents=True)
    (folder.parent / ".vamp.claim-1").write_text(content)
    with claimed(folder) as claim:
        assert claim is not None


def test_the_heart_beats_and_notices_a_successor(folder, monkeypatch):
    monkeypatch.setattr(claims, "SECONDS_BETWEEN_HEARTBEATS", 0.01)
    with claimed(folder) as claim:
        first = json.loads(claim.path.read_text())["heartbeat"]
        wait_until(lambda: json.loads(claim.path.read_text())["heartbeat"] > first)
        assert not claim.lost
        later = claim.path.with_name(".vamp.claim-2")
        later.write_bytes(claim.path.read_bytes())
        wait_until(lambda: claim.lost)
        content = later.read_bytes()
    assert later.read_bytes() == content


def test_of_many_that_find_the_same_dead_holder_one_succeeds(folder):
    """Three processes race until each has held the claim ten times; at no time do two hold it."""
    script = """
import os, sys, time
from pathlib import Path
from vampcore.results.claims import claimed
folder, held = Path(sys.argv[1]), 0
while held < 10:
    with claimed(folder) as claim:
        if claim is not None:
            os.close(os.open(folder.parent / "inside", os.O_CREAT | os.O_EXCL))
            held += 1
            os.unlink(folder.parent / "inside")
print(held)
"""
    left_behind(folder, started=1.0)
    command = [sys.executable, "-c", script, str(folder)]
    racers = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    said = [racer.communicate(timeout=patience()) for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0, 0], said
    assert [out for out, _ in said] == 3 * [b"10\n"]
    assert len(list(folder.parent.iterdir())) == 1


def wait_until(true) -> None:
    until = time.monotonic() + patience()
    while not true():
        assert time.monotonic() < until
        time.sleep(0.005)
