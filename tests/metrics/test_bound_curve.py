import math

import pytest
import torch

from tests.metrics.toys import LinearEncoder, exact_posterior, images, linear_vae, orthogonal_weight
from vampcore.metrics.bound_curve import FEWEST_BLOCKS, bound_curve
from vampcore.objectives import iwae_bound


def test_every_block_of_k_samples_counts_once(generator):
    log_w = torch.randn(11, 3, dtype=torch.float64, generator=generator)
    found = bound_curve(log_w)
    assert found.samples == (1, 2, 4, 8)
    for k, bound in zip(found.samples, found.bound, strict=True):
        blocks = log_w[: 11 // k * k].view(-1, k, 3).logsumexp(1) - math.log(k)
        torch.testing.assert_close(bound, blocks.mean(0))
    torch.testing.assert_close(found.error[0], log_w.std(0) / math.sqrt(11))
    w = log_w[:8].exp()
    torch.testing.assert_close(found.error[-1], w.std(0, correction=0) / w.mean(0) / math.sqrt(8))
    assert len(bound_curve(log_w[:1]).samples) == 1
    with pytest.raises(ValueError, match="at least one sample"):
        bound_curve(log_w[:0])


def test_the_bound_rises_from_the_elbo_to_log_p(generator):
    weight = orthogonal_weight(5, 2)
    exact = exact_posterior(weight)
    wide = LinearEncoder(exact.matrix, exact.offset, 2 * exact.logvar.exp())
    x = images(2, 5, generator)
    with torch.no_grad():
        model = linear_vae(weight, wide)
        w = model(x, 4096, generator=generator)
        log_p = linear_vae(weight)(x, 1, generator=generator).total()[0]
    found = bound_curve(w.total())
    torch.testing.assert_close(found.bound[0], w.total().mean(0))
    torch.testing.assert_close(found.bound[-1], iwae_bound(w))
    assert (found.bound[-1] - found.bound[0] > 0.1).all()
    assert ((found.bound[-1] - log_p).abs() < 4 * found.error[-1]).all()
    assert (found.bound[1:] - found.bound[:-1] > -4 * (found.error[1:] + found.error[:-1])).all()


def test_the_error_is_the_spread_of_repeated_bounds(generator):
    log_w = 0.8 * torch.randn(256, 400, dtype=torch.float64, generator=generator)
    found = bound_curve(log_w)
    for k, error in zip(found.samples, found.error, strict=True):
        blocks = 256 // k
        repeated = log_w.view(blocks, k, 400).logsumexp(1).mean(0).std()
        tolerance = 0.1 if blocks >= FEWEST_BLOCKS else 0.15
        assert error.mean().item() == pytest.approx(repeated.item(), rel=tolerance)
