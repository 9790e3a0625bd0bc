"""Figures measured again: on which images, and what becomes of those that were there."""

import dataclasses

import pytest
import torch

from tests.small_runs import digits
from vampcore.checkpoints import load
from vampcore.checkpoints.measuring import measured_again, with_figures
from vampcore.metrics import Metric


@pytest.fixture(autouse=True)
def _no_integral(monkeypatch):
    """These models have two latent dimensions, where log p(x) would be integrated of all images."""
    monkeypatch.setattr("vampcore.metrics.scores.can_integrate", lambda model, x: False)


def known(family, prior: str, count: int) -> torch.Tensor:
    """Rows of the test set whose log p(x) was estimated."""
    found = measured_again(load(family / "small" / prior), digits(), samples=1, estimated=count)
    return found.log_likelihood.isfinite()


def test_a_part_is_the_same_for_every_model_and_holds_the_smaller_ones(family):
    sg, vamp, more = known(family, "sg", 20), known(family, "vamp", 20), known(family, "vamp", 40)
    assert int(sg.sum()) == 20
    assert torch.equal(sg, vamp)
    assert int(more.sum()) == 40
    assert bool(more[vamp].all())


def test_a_part_is_the_subset_of_as_many_images(family):
    checkpoint = load(family / "small" / "sg")
    rows = known(family, "sg", 20)
    whole, limited = (measured_again(checkpoint, digits(), samples=0, limit=limit) for limit in (None, 20))
    # The noise differs, the images do not: what is easy in one is easy in the other.
    expected, found = whole.elbo[rows], limited.elbo
    assert torch.corrcoef(torch.stack([expected, found]))[0, 1] > 0.9


def test_figures_of_the_whole_test_set_replace_those_that_were_there(family):
    checkpoint = load(family / "small" / "sg")
    found = measured_again(checkpoint, digits(), samples=2, seed=3, estimated=30)
    again = with_figures(checkpoint, found)
    assert again.metrics == found.metrics
    assert torch.equal(again.per_image.elbo, found.elbo)
    assert int(again.per_image.log_likelihood.isfinite().sum()) == 30
    assert again.config == checkpoint.config


def test_the_covering_estimate_stays_when_the_rest_is_measured_again(family):
    checkpoint = load(family / "small" / "sg")
    found = measured_again(checkpoint, digits(), samples=2)
    beside = [Metric(name, 1.0, "nats/image") for name in ("log_likelihood_covering", "pareto_k_covering_above_0.7")]
    old = [*beside, Metric("log_likelihood", 1.0, "nats/image", estimator="is"), Metric("elbo", 1.0, "nats/image")]
    per_image = dataclasses.replace(checkpoint.per_image, log_likelihood_covering=found.elbo + 1)
    again = with_figures(dataclasses.replace(checkpoint, metrics=tuple(old), per_image=per_image), found)
    assert again.metrics == (*found.metrics, *beside)
    assert torch.equal(again.per_image.log_likelihood_covering, found.elbo + 1)
    assert torch.equal(again.per_image.log_likelihood, found.log_likelihood)
    assert again.per_image.log_likelihood_is is None


def test_a_stored_score_stays_when_no_sample_is_drawn(family):
    checkpoint, data = load(family / "small" / "sg"), digits()
    before = with_figures(checkpoint, measured_again(checkpoint, data, samples=200))
    names = ("log_likelihood", "ess_median", "ess_below_10", "pareto_k", "pareto_k_above_0.7")
    scores = tuple(before.metric(name) for name in names)
    beside = (Metric("log_likelihood_is", 1.0, "nats/image"), Metric("bits_per_dimension", 1.0, "bits/dimension"))
    per_image = dataclasses.replace(before.per_image, log_likelihood_is=before.per_image.elbo + 1)
    before = dataclasses.replace(before, metrics=before.metrics + beside, per_image=per_image)
    found = measured_again(before, data, samples=0, seed=7)
    again = with_figures(before, found)
    assert again.metrics == (*found.metrics, *scores, *beside)
    assert torch.equal(again.per_image.elbo, found.elbo)
    assert torch.equal(again.per_image.log_likelihood, before.per_image.log_likelihood)
    assert torch.equal(again.per_image.log_likelihood_is, before.per_image.log_likelihood_is)
