"""Other trainings of a checkpoint: kept as scores, read strictly, and refused where they are of something else."""

import dataclasses

import numpy as np
import pytest
import torch

from tests.checkpoints.refusing import refused
from tests.small_runs import rewrite_tensors, seal
from vampcore.checkpoints import Checkpoint, CheckpointError, Training, load, save
from vampcore.checkpoints.trainings import own_training, scores_by_seed, trainings, with_trainings
from vampcore.metrics.metric import Metric

FILE = "trainings.safetensors"


@pytest.fixture
def stored(family) -> Checkpoint:
    return load(family / "small" / "vamp")


def of_seed(checkpoint: Checkpoint, seed: int, better_by: float) -> Checkpoint:
    """The checkpoint as if trained with that seed, all its scores better by so many nats."""
    elbo = checkpoint.per_image.elbo + better_by
    per_image = dataclasses.replace(checkpoint.per_image, elbo=elbo, log_likelihood=elbo + 1)
    history = [
        dataclasses.replace(each, validation_bound=each.validation_bound + better_by) for each in checkpoint.history
    ]
    return dataclasses.replace(
        checkpoint,
        config=dataclasses.replace(checkpoint.config, seed=seed),
        per_image=per_image,
        history=tuple(history),
        metrics=(*checkpoint.metrics, Metric("log_likelihood", 0.0, "nats/image", n=300, estimator="quadrature")),
    )


@pytest.fixture
def gathered(stored, tmp_path):
    """A folder with a checkpoint of seed 5 that keeps the scores of seeds 2 and 7."""
    own, one, other = (of_seed(stored, seed, by) for seed, by in ((5, 0.0), (7, 3.0), (2, -1.0)))
    save(with_trainings(own, [one, other]), tmp_path / "vamp")
    return tmp_path / "vamp"


def test_a_checkpoint_alone_is_one_training(stored):
    (own,) = trainings(stored)
    best = max(record.validation_bound for record in stored.history)
    assert (own.seed, own.validation_bound) == (stored.config.seed, best)
    assert own.elbo is stored.per_image.elbo
    assert own.log_likelihood is None


def test_kept_and_read_by_seed(gathered, stored):
    checkpoint = load(gathered)
    assert checkpoint.checked
    found = trainings(checkpoint)
    assert [each.seed for each in found] == [2, 5, 7]
    best = own_training(stored).validation_bound
    assert [each.validation_bound - best for each in found] == pytest.approx([-1, 0, 3], abs=1e-3)
    for each, by in zip(found, (-1.0, 0.0, 3.0), strict=True):
        torch.testing.assert_close(each.elbo, stored.per_image.elbo + by)
        torch.testing.assert_close(each.log_likelihood, stored.per_image.elbo + by + 1)
    save(checkpoint, gathered.parent / "again")
    for path in gathered.iterdir():
        assert (gathered.parent / "again" / path.name).read_bytes() == path.read_bytes(), path.name


def test_scores_by_seed_have_the_training_that_ships_first(gathered, stored):
    found = scores_by_seed(load(gathered), "log_likelihood")
    assert list(found) == [5, 2, 7]
    for seed, by in ((5, 0.0), (2, -1.0), (7, 3.0)):
        assert found[seed].dtype == np.float64
        np.testing.assert_allclose(found[seed], stored.per_image.elbo.double() + by + 1, rtol=1e-6)


def test_a_score_of_some_images_only_is_not_kept(stored, tmp_path):
    other = of_seed(stored, 1, 0.0)
    score = other.per_image.log_likelihood.clone()
    score[3] = float("nan")
    other = dataclasses.replace(other, per_image=dataclasses.replace(other.per_image, log_likelihood=score))
    save(with_trainings(of_seed(stored, 0, 0.0), [other]), tmp_path / "vamp")
    kept = load(tmp_path / "vamp")
    assert [each.log_likelihood is None for each in trainings(kept)] == [False, True]
    assert (list(scores_by_seed(kept, "log_likelihood")), list(scores_by_seed(kept, "elbo"))) == ([0], [0, 1])


def test_another_configuration_seed_test_set_or_estimator_is_refused(stored):
    own, other = of_seed(stored, 0, 0.0), of_seed(stored, 1, 0.0)
    few = dataclasses.replace(other.per_image, elbo=other.per_image.elbo[:-1], log_likelihood=None)
    for changed, said in (
        (dataclasses.replace(other, config=dataclasses.replace(other.config, epochs=7)), "in more than its seed"),
        (of_seed(stored, 0, 1.0), "has a seed that another has, 0"),
        (dataclasses.replace(other, per_image=few), "was tested on other images"),
        (dataclasses.replace(other, metrics=stored.metrics), "was not estimated as that of"),
    ):
        with pytest.raises(CheckpointError, match=said):
            with_trainings(own, [changed])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": torch.tensor([2, 5])}, "its seeds do not rise, or one is that of the checkpoint"),
        ({"seed": torch.tensor([7, 2])}, "its seeds do not rise"),
        ({"seed": torch.tensor([2, 2])}, "its seeds do not rise"),
        ({"seed": torch.tensor([-2, 2])}, "its seeds do not rise"),
        ({"seed": torch.tensor([[2, 7]])}, "its seeds are not whole numbers"),
        ({"seed": torch.tensor([2.0, 7.0])}, "its seeds are not whole numbers"),
        ({"seed": torch.zeros(0, dtype=torch.int64)}, "its seeds are not whole numbers"),
        ({"validation_bound": torch.zeros(3)}, "one validation bound a training"),
        ({"elbo": torch.zeros(2, 299)}, "one score an image"),
        ({"log_likelihood": torch.zeros(3, 300)}, "one score an image"),
        ({"elbo": torch.zeros(2, 300).half()}, "one score an image"),
        ({"more": torch.zeros(2)}, "it must hold elbo, seed, validation_bound"),
        ({"elbo": torch.full((2, 300), float("nan"))}, "holds values that are not finite"),
    ],
)
def test_what_cannot_be_is_refused(gathered, change, said):
    rewrite_tensors(gathered / FILE, lambda tensors: tensors.update(change))
    refused(gathered, FILE, said)


def test_one_without_a_part_is_refused(gathered):
    rewrite_tensors(gathered / FILE, lambda tensors: tensors.pop("elbo"))
    refused(gathered, FILE, "it must hold")
    (gathered / FILE).write_bytes(b"none")
    seal(gathered)
    refused(gathered, FILE, "is truncated or not a safetensors file")


def test_a_training_is_a_record():
    assert Training(1, -3.0, torch.zeros(2)).log_likelihood is None
