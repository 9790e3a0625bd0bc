import pytest
import torch

from tests.metrics.toys import LinearEncoder, images, linear_vae, orthogonal_weight, two_layer_vae
from vampcore.distributions import DiagNormal
from vampcore.metrics import THRESHOLD, active_units, activity

PIXELS = 4


def hand_made(scales: list[float], variance: list[float]):
    """Unit i reads pixel i, times a scale."""
    diagonal = torch.diag(torch.tensor(scales, dtype=torch.float64))
    encoder = LinearEncoder(diagonal, torch.ones(PIXELS, dtype=torch.float64), torch.tensor(variance).double())
    return linear_vae(orthogonal_weight(PIXELS, PIXELS), encoder)


def test_activity_is_the_variance_of_the_means(generator):
    x = images(500, PIXELS, generator)
    model = hand_made([2.0, 0.5, 0.05, 0.0], [0.1, 0.5, 1.0, 1.0])
    (found,) = active_units(model, x, generator=generator)
    expected = x.flatten(1).var(0) * torch.tensor([4.0, 0.25, 0.0025, 0.0])
    torch.testing.assert_close(found.activity, expected)
    assert found.active.tolist() == [True, True, False, False]
    assert found.count == 2
    assert (found.n, found.samples, found.layer) == (500, 1, 0)
    assert THRESHOLD == 0.01


def test_the_prior_is_not_asked(generator):
    class Silent(torch.nn.Module):
        def forward(self, encoder, index=None):
            raise AssertionError("asked for the prior")

    model = hand_made([2.0, 0.5, 0.05, 0.0], [0.1, 0.5, 1.0, 1.0])
    model.prior = Silent()
    (found,) = active_units(model, images(30, PIXELS, generator), samples=3, generator=generator)
    assert found.count == 2


def test_ratio_divides_by_the_mean_posterior_variance(generator):
    x = images(2000, PIXELS, generator)
    variance = [0.1, 0.5, 1.0, 2.0]
    (found,) = active_units(hand_made([2.0, 0.5, 0.5, 1.0], variance), x, samples=20, generator=generator)
    torch.testing.assert_close(found.ratio, found.activity / torch.tensor(variance).double(), rtol=0.05, atol=0)


def test_closed_form_agrees_with_the_model(generator):
    x = images(300, PIXELS, generator)
    model = hand_made([2.0, 0.5, 0.05, 0.1], [0.1, 0.5, 1.0, 1.0])
    closed = activity(model.encoder(x))
    (found,) = active_units(model, x, generator=generator)
    torch.testing.assert_close(closed.activity, found.activity)
    expected = closed.activity / torch.tensor([0.1, 0.5, 1.0, 1.0])
    torch.testing.assert_close(closed.ratio, expected.double(), rtol=1e-6, atol=0)


def test_closed_form_averages_variances_not_scales():
    posterior = DiagNormal(torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [9.0]]).log())
    assert activity(posterior).ratio.item() == pytest.approx(2.0 / 5.0)


def test_chunks_do_not_change_the_closed_part(generator):
    x = images(50, PIXELS, generator)
    model = hand_made([2.0, 0.5, 0.05, 0.1], [0.1, 0.5, 1.0, 1.0])
    whole = active_units(model, x, generator=generator)[0].activity
    parts = active_units(model, x, generator=generator, chunk=7)[0].activity
    torch.testing.assert_close(parts, whole)


def test_a_lower_layer_loses_the_variance_of_its_own_average(generator):
    # E[z1 | x] = x B' + 0.2 E[z2 | x]; with two samples the average of z2 adds 0.04 * 0.7 / 2 that is not activity.
    model = two_layer_vae()
    x = images(20_000, 5, generator, scale=0.1)
    top, lower = active_units(model, x, samples=2, generator=generator)
    flat = x.flatten(1)
    mean_top = flat @ model.encoder.matrix.mT
    expected = (flat @ model.layers[0].matrix.mT + 0.2 * mean_top).var(0)
    torch.testing.assert_close(top.activity, mean_top.var(0))
    torch.testing.assert_close(lower.activity, expected, atol=6e-4, rtol=0)
    assert 0.04 * 0.7 / 2 > 10 * 6e-4, "the correction must be larger than the tolerance"
    # Var(z1 | x) = 0.3 + 0.04 * 0.7
    expected_ratio = lower.activity / (0.3 + 0.04 * 0.7)
    torch.testing.assert_close(lower.ratio, expected_ratio, rtol=0.05, atol=0)
    assert (top.layer, lower.layer) == (0, 1)


def test_metric(generator):
    (found,) = active_units(hand_made([2.0, 0.0, 0.0, 1.0], [1.0] * 4), images(100, PIXELS, generator))
    metric = found.metric("validation", 4)
    assert (metric.name, metric.value, metric.unit, metric.n) == ("active_units", 2.0, "units", 100)
    assert (metric.split, metric.layer, metric.seed) == ("validation", 0, 4)


def test_too_little_is_refused(generator):
    model = hand_made([1.0] * 4, [1.0] * 4)
    with pytest.raises(ValueError, match="at least two observations"):
        active_units(model, images(1, PIXELS, generator))
    with pytest.raises(ValueError, match="at least two observations"):
        activity(model.encoder(images(1, PIXELS, generator)))
    with pytest.raises(ValueError, match="a model of 2 layers needs 2 or more"):
        active_units(two_layer_vae(), images(10, 5, generator), samples=1)
