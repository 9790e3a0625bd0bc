"""What checkpoints score by what they store, and by how much one prior of an experiment scores better than another."""

import math

from app.services.catalogue import facts, metric
from app.services.compared import LOG_LIKELIHOOD
from app.services.loading import Ref, loaded
from app.services.memory import cached
from vampcore import results
from vampcore.metrics import ESTIMATOR_NAMES as ESTIMATOR_NAMES
from vampcore.metrics import Metric as Metric
from vampcore.metrics.elbo_surgery import SATURATED
from vampcore.results import paired


def score(ref: Ref) -> Metric | None:
    """The stored log-likelihood of the test images; the ELBO, its lower bound, where that was not evaluated."""
    return metric(ref, "log_likelihood") or metric(ref, "elbo")


@cached(400)
def stored_difference(ref: Ref, base: Ref) -> Metric | None:
    """The stored score of `ref` minus that of `base`, image by image, in nats/image; no data set is needed.

    log p(x) where both have it by the same estimator, else the ELBO: the metric's name says which. None where the two
    were not tested on the same images.
    """
    return results.stored_difference(loaded(base).checkpoint, loaded(ref).checkpoint)


@cached(400)
def difference_by(score: str, ref: Ref, base: Ref) -> Metric | None:
    """As `stored_difference`, by one score, "log_likelihood" or "elbo"; None where the two do not both have it."""
    measure = paired.log_likelihood_difference if score == LOG_LIKELIHOOD else paired.elbo_difference
    return measure(loaded(base).checkpoint, loaded(ref).checkpoint)


def better(one: Metric | None, other: Metric | None) -> Metric | None:
    """Of two measurements of one score the better: log p(x) before the ELBO, exact, more images, more samples.

    The first one where they are as good.
    """
    found = [each for each in (one, other) if each is not None]
    return max(found, key=_quality, default=None)


def _quality(measured: Metric) -> tuple[bool, bool, int, int]:
    exact = measured.estimator == "quadrature"
    return measured.name.startswith("log_likelihood"), exact, measured.n or 0, measured.samples or 0


def saturated(information: Metric | None, images: int) -> bool:
    """Whether mutual information is near its ceiling, log N: it is a lower bound then, the marginal KL an upper one.

    Arguments:
        information: The mutual information, in nats.
        images: N, components of the aggregated posterior.
    """
    return information is not None and images > 1 and information.value > SATURATED * math.log(images)


def bound_of(found: Metric, information: Metric | None, images: int) -> str:
    """Which bound a part of the KL is where mutual information is saturated: "lower" or "upper"; else ""."""
    if not saturated(information, images):
        return ""
    return {"mutual_information": "lower", "marginal_kl": "upper"}.get(found.name, "")


def effective_label(ref: Ref) -> str:
    """Effective components beside those that the mixture has: "7.6 of 500"; "" where it has one, or none."""
    known, found = facts(ref), metric(ref, "effective_components")
    if not known.has.several_components or found is None:
        return ""
    return f"{found.value:,.{1 if found.value < 100 else 0}f} of {known.alive:,}"
