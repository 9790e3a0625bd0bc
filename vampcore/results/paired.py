"""By how much one checkpoint scores better than another, from what both keep of each test image."""

from dataclasses import replace

from vampcore.checkpoints import Checkpoint
from vampcore.metrics.metric import Metric
from vampcore.metrics.paired import paired_difference


def stored_difference(one: Checkpoint, other: Checkpoint) -> Metric | None:
    """The score of `other` minus that of `one`, image by image.

    log p(x) where both have it for some of the same images by the same estimator; else the ELBO. The metric's name says
    which.

    Arguments:
        one: The model to compare with.
        other: A model of the same test set.

    Returns:
        The difference in nats/image; None where the two were not tested on the same images.
    """
    found = (measure(one, other) for measure in DIFFERENCES)
    return next((difference for difference in found if difference is not None), None)


def log_likelihood_difference(one: Checkpoint, other: Checkpoint) -> Metric | None:
    """As `stored_difference`, of log p(x) alone; None where it was not measured for both in the same way."""
    known, against = other.metric("log_likelihood"), one.metric("log_likelihood")
    mine, theirs = one.per_image.log_likelihood, other.per_image.log_likelihood
    if known is None or against is None or mine is None or theirs is None or not _same_test_set(one, other):
        return None
    # Two estimators miss different parts of log p(x), and so do two sample counts.
    if _estimator(known) != _estimator(against):
        return None
    found = paired_difference("log_likelihood", mine, theirs, known.samples, known.seed)
    return None if found is None else replace(found, estimator=known.estimator)


def elbo_difference(one: Checkpoint, other: Checkpoint) -> Metric | None:
    """As `stored_difference`, of the ELBO alone."""
    if not _same_test_set(one, other):
        return None
    known = other.metric("elbo")
    samples = None if known is None else known.samples
    return paired_difference("elbo", one.per_image.elbo, other.per_image.elbo, samples)


DIFFERENCES = (log_likelihood_difference, elbo_difference)
"""The scores that are compared image by image, the better one first."""


def _estimator(metric: Metric) -> tuple[str | None, int | None]:
    return metric.estimator, metric.samples


def _same_test_set(one: Checkpoint, other: Checkpoint) -> bool:
    mine, theirs = one.config, other.config
    alike = (mine.data, mine.likelihood, one.observation) == (theirs.data, theirs.likelihood, other.observation)
    if one.identity is not None and other.identity is not None and one.identity.evaluated != other.identity.evaluated:
        return False
    return alike and len(one.per_image.elbo) == len(other.per_image.elbo)
