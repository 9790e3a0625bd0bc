"""The script that kills: a short run of it, and the faults that it must see."""

import random
import re
import shutil
import subprocess
import sys

import pytest
from safetensors.torch import load_file, save_file

from tests.kills.__main__ import Killing, main
from tests.kills.comparing import Fault, compare, opened
from tests.processes import ROOT, environment
from tests.small_runs import config, train
from tools.patience import patience

TIMES, SEED = 6, 11


def test_killed_a_few_times_the_folder_opens_and_all_is_as_if_left_alone():
    command = [sys.executable, "-m", "tests.kills", "--times", str(TIMES), "--seed", str(SEED)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=patience(200), check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"seed {SEED}\n")
    counts = re.search(rf"seed {SEED}: no fault; (\d+) kills .* (\d+) comparisons with no kill", done.stdout)
    assert int(counts[1]) == TIMES
    assert int(counts[2]) >= 2


@pytest.fixture
def runs(tmp_path):
    """Two folders of one training."""
    train(config(epochs=1), tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "other")
    return tmp_path / "one", tmp_path / "other"


class TestFaults:
    def test_the_same_is_none(self, runs):
        compare(*runs)
        assert opened(runs[0]) == 1

    @pytest.mark.parametrize("name", ["weights.safetensors", "metrics.json"])
    def test_another_byte(self, runs, name):
        content = bytearray((runs[0] / name).read_bytes())
        content[-20] ^= 1
        (runs[0] / name).write_bytes(content)
        with pytest.raises(Fault, match=name):
            compare(*runs)

    def test_another_number_of_the_state(self, runs):
        tensors = load_file(runs[0] / "state.safetensors")
        tensors["order"][0] ^= 1
        save_file(tensors, runs[0] / "state.safetensors")
        with pytest.raises(Fault, match="state"):
            compare(*runs)

    def test_a_file_that_is_left_over_or_missing(self, runs):
        (runs[0] / "weights.safetensors").rename(runs[0] / "weights.safetensors.part")
        with pytest.raises(Fault, match=r"weights\.safetensors\.part"):
            compare(*runs)
        assert opened(runs[0]) == 0

    def test_a_run_that_is_lost(self, tmp_path, monkeypatch):
        """A training that is started anew, as if nothing had been, is none that went on."""
        killing = Killing(tmp_path, "sg", random.Random(0), times=3)
        epochs = iter((2, 0))
        monkeypatch.setattr("tests.kills.__main__.opened", lambda folder: next(epochs))
        monkeypatch.setattr("tests.kills.__main__.run", lambda *_, **__: DEAD)
        with pytest.raises(Fault, match="2 epochs, and after a kill of 0"):
            killing._until_trained(1.0)


DEAD = type("Dead", (), {"killed": True, "saving": False, "status": -1})


def test_it_kills_at_least_once():
    with pytest.raises(SystemExit):
        main(["--times", "0"])
