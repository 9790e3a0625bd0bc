"""`race`: begun, waited for, killed, continued, and refused in one line."""

import dataclasses
import io
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.running import QUICK, failed
from tests.processes import environment, run_together
from tests.small_runs import config, digits, few_digits, train
from tools.patience import patience
from vampcore.checkpoints import load
from vampcore.commands import main
from vampcore.training.live import read_live
from vampcore.training.race import race as train_in_turn
from vampcore.training.race_folder import Request, live_file, race_state, read_progress, read_request, write_request

ROOT = Path(__file__).resolve().parents[2]
DYING = """
import os, sys
from vampcore.commands import main
from vampcore.training import Run
import vampcore.training.fit
fit = sys.modules["vampcore.training.fit"]
fit.SECONDS_BETWEEN_STATES, fit.SHARE_FOR_STATES = -1, 1e9
step = Run._step
def dying(run, *arguments):
    if run.state.epoch == 2 and run.config.prior == "vamp":
        os.kill(os.getpid(), 9)
    return step(run, *arguments)
Run._step = dying
main(["race", "--wait"])
"""
TOGETHER = """
import os, sys
from contextlib import nullcontext
from itertools import count
from tests.small_runs import few_digits
from vampcore.commands import main, race as command
from vampcore.training import race

first, asked = os.environ["RANK"] == "0", count()
race.SECONDS_OF_A_TURN = -1 if first else 60
command.read_data = lambda *arguments, quiet: few_digits()
command.stop_on_signals = lambda: nullcontext(lambda: first and next(asked) > 8)  # in the second epoch of both
assert main(["race", *sys.argv[1:]]) == 0
"""


def test_trains_the_priors_that_are_asked_for_as_train_would(here, capsys):
    options = ["--data=digits", *QUICK, "--epochs=1"]
    assert main(["race", *options, "--priors=sg,vamp"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("runs/quick: finished; validation ELBO in nats an image: sg -")
    assert main(["train", *options, "--prior=vamp", "--out=alone", "--compile=off"]) == 0
    assert load(here / "runs" / "quick" / "vamp").sha256 == load(here / "alone").sha256
    assert failed(capsys, ["race", *options, "--priors=sg"]) == (
        "error: runs/quick already contains a race: continue it with --resume, or choose another --out"
    )
    assert main(["race", "--resume", "--out=runs/quick"]) == 0
    assert failed(capsys, ["race", "--resume", "--out=nothing"]).startswith("error: nothing contains no race")
    assert failed(capsys, ["race", *options, "--priors=sg,sg", "--out=twice"]).startswith("error: a race needs 1 to 8")


def test_like_a_checkpoint(here, family, capsys):
    like = family / "small" / "mog"
    assert main(["race", f"--like={like}", "--epochs=1", "--priors=sg", "--out=again"]) == 0
    expected = dataclasses.replace(load(like).config, epochs=1, prior="sg")
    assert read_request(here / "again").runs == (expected,)


def test_killed_it_says_so_and_goes_on_as_if_it_had_not_been(tmp_path):
    folder, settings = tmp_path / "race", [config("sg", batch_size=100), config("vamp", batch_size=100)]
    write_request(folder, Request(tuple(settings)))
    done = subprocess.run(
        [sys.executable, "-c", DYING],
        input=f"{folder}\n",
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=patience(),
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert race_state(folder) == "interrupted"
    assert read_progress(folder).phase == "training"
    assert not (folder / "sg").exists()

    assert main(["race", "--resume", f"--out={folder}"]) == 0
    assert race_state(folder) == "finished"
    for each in settings:
        train(each, tmp_path / each.prior, digits())
        assert load(folder / each.prior).sha256 == load(tmp_path / each.prior).sha256
        assert (folder / each.prior / "film.bin").read_bytes() == (tmp_path / each.prior / "film.bin").read_bytes()


def test_two_processes_take_the_same_turns_stop_together_and_leave_the_rest_to_one(tmp_path):
    folder = tmp_path / "race"
    said = run_together(2, tmp_path, TOGETHER, "--data=digits", *QUICK, "--priors=mog,vamp", f"--out={folder}")
    assert said.count(": stopped; validation ELBO in nats an image: mog -") == 1
    assert [load(folder / prior).progress.epochs for prior in ("mog", "vamp")] == [1, 1]
    assert read_live(live_file(folder, "vamp")) is not None
    assert list(train_in_turn(folder, few_digits()))[-1].phase == "finished"
    for each in read_request(folder).runs:
        alone = [record.validation_elbo for record in train(each, tmp_path / each.prior)]
        found = [record.validation_elbo for record in load(folder / each.prior).history]
        assert found == pytest.approx(alone, rel=1e-4)


def test_nobody_to_wait_for_is_no_mistake(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(["race", "--wait"]) == 0
