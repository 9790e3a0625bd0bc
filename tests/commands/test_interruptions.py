"""The command line under Ctrl-C, kills and too little memory: the best weights stay, and one line says why."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tqdm import tqdm

from tests.commands.running import only_error
from tests.processes import ROOT
from tests.small_runs import RUN_FILES, digits
from tools.patience import patience
from vampcore.checkpoints import load, measuring
from vampcore.commands import main
from vampcore.commands import train as train_command
from vampcore.commands.stopping import stop_on_signals
from vampcore.compiling import is_compiling
from vampcore.training import fit
from vampcore.training.state import read_state

fit_module = sys.modules["vampcore.training.fit"]


class TestControlC:
    def test_ends_the_training_after_a_step_and_a_resumed_run_is_as_if_nothing_had_been(self, tmp_path):
        folder = tmp_path / "run"
        options = ["--components=4", "--latent-dim=2", "--hidden=16", "--layers=1", "--epochs=100000", "--warmup=1"]
        options += ["--compile=off"]  # the test goes on uncompiled, and only the same form gives the same bits
        process = subprocess.Popen(
            [sys.executable, "-m", "vampcore", "train", "--data", "digits", *options, "--out", str(folder)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        said = b""
        while b"validation ELBO" not in said:
            part = os.read(process.stderr.fileno(), 4096)
            assert part, said.decode()
            said += part
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=patience())
        assert process.returncode == 0
        assert b"stopping after this step; completed epochs are saved" in err
        assert b"Traceback" not in said + err
        stopped = load(folder)
        count = stopped.progress.epochs
        assert out.decode() == f"{folder}: {count} epoch{'' if count == 1 else 's'}\n"

        alone, resumed = tmp_path / "alone", folder
        train_to(alone, count + 1, stopped.config)
        train_to(resumed, count + 1, stopped.config, resume=True)
        one, other = read_state(alone, stopped.config), read_state(resumed, stopped.config)
        assert one.epoch == other.epoch == count + 1
        assert all(torch.equal(one.weights[name], other.weights[name]) for name in one.weights)
        assert load(alone).sha256 == load(resumed).sha256

    def test_twice_interrupts_at_once(self):
        before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
        with stop_on_signals() as asked:
            assert not asked()
            signal.raise_signal(signal.SIGTERM)
            assert asked()
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before

    def test_anywhere_else_is_status_1(self, family, monkeypatch, capsys):
        def interrupted(*arguments, **options):
            raise KeyboardInterrupt

        monkeypatch.setattr(measuring, "evaluate", interrupted)
        assert main(["evaluate", str(family / "small" / "sg"), "--samples", "0"]) == 1
        assert capsys.readouterr().err.splitlines()[-1] == "interrupted"

    def test_before_an_epoch_was_done_says_how_to_go_on(self, run, tmp_path, monkeypatch, capsys):
        def stopped(*arguments):
            signal.raise_signal(signal.SIGINT)
            return fit(*arguments)

        monkeypatch.setattr(train_command, "fit", stopped)
        assert main(["train", "--like", str(run), "--out", str(tmp_path / "new")]) == 0
        assert capsys.readouterr().out.endswith(
            "new: stopped before the end of the first epoch; continue with --resume\n"
        )
        assert {path.name for path in (tmp_path / "new").iterdir()} == RUN_FILES | {"data.safetensors"}

    def test_the_bar_of_a_resumed_run_counts_no_epoch_twice(self, run, monkeypatch):
        """Else its rate and the time left take the epochs of before for those of the first second."""
        counted = []

        class Bar(tqdm):
            def update(self, n=1):
                counted.append(self.n - self.last_print_n)
                return super().update(n)

        monkeypatch.setattr(train_command, "tqdm", Bar)
        assert main(["train", "--like", str(run), "--out", str(run), "--resume"]) == 0
        assert counted[0] == 0

    def test_nothing_left_to_do_is_said(self, family, tmp_path, capsys):
        arguments = ["train", "--like", str(family / "small" / "sg"), "--out", str(tmp_path / "new"), "--resume"]
        assert main(arguments) == 1
        assert "start it without --resume" in only_error(capsys)
        assert main(arguments[:-1]) == main(arguments) == 0
        first, second = capsys.readouterr().out.splitlines()
        assert first.endswith("new: 3 epochs")
        assert second.endswith("new: all epochs are already trained")


class TestTooLittleMemory:
    @pytest.mark.parametrize(
        "error",
        [
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 2 bytes"),
            torch.OutOfMemoryError("CUDA out of memory"),
            MemoryError(),
        ],
    )
    def test_is_one_line(self, error, family, monkeypatch, capsys):
        assert self.status(error, family, monkeypatch) == 1
        assert only_error(capsys) == "error: out of memory: ask for fewer --samples, --components or --hidden units"

    def test_a_fault_of_ours_is_not_hidden(self, family, monkeypatch):
        with pytest.raises(RuntimeError, match="mat1 and mat2"):
            self.status(RuntimeError("mat1 and mat2 shapes cannot be multiplied"), family, monkeypatch)

    def status(self, error, family, monkeypatch) -> int:
        def fail(*arguments, **options):
            raise error

        monkeypatch.setattr(measuring, "evaluate", fail)
        return main(["evaluate", str(family / "small" / "sg"), "--samples", "0"])


def train_to(folder, epoch, config, resume=False):
    epochs = fit(config, digits(), folder, resume=resume)
    for record in epochs:
        if record.epoch == epoch:
            break
    epochs.close()


class TestAKillBetweenTheRenames:
    """The run lies under its reserve name; every command finds it there."""

    @pytest.fixture
    def killed(self, run) -> Path:
        run.rename(run.with_name(".run.old"))
        return run

    def test_resuming_goes_on_with_it(self, killed, capsys):
        assert main(["train", "--like", str(killed), "--out", str(killed), "--resume"]) == 0
        assert load(killed).progress.epochs == 3
        assert not killed.with_name(".run.old").exists()
        assert [record.epoch for record in load(killed).history] == [1, 2, 3]

    def test_starting_anew_is_refused(self, killed, capsys):
        state = (killed.with_name(".run.old") / "state.safetensors").read_bytes()
        assert main(["train", "--like", str(killed), "--out", str(killed)]) == 1
        assert "already contains a model: continue it with --resume" in only_error(capsys)
        assert (killed.with_name(".run.old") / "state.safetensors").read_bytes() == state

    def test_the_library_never_starts_over_it(self, killed):
        settings = load(killed).config
        epochs = fit(settings, digits(), killed)
        next(epochs)
        assert not killed.with_name(".run.old").exists()
        epochs.close()


class TestASecondSignal:
    def test_while_the_end_is_written_leaves_no_status_of_training(self, run, monkeypatch):
        def interrupted(*arguments):
            raise KeyboardInterrupt

        settings = load(run).config
        epochs = fit(settings, digits(), run, resume=True)
        next(epochs)
        assert json.loads((run / "status.json").read_text())["phase"] == "training"
        monkeypatch.setattr(fit_module, "best_checkpoint", interrupted)
        with pytest.raises(KeyboardInterrupt):
            epochs.close()
        assert json.loads((run / "status.json").read_text())["phase"] == "stopped"


class TestWhileTheStepIsCompiled:
    def test_the_first_signal_ends_it(self, run, monkeypatch, capsys):
        """Compiling is replaced by a wait that only an exception ends."""

        def compile_for_ever(*arguments, **options):
            def first_call(*arguments, **options):
                signal.raise_signal(signal.SIGINT)
                pytest.fail("the signal did not end the compiling")

            return first_call

        monkeypatch.setattr(torch, "compile", compile_for_ever)
        options = ["--like", str(run), "--out", str(run.with_name("new")), "--compile", "on"]
        assert main(["train", *options]) == 0
        said = capsys.readouterr()
        assert "stopping during compilation; no step was trained" in said.err
        assert said.out.endswith("new: stopped before the end of the first epoch; continue with --resume\n")
        assert json.loads((run.with_name("new") / "status.json").read_text())["phase"] == "stopped"
        assert not is_compiling()
