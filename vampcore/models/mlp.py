"""The VampPrior paper's gated multilayer perceptrons."""

import math
from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn

from vampcore.distributions import DiagNormal
from vampcore.likelihoods import Binomial, DiscretisedLogistic, Likelihood
from vampcore.models.outputs import logistic
from vampcore.nn import Affine, NormalHead, gated_layers


class Encoder(nn.Module):
    """x -> q(z | x): gated dense layers and a normal head."""

    def __init__(self, shape: tuple[int, int, int], latent_dim: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.latent_dim, self.features = latent_dim, hidden
        self.body = gated_layers(math.prod(shape), hidden, layers)
        self.head = NormalHead(hidden, latent_dim)

    def forward(self, x: Float[Tensor, "N C H W"]) -> DiagNormal:
        return self.head(self.body(x.flatten(1)))


class Decoder(nn.Module):
    """z -> p(x | z): gated dense layers and the parameters of a likelihood."""

    def __init__(self, latent_dim: int, hidden: int, layers: int, output: nn.Module) -> None:
        super().__init__()
        self.body = gated_layers(latent_dim, hidden, layers)
        self.output = output

    def forward(self, z: Float[Tensor, "*batch D"]) -> Likelihood:
        return self.output(self.body(z))


class BinomialOutput(nn.Module):
    """Features to a binomial over pixels."""

    def __init__(self, features: int, shape: tuple[int, int, int], trials: int) -> None:
        super().__init__()
        self.shape, self.trials = shape, trials
        self.linear = Affine(features, math.prod(shape))
        nn.init.zeros_(self.linear.bias)

    def forward(self, features: Float[Tensor, "*batch F"]) -> Binomial:
        logits = self.linear(features).float()
        return Binomial(logits.unflatten(-1, self.shape), self.trials)


class LogisticOutput(nn.Module):
    """Features to a discretised logistic over pixels: a location in [0, 1] and a scale for each."""

    def __init__(self, features: int, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.shape = shape
        self.linear = Affine(features, 2 * math.prod(shape))
        nn.init.zeros_(self.linear.bias)

    def forward(self, features: Float[Tensor, "*batch F"]) -> DiscretisedLogistic:
        location, log_scale = self.linear(features).float().unflatten(-1, (2, *self.shape)).unbind(-4)
        return logistic(location, log_scale)


def output_module(likelihood: str, levels: int) -> Callable[[int, tuple[int, int, int]], nn.Module]:
    """The output layer of a likelihood's name; counts take `levels` trials a pixel."""
    if likelihood == "logistic":
        return LogisticOutput
    return lambda features, shape: BinomialOutput(features, shape, 1 if likelihood == "bernoulli" else levels)
