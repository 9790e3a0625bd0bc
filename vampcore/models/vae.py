"""The variational autoencoder with any number of stochastic layers, and the log-weights that every bound comes from."""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple, Protocol, cast, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vampcore.distributions import DiagNormal, Distribution, Draw, Posterior, noise
from vampcore.likelihoods import Likelihood
from vampcore.priors import Prior

# A decoded number in float32, with the layers below it and what is computed from it.
BYTES_PER_NUMBER = 40


class Layer(NamedTuple):
    """One stochastic layer at S samples of N observations."""

    z: Float[Tensor, "S N D"]
    mean: Float[Tensor, "S N D"]
    log_q: Float[Tensor, "S N"]
    log_p: Float[Tensor, "S N"]

    @property
    def kl(self) -> Float[Tensor, "S N"]:
        """log q - log p, whose mean over samples is the Kullback-Leibler divergence."""
        return self.log_q - self.log_p


class LogWeights(NamedTuple):
    """log p(x, z) - log q(z | x), in parts, in nats; `layers` runs from the top down."""

    log_likelihood: Float[Tensor, "S N"]
    layers: tuple[Layer, ...]

    @property
    def kl(self) -> Float[Tensor, "S N"]:
        """Sum of the layers' KL terms."""
        return torch.stack([layer.kl for layer in self.layers]).sum(0)

    def total(self, beta: float | Tensor = 1.0) -> Float[Tensor, "S N"]:
        """log p(x | z) - beta KL: the log-weights proper at beta = 1."""
        return self.log_likelihood - beta * self.kl

    def under(self, prior: Distribution) -> "LogWeights":
        """The log-weights of the same samples with another distribution for the top layer's prior."""
        top, *rest = self.layers
        return self._replace(layers=(top._replace(log_p=prior.log_prob(top.z)), *rest))


@runtime_checkable
class LowerLayer(Protocol):
    """A stochastic layer below the top: its posterior and its prior, given the samples of the layers above."""

    latent_dim: int

    def posterior(self, x: Float[Tensor, "N C H W"], *above: Float[Tensor, "*batch D"]) -> DiagNormal: ...

    def prior(self, *above: Float[Tensor, "*batch D"]) -> DiagNormal: ...


class VAE(nn.Module):
    """A variational autoencoder; architectures differ only in the modules they pass.

    Arguments:
        encoder: x -> q(z | x) of the top layer; tells its `latent_dim`.
        prior: Builds p(z) of the top layer, given the encoder.
        decoder: Samples of all layers, top first -> p(x | z).
        layers: The stochastic layers below the top, from the top down.
    """

    def __init__(self, encoder: nn.Module, prior: Prior, decoder: nn.Module, layers: Sequence[nn.Module] = ()):
        super().__init__()
        self.encoder = encoder
        self.prior = prior
        self.decoder = decoder
        self.layers = nn.ModuleList(layers)

    @property
    def bytes_per_number(self) -> int:
        """Memory that log p(x | z) takes, without gradients, for each number of an observation and each sample.

        A decoder that takes more than a few float32 for each of them says so, by an attribute of the same name.
        """
        return getattr(self.decoder, "bytes_per_number", BYTES_PER_NUMBER)

    def lower_layers(self) -> tuple[LowerLayer, ...]:
        """The stochastic layers below the top, from the top down."""
        return tuple(cast(LowerLayer, layer) for layer in self.layers)

    def noise(
        self, count: int, samples: int = 1, generator: torch.Generator | None = None
    ) -> tuple[Float[Tensor, "S N D"], ...]:
        """The standard normal noise of `samples` samples of `count` observations, for each layer from the top down."""
        like = next(chain(self.parameters(), self.buffers()))
        layers = (cast(LowerLayer, self.encoder), *self.lower_layers())
        return tuple(noise((samples, count, layer.latent_dim), like, generator) for layer in layers)

    def forward(
        self,
        x: Float[Tensor, "N C H W"],
        samples: int = 1,
        *,
        prior: Distribution | None = None,
        index: Int[Tensor, " N"] | None = None,
        generator: torch.Generator | None = None,
        noise: Sequence[Float[Tensor, "S N D"]] | None = None,
    ) -> LogWeights:
        """Log-weights of `samples` reparameterised samples an observation; the arguments are those of `infer`."""
        layers = self.infer(x, samples, prior=prior, index=index, generator=generator, noise=noise)
        return LogWeights(self.decoder(*(layer.z for layer in layers)).log_prob(x), layers)

    def infer(
        self,
        x: Float[Tensor, "N C H W"],
        samples: int = 1,
        *,
        prior: Distribution | None = None,
        index: Int[Tensor, " N"] | None = None,
        generator: torch.Generator | None = None,
        noise: Sequence[Float[Tensor, "S N D"]] | None = None,
    ) -> tuple[Layer, ...]:
        """`samples` reparameterised samples an observation of every layer, top first, which nothing decodes.

        Arguments:
            x: Observations in [0, 1].
            samples: S.
            prior: p(z), if it was built before; evaluation builds it once, training leaves it out.
            index: Rows of the observations in the training set.
            generator: Source of the noise.
            noise: The noise itself, from `self.noise`, which then decides on the number of samples. With it the
                log-weights are a function of tensors, which can be compiled and shared out among processes.
        """
        if prior is None:
            prior = self.prior(self.encoder, index)
        lower = self.lower_layers()
        given = [None] * (1 + len(lower)) if noise is None else noise
        top = _draw(self.encoder(x), given[0], (samples,), generator)
        above = [top.z]
        terms = [Layer(top.z, top.mean, top.log_prob, prior.log_prob(top.z))]
        for layer, epsilon in zip(lower, given[1:], strict=True):
            draw = _draw(layer.posterior(x, *above), epsilon, (), generator)
            terms.append(Layer(draw.z, draw.mean, draw.log_prob, layer.prior(*above).log_prob(draw.z)))
            above.append(draw.z)
        return tuple(terms)

    def decode(
        self,
        z: Float[Tensor, "*batch D"],
        generator: torch.Generator | None = None,
        temperature: float = 1.0,
        *,
        below: Sequence[Float[Tensor, "*batch D"]] = (),
        noise: Sequence[Float[Tensor, "*#batch D"]] | None = None,
    ) -> Likelihood:
        """p(x | z) for samples of the top layer; lower layers are drawn from their priors at `temperature`.

        Arguments:
            z: Samples of the top layer.
            generator: Source of the lower layers' noise.
            temperature: Multiplies that noise; 0 gives the means of their priors.
            below: Samples of the first layers below the top, where they are known.
            noise: Standard normal noise of the other lower layers, from the top down, instead of a generator. One row
                serves all samples, so that the same z gives the same distribution wherever it stands.
        """
        above = [z, *below]
        for i, layer in enumerate(self.lower_layers()[len(below) :]):
            p = layer.prior(*above)
            drawn = p.sample((), generator, temperature) if noise is None else p.at(temperature * noise[i]).z
            above.append(drawn)
        return self.decoder(*above)

    def lower_means(self, x: Float[Tensor, "N C H W"], z: Float[Tensor, "N D"]) -> tuple[Float[Tensor, "N D"], ...]:
        """The mean of q(z_l | x, means above) of each layer below the top, for a reconstruction of x.

        Arguments:
            x: Observations in [0, 1].
            z: The means of the top layer's posteriors.
        """
        above = [z]
        for layer in self.lower_layers():
            above.append(layer.posterior(x, *above).mean)
        return tuple(above[1:])


def _draw(q: Posterior, noise: Tensor | None, shape: tuple[int, ...], generator: torch.Generator | None) -> Draw:
    return q.draw(shape, generator) if noise is None else q.at(noise)
