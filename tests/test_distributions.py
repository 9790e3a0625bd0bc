"""Normals and mixtures: densities and samples."""

import math

import pytest
import torch
from torch import distributions as reference

from tests.mixtures import drawn, far_apart, mixture, normals, points, same_in_torch
from tests.quadrature import fit, mass
from vampcore.distributions import LOG_2PI, DiagNormal, DiagNormalMixture


class TestDiagNormal:
    @pytest.mark.parametrize("shape", [(), (5,), (3, 5)])
    def test_agrees_with_torch(self, shape):
        q = DiagNormal(points((*shape, 4)), points((*shape, 4), seed=1))
        expected = reference.Independent(reference.Normal(q.mean, q.scale), 1)
        z = points((2, *shape, 4), seed=2)
        torch.testing.assert_close(q.log_prob(z), expected.log_prob(z))
        torch.testing.assert_close(q.entropy(), expected.entropy())

    def test_every_z_under_every_one_of_the_batch(self):
        q, z = normals(6, 3), points((2, 5, 3))
        torch.testing.assert_close(q.pairwise_log_prob(z), q.log_prob(z.unsqueeze(-2)))

    def test_a_draw_carries_its_own_log_density_and_mean(self, generator):
        q = normals(6, 3)
        draw = q.draw((7,), generator)
        assert draw.z.shape == draw.mean.shape == (7, 6, 3)
        torch.testing.assert_close(draw.log_prob, q.log_prob(draw.z))
        assert torch.equal(draw.mean[4], q.mean)

    def test_a_draw_is_a_sample_of_the_same_seed(self):
        q = normals(6, 3)
        sample = q.sample((7,), torch.Generator().manual_seed(5))
        torch.testing.assert_close(q.draw((7,), torch.Generator().manual_seed(5)).z, sample, rtol=0, atol=0)

    def test_samples_have_the_standard_deviation_not_the_variance(self, generator):
        q = DiagNormal(torch.tensor([1.0, -2.0]), torch.tensor([-3.0, 1.0]))
        z = q.sample((40_000,), generator)
        torch.testing.assert_close(z.mean(0), q.mean, rtol=0, atol=0.04)
        torch.testing.assert_close(z.std(0), (0.5 * q.logvar).exp(), rtol=0.02, atol=0)

    def test_temperature_widens_about_the_mean(self):
        q = normals(4, 3)
        one, half, none = (q.sample((2,), torch.Generator().manual_seed(1), t) for t in (1.0, 0.5, 0.0))
        torch.testing.assert_close(half - q.mean, 0.5 * (one - q.mean))
        assert torch.equal(none, q.mean.expand_as(none))

    def test_gradients_pass_through_a_draw(self, generator):
        q = DiagNormal(torch.zeros(3, requires_grad=True), torch.zeros(3, requires_grad=True))
        draw = q.draw((5,), generator)
        draw.z.sum().backward()
        torch.testing.assert_close(q.mean.grad, torch.full((3,), 5.0))
        torch.testing.assert_close(q.logvar.grad, 0.5 * draw.z.detach().sum(0))

    def test_an_index_takes_both_parameters(self):
        q = normals(6, 3)
        assert torch.equal(q[2].mean, q.mean[2])
        assert torch.equal(q[1:4].logvar, q.logvar[1:4])


class TestPrecision:
    """log_prob at small scales, where a float32 matrix product is off by tenths of a nat."""

    @pytest.fixture
    def sharp(self):
        source = torch.Generator().manual_seed(4)
        mean = 2 * torch.randn(50, 40, generator=source)
        p = DiagNormalMixture(DiagNormal(mean, torch.full((50, 40), -6.0)), torch.zeros(50))
        z = mean + p.components.scale * torch.randn(50, 40, generator=source)
        return p, z

    def exact(self, p, z):
        wide = DiagNormal(p.components.mean.double(), p.components.logvar.double())
        return (wide.log_prob(z.double().unsqueeze(-2)) + p.log_weights.double()).logsumexp(-1)

    def test_float32_inputs_lose_nothing_at_small_scales(self, sharp):
        p, z = sharp
        torch.testing.assert_close(p.log_prob(z).double(), self.exact(p, z), rtol=0, atol=2e-5)
        assert p.log_prob(z).dtype == torch.float32

    def test_the_product_in_float32_would_not_do(self, sharp):
        """What this guards against is real at these scales."""
        p, z = sharp
        precision = (-p.components.logvar).exp()
        mean = p.components.mean
        squared = z.square() @ precision.T - 2 * z @ (mean * precision).T + (mean.square() * precision).sum(-1)
        naive = (-0.5 * (squared + (LOG_2PI + p.components.logvar).sum(-1)) + p.log_weights).logsumexp(-1)
        assert (naive.double() - self.exact(p, z)).abs().max() > 1e-3

    def test_autocast_changes_nothing(self, sharp):
        p, z = sharp
        with torch.autocast("cpu", dtype=torch.bfloat16):
            inside = p.log_prob(z)
        assert torch.equal(inside, p.log_prob(z))

    def test_gradients_are_those_of_the_direct_form(self):
        q, z = normals(5, 3), points((4, 3)).requires_grad_()
        leaves = [z, q.mean.requires_grad_(), q.logvar.requires_grad_()]
        product = torch.autograd.grad(q.pairwise_log_prob(z).logsumexp(-1).sum(), leaves)
        direct = torch.autograd.grad(q.log_prob(z.unsqueeze(-2)).logsumexp(-1).sum(), leaves)
        torch.testing.assert_close(product, direct)


class TestMixtureDensity:
    @pytest.mark.parametrize("shape", [(), (5,), (3, 5)])
    @pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 2e-5)])
    def test_agrees_with_torch(self, shape, dtype, tolerance):
        p, z = mixture(6, 3, dtype=dtype), points((*shape, 3), dtype=dtype)
        torch.testing.assert_close(p.log_prob(z), same_in_torch(p).log_prob(z), rtol=tolerance, atol=tolerance)

    def test_dimensions_are_summed_before_components(self):
        """Two modes at +-(3, 3): nothing at (3, -3), where a product of one-dimensional mixtures has a mode."""
        mean = torch.tensor([[3.0, 3.0], [-3.0, -3.0]])
        p = DiagNormalMixture(DiagNormal(mean, torch.full((2, 2), -2.0)), torch.zeros(2))
        expected = -LOG_2PI + 2 - 18 * math.exp(2)
        assert p.log_prob(torch.tensor([3.0, -3.0])).item() == pytest.approx(expected, abs=1e-4)
        assert expected == pytest.approx(-132.8, abs=0.1)

    def test_integrates_to_one(self):
        assert mass(mixture().log_prob) == pytest.approx(1, abs=1e-6)

    def test_responsibilities_are_bayes_rule(self):
        p, z = mixture(), points((7, 2))
        joint = p.log_weights.exp() * p.components.log_prob(z.unsqueeze(-2)).exp()
        torch.testing.assert_close(p.responsibilities(z), joint / joint.sum(-1, keepdim=True))
        torch.testing.assert_close(p.joint(z).exp(), joint)

    def test_far_from_every_component_nothing_breaks(self):
        p, z = mixture(dtype=torch.float32), torch.full((3, 2), 1e4)
        z.requires_grad_()
        p.log_prob(z).sum().backward()
        assert z.grad.isfinite().all()
        torch.testing.assert_close(p.responsibilities(z).sum(-1), torch.ones(3))

    def test_component(self):
        p = mixture()
        assert torch.equal(p.component(2).mean, p.components.mean[2])


class TestMixtureSamples:
    def test_come_from_the_density(self, generator):
        p = mixture()
        assert fit(p.sample((20_000,), generator), p.log_prob) > 1e-3

    def test_the_fit_would_notice_another_density(self, generator):
        p = mixture()
        other = p.reweighted(torch.tensor([0.4, 0.3, 0.2, 0.1], dtype=torch.float64))
        assert fit(p.sample((20_000,), generator), other.log_prob) < 1e-6

    @pytest.mark.parametrize("shape", [(), (4,), (2, 3)])
    def test_shape(self, shape, generator):
        assert mixture(5, 3).sample(shape, generator).shape == (*shape, 3)

    def test_a_seed_decides_and_the_global_source_is_left_alone(self):
        p, before = mixture(), torch.get_rng_state()
        first, second, other = (p.sample((9,), torch.Generator().manual_seed(s)) for s in (1, 1, 2))
        assert torch.equal(first, second)
        assert not torch.equal(first, other)
        assert torch.equal(before, torch.get_rng_state())

    def test_two_mixtures_of_one_seed_share_the_noise(self):
        a, b = far_apart([0.2, 0.5, 0.3]), far_apart([0.2, 0.5, 0.3], scale=3.0, distance=5000.0)
        za, zb = (p.sample((200,), torch.Generator().manual_seed(8)) for p in (a, b))
        k = drawn(a, za)
        assert torch.equal(k, drawn(b, zb))
        assert k.unique().tolist() == [0, 1, 2]
        torch.testing.assert_close(za - a.components.mean[k], (zb - b.components.mean[k]) / 3, rtol=0, atol=1e-6)

    def test_two_mixtures_of_other_weights_share_the_uniforms(self):
        """Of one uniform, the lesser weight of the first component never picks it where the greater does not."""
        few, many = far_apart([0.25, 0.75]), far_apart([0.5, 0.5])
        first_of_few, first_of_many = (
            drawn(p, p.sample((400,), torch.Generator().manual_seed(8))) == 0 for p in (few, many)
        )
        assert (first_of_many | ~first_of_few).all()
        assert 0 < first_of_few.sum() < first_of_many.sum()

    @pytest.mark.parametrize("seed", range(3))
    def test_a_mixture_of_another_size_has_the_same_noise(self, seed):
        """The noise comes first, so that the number of components does not shift it."""
        one, three = far_apart([1.0]), far_apart([0.2, 0.5, 0.3])
        z1, z3 = (p.sample((20,), torch.Generator().manual_seed(seed)) for p in (one, three))
        torch.testing.assert_close(z1, z3 - three.components.mean[drawn(three, z3)], rtol=0, atol=1e-6)

    def test_temperature_keeps_components_and_shrinks_about_them(self):
        p = far_apart([0.2, 0.5, 0.3])
        one, cold = (p.sample((50,), torch.Generator().manual_seed(1), t) for t in (1.0, 0.25))
        mean = p.components.mean[drawn(p, one)]
        torch.testing.assert_close(cold - mean, 0.25 * (one - mean), rtol=0, atol=1e-6)

    def test_no_gradient_is_needed_to_choose_components(self, generator):
        p = DiagNormalMixture(normals(3, 2), torch.zeros(3, dtype=torch.float64, requires_grad=True))
        assert p.sample((5,), generator).isfinite().all()


class TestInverseOfCumulativeWeights:
    """Which component a uniform picks, at the edges: the source of uniforms is replaced by chosen values."""

    LAST = 1 - 2**-24  # the largest float32 below one, the largest number that torch.rand returns

    def pick(self, monkeypatch, p: DiagNormalMixture, u: list[float], dtype=torch.float32) -> list[int]:
        monkeypatch.setattr(
            "vampcore.distributions.mixture.uniform", lambda shape, like, generator: torch.tensor(u, dtype=dtype)
        )
        return drawn(p, p.sample((len(u),), torch.Generator().manual_seed(0))).tolist()

    def test_each_interval_is_its_weight(self, monkeypatch):
        assert self.pick(monkeypatch, far_apart([0.25, 0.5, 0.25]), [0, 0.24, 0.26, 0.74, 0.76]) == [0, 0, 1, 1, 2]

    def test_no_weight_is_never_drawn(self, monkeypatch):
        p = far_apart([0.0, 0.3, 0.0, 0.7, 0.0])
        assert self.pick(monkeypatch, p, [0, 0.299, 0.301, self.LAST]) == [1, 1, 3, 3]

    def test_rounding_at_the_end_does_not_leave_the_mixture(self, monkeypatch):
        p = far_apart([1 / 3] * 700)
        assert self.pick(monkeypatch, p, [self.LAST]) == [699]
        assert self.pick(monkeypatch, p, [1 - 2**-53], torch.float64) == [699]

    def test_rows_pick_for_themselves(self, monkeypatch):
        p = far_apart([0.25, 0.25, 0.5]).without(torch.tensor([0, 1, 2]))
        assert self.pick(monkeypatch, p, [0.0, 0.0, 0.0]) == [1, 0, 0]
        assert self.pick(monkeypatch, p, [self.LAST] * 3) == [2, 2, 1]
