"""The bound while it grows: the same numbers as the library's, the same samples however they are cut, and its line."""

import numpy as np
import pytest
import torch

from app.services import live_bound
from app.services.live_bound import LiveBound
from app.services.loading import loaded, noise, prior_on_device
from app.services.originals import observations
from vampcore.metrics import covering, log_likelihood, pareto_k, quadrature

ROWS = (3, 8)


@pytest.fixture
def two(refs):
    return refs["tiny-2d/sg"], refs["tiny-2d/vamp"]


def test_the_bound_grows_by_the_samples_of_the_model_until_the_budget_is_used(two):
    live = LiveBound(two, ROWS, seed=5, budget=1200)
    assert (live.most, live.growth(two[0])) == (600, None)
    live.advance(0.0)
    first = live.log_weights(two[1]).copy()
    assert len(first) == live.drawn == live_bound.AT_ONCE // 2
    while not live.done:
        live.advance(0.0)
    assert live.drawn == 600
    np.testing.assert_array_equal(live.log_weights(two[1])[: len(first)], first)
    for ref in two:
        model, generator = loaded(ref), noise(5)
        with torch.inference_mode():
            x, prior = observations(model, torch.tensor(ROWS)), prior_on_device(model)
            parts = [model.checkpoint.model(x, n, prior=prior, generator=generator).total() for n in (256, 256, 88)]
        np.testing.assert_allclose(live.log_weights(ref), torch.cat(parts).numpy())
    live.advance(10.0)
    assert live.drawn == 600


def test_diagnostics_are_those_of_the_library(two):
    live = LiveBound(two, ROWS, budget=2048)
    live.advance(60.0)
    found = live.growth(two[1])
    log_w = torch.from_numpy(live.log_weights(two[1]))
    assert found.samples.tolist() == [2**i for i in range(11)]
    expected = log_w.double().logsumexp(0) - np.log(1024)
    np.testing.assert_allclose(found.of_images, expected.numpy())
    assert found.bound[-1] == pytest.approx(float(expected.mean()), abs=1e-4)
    assert found.bound[0] == pytest.approx(float(log_w.double().mean()), abs=1e-4)
    assert found.shape == pytest.approx(float(pareto_k(log_w).double().median()))
    assert found.counts.sum() == 2048
    # Of the same size as another run's.
    with torch.inference_mode():
        model = loaded(two[1])
        x = observations(model, torch.tensor(ROWS))
        other = log_likelihood(model.checkpoint.model, x, 1024, generator=noise(99), prior=prior_on_device(model))
    far = abs(float(other.log_likelihood.mean()) - float(expected.mean()))
    assert far < 6 * found.error_of_mean


def test_a_difference_is_paired_by_image(two):
    live = LiveBound(two, (1, 2, 3), budget=300)
    live.advance(60.0)
    one, other = (live.growth(ref) for ref in two)
    each = other.of_images - one.of_images
    assert live_bound.difference(one, other) == (
        pytest.approx(each.mean()),
        pytest.approx(each.std(ddof=1) / np.sqrt(3)),
    )
    single = LiveBound(two, (1,), budget=100)
    single.advance(60.0)
    one, other = (single.growth(ref) for ref in two)
    assert live_bound.difference(one, other)[1] == pytest.approx(np.hypot(one.error_of_mean, other.error_of_mean))


def test_the_line_is_the_integral_in_two_dimensions_and_else_a_covering_estimate(refs, two):
    model = loaded(two[1])
    with torch.inference_mode():
        x = observations(model, torch.tensor(ROWS))
        exact = quadrature(model.checkpoint.model, x, prior_on_device(model)).log_likelihood.mean().item()
    found = live_bound.target(two[1], ROWS)
    assert (found.value, found.error, found.exact) == (pytest.approx(exact, abs=1e-4), 0.0, True)
    deep = refs["tiny-5d/vamp-weighted"]
    found = live_bound.target(deep, ROWS)
    model = loaded(deep)
    again = covering(model.checkpoint.model, observations(model, torch.tensor(ROWS)), 4000, noise(7))
    assert not found.exact
    error = float(again.error.square().sum().sqrt()) / 2
    assert abs(found.value - float(again.log_likelihood.mean())) < 5 * np.hypot(found.error, error)
