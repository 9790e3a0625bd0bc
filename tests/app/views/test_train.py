"""Train: off where the server does not allow it; a race is started, watched, stopped, continued, kept and deleted."""

import pytest

from app.services import races
from tests.app.races import trained, use_engine
from tests.app.reading import open_page, words
from vampcore.training.race_folder import Progress, RunProgress, read_request, write_progress


@pytest.fixture
def engine(models, tmp_path, monkeypatch):
    return use_engine(tmp_path / "runs", monkeypatch)


def buttons(at) -> list[str]:
    return [each.label for each in at.main.button]


def test_off_says_how_to_turn_it_on(models, monkeypatch):
    monkeypatch.delenv("VAMPSCOPE_TRAIN", raising=False)
    at = open_page("train")
    assert "VAMPSCOPE_TRAIN=local" in at.info[0].value
    assert at.code[0].value.startswith("python -m vampcore race --data digits")
    assert buttons(at) == []


def test_a_narrow_window_says_all_priors_that_are_chosen(engine):
    at = open_page("train")
    assert not [each for each in at.caption if each.value.startswith("Chosen")]
    at.session_state["_narrow"] = True
    at.run()
    said = [each.value for each in at.caption if each.value.startswith("Chosen")]
    assert said == ["Chosen: Standard normal, Mixture of Gaussians and VampPrior"]


def test_a_race_is_started_and_stopped_and_goes_on(tmp_path, engine):
    at = open_page("train", train_components="8", train_epochs_120="30")
    assert engine.told == ["prepare"]
    at.multiselect(key="train_priors").set_value(["sg", "vamp"]).run()
    at.button(key="train_start").click().run()
    assert not at.error
    runs = read_request(tmp_path / "runs" / "digits-2d-1").runs
    assert [(each.prior, each.components, each.epochs) for each in runs] == [("sg", 8, 30), ("vamp", 8, 30)]
    assert at.query_params["race"] == "digits-2d-1"
    assert buttons(at) == ["Stop", "New race"]
    at.button(key="train_stop").click().run()
    assert [each for each in engine.told if each != "prepare"] == ["submit digits-2d-1", "stop digits-2d-1"]

    known = tuple(RunProgress(each.prior, 3.5, 30, -200.0) for each in runs)
    write_progress(tmp_path / "runs" / "digits-2d-1", Progress("training", known))
    at.run()
    assert "The trainer was ended after 3 epochs. What it had saved is kept: resume from there." in at.warning[0].value
    assert buttons(at) == ["Resume", "Delete them", "New race"]
    at.button(key="train_new").click().run()
    assert "race" not in at.query_params
    assert "**Digits, 2 latent dimensions (digits\u2060-2d\u2060-1)** was interrupted".replace("\u2060", "") in words(
        at
    )
    at = open_page("train", race="digits-2d-1")
    assert buttons(at) == ["New race"]
    assert "in the browser that started it" in words(at)


def test_a_race_that_is_done_is_opened_kept_or_deleted(tmp_path, engine):
    for name in ("one", "other"):
        trained(tmp_path / "runs" / name, "sg", "vamp")
    at = open_page("train", race="one")
    best = max(races.race("one").runs, key=lambda each: each.validation_elbo)
    subject = {"sg": "the standard normal", "vamp": "the VampPrior"}[best.prior]
    assert f"{subject} has the highest validation ELBO, \u2212{-best.validation_elbo:.1f} nats" in at.success[0].value
    assert buttons(at) == ["New race"]

    from app.engines.tickets import Tickets

    token = Tickets(tmp_path / "runs").issue("one")
    at = open_page("train", race="one", owner=token)
    assert buttons(at) == ["Keep", "Delete them", "New race"]
    at.button(key="train_keep").click().run()
    assert sorted(path.name for path in (tmp_path / "runs" / "one").glob("[!.]*")) == ["sg", "vamp"]

    token = Tickets(tmp_path / "runs").issue("other")
    at = open_page("train", race="other", owner=token)
    at.button(key="train_delete").click().run()
    assert not (tmp_path / "runs" / "other").exists()
    assert races.races() == ()


def test_a_race_that_is_gone_is_said_to_be(engine):
    at = open_page("train", race="none")
    assert at.info[0].value == "This race is gone: it was deleted, or its models were kept."
    assert "Start" in buttons(at)
