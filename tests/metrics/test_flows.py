"""Metrics of models whose prior or posterior is a flow: what is computed, what is left out, and what is refused."""

import math

import pytest
import torch

from tests.flows import shaken
from tests.mixtures import mixture
from vampcore.config import Config, DataSpec
from vampcore.metrics import ablate_unit, active_units, elbo_surgery, evaluate, log_likelihood
from vampcore.metrics.elbo_surgery import aggregated_posterior
from vampcore.models import build

LEFT_OUT = {"average_kl", "mutual_information", "marginal_kl", "effective_components"}


def model_of(**changes):
    chosen = {"latent_dim": 2, "hidden": 6, "layers": 1, "transforms": 2, "transform_hidden": 5} | changes
    made = shaken(build(Config(data="digits", experiment="a", **chosen), DataSpec((1, 3, 4), 1)), seed=3, size=0.4)
    return made.float().eval()


@pytest.fixture
def x(generator):
    return torch.rand(40, 1, 3, 4, generator=generator).round()


def names(found):
    return {metric.name for metric in found.metrics}


def test_a_flow_prior_has_all_figures_but_those_of_components(x):
    found = evaluate(model_of(prior="realnvp"), x, samples=5)
    assert LEFT_OUT - names(found) == {"effective_components"}
    parts = [found.get(name).value for name in ("mutual_information", "marginal_kl")]
    assert sum(parts) == pytest.approx(found.get("kl").value, abs=1e-4)


@pytest.mark.parametrize("posterior", ["nf", "iaf"])
class TestFlowPosterior:
    def test_what_takes_the_aggregated_posterior_is_left_out(self, posterior, x):
        reports = []
        found = evaluate(
            model_of(prior="sg", posterior=posterior), x, samples=5, progress=lambda *done: reports.append(done)
        )
        assert not LEFT_OUT & names(found)
        assert {"elbo", "kl", "active_units", "log_likelihood"} <= names(found)
        assert reports[-1][0] == reports[-1][1]

    def test_a_mixture_can_stand_for_the_prior(self, posterior, x):
        """An image at a time, where a normal posterior would have the mixture computed around its mean."""
        model, prior = model_of(prior="sg", posterior=posterior), mixture(3, dtype=torch.float32)
        found = log_likelihood(model, x[:2], 20, 20, torch.Generator().manual_seed(1), prior=prior)
        noise = torch.Generator().manual_seed(1)
        with torch.no_grad():
            weights = [model(part, 20, generator=noise).under(prior).total() for part in x[:2].split(1)]
        torch.testing.assert_close(found.log_likelihood, torch.cat(weights, 1).logsumexp(0) - math.log(20))

    def test_surgery_is_refused(self, posterior, x):
        model = model_of(prior="sg", posterior=posterior)
        with pytest.raises(ValueError, match="inverse passes"):
            elbo_surgery(model, x)
        with pytest.raises(ValueError, match="inverse passes"):
            aggregated_posterior(model.encoder, x)

    def test_active_units_come_of_samples_without_bias(self, posterior, x, generator):
        """From few samples an image, the variance of means that many samples an image give."""
        model = model_of(prior="sg", posterior=posterior)
        with torch.no_grad():
            exact = model.encoder(x).sample((20_000,), generator).mean(0).var(0)
        found = [active_units(model, x, 4, generator)[0].activity for _ in range(200)]
        each = torch.stack(found)
        error = each.std(0) / len(each) ** 0.5
        assert ((each.mean(0) - exact).abs() < 5 * error + 1e-3 * exact).all()
        # Without the correction it would be wrong by far more than this test allows.
        assert (model.encoder(x).sample((2000,), generator).var(0).mean(0) / 4 > 8 * error).all()

    def test_one_sample_is_too_few(self, posterior, x):
        with pytest.raises(ValueError, match="2 or more"):
            active_units(model_of(prior="sg", posterior=posterior), x, 1)

    def test_a_muted_unit_stands_at_the_mean_of_the_draws(self, posterior, x):
        model = model_of(prior="sg", posterior=posterior)
        with torch.no_grad():
            w = model(x, 20, generator=torch.Generator().manual_seed(4))
            z = w.layers[0].z.clone()
            z[..., 0] = z[..., 0].mean()
            expected = (w.log_likelihood - model.decoder(z).log_prob(x)).mean().item()
        found = ablate_unit(model, x, 0, torch.Generator().manual_seed(4), samples=20)
        assert found.value == pytest.approx(expected, rel=1e-4)
