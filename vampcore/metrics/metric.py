"""A figure with everything that one must know to trust it."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

_NUMBER = (int, float)


@dataclass(frozen=True)
class Metric:
    """One measured figure.

    Attributes:
        name: What was measured, a name of `vampcore.metrics`.
        value: The figure.
        unit: Its unit.
        se: Standard error of an estimate; None for an exact figure.
        n: Observations that it was computed from.
        samples: Latent samples an observation.
        split: Part of the data set.
        layer: Stochastic layer, 0 the top; None for the model as a whole.
        seed: Of the noise and of the subset.
        device: Kind of device that computed it.
    """

    name: str
    value: float
    unit: str
    se: float | None = None
    n: int | None = None
    samples: int | None = None
    split: str = "test"
    layer: int | None = None
    seed: int = 0
    device: str = "cpu"


def mean_metric(name: str, values: Float[Tensor, " N"], unit: str = "nats/image", samples: int | None = None) -> Metric:
    """The mean of one value an observation, with the standard error of that mean."""
    wide = values.detach().cpu().double()
    se = (wide.std() / math.sqrt(len(wide))).item() if len(wide) > 1 else None
    return Metric(name, wide.mean().item(), unit, se, len(wide), samples, device=values.device.type)


def extended_mean_metric(
    name: str,
    part: Float[Tensor, " N"],
    whole: Float[Tensor, " N"],
    unit: str = "nats/image",
    samples: int | None = None,
) -> Metric:
    """The mean of what was estimated of a random part of the observations, extended to all by what is known of all.

    The mean of `whole`, plus the mean of `part - whole` where `part` is known: without bias, and the closer the two
    follow each other, the smaller its error beside that of the part's own mean. `n` counts the part.

    Arguments:
        name: What was estimated.
        part: NaN where it was not; known of two observations or more, drawn at random.
        whole: A like quantity, such as the ELBO for log p(x).
        unit: Of both.
        samples: Latent samples an observation of `part`.

    Reference:
        Cochran, Sampling Techniques, 3rd edition, Wiley 1977, section 7.3: the regression estimator with slope 1.
    """
    known = ~part.isnan().cpu()
    every = whole.detach().cpu().double()
    gap = (part.detach().cpu().double() - every)[known]
    n, together = len(gap), torch.stack([every[known], gap]).cov()
    # The means of all and of the part share the part, so that their covariance is that of one observation over N.
    variance = every.var() / len(every) + together[1, 1] / n + 2 * together[0, 1] / len(every)
    value = (every.mean() + gap.mean()).item()
    return Metric(name, value, unit, variance.sqrt().item(), n, samples, device=part.device.type)


def metric_to_json(metric: Metric) -> dict[str, Any]:
    """Plain JSON object of a metric."""
    return dataclasses.asdict(metric)


def metric_from_json(fields: object) -> Metric:
    """Strict inverse of `metric_to_json`.

    Raises:
        ValueError: If a key is unknown or missing, or the value is not a finite number.
    """
    names = {field.name for field in dataclasses.fields(Metric)}
    if not isinstance(fields, dict) or set(fields) != names:
        raise ValueError(f"a metric has exactly the keys {', '.join(sorted(names))}")
    kinds = {"value": _NUMBER, "se": (*_NUMBER, type(None)), "seed": (int,)}
    kinds |= dict.fromkeys(("n", "samples", "layer"), (int, type(None)))
    for name, value in fields.items():
        if type(value) not in kinds.get(name, (str,)):
            raise ValueError(f"{name} of the metric {fields['name']!r} is {value!r}, not of the right type")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{name} of the metric {fields['name']!r} is not a finite number")
    return Metric(**fields)
