"""A figure with everything that one must know to trust it."""

import dataclasses
import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

from jaxtyping import Bool, Float
from torch import Tensor

_NUMBER = (int, float)
SPLITS = ("train", "validation", "test")
ESTIMATOR_NAMES = {
    "quadrature": "exact (quadrature)",
    "is": "importance sampling",
    "covering": "covering proposal",
}
MOST_METRICS = 1000
MOST_LETTERS = 64
_LEAST = {"se": 0, "n": 1, "samples": 1, "layer": 0, "seed": 0}
# Scores of files from before estimators were named.
_SCORES = ("log_likelihood", "bits_per_dimension")


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
        estimator: Of a log-likelihood, how it was computed: `quadrature` (exact), `is` (importance sampling with
            q(z | x) as the proposal, the literature's estimator) or `covering` (a refined and widened proposal).
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
    estimator: str | None = None


def mean_metric(name: str, values: Float[Tensor, " N"], unit: str = "nats/image", samples: int | None = None) -> Metric:
    """The mean of one value an observation, with the standard error of that mean."""
    wide = values.detach().cpu().double()
    se = (wide.std() / math.sqrt(len(wide))).item() if len(wide) > 1 else None
    return Metric(name, wide.mean().item(), unit, se, len(wide), samples, device=values.device.type)


def difference_estimate(
    name: str,
    values: Float[Tensor, " n"],
    known: Bool[Tensor, " N"],
    control: Float[Tensor, " N"],
    samples: int,
    estimator: str | None = None,
) -> Metric:
    """The mean over all N observations of what was estimated of a random n of them, in nats an image.

    The mean of `control` over all, plus the mean of `values - control` over the n. It has no bias, and the closer the
    two follow each other, the smaller is its error beside that of the mean of `values`. The metric's `n` counts the n.

    Arguments:
        name: What was estimated.
        values: Of the n observations, drawn at random; two or more.
        known: Which of all they are.
        control: A like quantity that is known of all, such as the ELBO for log p(x), or one estimate for another.
        samples: Latent samples an observation of `values`.
        estimator: Of a log-likelihood, for the record.

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
    se, device = variance.sqrt().item(), values.device.type
    return Metric(name, value, "nats/image", se, n, samples, device=device, estimator=estimator)


def metric_to_json(metric: Metric) -> dict[str, Any]:
    """Plain JSON object of a metric."""
    return dataclasses.asdict(metric)


def metrics_from_json(entries: object) -> tuple[Metric, ...]:
    """Strict inverse of `metric_to_json` for all metrics of a file; no two have one name and layer.

    Raises:
        ValueError: If it is no list of metrics, is longer than `MOST_METRICS`, or holds a metric twice.
    """
    if not isinstance(entries, list) or len(entries) > MOST_METRICS:
        raise ValueError(f"metrics are a list of at most {MOST_METRICS} entries")
    metrics = tuple(metric_from_json(entry) for entry in entries)
    keys = [(metric.name, metric.layer) for metric in metrics]
    twice = next((name for (name, layer), count in Counter(keys).items() if count > 1), None)
    if twice is not None:
        raise ValueError(f"the metric {twice!r} is there twice")
    return metrics


def metric_from_json(fields: object) -> Metric:
    """Strict inverse of `metric_to_json`; a file from before estimators were named has importance sampling.

    Raises:
        ValueError: If a key is unknown or missing, or a value is not of its type or out of its range.
    """
    names = {field.name for field in dataclasses.fields(Metric)}
    if not isinstance(fields, dict) or set(fields) | {"estimator"} != names:
        raise ValueError(f"a metric has exactly the keys {', '.join(sorted(names))}")
    said: dict[str, Any] = {"estimator": "is" if fields["name"] in _SCORES else None} | fields
    kinds = {"value": _NUMBER, "se": (*_NUMBER, type(None)), "seed": (int,), "estimator": (str, type(None))}
    kinds |= dict.fromkeys(("n", "samples", "layer"), (int, type(None)))
    for name, value in said.items():
        what = f"{name} of the metric {said['name']!r:.80} is"
        if type(value) not in kinds.get(name, (str,)):
            raise ValueError(f"{what} {value!r:.80}, not of the right type")
        if isinstance(value, str) and not (value.isprintable() and 0 < len(value) <= MOST_LETTERS):
            raise ValueError(f"{what} not 1 to {MOST_LETTERS} printable letters")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{what} not a finite number")
        if value is not None and value < _LEAST.get(name, value):
            raise ValueError(f"{what} {value}, less than {_LEAST[name]}")
    for name, known in (("split", SPLITS), ("estimator", (None, *ESTIMATOR_NAMES))):
        if said[name] not in known:
            raise ValueError(f"{name} of the metric {said['name']!r} is {said[name]!r}, which is unknown")
    return Metric(**said)
