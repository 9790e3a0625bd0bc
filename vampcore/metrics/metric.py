"""A figure with everything that one must know to trust it."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

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
