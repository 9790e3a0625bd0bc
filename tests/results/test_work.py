"""Rows are trained and measured once, whoever does it and however often it is asked for."""

import pytest

from tests.results.tables import held, write_table
from tests.small_runs import train
from vampcore import datasets, zoo
from vampcore.checkpoints import CheckpointError, load
from vampcore.results import Estimate, Status, complete, read_table


@pytest.fixture
def row(tmp_path):
    return read_table(write_table(tmp_path, 'prior = "vamp"')).rows[0]


def test_a_row_is_trained_and_measured_and_then_left_alone(row, tmp_path, trainings):
    folder = tmp_path / "runs" / "tiny" / "vamp"
    assert complete(row, tmp_path / "runs", Estimate(3), compile="off") is Status.DONE
    found = load(folder)
    assert (found.progress.epochs, found.metric("log_likelihood").samples) == (3, 3)
    assert len(found.per_image.log_likelihood) == 300
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert complete(row, tmp_path / "runs", Estimate(3), compile="off") is Status.DONE
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert trainings == ["vamp"]
    assert complete(row, tmp_path / "runs", Estimate(4), compile="off") is Status.DONE
    assert load(folder).metric("log_likelihood").samples == 4
    assert trainings == ["vamp"]


@pytest.mark.parametrize("root", ["SHIPPED", "OTHERS"])
def test_a_model_that_is_at_hand_is_not_trained_again(row, tmp_path, trainings, monkeypatch, root):
    complete(row, tmp_path / "shipped", Estimate(3), compile="off")
    monkeypatch.setattr(zoo, root, tmp_path / "shipped")
    assert complete(row, tmp_path / "runs", Estimate(3), compile="off") is Status.DONE
    assert trainings == ["vamp"]
    assert not (tmp_path / "runs").exists()


def test_a_shipped_model_that_is_measured_again_is_kept_among_ones_own(row, tmp_path, trainings, monkeypatch):
    complete(row, tmp_path / "shipped", Estimate(3), compile="off")
    monkeypatch.setattr(zoo, "SHIPPED", tmp_path / "shipped")
    assert complete(row, tmp_path / "runs", Estimate(4), compile="off") is Status.DONE
    assert trainings == ["vamp"]
    for root, samples in (("shipped", 3), ("runs", 4)):
        assert load(tmp_path / root / "tiny" / "vamp").metric("log_likelihood").samples == samples


def test_more_samples_than_asked_for_will_do(row, tmp_path, trainings):
    complete(row, tmp_path / "runs", Estimate(5), compile="off")
    assert complete(row, tmp_path / "runs", Estimate(3), compile="off") is Status.DONE
    assert load(tmp_path / "runs" / "tiny" / "vamp").metric("log_likelihood").samples == 5


def test_the_likelihood_of_a_part_is_completed_where_the_whole_is_asked_for(row, tmp_path, trainings):
    complete(row, tmp_path / "runs", Estimate(3, images=40), compile="off")
    found = load(tmp_path / "runs" / "tiny" / "vamp")
    known = found.per_image.log_likelihood.isfinite()
    assert (int(known.sum()), len(known), len(found.per_image.elbo)) == (40, 300, 300)
    log_p = found.metric("log_likelihood")
    assert (log_p.n, found.metric("elbo").n) == (40, 300)
    bounds = found.per_image
    extended = bounds.elbo.mean() + (bounds.log_likelihood - bounds.elbo)[known].mean()
    assert log_p.value == pytest.approx(extended.item(), abs=1e-3)
    assert complete(row, tmp_path / "runs", Estimate(3, images=39), compile="off") is Status.DONE
    assert load(found.folder).metric("log_likelihood") == log_p
    # More images and fewer samples: nothing that is known is lost, and the part holds the part.
    assert complete(row, tmp_path / "runs", Estimate(2, images=60), compile="off") is Status.DONE
    wider = load(found.folder)
    assert (wider.metric("log_likelihood").n, wider.metric("log_likelihood").samples) == (60, 3)
    assert wider.per_image.log_likelihood.isfinite()[known].all()
    assert complete(row, tmp_path / "runs", Estimate(3, images=1000), compile="off") is Status.DONE
    again = load(tmp_path / "runs" / "tiny" / "vamp")
    assert again.per_image.log_likelihood.isfinite().all()
    assert again.metric("log_likelihood").n == 300
    assert trainings == ["vamp"]


def test_exemplars_are_known_again_whatever_the_row_says_of_their_number(tmp_path, trainings):
    (row,) = read_table(write_table(tmp_path, 'prior = "exemplar"\ncomponents = 7')).rows
    for _ in range(2):
        assert complete(row, tmp_path / "runs", Estimate(2), compile="off") is Status.DONE
    assert trainings == ["exemplar"]
    assert load(tmp_path / "runs" / "tiny" / "exemplar").config.components == 1197


def test_a_measurement_can_be_stopped(row, tmp_path):
    seen = []
    found = complete(
        row,
        tmp_path / "runs",
        Estimate(2),
        stop=lambda: bool(seen),
        measured=lambda *done: seen.append(done),
        compile="off",
    )
    assert found is Status.STOPPED
    assert len(seen) == 1
    kept = load(tmp_path / "runs" / "tiny" / "vamp")
    assert (kept.progress.epochs, kept.metric("log_likelihood")) == (3, None)


def test_what_another_process_holds_is_left_alone(row, tmp_path, trainings):
    with held(tmp_path / "runs" / "tiny" / "vamp"):
        assert complete(row, tmp_path / "runs", Estimate(3)) is Status.ELSEWHERE
    assert trainings == []


def test_a_stopped_run_goes_on_where_it_was(row, tmp_path):
    asked = iter([False] * 5 + [True] * 100)
    assert complete(row, tmp_path / "runs", Estimate(3), stop=lambda: next(asked), compile="off") is Status.STOPPED
    done = []
    complete(row, tmp_path / "runs", Estimate(3), trained=lambda record: done.append(record.epoch), compile="off")
    assert done == [2, 3]


def test_a_folder_with_another_model_is_named_and_left_alone(row, tmp_path, trainings):
    folder = tmp_path / "runs" / "tiny" / "vamp"
    train(row, folder, datasets.load("digits"))
    before = load(folder).sha256
    trainings.clear()
    (other,) = read_table(write_table(tmp_path, 'prior = "vamp"\nhidden = 9')).rows
    with pytest.raises(CheckpointError, match=r"tiny/vamp holds another model.*move it away, or give the row another"):
        complete(other, tmp_path / "runs", Estimate(3))
    assert load(folder).sha256 == before
    assert trainings == []
