"""Which prior of an experiment explains test images best, from what its checkpoints store of each image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.services.catalogue import facts
from app.services.compared import ELBO as ELBO
from app.services.compared import LOG_LIKELIHOOD as LOG_LIKELIHOOD
from app.services.compared import compared
from app.services.loading import Ref, loaded
from app.services.memory import cached
from vampcore.checkpoints import Checkpoint
from vampcore.checkpoints.trainings import scores_by_seed
from vampcore.metrics import Metric
from vampcore.results.verdict import Comparison as Comparison
from vampcore.results.verdict import Contender, Verdict, judge, tie_margin, with_common_seeds


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

    By the score that `compared` finds. They are held against the first prior that is no mixture, the simplest, or the
    first one.
    """
    base = next((ref for ref in refs if not is_mixture(ref)), refs[0])
    chosen = compared(refs, base)
    kept, score = chosen.refs, chosen.score
    checkpoints = {ref: loaded(ref).checkpoint for ref in kept}
    against = checkpoints[base]
    scored = {ref: Contender(ref.prior, _scores(checkpoints[ref], score)) for ref in kept}
    # An edited prior has the scores of one training only; the others are not reduced to that one.
    trained = [ref for ref in kept if checkpoints[ref].edit is None]
    scored |= zip(trained, with_common_seeds([scored[ref] for ref in trained]), strict=True)
    margin = tie_margin(against.config.likelihood)
    return Judged(
        judge(list(scored.values()), base.prior, margin),
        kept,
        tuple(ref for ref in refs if ref not in kept),
        score,
        against.metric(score),
        _stopped([checkpoints[ref] for ref in kept]),
    )


def _stopped(kept: Sequence[Checkpoint]) -> tuple[tuple[int, int], ...]:
    """The epochs of each, and those that it was to have, where one has neither converged nor had all of them."""
    epochs = tuple((each.progress.epochs, each.config.epochs) for each in kept)
    whole = (
        each.progress.converged or trained >= planned for each, (trained, planned) in zip(kept, epochs, strict=True)
    )
    return () if all(whole) else epochs


def _scores(checkpoint: Checkpoint, score: str) -> Mapping[int, NDArray[np.float64]]:
    """What each training of a prior scores each test image, the one that ships first."""
    scores = scores_by_seed(checkpoint, score)
    if checkpoint.config.seed not in scores:
        raise ValueError(f"{score} of this checkpoint was not measured")
    return scores


def is_mixture(ref: Ref) -> bool:
    """Whether a prior has several components."""
    return facts(ref).has.several_components
