import pytest
import torch

from vampcore.distributions import DiagNormal, DiagNormalMixture
from vampcore.models import Layer, LogWeights
from vampcore.objectives import elbo, iwae_bound


def log_weights(samples: int = 6, layers: int = 2, seed: int = 0, dimensions: int = 3) -> LogWeights:
    """Log-weights of four observations, made of noise."""
    source = torch.Generator().manual_seed(seed)

    def noise(*shape: int) -> torch.Tensor:
        return 3 * torch.randn(samples, 4, *shape, generator=source, dtype=torch.float64)

    terms = tuple(Layer(noise(dimensions), noise(dimensions), noise(), noise()) for _ in range(layers))
    return LogWeights(noise() - 20, terms)


def test_the_total_is_the_sum_of_its_parts():
    w = log_weights()
    expected = w.log_likelihood + sum(layer.log_p - layer.log_q for layer in w.layers)
    torch.testing.assert_close(w.total(), expected)
    torch.testing.assert_close(w.kl, w.layers[0].kl + w.layers[1].kl)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_elbo_is_the_mean_and_the_bound_the_log_mean_of_the_weights(layers):
    w = log_weights(layers=layers)
    torch.testing.assert_close(elbo(w), w.total().mean(0))
    torch.testing.assert_close(iwae_bound(w), w.total().exp().mean(0).log())


def test_they_are_one_at_one_sample():
    w = log_weights(samples=1)
    torch.testing.assert_close(iwae_bound(w), elbo(w))
    torch.testing.assert_close(iwae_bound(w, 0.3), elbo(w, 0.3))


@pytest.mark.parametrize("seed", range(5))
def test_the_bound_lies_between_the_mean_and_the_best_sample(seed):
    w = log_weights(seed=seed)
    assert (iwae_bound(w) > elbo(w)).all()
    assert (iwae_bound(w) < w.total().amax(0)).all()


def test_weights_too_small_for_an_exponential_are_no_trouble():
    w = log_weights()
    far = w._replace(log_likelihood=w.log_likelihood - 1e5)
    torch.testing.assert_close(iwae_bound(far), iwae_bound(w) - 1e5)


class TestWarmUp:
    @pytest.mark.parametrize("beta", [0.0, 0.25, 1.0])
    def test_beta_weighs_the_kl_of_every_layer(self, beta):
        w = log_weights()
        total = w.log_likelihood - beta * (w.layers[0].kl + w.layers[1].kl)
        torch.testing.assert_close(elbo(w, beta), total.mean(0))
        torch.testing.assert_close(iwae_bound(w, beta), total.exp().mean(0).log())

    @pytest.mark.parametrize("bound", [elbo, iwae_bound])
    def test_beta_may_be_a_tensor_without_dimensions(self, bound):
        w = log_weights()
        torch.testing.assert_close(bound(w, torch.tensor(0.3, dtype=torch.float64)), bound(w, 0.3))


class TestUnderAnotherPrior:
    def test_only_the_top_layers_prior_changes(self):
        w = log_weights()
        prior = DiagNormalMixture(DiagNormal(*torch.zeros(2, 1, 3).double()), torch.zeros(1).double())
        other = w.under(prior)
        torch.testing.assert_close(other.layers[0].log_p, prior.log_prob(w.layers[0].z))
        assert other.layers[0]._replace(log_p=w.layers[0].log_p) == w.layers[0]
        assert other.layers[1] is w.layers[1]
        assert other.log_likelihood is w.log_likelihood
        expected = elbo(w) + (prior.log_prob(w.layers[0].z) - w.layers[0].log_p).mean(0)
        torch.testing.assert_close(elbo(other), expected)


def test_gradients_of_the_bound_are_weighted_by_the_samples():
    w = log_weights(layers=1)
    likelihood = w.log_likelihood.clone().requires_grad_()
    iwae_bound(w._replace(log_likelihood=likelihood)).sum().backward()
    torch.testing.assert_close(likelihood.grad, w.total().softmax(0))


@pytest.mark.parametrize("bound", [elbo, iwae_bound])
def test_no_sample_is_no_bound(bound):
    with pytest.raises(ValueError, match="at least one sample"):
        bound(log_weights(samples=0))
