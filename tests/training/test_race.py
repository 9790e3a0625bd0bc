"""A race trains each prior as if it were alone, may be stopped and go on, and can be watched meanwhile."""

import dataclasses
import os
import time

import pytest
import torch

from tests.small_runs import config, digits, few_digits, train
from vampcore.checkpoints import load
from vampcore.checkpoints.records import EpochRecord
from vampcore.training import Processes, live, race_folder
from vampcore.training import race as race_module
from vampcore.training.live import read_live
from vampcore.training.race import race
from vampcore.training.race_folder import Request, live_file, race_state, staged, write_request
from vampcore.training.state import read_state

PRIORS = ("sg", "mog", "vamp", "vamp-data", "exemplar")


@pytest.fixture
def restless(monkeypatch):
    """The turn passes on after every step, and every step is looked at."""
    monkeypatch.setattr(race_module, "SECONDS_OF_A_TURN", -1)
    monkeypatch.setattr(race_module, "SECONDS_BETWEEN_LOOKS", -1)
    monkeypatch.setattr(live, "SHORTEST_PAUSE", 0)
    monkeypatch.setattr(live, "SHARE_OF_PAUSE", 0)


def ask(folder, priors=PRIORS, **changes):
    write_request(folder, Request(tuple(config(prior, **changes) for prior in priors)))
    return folder


def history(folder) -> list[EpochRecord]:
    return [dataclasses.replace(each, seconds=0.0) for each in load(folder).history]


def same(one, other) -> None:
    """Two folders hold the same model, film and history."""
    for name in ("weights.safetensors", "film.bin", "snapshots.safetensors", "metrics.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    assert history(one) == history(other)


def test_each_model_is_the_one_that_is_trained_alone(tmp_path, restless):
    folder = ask(tmp_path / "race")
    reports = list(race(folder, few_digits()))
    assert reports[-1].phase == race_state(folder) == "finished"
    assert {path.name for path in folder.iterdir() if not path.name.startswith(".")} == {
        *PRIORS,
        "race.json",
        "progress.json",
    }
    for prior, progress in zip(PRIORS, reports[-1].runs, strict=True):
        train(config(prior), tmp_path / "alone" / prior)
        same(folder / prior, tmp_path / "alone" / prior)
        known = load(folder / prior).history[-1].validation_elbo
        assert (progress.epoch, progress.epochs, progress.finished) == (3.0, 3, True)
        assert progress.validation_elbo == pytest.approx(known)
        head, content = read_live(live_file(folder, prior))
        assert len(content) == 19 * head.record_bytes  # before training, after each of 15 steps and of 3 epochs


def test_stopped_and_continued_it_is_as_if_it_had_never_stopped(tmp_path, restless):
    alone, folder = tmp_path / "alone", ask(tmp_path / "race", ("mog", "vamp"))
    moments = []

    def stop() -> bool:
        if len(moments) == 13:  # in the second epoch of both
            race_folder.ask_to_stop(folder)
        moments.append(0)
        return False

    assert list(race(folder, few_digits(), stop=stop))[-1].phase == race_state(folder) == "stopped"
    assert load(folder / "mog").progress.epochs == load(folder / "vamp").progress.epochs == 1
    assert not staged(folder, "mog").exists()
    later = (folder / "stop").stat().st_mtime + 1
    reports = race(folder, few_digits(), asked=later)
    next(reports)
    assert race_state(folder) == "training"
    assert load(folder / "mog").progress.epochs == 1, "what is in the list stays while its run goes on"
    assert [*reports][-1].phase == race_state(folder) == "finished"
    for prior in ("mog", "vamp"):
        train(config(prior), alone / prior)
        same(folder / prior, alone / prior)
        states = [read_state(each / prior, config(prior)) for each in (folder, alone)]
        assert all(torch.equal(states[0].optimizer[name], value) for name, value in states[1].optimizer.items())
    assert list(race(folder, few_digits()))[-1].phase == "finished"


@pytest.mark.parametrize(("seconds", "published"), [(60, ["mog", "vamp"]), (-1, ["mog"])])
def test_a_stop_lets_who_is_behind_end_the_epoch_if_it_is_short(tmp_path, monkeypatch, seconds, published):
    monkeypatch.setattr(race_module, "SECONDS_OF_A_TURN", 60)
    monkeypatch.setattr(race_module, "SECONDS_TO_CATCH_UP", seconds)
    folder, moments = ask(tmp_path, ("mog", "vamp")), iter(range(100))
    # Asked before the first step and after each of five: of mog in its first epoch, and then of vamp.
    end = list(race(folder, few_digits(), stop=lambda: next(moments) >= 7))[-1]
    assert end.phase == "stopped"
    assert {prior: load(folder / prior).progress.epochs for prior in published} == dict.fromkeys(published, 1)
    assert [prior for prior in ("mog", "vamp") if (folder / prior).exists()] == published


def test_a_run_that_cannot_begin_is_named_and_the_others_are_published(tmp_path):
    folder = ask(tmp_path, ("mog", "vamp"), pseudo_inputs="data", components=251, epochs=1)
    end = list(race(folder, few_digits()))[-1]
    assert end.phase == race_state(folder) == "failed"
    assert [each.error for each in end.runs] == [
        "",
        "components is 251, more than the 250 training images: ask for fewer",
    ]
    assert load(folder / "mog").progress.epochs == 1
    assert not (folder / "vamp").exists()


def test_what_ends_a_race_unforeseen_is_said_in_its_folder(tmp_path, monkeypatch):
    folder = ask(tmp_path, ("sg", "mog"))

    def fail(*arguments):
        raise MemoryError("no memory")

    monkeypatch.setattr(race_module._Running, "turn", fail)
    with pytest.raises(MemoryError):
        list(race(folder, few_digits()))
    assert race_state(folder) == "failed"
    assert [each.error for each in race_folder.read_progress(folder).runs] == ["no memory"] * 2


def test_among_several_processes_a_run_that_cannot_be_written_ends_the_race(tmp_path):
    several = Processes()
    several.count, several.sum = 2, list
    folder = ask(tmp_path, ("sg", "mog"), epochs=1)
    (folder / ".live").touch()
    assert [bool(each.error) for each in list(race(folder, few_digits()))[-1].runs] == [True, True]
    with pytest.raises(OSError, match=r"\.live"):
        list(race(folder, few_digits(), processes=several))
    assert race_state(folder) == "failed"


def test_a_stop_from_before_is_not_for_it(tmp_path):
    folder = ask(tmp_path, ("sg",), epochs=1)
    race_folder.ask_to_stop(folder)
    os.utime(folder / "stop", (1, 1))
    assert list(race(folder, few_digits(), asked=time.time() - 60))[-1].phase == "finished"


@pytest.mark.parametrize("latent_dim", [2, 5])
def test_records_show_the_model_between_epochs(tmp_path, restless, latent_dim):
    folder = ask(tmp_path, ("vamp",), epochs=1, latent_dim=latent_dim)
    list(race(folder, digits()))
    head, content = read_live(live_file(folder, "vamp"))
    records = torch.frombuffer(bytearray(content), dtype=torch.uint8).view(-1, head.record_bytes)
    numbers = records[:, :32].contiguous().view(torch.float32)
    steps = records[:, 32 : 32 + 4 * head.points].contiguous().view(torch.int16)
    places = (steps * numbers[:, 4:5]).unflatten(1, (-1, 2))
    assert (head.prior, head.dims, head.points, head.components) == ("vamp", latent_dim, 300, 4)
    assert list(head.labels) == digits().test.labels.tolist()
    assert head.classes == tuple("0123456789")
    assert numbers[:, 0].tolist() == pytest.approx([0, *(step / 24 for step in range(1, 25)), 1])
    assert bool(numbers[:-1, 2:4].isnan().all())
    assert numbers[:, 5].tolist() == [0.0] * 25 + [1.0], "after the last step, the bounds are still those of before"
    trained = load(folder / "vamp")
    assert numbers[-1, 2:4].tolist() == pytest.approx(
        [trained.history[0].train_elbo, trained.history[0].validation_elbo]
    )
    means = trained.latents.layers[0].mean.double()
    expected = means if latent_dim == 2 else means - means.mean(0)
    if latent_dim > 2:
        assert torch.linalg.svdvals(places[-1]).tolist() == pytest.approx(
            torch.linalg.svdvals(expected)[:2].tolist(), rel=0.02
        )
    else:
        assert torch.allclose(places[-1].double(), expected, atol=0.02)
    moved = (places[1:] - places[:-1]).square().sum((1, 2))
    mirrored = (places[1:] * torch.tensor([-1.0, 1.0]) - places[:-1]).square().sum((1, 2))
    assert bool((moved <= mirrored).all())


def test_a_record_that_is_not_whole_is_not_read(tmp_path):
    folder = ask(tmp_path, ("sg",), epochs=1)
    list(race(folder, few_digits()))
    path = live_file(folder, "sg")
    head, content = read_live(path)
    path.write_bytes(path.read_bytes()[:-1])
    assert read_live(path) == (head, content[: -head.record_bytes])
    assert read_live(path, first=1) == (head, content[head.record_bytes : -head.record_bytes])
    assert read_live(path, first=99) == (head, b"")
    assert read_live(tmp_path / "none.bin") is None
    path.write_bytes(b"{}\n")
    assert read_live(path) is None
