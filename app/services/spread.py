"""What trainings of one configuration with different seeds score, and how much they differ."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from app.services import scores
from app.services.loading import Ref, loaded
from app.services.memory import cached
from vampcore.checkpoints.trainings import scores_by_seed


@dataclass(frozen=True)
class Spread:
    """A score of several trainings.

    Attributes:
        values: The mean over the test images by seed, in nats an image; the training that ships first.
    """

    values: Mapping[int, float]

    @property
    def trainings(self) -> int:
        """How many there are."""
        return len(self.values)

    @property
    def others(self) -> tuple[float, ...]:
        """The values of those that do not ship."""
        return tuple(self.values.values())[1:]

    @property
    def mean(self) -> float:
        """The mean over trainings."""
        return math.fsum(self.values.values()) / self.trainings

    @property
    def sd(self) -> float:
        """The standard deviation of the trainings, with n - 1."""
        return float(np.std(list(self.values.values()), ddof=1))


@cached(400)
def score_spread(ref: Ref) -> Spread | None:
    """The score of `scores.score` over the trainings that a checkpoint stores; None where that is one."""
    known = scores.score(ref)
    if known is None:
        return None
    return _spread(
        {seed: float(each.mean()) for seed, each in scores_by_seed(loaded(ref).checkpoint, known.name).items()}
    )


@cached(400)
def difference_spread(score: str, ref: Ref, base: Ref) -> Spread | None:
    """The difference of a score for each seed of both trainings; None where that is one.

    Arguments:
        score: "log_likelihood" or "elbo".
        ref: A prior.
        base: The one that it is held against.
    """
    if scores.difference_by(score, ref, base) is None:
        return None
    mine, theirs = (scores_by_seed(loaded(each).checkpoint, score) for each in (ref, base))
    return _spread({seed: float((mine[seed] - theirs[seed]).mean()) for seed in mine if seed in theirs})


def _spread(values: Mapping[int, float]) -> Spread | None:
    return Spread(values) if len(values) > 1 and all(map(math.isfinite, values.values())) else None
