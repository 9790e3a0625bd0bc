"""Flows: densities against integrals, samples and Jacobians."""

import math

import pytest
import torch

from tests.flows import flow, transforms
from tests.mixtures import normals, points
from tests.quadrature import fit, mass
from vampcore.distributions import LOG_2PI, DiagNormal, Distribution, Flow, Posterior

KINDS = [(True, False), (True, True), (False, False), (False, True)]
each_kind = pytest.mark.parametrize(("coupling", "inverse"), KINDS)


def standard(dimensions: int) -> DiagNormal:
    zeros = torch.zeros(dimensions, dtype=torch.float64)
    return DiagNormal(zeros, zeros)


def log_normal(u: torch.Tensor) -> torch.Tensor:
    return -0.5 * (LOG_2PI + u.square()).sum(-1)


@each_kind
class TestDensity:
    def test_integrates_to_one(self, coupling, inverse):
        assert mass(flow(2, coupling, inverse).log_prob, limit=40.0, steps=1000) == pytest.approx(1, abs=1e-3)

    def test_samples_come_from_it(self, coupling, inverse, generator):
        p = flow(2, coupling, inverse, seed=1)
        with torch.no_grad():
            assert fit(p.sample((20_000,), generator), p.log_prob, limit=8.0) > 1e-3

    def test_agrees_with_the_jacobian(self, coupling, inverse):
        p = flow(4, coupling, inverse)
        for epsilon in points((3, 4)):
            jacobian = torch.autograd.functional.jacobian(lambda e: p.at(e).z, epsilon)
            expected = log_normal(epsilon) - torch.linalg.slogdet(jacobian).logabsdet
            draw = p.at(epsilon)
            torch.testing.assert_close(draw.log_prob, expected)
            torch.testing.assert_close(p.log_prob(draw.z), expected)

    def test_noise_comes_back(self, coupling, inverse):
        p, epsilon = flow(5, coupling, inverse), points((7, 5))
        u = p.at(epsilon).z
        for transform in reversed(p.transforms):
            u = transform.inv.call_and_ladj(u)[0]
        torch.testing.assert_close((u - p.base.mean) / p.base.scale, epsilon)

    def test_importance_weights_of_another_density_average_to_one(self, coupling, inverse, generator):
        p = flow(3, coupling, inverse, size=0.3)
        wide = DiagNormal(standard(3).mean, standard(3).logvar + 2 * math.log(4))
        z = wide.sample((100_000,), generator)
        with torch.no_grad():
            weights = (p.log_prob(z) - wide.log_prob(z)).exp()
        assert weights.mean().item() == pytest.approx(1, abs=5 * (weights.std() / math.sqrt(len(z))).item())


class TestFlow:
    def test_is_a_distribution_and_a_posterior(self):
        assert isinstance(flow(2, True), Distribution)
        assert isinstance(flow(2, True), Posterior)

    def test_without_transforms_it_is_its_base(self, generator):
        q, z = normals(6, 3), points((4, 6, 3))
        torch.testing.assert_close(Flow(q, ()).log_prob(z), q.log_prob(z))
        draw = Flow(q, ()).draw((4,), generator)
        torch.testing.assert_close(draw.log_prob, q.log_prob(draw.z))

    def test_a_draw_is_a_sample_of_the_same_seed_and_its_own_mean(self):
        p = flow(3, coupling=False)
        draw = p.draw((7,), torch.Generator().manual_seed(5))
        assert torch.equal(draw.z, p.sample((7,), torch.Generator().manual_seed(5)))
        assert torch.equal(draw.mean, draw.z)

    def test_temperature_scales_the_noise_of_the_base(self):
        p = flow(3, coupling=True)
        none = p.sample((4,), torch.Generator().manual_seed(1), temperature=0.0)
        torch.testing.assert_close(none, p.at(torch.zeros(4, 3, dtype=torch.float64)).z)
        half = p.sample((4,), torch.Generator().manual_seed(1), temperature=0.5)
        noise = torch.randn((4, 3), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        torch.testing.assert_close(half, p.at(0.5 * noise).z)

    @pytest.mark.parametrize("coupling", [True, False])
    def test_each_observation_has_a_density_of_its_own(self, coupling):
        context, base = points((6, 4), seed=2), normals(6, 3)
        chain = transforms(3, coupling, context=4)
        draw = Flow(base, chain(context)).at(points((5, 6, 3)))
        for i in range(6):
            alone = Flow(base[i], chain(context[i]))
            torch.testing.assert_close(alone.log_prob(draw.z[:, i]), draw.log_prob[:, i])
        others = Flow(base, chain(context.flip(0))).at(points((5, 6, 3)))
        assert (others.z - draw.z).abs().amin((0, 2)).max() > 1e-3

    def test_autocast_changes_nothing(self):
        p, z = flow(3, coupling=True), points((9, 3))
        exact = p.log_prob(z), p.at(z).z
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(p.log_prob(z), exact[0])
            assert torch.equal(p.at(z).z, exact[1])
