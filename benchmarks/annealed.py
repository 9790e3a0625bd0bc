"""Bounds of log p(x) by annealed importance sampling, from a wide q(z | x) to the posterior and back."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from vampcore.distributions import DiagNormal
from vampcore.models import VAE

# Acceptance rate that the step sizes are tuned to.
WANTED = 0.65
# The path starts at q(z | x) with so many times its scales.
WIDTH = 1.5


@dataclass(frozen=True)
class Bounds:
    """Bounds of log p(x) of each observation in nats, each in expectation.

    Attributes:
        lower: From samples of the wide q(z | x) that are moved to the posterior.
        upper: From a sample of the posterior that is moved to the wide q(z | x); it sees mass that q misses.
    """

    lower: Float[Tensor, " N"]
    upper: Float[Tensor, " N"]


@dataclass(frozen=True)
class Drawn:
    """Observations drawn from a model, each with the latent variables that it was drawn from.

    Attributes:
        x: Observations.
        z: Latent variables of all layers, top first, one after the other: a sample of p(z | x).
    """

    x: Float[Tensor, "N C H W"]
    z: Float[Tensor, "N D"]


class Target:
    """The densities at both ends of the path, with the variables of all layers in one vector.

    Arguments:
        model: In evaluation mode, its posteriors normals.
        x: Observations.
    """

    def __init__(self, model: VAE, x: Float[Tensor, "N C H W"]) -> None:
        self.model, self.x = model, x
        self.sizes = _sizes(model)
        with torch.no_grad():
            self.prior = model.prior(model.encoder)
            self.top = model.encoder(x)

    def ends(self, z: Float[Tensor, "C N D"]) -> tuple[Float[Tensor, "C N"], Float[Tensor, "C N"]]:
        """log of the wide q(z | x), and log p(x, z)."""
        layers = z.split(self.sizes, -1)
        base, joint = _wide(self.top).log_prob(layers[0]), self.prior.log_prob(layers[0])
        for i, layer in enumerate(self.model.lower_layers(), start=1):
            base = base + _wide(layer.posterior(self.x, *layers[:i])).log_prob(layers[i])
            joint = joint + layer.prior(*layers[:i]).log_prob(layers[i])
        return base, joint + self.model.decoder(*layers).log_prob(self.x)

    def gradient(self, z: Float[Tensor, "C N D"], beta: float) -> tuple[Float[Tensor, "C N"], Float[Tensor, "C N D"]]:
        """log-density at a point of the path, up to a constant, and its gradient."""
        with torch.enable_grad():
            z = z.detach().requires_grad_(True)
            base, joint = self.ends(z)
            value = (1 - beta) * base + beta * joint
            (gradient,) = torch.autograd.grad(value.sum(), z)
        return value.detach(), gradient

    @torch.no_grad()
    def from_base(self, chains: int, generator: torch.Generator) -> Float[Tensor, "C N D"]:
        """Samples of the wide q(z | x), some for each observation."""
        above = [_wide(self.top).sample((chains,), generator)]
        for layer in self.model.lower_layers():
            above.append(_wide(layer.posterior(self.x, *above)).sample((), generator))
        return torch.cat(above, -1)


def _wide(q: DiagNormal) -> DiagNormal:
    return DiagNormal(q.mean, q.logvar + 2 * math.log(WIDTH))


def _sizes(model: VAE) -> list[int]:
    return [noise.shape[-1] for noise in model.noise(1)]


@torch.no_grad()
def drawn(model: VAE, count: int, generator: torch.Generator) -> Drawn:
    """Observations from p(x, z), with their latent variables."""
    layers = [model.prior(model.encoder).sample((count,), generator)]
    for layer in model.lower_layers():
        layers.append(layer.prior(*layers).sample((), generator))
    return Drawn(model.decoder(*layers).sample(generator), torch.cat(layers, -1))


def annealed(
    model: VAE,
    observations: Drawn,
    generator: torch.Generator,
    temperatures: int = 400,
    chains: int = 8,
    leapfrogs: int = 8,
) -> Bounds:
    """Both bounds of log p(x) of observations that were drawn from the model.

    The path is geometric, from q(z | x) with wider scales to p(x, z), with exponents on a sigmoid. Samples move by
    Hamiltonian Monte Carlo. A first pass tunes the step size of each observation at each exponent; the two passes that
    count leave it alone.

    Arguments:
        model: In evaluation mode.
        observations: With the latent variables that they were drawn from.
        generator: Source of the noise.
        temperatures: Steps of the path.
        chains: Samples of each observation.
        leapfrogs: Steps of a move.

    Reference:
        Grosse, Ghahramani, Adams, Sandwiching the marginal likelihood using bidirectional Monte Carlo, 2015.
        Wu, Burda, Salakhutdinov, Grosse, On the quantitative analysis of decoder-based generative models, ICLR 2017.
    """
    target = Target(model, observations.x)
    path = torch.linspace(-4, 4, temperatures + 1, dtype=torch.float64).sigmoid()
    betas = ((path - path[0]) / (path[-1] - path[0])).tolist()
    tuned = _forward(target, betas, chains, leapfrogs, generator, None)[1]
    lower = _forward(target, betas, chains, leapfrogs, generator, tuned)[0]
    z = observations.z.expand(chains, *observations.z.shape).clone()
    log_w = lower.new_zeros(chains, len(observations.x))
    for t in range(temperatures, 0, -1):
        z, _ = _move(target, z, betas[t], tuned[t - 1], leapfrogs, generator)
        log_w -= (betas[t] - betas[t - 1]) * _ratio(target, z)
    return Bounds(lower, math.log(chains) - log_w.logsumexp(0))


@torch.no_grad()
def _ratio(target: Target, z: Float[Tensor, "C N D"]) -> Float[Tensor, "C N"]:
    base, joint = target.ends(z)
    return joint - base


def _forward(
    target: Target,
    betas: list[float],
    chains: int,
    leapfrogs: int,
    generator: torch.Generator,
    tuned: list[Tensor] | None,
) -> tuple[Float[Tensor, " N"], list[Tensor]]:
    """The lower bound, and the step sizes that were used; tuned on the way if none are given."""
    z = target.from_base(chains, generator)
    log_w = z.new_zeros(z.shape[:2], dtype=torch.float64)
    step = z.new_full((z.shape[1],), 0.1)
    used = []
    for t in range(1, len(betas)):
        log_w += (betas[t] - betas[t - 1]) * _ratio(target, z)
        step = step if tuned is None else tuned[t - 1]
        used.append(step)
        z, accepted = _move(target, z, betas[t], step, leapfrogs, generator)
        if tuned is None:
            step = (step * (0.2 * (accepted - WANTED)).exp()).clamp(1e-4, 1.0)
    return log_w.logsumexp(0) - math.log(chains), used


def _move(
    target: Target,
    z: Float[Tensor, "C N D"],
    beta: float,
    step: Float[Tensor, " N"],
    leapfrogs: int,
    generator: torch.Generator,
) -> tuple[Float[Tensor, "C N D"], Float[Tensor, " N"]]:
    """One move of Hamiltonian Monte Carlo, and each observation's rate of acceptance."""
    size = step.unsqueeze(-1)
    momentum = torch.randn(z.shape, dtype=z.dtype, generator=generator)
    before, gradient = target.gradient(z, beta)
    start = before - 0.5 * momentum.square().sum(-1)
    moved, value = z, before
    momentum = momentum + 0.5 * size * gradient
    for i in range(leapfrogs):
        moved = moved + size * momentum
        value, gradient = target.gradient(moved, beta)
        momentum = momentum + (1.0 if i < leapfrogs - 1 else 0.5) * size * gradient
    end = value - 0.5 * momentum.square().sum(-1)
    rate = (end - start).nan_to_num(-math.inf, -math.inf, -math.inf).clamp(max=0).exp()
    accepted = torch.rand(rate.shape, dtype=rate.dtype, generator=generator) < rate
    return torch.where(accepted.unsqueeze(-1), moved, z), rate.mean(0)
