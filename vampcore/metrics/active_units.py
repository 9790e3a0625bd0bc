"""Active units: the latent dimensions that an encoder uses.

Reference:
    Burda, Grosse, Salakhutdinov, Importance Weighted Autoencoders, ICLR 2016. https://arxiv.org/abs/1509.00519
"""

from dataclasses import dataclass
from typing import cast

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from vampcore.distributions import DiagNormal
from vampcore.metrics.chunks import observations_at_once
from vampcore.metrics.metric import Metric
from vampcore.models import VAE
from vampcore.models.vae import LowerLayer

THRESHOLD = 0.01


@dataclass(frozen=True)
class ActiveUnits:
    """How much each unit of one stochastic layer tells about the observation.

    Attributes:
        activity: A_i = Var_x(E_q[z_i]), in squared latent units. Where a mean is itself averaged over samples, the
            estimate is free of bias and may fall a little below 0 for a unit that is not used.
        ratio: A_i / mean_x Var_q(z_i | x), which does not depend on the scale of the latent space.
        n: Observations.
        samples: Latent samples an observation; None where the posterior was given in closed form.
        layer: Stochastic layer, 0 the top.
    """

    activity: Float[Tensor, " D"]
    ratio: Float[Tensor, " D"]
    n: int
    samples: int | None = None
    layer: int = 0

    @property
    def active(self) -> Bool[Tensor, " D"]:
        """Which units lie above `THRESHOLD`."""
        return self.activity > THRESHOLD

    @property
    def count(self) -> int:
        """Number of active units."""
        return int(self.active.sum())

    def metric(self, split: str = "test", seed: int = 0) -> Metric:
        """The count as a figure."""
        return Metric(
            "active_units",
            float(self.count),
            "units",
            n=self.n,
            samples=self.samples,
            split=split,
            layer=self.layer,
            seed=seed,
            device=self.activity.device.type,
        )


@torch.no_grad()
def activity(posterior: DiagNormal) -> ActiveUnits:
    """The top layer's activity in closed form from q(z | x_n) of a whole data set (means and scales suffice).

    Arguments:
        posterior: One normal an observation.

    Raises:
        ValueError: If there are fewer than two observations.
    """
    _check_enough(len(posterior.mean))
    spread = posterior.mean.var(0)
    return ActiveUnits(spread, spread / posterior.logvar.exp().mean(0), len(posterior.mean))


@torch.no_grad()
def active_units(
    model: VAE,
    x: Float[Tensor, "N C H W"],
    samples: int = 1,
    generator: torch.Generator | None = None,
    chunk: int | None = None,
) -> tuple[ActiveUnits, ...]:
    """A_i = Var_x(E_q[z_i]) of every layer, top first.

    A lower layer's mean depends on the samples above it and is averaged over them. The variance of that average over
    observations is too large by its own sampling variance, mean_x Var_s / S, which is taken off. The posterior
    variance of the ratio is E_s[(z - mean)^2] + Var_s(mean), by the law of total variance. A flow's mean is not
    known in closed form: the samples themselves stand for it, with the same correction.

    Arguments:
        model: In evaluation mode.
        x: Observations; the definition asks for the whole test set.
        samples: Latent samples an observation; two or more where the model has more than one layer, or a flow on top.
        generator: Source of the noise.
        chunk: Observations at once; chosen from their size if None.

    Raises:
        ValueError: If there are fewer than two observations, or too few samples for means that are not known exactly.
    """
    _check_enough(len(x))
    layers = 1 + len(model.layers)
    is_flow = not isinstance(model.encoder(x[:1]), DiagNormal)
    if samples < (needed := 2 if is_flow else min(2, layers)):
        what = "a posterior that is a flow" if is_flow else f"a model of {layers} layers"
        raise ValueError(f"samples is {samples}; {what} needs {needed} or more")
    # Nothing of it depends on p(z), and a mixture's density would take longest: the simplest stands for it.
    stand_in = DiagNormal(*x.new_zeros(2, cast(LowerLayer, model.encoder).latent_dim))
    chunk = chunk or observations_at_once(x, samples, model.bytes_per_number)
    means: list[list[Tensor]] = [[] for _ in range(1 + len(model.layers))]
    variances: list[list[Tensor]] = [[] for _ in means]
    corrections: list[list[Tensor]] = [[] for _ in means]
    for part in x.split(chunk):
        for i, layer in enumerate(model.infer(part, samples, prior=stand_in, generator=generator)):
            between = layer.mean.var(0) if samples > 1 else torch.zeros_like(layer.mean[0])
            means[i].append(layer.mean.mean(0))
            variances[i].append((layer.z - layer.mean).square().mean(0) + between)
            corrections[i].append(between / samples)
    found = []
    for i in range(len(means)):
        spread = torch.cat(means[i]).var(0) - torch.cat(corrections[i]).mean(0)
        found.append(ActiveUnits(spread, spread / torch.cat(variances[i]).mean(0), len(x), samples, i))
    return tuple(found)


def _check_enough(n: int) -> None:
    if n < 2:
        raise ValueError("active units are a variance over the data set: give at least two observations")
