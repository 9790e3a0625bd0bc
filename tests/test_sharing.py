"""Fixtures of all workers: made once, waited for, and made anew after a failure."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT, environment
from tests.sharing import made_once

WORKER = """
import os, sys, time
from pathlib import Path
from types import SimpleNamespace

os.environ["PYTEST_XDIST_WORKER"] = sys.argv[2]
from tests.sharing import made_once

def make(folder):
    print("made", flush=True)
    (folder / "half").touch()
    time.sleep(0.3)
    (folder / "half").rename(folder / "whole")

factory = SimpleNamespace(getbasetemp=lambda: Path(sys.argv[1]) / sys.argv[2])
assert [path.name for path in made_once(factory, "shared", make).iterdir()] == ["whole"]
"""


def test_the_first_makes_it_and_the_others_wait_until_it_is_whole(tmp_path):
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path), name], cwd=ROOT, env=environment(), stdout=subprocess.PIPE
        )
        for name in ("gw0", "gw1", "gw2")
    ]
    said = [worker.communicate()[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0, 0]
    assert sorted(said) == [b"", b"", b"made\n"]


def test_what_could_not_be_made_is_made_anew(tmp_path, monkeypatch):
    class Factory:
        def getbasetemp(self) -> Path:
            return tmp_path

    def fails(folder: Path) -> None:
        (folder / "half").touch()
        raise ValueError("no room")

    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    with pytest.raises(ValueError, match="no room"):
        made_once(Factory(), "shared", fails)
    folder = made_once(Factory(), "shared", lambda folder: (folder / "whole").touch())
    assert [path.name for path in folder.iterdir()] == ["whole"]
    assert made_once(Factory(), "shared", fails) == folder == tmp_path / "shared"
