import math

import pytest
import torch
from scipy import stats
from torch import distributions as reference

from vampcore.likelihoods import Binomial, DiscretisedLogistic, Likelihood

GREY = (torch.arange(256, dtype=torch.float64) + 0.5) / 256


def normal(*shape: int, seed: int = 0, scale: float = 2.0) -> torch.Tensor:
    return scale * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("p", [Binomial(torch.zeros(1, 2, 2)), DiscretisedLogistic(*torch.zeros(2, 1, 2, 2))])
def test_both_are_likelihoods(p):
    assert isinstance(p, Likelihood)


class TestBinomial:
    @pytest.mark.parametrize("trials", [1, 2, 16, 255])
    def test_agrees_with_torch(self, trials, generator):
        logits = normal(3, 5, 1, 2, 4)
        counts = torch.randint(trials + 1, (5, 1, 2, 4), generator=generator).double()
        expected = reference.Binomial(trials, logits=logits).log_prob(counts).sum((-3, -2, -1))
        torch.testing.assert_close(Binomial(logits, trials).log_prob(counts / trials), expected)

    def test_one_trial_is_the_bernoulli(self, generator):
        logits, x = normal(5, 1, 2, 4), torch.randint(2, (5, 1, 2, 4), generator=generator).double()
        expected = reference.Bernoulli(logits=logits).log_prob(x).sum((-3, -2, -1))
        torch.testing.assert_close(Binomial(logits).log_prob(x), expected)

    @pytest.mark.parametrize("trials", [1, 3, 16, 255])
    @pytest.mark.parametrize("logit", [-9.0, -1.0, 0.0, 0.3, 9.0])
    def test_all_counts_sum_to_one(self, trials, logit):
        x = (torch.arange(trials + 1).float() / trials).view(-1, 1, 1, 1)
        total = Binomial(torch.full((1, 1, 1), logit), trials).log_prob(x).exp().sum()
        assert total.item() == pytest.approx(1, abs=3e-4)

    def test_a_sum_over_all_images_of_two_pixels_is_one(self):
        x = torch.cartesian_prod(*[torch.arange(4) / 3] * 2).view(16, 1, 1, 2)
        p = Binomial(torch.tensor([[[0.4, -1.0]]]), 3)
        assert p.log_prob(x).exp().sum().item() == pytest.approx(1, abs=1e-5)

    @pytest.mark.parametrize("logit", [-1e4, -90.0, 90.0, 1e4])
    @pytest.mark.parametrize("trials", [1, 16])
    def test_certainty_is_finite_and_has_a_slope(self, logit, trials):
        logits = torch.full((2, 1, 1, 1), logit, requires_grad=True)
        value = Binomial(logits, trials).log_prob(torch.tensor([0.0, 1.0]).view(2, 1, 1, 1))
        value.sum().backward()
        assert sorted(value.tolist()) == pytest.approx([-trials * abs(logit), 0], rel=1e-4)
        assert sorted(logits.grad.flatten().abs().tolist()) == pytest.approx([0, trials])

    def test_mean(self):
        p = Binomial(normal(3, 1, 2, 2), 16)
        torch.testing.assert_close(p.mean(), reference.Binomial(16, logits=p.logits).mean / 16)

    @pytest.mark.parametrize("trials", [1, 5])
    def test_samples_come_from_it(self, trials, generator):
        p = Binomial(torch.full((6000, 1, 1, 1), 0.4), trials)
        counts = p.sample(generator) * trials
        torch.testing.assert_close(counts, counts.round(), rtol=0, atol=1e-5)
        observed = torch.bincount(counts.round().long().flatten(), minlength=trials + 1)
        expected = 6000 * stats.binom.pmf(range(trials + 1), trials, 1 / (1 + math.exp(-0.4)))
        assert stats.chisquare(observed.numpy(), expected, sum_check=False).pvalue > 1e-3

    def test_a_sample_counts_the_uniforms_below_the_probability(self):
        p = Binomial(torch.tensor([0.0, 2.0]).view(1, 1, 2), 4)
        u = torch.tensor([[0.1, 0.1], [0.49, 0.88], [0.51, 0.89], [0.9, 0.5]]).view(4, 1, 1, 2)
        assert p.at(u).flatten().tolist() == [0.5, 0.75]

    def test_a_seed_decides(self):
        p = Binomial(torch.zeros(1, 9, 9), 3)
        one, same, other = (p.sample(torch.Generator().manual_seed(s)) for s in (1, 1, 2))
        assert torch.equal(one, same)
        assert not torch.equal(one, other)


def bins(location: float, log_scale: float, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Log-probabilities of all 256 bins."""
    p = DiscretisedLogistic(*(torch.full((1, 1, 1), value, dtype=dtype) for value in (location, log_scale)))
    return p.log_prob(GREY.to(dtype).view(-1, 1, 1, 1))


class TestDiscretisedLogistic:
    @pytest.mark.parametrize("log_scale", [-12.0, -7.0, -4.5, -2.0, 0.0, 3.0, 8.0])
    @pytest.mark.parametrize("location", [-30.0, -0.2, 0.0, 1 / 256, 0.37, 1.0, 1.5, 30.0])
    def test_all_bins_sum_to_one(self, location, log_scale):
        log_prob = bins(location, log_scale)
        assert log_prob.isfinite().all()
        assert log_prob.exp().sum().item() == pytest.approx(1, abs=2e-5)

    @pytest.mark.parametrize("log_scale", [-4.5, -1.0, 2.0])
    @pytest.mark.parametrize("location", [-0.3, 0.1, 0.5, 1.2])
    def test_is_the_difference_of_the_cumulative(self, location, log_scale):
        edges = (torch.arange(1, 256, dtype=torch.float64) / 256).numpy()
        inner = stats.logistic.cdf(edges, location, math.exp(log_scale))
        expected = torch.from_numpy(inner).new_tensor([0.0, *inner, 1.0]).diff()
        seen = expected > 1e-9  # below it the difference of two cumulative values has no digits left
        torch.testing.assert_close(
            bins(location, log_scale, torch.float64).exp()[seen], expected[seen], rtol=1e-6, atol=0
        )

    def test_deep_in_a_tail_it_falls_by_the_scale(self):
        """Where both edges round to one cumulative value, the log-density still falls by 1 / (256 scale) a bin."""
        log_prob = bins(0.0, -6.0)
        step = log_prob[100:254].diff()
        torch.testing.assert_close(step, torch.full_like(step, -math.exp(6.0) / 256), rtol=1e-3, atol=0)
        assert log_prob[254] < -350

    @pytest.mark.parametrize("log_scale", [-9.0, -4.5, 0.0, 5.0, 12.0])
    @pytest.mark.parametrize("location", [-50.0, 0.0, 0.5, 1.0, 50.0])
    def test_gradients_are_finite_everywhere(self, location, log_scale):
        parameters = torch.tensor([location, log_scale]).repeat(256, 1).requires_grad_()
        shaped = parameters.view(256, 2, 1, 1, 1)
        DiscretisedLogistic(shaped[:, 0], shaped[:, 1]).log_prob(GREY.float().view(-1, 1, 1, 1)).sum().backward()
        assert parameters.grad.isfinite().all()

    def test_gradients_far_from_a_wide_logistic_are_right(self):
        """There the bin is so narrow beside its distance that its edges differ in their last digits only."""
        gradients = []
        for dtype in (torch.float32, torch.float64):
            log_scale = torch.full((1, 1, 1), 2.0, dtype=dtype, requires_grad=True)
            p = DiscretisedLogistic(torch.full((1, 1, 1), 500.0, dtype=dtype), log_scale)
            p.log_prob(torch.full((1, 1, 1), 0.5, dtype=dtype)).backward()
            gradients.append(log_scale.grad.double())
        torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-5, atol=0)

    def test_sums_over_pixels_and_broadcasts_over_samples(self):
        p = DiscretisedLogistic(normal(3, 5, 2, 2, 2).sigmoid(), normal(3, 5, 2, 2, 2, seed=1) - 2)
        x = GREY[torch.arange(40) * 6].view(5, 2, 2, 2)
        total = torch.zeros(3, 5, dtype=torch.float64)
        for c, h, w in torch.cartesian_prod(*[torch.arange(2)] * 3).tolist():
            pixel = (..., slice(c, c + 1), slice(h, h + 1), slice(w, w + 1))
            total += DiscretisedLogistic(p.location[pixel], p.log_scale[pixel]).log_prob(x[pixel])
        torch.testing.assert_close(p.log_prob(x), total)

    def test_a_scale_may_be_shared_by_observations(self):
        location, log_scale = normal(5, 1, 2, 2).sigmoid(), normal(1, 1, 2, 2) - 2
        x = GREY[torch.arange(20)].view(5, 1, 2, 2)
        expected = DiscretisedLogistic(location, log_scale.expand(5, 1, 2, 2)).log_prob(x)
        torch.testing.assert_close(DiscretisedLogistic(location, log_scale).log_prob(x), expected)

    @pytest.mark.parametrize(
        ("location", "log_scale"), [(0.4, -3.0), (0.02, -3.0), (0.98, -2.0), (-0.1, -2.5), (0.4, -6.0)]
    )
    def test_samples_come_from_it(self, location, log_scale, generator):
        shape = (20_000, 1, 1, 1)
        x = DiscretisedLogistic(torch.full(shape, location), torch.full(shape, log_scale)).sample(generator)
        index = (x * 256 - 0.5).flatten()
        assert torch.equal(index, index.round())
        expected = 20_000 * bins(location, log_scale, torch.float64).exp().numpy()
        often = expected >= 5
        observed = torch.bincount(index.long(), minlength=256).numpy()
        pooled = ([*observed[often], observed[~often].sum()], [*expected[often], expected[~often].sum()])
        assert often.sum() > 7
        assert stats.chisquare(*pooled, sum_check=False).pvalue > 1e-3

    def test_uniform_noise_becomes_the_bin_that_the_cumulative_meets_it_in(self):
        u = torch.linspace(0.001, 0.999, 500, dtype=torch.float64).view(1, -1, 1, 1, 1)
        p = DiscretisedLogistic(*(torch.full((500, 1, 1, 1), v, dtype=torch.float64) for v in (0.4, -3.0)))
        cumulative = bins(0.4, -3.0, torch.float64).exp().cumsum(0)
        expected = (GREY[torch.searchsorted(cumulative, u.flatten())]).view(500, 1, 1, 1)
        torch.testing.assert_close(p.at(u), expected)

    def test_mean_is_an_image(self):
        p = DiscretisedLogistic(torch.tensor([-0.2, 0.3, 1.7]).view(1, 1, 3), torch.zeros(1, 1, 3))
        assert p.mean().flatten().tolist() == pytest.approx([0, 0.3, 1])
