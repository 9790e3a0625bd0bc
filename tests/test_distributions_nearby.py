"""A mixture's density around one place."""

import math

import pytest
import torch

from tests.mixtures import mixture, same_in_torch
from vampcore.distributions import DiagNormal, DiagNormalMixture, Distribution, NearbyMixture
from vampcore.distributions.nearby import float32_suffices


class TestNearbyMixture:
    @pytest.fixture
    def sharp(self):
        """500 components of small scales, far from the origin, in float64; and samples of one of them."""
        p = mixture(500, 40)
        p = DiagNormalMixture(DiagNormal(10 + p.components.mean, p.components.logvar.abs().neg() - 3), p.logits)
        return p, p.component(7).sample((300,), torch.Generator().manual_seed(4))

    def test_is_the_density_of_the_mixture(self, sharp):
        p, z = sharp
        torch.testing.assert_close(NearbyMixture.of(p, z[0]).log_prob(z), same_in_torch(p).log_prob(z))

    def test_is_exact_in_float32_where_the_expanded_square_is_not(self, sharp):
        p, z = sharp
        narrow = DiagNormalMixture(DiagNormal(p.components.mean.float(), p.components.logvar.float()), p.logits.float())
        wide = DiagNormalMixture(
            DiagNormal(narrow.components.mean.double(), narrow.components.logvar.double()), narrow.logits.double()
        )
        exact = same_in_torch(wide).log_prob(z.float().double())
        found = NearbyMixture.of(narrow, z[0].float()).log_prob(z.float())
        assert found.dtype == torch.float32
        assert (found - exact).abs().max() < 1e-3
        at_zero = NearbyMixture.of(narrow, torch.zeros(40)).log_prob(z.float())
        assert (at_zero - exact).abs().max() > 1e-2

    @pytest.mark.parametrize("scale", [0.02, 0.1, 0.5])
    def test_where_it_suits_it_is_near_enough(self, scale):
        """Posteriors wider than the components, about the widest of which it still takes."""
        means = 2 * torch.randn(500, 40, generator=torch.Generator().manual_seed(3))
        narrow = DiagNormalMixture(DiagNormal(means, torch.full_like(means, -6.0)), torch.zeros(500))
        q = DiagNormal(means[7] + 0.3, torch.full((40,), 2 * math.log(scale)))
        assert float32_suffices(narrow, q)
        z = q.sample((2000,), torch.Generator().manual_seed(4))
        wide = DiagNormal(means.double(), narrow.components.logvar.double())
        exact = DiagNormalMixture(wide, torch.zeros(500, dtype=torch.float64))
        found = NearbyMixture.of(narrow, q.mean).log_prob(z)
        assert (found - same_in_torch(exact).log_prob(z.double())).abs().max() < 5e-3

    def test_it_does_not_suit_what_reaches_far(self):
        means = torch.zeros(5, 40)
        narrow = DiagNormalMixture(DiagNormal(means, torch.full_like(means, -6.0)), torch.zeros(5))
        assert not float32_suffices(narrow, DiagNormal(torch.zeros(40), torch.zeros(40)))

    def test_removed_components_stay_removed(self, sharp):
        p, z = sharp
        torch.testing.assert_close(NearbyMixture.of(p.without(7), z[0]).log_prob(z), p.without(7).log_prob(z))

    def test_samples_are_those_of_the_mixture(self, sharp):
        p, z = sharp
        nearby = NearbyMixture.of(p, z[0])
        assert isinstance(nearby, Distribution)
        same = [each.sample((4,), torch.Generator().manual_seed(2), 0.5) for each in (p, nearby)]
        assert torch.equal(*same)
