"""A VAE with a VampPrior as a textbook writes it, in plain PyTorch, which ours is timed against.

Float32 throughout; two affine maps in a gated layer; probabilities, not logits; the mixture's densities by broadcasting
over images x components x dimensions; the pseudo-inputs encoded whenever the prior is asked; Adam as it comes. Nothing
here imports vampcore, so that another environment can run it too.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

LOG_2PI = math.log(2 * math.pi)


class Gated(nn.Module):
    """value(x) * sigmoid(gate(x))."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.value = nn.Linear(inputs, outputs)
        self.gate = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.value(x) * torch.sigmoid(self.gate(x))


class Encoder(nn.Module):
    """Images, N x pixels, to the means and log-variances of their posteriors, N x D each."""

    def __init__(self, pixels: int, hidden: int, layers: int, latent_dim: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*(Gated(pixels if i == 0 else hidden, hidden) for i in range(layers)))
        self.mean = nn.Linear(hidden, latent_dim)
        self.logvar = nn.Linear(hidden, latent_dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body(x)
        return self.mean(features), self.logvar(features).clamp(-6, 2)


class Decoder(nn.Module):
    """Latent places, N x D, to the probability of each pixel being 1, N x pixels."""

    def __init__(self, pixels: int, hidden: int, layers: int, latent_dim: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*(Gated(latent_dim if i == 0 else hidden, hidden) for i in range(layers)))
        self.pixels = nn.Linear(hidden, pixels)

    def forward(self, z: Tensor) -> Tensor:
        return torch.sigmoid(self.pixels(self.body(z)))


class PlainVampVAE(nn.Module):
    """The whole model; `components` pseudo-inputs start at draws around 0.05, as the paper's do on MNIST."""

    def __init__(
        self, pixels: int = 784, hidden: int = 300, layers: int = 2, latent_dim: int = 40, components: int = 500
    ) -> None:
        super().__init__()
        self.encoder = Encoder(pixels, hidden, layers, latent_dim)
        self.decoder = Decoder(pixels, hidden, layers, latent_dim)
        self.pseudo_inputs = nn.Parameter(0.05 + 0.01 * torch.randn(components, pixels))

    def images(self) -> Tensor:
        """The pseudo-inputs as the encoder sees them, K x pixels, in [0, 1]."""
        return self.pseudo_inputs.clamp(0, 1)

    def log_prior(self, z: Tensor) -> Tensor:
        """log p(z) of each row: the pseudo-inputs are encoded, then every place meets every component."""
        mean, logvar = self.encoder(self.images())
        squared = (z.unsqueeze(1) - mean) ** 2 / torch.exp(logvar)
        log_normal = -0.5 * (LOG_2PI + logvar + squared).sum(-1)
        return torch.logsumexp(log_normal - math.log(len(mean)), 1)

    def log_weights(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """log p(x | z), log p(z) and log q(z | x) of one sample an image, from standard normal noise N x D."""
        mean, logvar = self.encoder(x)
        z = mean + torch.exp(0.5 * logvar) * noise
        log_q = -0.5 * (LOG_2PI + logvar + (z - mean) ** 2 / torch.exp(logvar)).sum(-1)
        log_likelihood = -functional.binary_cross_entropy(self.decoder(z), x, reduction="none").sum(-1)
        return log_likelihood, self.log_prior(z), log_q

    def loss(self, x: Tensor, noise: Tensor, beta: float = 1.0) -> Tensor:
        """Minus the ELBO with the KL weighted by beta, averaged over the images."""
        log_likelihood, log_p, log_q = self.log_weights(x, noise)
        return -(log_likelihood - beta * (log_q - log_p)).mean()


class PublicVampVAE(PlainVampVAE):
    """The same with the pseudo-inputs as the public implementations have them: a linear map of the identity matrix."""

    def images(self) -> Tensor:
        """The pseudo-inputs, by a product of K x K and K x pixels each time they are asked for."""
        identity = torch.eye(len(self.pseudo_inputs))
        return functional.linear(identity, self.pseudo_inputs.mT).clamp(0, 1)


def train_step(
    model: PlainVampVAE,
    optimizer: torch.optim.Optimizer,
    x: Tensor,
    beta: float = 1.0,
    generator: torch.Generator | None = None,
) -> None:
    """One step of the optimiser on a batch of binary images, N x pixels."""
    optimizer.zero_grad()
    latent_dim = model.encoder.mean.out_features
    model.loss(x, torch.randn(len(x), latent_dim, generator=generator), beta).backward()
    optimizer.step()


@torch.no_grad()
def log_likelihood(
    model: PlainVampVAE, x: Tensor, samples: int = 5000, chunk: int = 100, generator: torch.Generator | None = None
) -> Tensor:
    """log p(x) of each image by importance sampling, the way of the public implementations.

    One image at a time, `chunk` copies of it encoded and decoded at once, the pseudo-inputs encoded again for each.
    """
    latent_dim = model.encoder.mean.out_features
    estimates = []
    for image in x:
        log_weights = []
        for done in range(0, samples, chunk):
            copies = image.expand(min(chunk, samples - done), -1)
            noise = torch.randn(len(copies), latent_dim, generator=generator)
            log_likelihood, log_p, log_q = model.log_weights(copies, noise)
            log_weights.append(log_likelihood + log_p - log_q)
        estimates.append(torch.logsumexp(torch.cat(log_weights), 0) - math.log(samples))
    return torch.stack(estimates)
