"""Scores that are added to a checkpoint: what it had stays beside them."""

import dataclasses
import math

import torch

from tests.small_runs import digits
from vampcore.checkpoints import load, save
from vampcore.checkpoints.measuring import measured_again, with_figures
from vampcore.checkpoints.scoring import with_scores
from vampcore.metrics import Metric, covering, log_likelihood, quadrature
from vampcore.metrics.metric import difference_estimate


def scored(family, prior="vamp", samples=20):
    """With log p(x) by importance sampling alone, as in files from before there was an integral."""
    checkpoint = load(family / "small" / prior)
    found = with_figures(checkpoint, measured_again(checkpoint, digits(), samples=0))
    images = digits().test.images
    x = images.float() / 16 if images.dtype == torch.uint8 else images
    sampled = log_likelihood(checkpoint.model, x, samples, generator=torch.Generator().manual_seed(0)).log_likelihood
    score = Metric("log_likelihood", sampled.mean().item(), "nats/image", 1.0, len(x), samples, estimator="is")
    per_image = dataclasses.replace(found.per_image, log_likelihood=sampled)
    return dataclasses.replace(found, metrics=(score, *found.metrics), per_image=per_image), x


def test_two_dimensions_are_integrated_and_the_sampled_score_is_kept(family, tmp_path):
    before, x = scored(family)
    after = with_scores(before, digits(), 10)
    exact = quadrature(before.model, x).log_likelihood
    score, sampled = after.metric("log_likelihood"), after.metric("log_likelihood_is")
    assert (score.estimator, score.n, score.samples) == ("quadrature", len(x), None)
    assert abs(score.value - exact.mean().item()) < 1e-3
    assert dataclasses.replace(sampled, name="log_likelihood") == before.metric("log_likelihood")
    torch.testing.assert_close(after.per_image.log_likelihood, exact.float(), rtol=0, atol=1e-3)
    torch.testing.assert_close(after.per_image.log_likelihood_is, before.per_image.log_likelihood)
    assert after.metric("elbo") == before.metric("elbo")
    save(after, tmp_path / "after")
    again = load(tmp_path / "after")
    assert again.metrics == after.metrics
    torch.testing.assert_close(again.per_image.log_likelihood_is, after.per_image.log_likelihood_is)
    assert with_scores(again, digits(), 10) is again


def test_a_score_by_quadrature_gets_the_tail_of_the_weights_that_it_lacks(family):
    before, _ = scored(family)
    whole = with_scores(before, digits(), 10, 1000)
    tail = whole.metric("pareto_k")
    assert (tail.estimator, tail.n, tail.samples) == ("is", 10, 1000)
    assert whole.metric("pareto_k_above_0.7").n == 10
    without = dataclasses.replace(whole, metrics=tuple(m for m in whole.metrics if not m.name.startswith("pareto_k")))
    again = with_scores(without, digits(), 10, 1000)
    assert {m.name: m for m in again.metrics} == {m.name: m for m in whole.metrics}
    assert again.per_image is without.per_image


def test_where_there_is_no_plane_the_covering_estimate_stands_beside(family, tmp_path, monkeypatch):
    monkeypatch.setattr("vampcore.checkpoints.scoring.can_integrate", lambda model, x: False)
    before, x = scored(family)
    after = with_scores(before, digits(), 12, 40)
    beside = after.metric("log_likelihood_covering")
    assert (beside.estimator, beside.n, beside.samples) == ("covering", 12, 40)
    assert after.metric("log_likelihood") == before.metric("log_likelihood")
    assert after.metric("pareto_k").estimator == "is"
    assert after.metric("pareto_k_above_0.7").n == after.metric("pareto_k_covering_above_0.7").n == 12
    values = after.per_image.log_likelihood_covering
    known = values.isfinite()
    generator = torch.Generator().manual_seed(0)
    torch.testing.assert_close(values[known], covering(before.model, x[known], 40, generator).log_likelihood.float())
    control = before.per_image.log_likelihood
    expected = difference_estimate("", values[known], known, control, 40)
    assert math.isclose(beside.value, expected.value, abs_tol=1e-4)
    save(after, tmp_path / "after")
    again = load(tmp_path / "after")
    torch.testing.assert_close(again.per_image.log_likelihood_covering, values, equal_nan=True)
    assert with_scores(again, digits(), 12, 40) is again
    assert with_scores(again, digits(), 14, 40).metric("log_likelihood_covering").n == 14


def test_a_checkpoint_without_a_score_gets_none(family):
    checkpoint = load(family / "small" / "vamp")
    assert with_scores(checkpoint, digits(), 10) is checkpoint
