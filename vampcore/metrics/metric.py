"""A figure with everything that one must know to trust it."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from jaxtyping import Bool, Float
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
        n: Observations that it was computed from; of a `difference_estimate`, those whose value was estimated.
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


def difference_estimate(
    name: str, values: Float[Tensor, " n"], known: Bool[Tensor, " N"], control: Float[Tensor, " N"], samples: int
) -> Metric:
    """The mean over all N observations of what was estimated of a random n of them, in nats an image.

    The mean of `control` over all, plus the mean of `values - control` over the n. It has no bias, and the closer the
    two follow each other, the smaller is its error beside that of the mean of `values`. The metric's `n` counts the n.

    Arguments:
        name: What was estimated.
        values: Of the n observations, drawn at random; two or more.
        known: Which of all they are.
        control: A like quantity that is known of all, such as the ELBO for log p(x).
        samples: Latent samples an observation of `values`.

    Reference:
        Cochran, Sampling Techniques, 3rd edition, Wiley 1977, chapter 7: the regression estimator, here of slope 1.
    """
    every, here = control.detach().cpu().double(), known.cpu()
    gap = values.detach().cpu().double() - every[here]
    n, count = len(gap), len(every)
    # As the sum of a mean over the n and one over the rest, which are independent.
    share = n / count
    variance = (gap + share * every[here]).var() / n
    if n < count:
        variance = variance + (1 - share) ** 2 * every.var() / (count - n)
    value = (every.mean() + gap.mean()).item()
    return Metric(name, value, "nats/image", variance.sqrt().item(), n, samples, device=values.device.type)


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
