"""Races: asked for as a viewer chooses, handed to the engine, and told to browsers piece by piece."""

import dataclasses
import json
import struct

import numpy as np
import pytest

from app.services import race_choice, race_news, races
from app.services.loading import ServiceError
from app.services.race_choice import Choice
from app.services.race_news import MOST_WHOLE
from app.services.races import Race
from tests.app.races import trained, use_engine
from vampcore.training import race_folder
from vampcore.training.live import read_live
from vampcore.training.race_folder import RunProgress, live_file, read_request

WANTED = Choice("digits", ("sg", "mog", "vamp"), components=16, latent_dim=2, hidden=100, epochs=120)


@pytest.fixture
def engine(tmp_path, monkeypatch):
    return use_engine(tmp_path / "runs", monkeypatch)


def opened(sent: bytes) -> tuple[dict, list[np.ndarray]]:
    """The header of what a browser gets, and for each prior its new numbers and whole records."""
    (length,) = struct.unpack("<I", sent[:4])
    head, at, parts = json.loads(sent[4 : 4 + length]), 4 + length, []
    for film in head["films"]:
        if film is None:
            continue
        numbers = np.frombuffer(sent, "<f4", 8 * film["rows"], at).reshape(-1, 8)
        at += numbers.nbytes
        size = 32 + 4 * 300 + 24 * film.get("components", 4)
        parts += [numbers, np.frombuffer(sent, np.uint8, film["whole"] * size, at)]
        at += film["whole"] * size
    assert at == len(sent)
    return head, parts


def test_a_race_is_what_was_chosen_and_gets_a_folder_of_its_own(tmp_path, engine):
    name, token = races.start(WANTED)
    assert (name, engine.told) == ("digits-2d-1", ["submit digits-2d-1"])
    runs = read_request(tmp_path / "runs" / name).runs
    assert [each.prior for each in runs] == ["sg", "mog", "vamp"]
    described = dataclasses.replace(runs[1], prior="mog")
    assert (described.likelihood, described.batch_size, described.warmup, described.decay) == ("binomial", 50, 20, 0.5)
    assert (described.components, described.hidden, described.epochs, described.experiment) == (16, 100, 120, name)
    assert races.owns(name, token)
    assert not races.owns(name, "another")
    assert races.start(dataclasses.replace(WANTED, priors=("vamp",)))[0] == "digits-2d-2"
    assert [each.name for each in races.races()] in (["digits-2d-2", "digits-2d-1"], ["digits-2d-1", "digits-2d-2"])
    with pytest.raises(ServiceError, match="a race needs 1 to 8 priors"):
        races.start(dataclasses.replace(WANTED, priors=()))


def test_what_a_race_does_is_said_by_its_folder_and_its_engine(tmp_path, engine):
    name, token = races.start(WANTED)
    assert races.race(name).state == "waiting"
    engine.states[name] = "gone"
    found = races.race(name)
    assert (found.state, found.may_go_on, found.models) == ("interrupted", True, ())
    folder = tmp_path / "runs" / name
    at_work = race_folder.Progress("training", race_folder.read_progress(folder).runs)
    race_folder.write_progress(folder, at_work)
    assert races.race(name).state == "interrupted"
    assert races.go_on(name, token) == token
    assert races.race(name).state == "waiting"
    with pytest.raises(ServiceError, match="only whoever started this race"):
        races.stop(name, "another")
    races.stop(name, token)
    assert engine.told[1:] == [f"submit {name}", f"stop {name}"]
    races.delete(name, token)
    assert races.race(name) is None
    with pytest.raises(ServiceError, match="this race is gone"):
        races.go_on(name, token)


@pytest.mark.parametrize(
    ("state", "seconds", "epochs", "left"),
    [
        ("training", 30.0, (40, 40, 40), "about 60 s left"),
        ("training", 30.0, (0.5, 1, 1), ""),  # one has trained no epoch
        ("training", 30.0, (116, 116, 116), "a few seconds left"),
        ("training", 30.0, (12, 12, 12), "about 4 min left"),
        ("training", 3600.0, (12, 12, 12), "about 9 h left"),
        ("training", 100.0, (120, 40, 40), "about 80 s left"),  # of two, the third is finished
        ("interrupted", 30.0, (40, 40, 40), ""),
    ],
)
def test_how_long_a_race_has_left_follows_from_its_seconds_an_epoch(state, seconds, epochs, left):
    runs = tuple(RunProgress(prior, each, 120, finished=each == 120) for prior, each in zip("abc", epochs, strict=True))
    assert Race("x", "x", state, "", 0, runs, ("a", "b", "c"), 16, 2, seconds, 0.0, ()).left == left


def test_a_run_that_failed_has_nothing_left():
    runs = (RunProgress("a", 10, 20), RunProgress("b", 10, 20, error="it failed"))
    assert Race("x", "x", "training", "", 0, runs, ("a", "b"), 16, 2, 40.0, 0.0, ()).left == "about 20 s left"


def test_a_race_that_is_not_taken_keeps_what_it_said(tmp_path, engine, monkeypatch):
    name, token = races.start(WANTED)
    engine.states[name] = "gone"
    folder = tmp_path / "runs" / name
    stopped = race_folder.Progress("stopped", race_folder.read_progress(folder).runs)
    race_folder.write_progress(folder, stopped)
    monkeypatch.setenv("VAMPSCOPE_TRAIN", "off")
    with pytest.raises(ServiceError, match="VAMPSCOPE_TRAIN=local"):
        races.go_on(name, token)
    assert race_folder.read_progress(folder) == stopped


def test_a_browser_gets_what_is_new(tmp_path, engine):
    folder = trained(tmp_path / "runs" / "quick", "sg", "mog")
    head, parts = opened(race_news.news("quick", ""))
    assert (head["state"], [run["prior"] for run in head["runs"]]) == ("finished", ["sg", "mog"])
    for film, prior, numbers, whole in zip(head["films"], ("sg", "mog"), parts[::2], parts[1::2], strict=True):
        kept, content = read_live(live_file(folder, prior))
        records = np.frombuffer(content, np.uint8).reshape(-1, kept.record_bytes)
        assert (film["first"], film["count"], film["rows"]) == (0, len(records), len(records))
        assert film["labels"] == list(kept.labels)
        assert film["classes"] == list("0123456789")
        assert numbers.tobytes() == records[:, :32].tobytes()
        assert whole.tobytes() == records[-MOST_WHOLE:].tobytes()
    sg, mog = (film["begun"] for film in head["films"])
    later, parts = opened(race_news.news("quick", f"{sg}:{head['films'][0]['count']},{mog}:1"))
    assert [(film["first"], film["rows"]) for film in later["films"]] == [
        (head["films"][0]["count"], 0),
        (1, head["films"][1]["count"] - 1),
    ]
    assert "labels" not in later["films"][0]
    assert parts[0].size == parts[1].size == 0


@pytest.mark.parametrize("have", ["0:5,0:5", "x", ":", "nan:3", "1e999:1", ",,,,", "0:" + "9" * 400])
def test_a_browser_that_knows_another_run_gets_all(tmp_path, engine, have):
    trained(tmp_path / "runs" / "quick", "sg", epochs=1)
    head, _ = opened(race_news.news("quick", have))
    assert [film["first"] for film in head["films"]] == [0]


@pytest.mark.parametrize("name", ["..", ".races", "a/b", "", "none", "x" * 300, "\0"])
def test_no_other_folder_is_read(tmp_path, engine, name):
    trained(tmp_path / "quick", "sg")
    (tmp_path / "runs").mkdir()
    assert race_news.news(name, "") is None
    assert races.race(name) is None


def test_the_digits_are_always_offered(tmp_path, monkeypatch):
    monkeypatch.setenv("VAMPCORE_DATA", str(tmp_path))
    assert race_choice.offered() == {"digits": "Digits"}


def test_who_continues_a_race_that_a_command_started_owns_it(tmp_path, engine):
    name = "by-command"
    request = race_folder.Request(race_choice.configurations(WANTED, name))
    race_folder.write_request(tmp_path / "runs" / name, request)
    engine.states[name] = "gone"
    assert not races.has_owner(name)
    token = races.go_on(name, "")
    assert races.has_owner(name)
    assert races.owns(name, token)
    assert not races.owns(name, "")
