"""What is made of a mixture: edits, its projection onto a plane, and the way back."""

import math

import pytest
import torch
from torch import distributions as reference

from tests.mixtures import drawn, far_apart, mixture, normals, plane, points
from tests.quadrature import fit, mass
from vampcore.distributions import DiagNormal, DiagNormalMixture, NormalMixture


class TestEdits:
    def test_without_keeps_indices_and_normalises(self):
        p = mixture()
        less = p.without(1)
        weights = p.log_weights.exp()
        assert less.log_weights[1] == -math.inf
        kept = torch.tensor([0, 2, 3])
        torch.testing.assert_close(less.log_weights.exp()[kept], weights[kept] / weights[kept].sum())
        assert torch.equal(less.component(3).mean, p.component(3).mean)
        assert (less.responsibilities(points((5, 2)))[:, 1] == 0).all()
        assert mass(less.log_prob) == pytest.approx(1, abs=1e-6)

    def test_without_is_written_as_the_rest_alone(self):
        p, z, kept = mixture(), points((5, 2)), torch.tensor([0, 2])
        alone = DiagNormalMixture(p.components[kept], p.logits[kept])
        torch.testing.assert_close(p.without(1).without(3).log_prob(z), alone.log_prob(z))

    def test_the_last_component_stays(self):
        with pytest.raises(ValueError, match="last component"):
            mixture(2).without(0).without(1)
        with pytest.raises(ValueError, match="last component"):
            mixture(1).without(torch.tensor([0, 0]))

    def test_an_observation_leaves_out_one_component_only(self):
        with pytest.raises(ValueError, match="from the whole one"):
            mixture().without(torch.tensor([0, 1])).without(torch.tensor([1, 2]))

    def test_a_removed_component_leaves_finite_gradients(self):
        mean = points((4, 2)).requires_grad_()
        logits = torch.zeros(4, dtype=torch.float64, requires_grad=True)
        p = DiagNormalMixture(DiagNormal(mean, torch.zeros_like(mean)), logits).without(torch.tensor([0, 1, 2]))
        p.log_prob(points((5, 3, 2), seed=2)).sum().backward()
        assert mean.grad.isfinite().all()
        assert logits.grad.isfinite().all()

    def test_leave_one_out_has_a_mixture_a_row(self, generator):
        p, removed, z = mixture(), torch.tensor([2, 0, 0]), points((6, 3, 2))
        rows = p.without(removed)
        assert rows.log_weights.shape == (3, 4)
        for n, k in enumerate(removed.tolist()):
            torch.testing.assert_close(rows.log_prob(z)[:, n], p.without(k).log_prob(z[:, n]))
            torch.testing.assert_close(rows.responsibilities(z)[:, n], p.without(k).responsibilities(z[:, n]))
        torch.testing.assert_close(rows.log_prob(z[0]), rows.log_prob(z)[0])

    def test_leave_one_out_rows_are_sampled_each_from_its_own(self, generator):
        p = far_apart([0.5, 0.3, 0.2])
        k = drawn(p, p.without(torch.tensor([0, 1, 2])).sample((3000, 3), generator))
        for n in range(3):
            rest = p.without(n).log_weights.exp().float()
            share = torch.bincount(k[:, n], minlength=3) / 3000
            torch.testing.assert_close(share, rest, rtol=0, atol=0.035)
            assert share[n] == 0

    def test_reweighted_normalises(self):
        p = mixture().reweighted(torch.tensor([1.0, 0.0, 2.0, 5.0], dtype=torch.float64))
        expected = torch.tensor([0.125, 0, 0.25, 0.625], dtype=torch.float64)
        torch.testing.assert_close(p.log_weights.exp(), expected)
        assert mass(p.log_prob) == pytest.approx(1, abs=1e-6)

    @pytest.mark.parametrize("weights", [[1.0, -1, 1, 1], [0.0, 0, 0, 0], [math.nan, 1, 1, 1], [math.inf, 1, 1, 1]])
    def test_weights_that_are_none_are_refused(self, weights):
        with pytest.raises(ValueError, match="weights must be"):
            mixture().reweighted(torch.tensor(weights))

    def test_plus_appends_and_keeps_proportions(self):
        p, added = mixture(), DiagNormal(torch.ones(2).double(), torch.zeros(2).double())
        more = p.plus(added, 0.2)
        torch.testing.assert_close(more.log_weights.exp()[:4], 0.8 * p.log_weights.exp())
        assert more.log_weights[4].exp().item() == pytest.approx(0.2)
        z = points((6, 2))
        torch.testing.assert_close(more.log_prob(z).exp(), 0.8 * p.log_prob(z).exp() + 0.2 * added.log_prob(z).exp())
        torch.testing.assert_close(more.without(4).log_prob(z), p.log_prob(z))

    @pytest.mark.parametrize("weight", [0.0, 1.0, -0.5, 2.0, math.nan])
    def test_a_weight_that_is_none_is_refused(self, weight):
        with pytest.raises(ValueError, match="strictly between 0 and 1"):
            mixture().plus(normals(1, 2)[0], weight)


class TestProjection:
    def test_is_linear_algebra(self):
        p = mixture(5, 6)
        basis, origin = plane(6)
        shadow = p.project(basis, origin)
        for k in range(5):
            torch.testing.assert_close(shadow.mean[k], basis.T @ (p.components.mean[k] - origin))
            covariance = basis.T @ torch.diag(p.components.logvar[k].exp()) @ basis
            torch.testing.assert_close(shadow.covariance[k], covariance)

    @pytest.mark.parametrize("shape", [(), (7,), (2, 3)])
    def test_density_agrees_with_torch(self, shape):
        shadow, y = mixture(5, 6).project(*plane(6)), points((*shape, 2))
        expected = reference.MixtureSameFamily(
            reference.Categorical(logits=shadow.log_weights),
            reference.MultivariateNormal(shadow.mean, covariance_matrix=shadow.covariance),
        )
        torch.testing.assert_close(shadow.log_prob(y), expected.log_prob(y))
        torch.testing.assert_close(
            shadow.responsibilities(y), (shadow.joint(y) - expected.log_prob(y)[..., None]).exp()
        )

    def test_integrates_to_one(self):
        assert mass(mixture(5, 6).project(*plane(6)).log_prob) == pytest.approx(1, abs=1e-6)

    def test_is_where_projected_samples_lie(self, generator):
        p = mixture(5, 6)
        basis, origin = plane(6)
        y = (p.sample((20_000,), generator) - origin) @ basis
        assert fit(y, p.project(basis, origin).log_prob) > 1e-3

    def test_samples_come_from_its_density(self, generator):
        shadow = mixture(5, 6).project(*plane(6))
        assert shadow.sample((), generator).shape == (2,)
        assert fit(shadow.sample((20_000,), generator), shadow.log_prob) > 1e-3

    def test_of_two_dimensions_onto_themselves_changes_nothing(self):
        p, z = mixture(), points((6, 2))
        shadow = p.project(torch.eye(2).double(), torch.zeros(2).double())
        torch.testing.assert_close(shadow.log_prob(z), p.log_prob(z))

    def test_a_removed_component_casts_no_shadow(self):
        shadow = mixture(5, 6).without(2).project(*plane(6))
        assert (shadow.responsibilities(points((4, 2)))[:, 2] == 0).all()

    def test_small_scales_in_float32(self):
        mean = points((3, 2), dtype=torch.float32)
        p = DiagNormalMixture(DiagNormal(mean, torch.full((3, 2), -6.0)), torch.zeros(3))
        shadow, y = p.project(torch.eye(2), torch.zeros(2)), mean + 0.02
        torch.testing.assert_close(shadow.log_prob(y), p.log_prob(y), rtol=0, atol=1e-4)


class TestLift:
    @pytest.mark.parametrize("shape", [(), (7,), (2, 3)])
    def test_projects_back_exactly(self, shape):
        p, (basis, origin), y = mixture(5, 6), plane(6), points((*shape, 2))
        z = p.lift(y, basis, origin)
        assert z.shape == (*shape, 6)
        torch.testing.assert_close((z - origin) @ basis, y)

    def test_is_the_mode_of_the_most_responsible_component_above_the_place(self, generator):
        p, (basis, origin), y = mixture(5, 6), plane(6), points((8, 2))
        z = p.lift(y, basis, origin).requires_grad_()
        k = p.project(basis, origin).responsibilities(y).argmax(-1)
        best = p.components[k].log_prob(z)
        (slope,) = torch.autograd.grad(best.sum(), z)
        torch.testing.assert_close(slope - slope @ basis @ basis.T, torch.zeros_like(slope), rtol=0, atol=1e-10)
        aside = torch.randn(20, 8, 6, generator=generator, dtype=torch.float64)
        aside = aside - aside @ basis @ basis.T
        assert (p.components[k].log_prob(z + aside) < best).all()

    def test_on_the_whole_space_is_the_place_itself(self):
        y = points((6, 2))
        eye, origin = torch.eye(2).double(), torch.ones(2).double()
        torch.testing.assert_close(mixture().lift(y, eye, origin), y + origin)

    def test_a_mean_lifts_to_itself(self):
        p = far_apart([0.5, 0.5])
        p = DiagNormalMixture(DiagNormal(points((2, 6)) * 50, points((2, 6)) / 10), p.logits)
        basis, origin = plane(6)
        y = (p.components.mean - origin) @ basis
        torch.testing.assert_close(p.lift(y, basis, origin), p.components.mean)


def test_a_plane_mixture_samples_with_the_noise_of_its_seed():
    eye = torch.eye(2, dtype=torch.float64).expand(2, 2, 2)
    mean = torch.tensor([[0.0, 0.0], [1000.0, 1000.0]]).double()
    log_weights = torch.tensor([0.3, 0.7]).double().log()
    a, b = NormalMixture(mean, eye, log_weights), NormalMixture(mean, 4 * eye, log_weights)
    ya, yb = (p.sample((100,), torch.Generator().manual_seed(2)) for p in (a, b))
    k = (ya[:, 0] > 500).long()
    torch.testing.assert_close(2 * (ya - mean[k]), yb - mean[k])
