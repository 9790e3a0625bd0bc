"""A run on disk: the same for a seed, resumed as if never stopped, and nothing lost when the disk is full."""

import dataclasses
import errno
import json
import math
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from safetensors.torch import save as to_safetensors

from tests.small_runs import FILES, PRIORS, RUN_FILES, config, few_digits, train
from vampcore.checkpoints import Checkpoint, CheckpointError, EpochRecord, PerImage, load, save
from vampcore.config import Config
from vampcore.metrics.metric import Metric
from vampcore.training import TrainingError, fit
from vampcore.training import run as run_module
from vampcore.training.state import read_state
from vampcore.training.step import Step

VARIANTS = (
    config("sg"),
    config("mog", precision="bf16"),
    config("vamp", objective="iwae", samples=3),
    config("vamp-weighted", precision="bf16", objective="iwae", samples=2, optimizer="adam-norm-grad"),
    config("vamp-data", decay=0.5),
    config("exemplar", components=250, neighbours=2),
)
fit_module = sys.modules["vampcore.training.fit"]  # its package shows the function of that name


def timeless(history: list[EpochRecord]) -> list[EpochRecord]:
    return [dataclasses.replace(record, seconds=0.0) for record in history]


def assert_same(one: Path, other: Path, settings: Config) -> None:
    ours, theirs = read_state(one, settings), read_state(other, settings)
    for part in ("weights", "best", "optimizer"):
        first, second = getattr(ours, part), getattr(theirs, part)
        assert first.keys() == second.keys()
        assert all(torch.equal(first[name], second[name]) for name in first), part
    assert torch.equal(ours.order, theirs.order)
    assert torch.equal(ours.noise, theirs.noise)
    assert timeless(ours.history) == timeless(theirs.history)
    assert (ours.epoch, ours.best_epoch, ours.best_bound, ours.waited) == (
        theirs.epoch,
        theirs.best_epoch,
        theirs.best_bound,
        theirs.waited,
    )
    assert load(one).sha256 == load(other).sha256
    assert load(one).metrics == load(other).metrics
    for name in (
        "snapshots.safetensors",
        "latents.safetensors",
        "per_image.safetensors",
        "weights.safetensors",
        "film.bin",
    ):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def after(steps: int) -> Callable[[], bool]:
    """Says yes from the given step on."""
    asked = iter(range(10**6))
    return lambda: next(asked) + 1 >= steps


class TestTheSameAgain:
    @pytest.mark.parametrize("settings", VARIANTS, ids=PRIORS)
    def test_resumed_equals_uninterrupted(self, settings, tmp_path):
        """Stopped in the middle of the second epoch, then in the middle of the third, then left alone."""
        train(settings, tmp_path / "alone")
        stopped = tmp_path / "stopped"
        assert [record.epoch for record in train(settings, stopped, stop=after(8))] == [1]
        assert json.loads((stopped / "status.json").read_text())["phase"] == "stopped"
        assert load(stopped).progress.epochs == 1
        assert [record.epoch for record in train(settings, stopped, resume=True, stop=after(8))] == [2]
        assert [record.epoch for record in train(settings, stopped, resume=True)] == [3]
        assert_same(tmp_path / "alone", stopped, settings)

    def test_twice_is_the_same_and_another_seed_is_not(self, tmp_path):
        for name, seed in (("one", 3), ("two", 3), ("other", 4)):
            train(config(seed=seed), tmp_path / name)
        assert_same(tmp_path / "one", tmp_path / "two", config(seed=3))
        assert timeless(load(tmp_path / "one").history) != timeless(load(tmp_path / "other").history)

    def test_the_global_random_state_plays_no_part_and_is_left_alone(self, tmp_path):
        train(config(), tmp_path / "one")
        torch.rand(17)
        before = torch.get_rng_state()
        train(config(), tmp_path / "two")
        assert torch.equal(torch.get_rng_state(), before)
        assert_same(tmp_path / "one", tmp_path / "two", config())

    def test_early_stopping_goes_on_counting_where_it_was(self, tmp_path, monkeypatch):
        """Validation gets worse from the third epoch on; the stop falls into the epochs that are waited."""
        validate = run_module.Run._validate

        def worse(run):
            bound, epoch = validate(run), run.state.epoch + 1
            return bound._replace(bound=-abs(epoch - 2.0))

        monkeypatch.setattr(run_module.Run, "_validate", worse)
        settings = config("sg", epochs=20, patience=4)
        train(settings, tmp_path / "alone")
        train(settings, tmp_path / "stopped", stop=after(5 * 4 + 2))
        assert read_state(tmp_path / "stopped", settings).waited == 2
        train(settings, tmp_path / "stopped", resume=True)
        assert_same(tmp_path / "alone", tmp_path / "stopped", settings)
        found = load(tmp_path / "stopped").progress
        assert (found.epochs, found.best_epoch, found.converged) == (6, 2, True)


def test_a_state_from_before_the_objectives_bound_was_kept(tmp_path):
    settings = config("sg")
    train(settings, tmp_path / "alone")
    train(settings, tmp_path / "old", stop=after(7))
    path = tmp_path / "old" / "state.safetensors"
    with safe_open(path, "pt") as file:
        facts = json.loads(file.metadata()["state"])
    facts["best_elbo"] = facts.pop("best_bound")
    facts["history"] = [values[:-1] for values in facts["history"]]
    path.write_bytes(to_safetensors(load_file(path), {"state": json.dumps(facts)}))
    train(settings, tmp_path / "old", resume=True)
    assert_same(tmp_path / "alone", tmp_path / "old", settings)


class TestWhatIsOnDisk:
    @pytest.fixture
    def folder(self, tmp_path) -> Path:
        train(config(), tmp_path / "run")
        return tmp_path / "run"

    def test_files_and_status(self, folder):
        assert {path.name for path in folder.iterdir()} == FILES | RUN_FILES
        status = json.loads((folder / "status.json").read_text())
        assert abs(status.pop("heartbeat") - time.time()) < 300
        assert status == {"phase": "finished", "pid": os.getpid(), "epoch": 3, "epochs": 3, "best_epoch": 3}

    def test_the_best_weights_are_those_of_the_checkpoint(self, tmp_path, monkeypatch):
        """The first epoch is told to be the best of all: later weights are trained, and not the ones that are kept."""
        validate = run_module.Run._validate

        def first(run):
            bound = validate(run)
            return bound._replace(bound=bound.bound - 1000 * run.state.epoch)

        monkeypatch.setattr(run_module.Run, "_validate", first)
        train(config("mog"), tmp_path / "run")
        state, stored = read_state(tmp_path / "run", config("mog")), load(tmp_path / "run")
        assert (stored.progress.epochs, stored.progress.best_epoch) == (3, 1)
        for name, value in stored.model.state_dict().items():
            assert torch.equal(value, state.best[name].half().float())
            assert not torch.equal(value, state.weights[name].half().float())

    def test_stopped_before_the_first_step_no_step_is_made(self, tmp_path, monkeypatch):
        """The first step compiles: asked only after it, who stops would wait for a minute."""
        monkeypatch.setattr(Step, "__call__", lambda *arguments: pytest.fail("a step was made"))
        assert train(config(), tmp_path / "run", stop=lambda: True) == []

    def test_stopped_before_the_first_epoch_there_is_a_state_and_no_checkpoint(self, tmp_path):
        settings, folder = config(), tmp_path / "run"
        assert train(settings, folder, stop=after(2)) == []
        assert {path.name for path in folder.iterdir()} == RUN_FILES | {"data.safetensors"}
        train(settings, tmp_path / "alone")
        train(settings, folder, resume=True)
        assert_same(tmp_path / "alone", folder, settings)

    def test_a_reader_who_stops_reading_leaves_a_checkpoint(self, tmp_path):
        epochs = fit(config(), few_digits(), tmp_path / "run")
        next(epochs)
        epochs.close()
        assert load(tmp_path / "run").progress.epochs == 1

    def test_states_and_checkpoints_are_written_on_the_way(self, tmp_path, monkeypatch):
        for name in ("SECONDS_BETWEEN_STATES", "SECONDS_BEFORE_CHECKPOINT"):
            monkeypatch.setattr(fit_module, name, -1)
        for name in ("SHARE_FOR_STATES", "SHARE_FOR_CHECKPOINTS"):
            monkeypatch.setattr(fit_module, name, 1e9)
        folder = tmp_path / "run"
        for record in fit(config(), few_digits(), folder):
            assert read_state(folder, config()).epoch == record.epoch
            assert load(folder).progress.epochs == record.epoch
            assert json.loads((folder / "status.json").read_text())["phase"] == "training"

    def test_resuming_a_finished_run_trains_nothing_and_keeps_added_figures(self, folder):
        stored = load(folder)
        figure = Metric("log_likelihood", -300.0, "nats/image", se=1.0, n=100, samples=50)
        per_image = PerImage(stored.per_image.elbo, stored.per_image.elbo + 1)
        save(dataclasses.replace(stored, metrics=(figure, *stored.metrics), per_image=per_image), folder)
        assert train(config(), folder, resume=True) == []
        assert load(folder).metric("log_likelihood") == figure
        assert load(folder).per_image.log_likelihood is not None

    def test_resuming_a_finished_run_mends_its_checkpoint(self, folder):
        before = load(folder).sha256
        (folder / "weights.safetensors").write_bytes(b"")
        assert train(config(), folder, resume=True) == []
        assert load(folder).sha256 == before

    def test_numbers_that_run_away_leave_the_best_weights(self, tmp_path, monkeypatch):
        validate = run_module.Run._validate

        def broken(run):
            bound = validate(run)
            return bound if run.state.epoch < 2 else bound._replace(bound=bound.bound * math.nan)

        monkeypatch.setattr(run_module.Run, "_validate", broken)
        with pytest.raises(TrainingError):
            train(config(), tmp_path / "run")
        assert load(tmp_path / "run").progress.epochs == 2
        monkeypatch.undo()
        train(config(), tmp_path / "run", resume=True)
        train(config(), tmp_path / "alone")
        assert_same(tmp_path / "alone", tmp_path / "run", config())


class TestAFullDisk:
    @staticmethod
    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def test_while_the_state_is_written(self, tmp_path, monkeypatch):
        folder = tmp_path / "run"
        train(config(), folder, stop=after(8))
        before, stored = (folder / "state.safetensors").read_bytes(), load(folder)
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", self.full)
            with pytest.raises(CheckpointError) as caught:
                train(config(), folder, resume=True)
        assert "could not be written (No space left on device); the last saved state is unchanged" in str(caught.value)
        assert "make room, then continue with --resume" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert (folder / "state.safetensors").read_bytes() == before
        assert same_checkpoint(load(folder), stored)
        assert {path.name for path in folder.iterdir()} == FILES | RUN_FILES
        train(config(), folder, resume=True)
        train(config(), tmp_path / "alone")
        assert_same(tmp_path / "alone", folder, config())

    def test_from_the_start_there_is_nothing_to_resume(self, tmp_path, monkeypatch):
        monkeypatch.setattr("vampcore.training.state.write_bytes", self.full)
        with pytest.raises(CheckpointError, match="no state was saved before: make room, then start again without"):
            train(config(), tmp_path / "run")

    def test_while_the_checkpoint_is_written(self, tmp_path, monkeypatch):
        folder = tmp_path / "run"
        train(config(), folder, stop=after(8))
        stored, write = load(folder), Path.write_bytes

        def full(path, content):
            write(path, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patch:
            patch.setattr(Path, "write_bytes", full)
            with pytest.raises(CheckpointError, match="its old contents are unchanged: make room"):
                train(config(), folder, resume=True)
        assert same_checkpoint(load(folder), stored)
        assert {path.name for path in tmp_path.iterdir()} == {"run", ".run.lock"}
        assert train(config(), folder, resume=True) == []
        train(config(), tmp_path / "alone")
        assert_same(tmp_path / "alone", folder, config())


def same_checkpoint(one: Checkpoint, other: Checkpoint) -> bool:
    return (one.sha256, one.metrics, one.history) == (other.sha256, other.metrics, other.history)
