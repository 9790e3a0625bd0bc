import math

import pytest
import torch
from scipy import stats

from vampcore.metrics import pareto_k


@pytest.mark.parametrize("shape", [0.2, 0.5, 0.7, 1.0, 1.5])
def test_the_tail_of_pareto_weights_has_their_shape(shape):
    draws = stats.genpareto.rvs(shape, size=(20_000, 30), random_state=3)
    found = pareto_k(torch.from_numpy(draws).log())
    # The estimate is drawn a little towards 0.5, by ten of 434 weights.
    tail = 425
    expected = (tail * shape + 5) / (tail + 10)
    assert found.mean().item() == pytest.approx(expected, abs=0.05)
    assert found.std() < 0.15


def test_a_factor_common_to_all_weights_changes_nothing(generator):
    log_weights = torch.randn(1000, 5, generator=generator, dtype=torch.float64) * 2
    torch.testing.assert_close(pareto_k(log_weights - 5000), pareto_k(log_weights))


def test_light_tails_are_below_and_heavy_ones_above_the_threshold(generator):
    """Normal proposals of a standard normal target: of twice its scale, and of less than half."""
    z = torch.randn(5000, 20, generator=generator, dtype=torch.float64)
    wide, narrow = (
        stats.norm.logpdf(scale * z.numpy()) - stats.norm.logpdf(scale * z.numpy(), scale=scale) for scale in (2.0, 0.4)
    )
    assert pareto_k(torch.from_numpy(wide)).max() < 0.5
    assert pareto_k(torch.from_numpy(narrow)).median() > 0.7


def test_equal_weights_and_a_single_heavy_one():
    assert pareto_k(torch.zeros(100, 1)).item() == -math.inf
    alone = torch.full((100, 1), -2000.0, dtype=torch.float64)
    alone[7] = 0
    assert pareto_k(alone).item() == math.inf


def test_too_few_weights_are_refused():
    with pytest.raises(ValueError, match="take 25 samples"):
        pareto_k(torch.zeros(24, 2))
