"""A VAE with a VampPrior as the public implementations compute it, which importance sampling is timed against.

Float32; two affine maps in a gated layer; probabilities, not logits; the mixture's densities by broadcasting over
images x components x dimensions; the pseudo-inputs a linear map of the identity matrix, encoded whenever the prior is
asked.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from vampcore.models import VAE
from vampcore.nn import LOGVAR_RANGE

LOG_2PI = math.log(2 * math.pi)


class Gated(nn.Module):
    """value(x) * sigmoid(gate(x)); ours computes both by one product."""

    def __init__(self, state: dict[str, Tensor], name: str) -> None:
        super().__init__()
        self.value, self.gate = halves(state, name)

    def forward(self, x: Tensor) -> Tensor:
        return self.value(x) * torch.sigmoid(self.gate(x))


def affine(weight: Tensor, bias: Tensor) -> nn.Linear:
    """An affine map with a copy of these numbers."""
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.load_state_dict({"weight": weight, "bias": bias})
    return layer


def halves(state: dict[str, Tensor], name: str) -> tuple[nn.Linear, nn.Linear]:
    """The two maps that ours computes as one."""
    weights, biases = (torch.chunk(state[f"{name}.linear.{kind}"], 2) for kind in ("weight", "bias"))
    return affine(weights[0], biases[0]), affine(weights[1], biases[1])


def body(state: dict[str, Tensor], name: str) -> nn.Sequential:
    """The gated layers of a network."""
    layers = sum(each.startswith(f"{name}.") and each.endswith(".weight") for each in state)
    return nn.Sequential(*(Gated(state, f"{name}.{number}") for number in range(layers)))


class PublicVampVAE(nn.Module):
    """The model with the weights of one of ours, with a Bernoulli likelihood and a VampPrior.

    Arguments:
        model: Ours.
    """

    def __init__(self, model: VAE) -> None:
        super().__init__()
        state = dict(model.state_dict())
        self.encoder_body, self.decoder_body = body(state, "encoder.body"), body(state, "decoder.body")
        self.mean, self.logvar = halves(state, "encoder.head")
        self.pixels = affine(*(state[f"decoder.output.linear.{kind}"] for kind in ("weight", "bias")))
        self.pseudo_inputs = nn.Parameter(state["prior.pseudo_inputs"].flatten(1))

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Means and log-variances of the posteriors, N x D each, of images, N x pixels."""
        features = self.encoder_body(x)
        return self.mean(features), self.logvar(features).clamp(*LOGVAR_RANGE)

    def log_prior(self, z: Tensor) -> Tensor:
        """log p(z) of each row: the pseudo-inputs are encoded, then every point meets every component."""
        identity = torch.eye(len(self.pseudo_inputs))
        mean, logvar = self.encode(functional.linear(identity, self.pseudo_inputs.mT).clamp(0, 1))
        squared = (z.unsqueeze(1) - mean) ** 2 / torch.exp(logvar)
        log_normal = -0.5 * (LOG_2PI + logvar + squared).sum(-1)
        return torch.logsumexp(log_normal - math.log(len(mean)), 1)

    def log_weights(self, x: Tensor, noise: Tensor) -> Tensor:
        """log p(x | z) + log p(z) - log q(z | x) of one sample an image, from standard normal noise N x D."""
        mean, logvar = self.encode(x)
        z = mean + torch.exp(0.5 * logvar) * noise
        log_q = -0.5 * (LOG_2PI + logvar + (z - mean) ** 2 / torch.exp(logvar)).sum(-1)
        probabilities = torch.sigmoid(self.pixels(self.decoder_body(z)))
        log_likelihood = -functional.binary_cross_entropy(probabilities, x, reduction="none").sum(-1)
        return log_likelihood + self.log_prior(z) - log_q


@torch.no_grad()
def log_likelihood(
    model: PublicVampVAE, x: Tensor, samples: int = 5000, chunk: int = 100, generator: torch.Generator | None = None
) -> Tensor:
    """log p(x) of each image, N x pixels, by importance sampling: one image at a time, `chunk` copies of it at once."""
    estimates = []
    for image in x:
        log_weights = []
        for done in range(0, samples, chunk):
            copies = image.expand(min(chunk, samples - done), -1)
            noise = torch.randn(len(copies), model.mean.out_features, generator=generator)
            log_weights.append(model.log_weights(copies, noise))
        estimates.append(torch.logsumexp(torch.cat(log_weights), 0) - math.log(samples))
    return torch.stack(estimates)
