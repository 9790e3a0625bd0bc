"""Which prior of an experiment explains test images best, from what its checkpoints store of each image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.services.catalogue import facts
from app.services.loading import Ref, loaded
from app.services.memory import cached
from app.services.spread import of_trainings
from vampcore.checkpoints import Checkpoint
from vampcore.metrics import Metric
from vampcore.results.paired import elbo_difference, log_likelihood_difference
from vampcore.results.verdict import Comparison as Comparison
from vampcore.results.verdict import Contender, Verdict, judge, tie_margin

LOG_LIKELIHOOD, ELBO = "log_likelihood", "elbo"


@dataclass(frozen=True)
class Judged:
    """A verdict and what it is of.

    Attributes:
        verdict: Of priors by the names of their folders.
        refs: The priors that can be compared, in the order in which they are shown.
        left_out: Those that were not tested on the same images, and edited ones whose log p(x) is not measured.
        score: What was compared, "log_likelihood" or "elbo".
        metric: That score of the base, as it is stored: how it was measured.
        epochs: What each of `refs` was trained for and was to be, where a training was stopped before its end; else ().
    """

    verdict: Verdict
    refs: tuple[Ref, ...]
    left_out: tuple[Ref, ...]
    score: str
    metric: Metric | None
    epochs: tuple[tuple[int, int], ...] = ()

    @property
    def comparable(self) -> bool:
        """Whether no training was stopped before its end, or all after the same number of epochs."""
        return len({trained for trained, _ in self.epochs}) < 2

    @property
    def base(self) -> Ref:
        """The prior that the others are held against."""
        return next(ref for ref in self.refs if ref.prior == self.verdict.base)

    def over_base(self, ref: Ref) -> Comparison:
        """A prior against the base."""
        return self.verdict.over_base(ref.prior)

    def between(self, one: Ref, other: Ref) -> Comparison:
        """One prior against another."""
        return self.verdict.pairs[one.prior, other.prior]


@cached(100)
def verdict(refs: tuple[Ref, ...]) -> Judged:
    """Compare the priors of an experiment, image by image.

    By log p(x) where all that were trained have it by one estimator, else by the ELBO. They are held against the first
    prior that is no mixture, the simplest, or the first one.

    Arguments:
        refs: One or more checkpoints.
    """
    base = next((ref for ref in refs if not is_mixture(ref)), refs[0])
    checkpoints = {ref: loaded(ref).checkpoint for ref in refs}
    against = checkpoints[base]
    others = [ref for ref in refs if ref != base and elbo_difference(against, checkpoints[ref]) is not None]
    scored = [ref for ref in others if log_likelihood_difference(against, checkpoints[ref]) is not None]
    measured = against.per_image.log_likelihood is not None and _all_but_edited(others, scored, checkpoints)
    if measured:
        others = scored
    kept = tuple(ref for ref in refs if ref == base or ref in others)
    score = LOG_LIKELIHOOD if measured else ELBO
    contenders = [Contender(ref.prior, _scores(checkpoints[ref], score)) for ref in kept]
    margin = tie_margin(against.config.likelihood)
    return Judged(
        judge(contenders, base.prior, margin),
        kept,
        tuple(ref for ref in refs if ref not in kept),
        score,
        against.metric(score),
        _stopped([checkpoints[ref] for ref in kept]),
    )


def _stopped(compared: Sequence[Checkpoint]) -> tuple[tuple[int, int], ...]:
    """The epochs of each, and those that it was to have, where one has neither converged nor had all of them."""
    epochs = tuple((each.progress.epochs, each.config.epochs) for each in compared)
    whole = (
        each.progress.converged or trained >= planned for each, (trained, planned) in zip(compared, epochs, strict=True)
    )
    return () if all(whole) else epochs


def _all_but_edited(refs: list[Ref], scored: list[Ref], checkpoints: Mapping[Ref, Checkpoint]) -> bool:
    """Whether only edited priors lack log p(x), beside others that have it: it is not measured as they are saved."""
    return all(checkpoints[ref].edit is not None for ref in refs if ref not in scored) and bool(scored or not refs)


def _scores(checkpoint: Checkpoint, score: str) -> Mapping[int, NDArray[np.float64]]:
    """What each training of a prior scores each test image, the one that ships first."""
    scores = of_trainings(checkpoint, score)
    if checkpoint.config.seed not in scores:
        raise ValueError(f"{score} of this checkpoint was not measured")
    return scores


def is_mixture(ref: Ref) -> bool:
    """Whether a prior has several components."""
    return facts(ref).has.several_components
