"""Which prior explains test images best: paired differences over images and trainings, and what they decide.

Arrays in, records out; where the scores come from is the caller's business.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Outcome = Literal["better", "worse", "tie", "undecided"]
CONFIDENCE = 0.95
# Differences within so many nats an image are a tie. Of 256 grey levels a pixel has more to tell, and so has an image.
TIE, TIE_OF = 0.5, {"logistic": 2.0}


def tie_margin(likelihood: str) -> float:
    """Nats an image within which two priors are as good as each other, for images of this likelihood."""
    return TIE_OF.get(likelihood, TIE)


@dataclass(frozen=True)
class Comparison:
    """By how much one prior scores higher than another, image by image, in nats an image.

    Attributes:
        value: Mean difference over images and trainings.
        se: Its standard error: over images, and from two trainings on over trainings too.
        df: Degrees of freedom of that error.
        low: Lower end of the 95 % interval.
        high: Its upper end.
        images: Test images that both scored in all trainings.
        share: Share of them on which the first prior scores higher, on average over trainings.
        trainings: Pairs of trainings with one seed; 1 where there is none, for the two that ship.
        agreeing: Trainings whose difference has the sign of `value`.
        outcome: "better" where the interval lies above 0, "worse" where it lies below; where it contains 0, "tie" if it
            lies within the margin, else "undecided".
    """

    value: float
    se: float
    df: float
    low: float
    high: float
    images: int
    share: float
    trainings: int
    agreeing: int
    outcome: Outcome


@dataclass(frozen=True)
class Contender:
    """A prior and what its trainings score.

    Attributes:
        key: Its name among the contenders.
        scores: A value for each test image by the training's seed, the training that ships first; NaN where an image
            was not measured. Higher is better.
    """

    key: str
    scores: Mapping[int, NDArray[np.float64]]


@dataclass(frozen=True)
class Verdict:
    """What is known of every two priors of an experiment.

    Attributes:
        keys: The priors in the order in which they are shown.
        base: The one that the others are held against.
        margin: Nats an image of a tie.
        pairs: A comparison for every ordered pair of them.
    """

    keys: tuple[str, ...]
    base: str
    margin: float
    pairs: Mapping[tuple[str, str], Comparison]

    @property
    def others(self) -> tuple[str, ...]:
        """All but the base."""
        return tuple(key for key in self.keys if key != self.base)

    def over_base(self, key: str) -> Comparison:
        """A prior against the base."""
        return self.pairs[key, self.base]


def with_common_seeds(contenders: Sequence[Contender]) -> list[Contender]:
    """The contenders with the trainings whose seeds all of them have; where there is none, with those that ship.

    So every comparison of a verdict is of the same trainings.
    """
    common = set.intersection(*(set(each.scores) for each in contenders)) if contenders else set()
    kept = [{seed: score for seed, score in each.scores.items() if seed in common} for each in contenders]
    return [
        Contender(each.key, scores or dict(itertools.islice(each.scores.items(), 1)))
        for each, scores in zip(contenders, kept, strict=True)
    ]


def judge(contenders: Sequence[Contender], base: str, margin: float) -> Verdict:
    """Compare every two of some priors.

    Arguments:
        contenders: One or more priors, scored on the same test images.
        base: Key of the one that the others are held against.
        margin: Nats an image within which two are as good as each other; see `tie_margin`.

    Raises:
        ValueError: If two have no image in common.
    """
    pairs = {
        (one.key, other.key): compare(one.scores, other.scores, margin)
        for one in contenders
        for other in contenders
        if one is not other
    }
    return Verdict(tuple(each.key for each in contenders), base, margin, pairs)


def compare(
    one: Mapping[int, NDArray[np.float64]], other: Mapping[int, NDArray[np.float64]], margin: float
) -> Comparison:
    """One prior against another, paired by image, and by the seed of the training.

    With R trainings, SE^2 = s^2(differences of trainings) / R + SE^2(per-image differences, averaged over trainings):
    images and trainings are both samples. The interval is that of Student's t with the degrees of freedom of Welch and
    Satterthwaite. One training says nothing of others, so its error is over images alone.

    Arguments:
        one: Scores of each test image by seed, the training that ships first.
        other: The same of the other prior.
        margin: Nats an image of a tie.

    Raises:
        ValueError: If no image has a score of both in all trainings.

    Reference:
        Satterthwaite, An approximate distribution of estimates of variance components, Biometrics Bulletin 2, 1946.
    """
    shared = [seed for seed in one if seed in other]
    pairs = [(one[seed], other[seed]) for seed in shared] or [(next(iter(one.values())), next(iter(other.values())))]
    each = np.stack([np.asarray(mine, float) - np.asarray(theirs, float) for mine, theirs in pairs])
    each = each[:, np.isfinite(each).all(0)]
    trainings, images = each.shape
    if images == 0:
        raise ValueError("a comparison needs an image that both priors scored")
    by_image, by_training = each.mean(0), each.mean(1)
    value = float(by_image.mean())
    parts = [(_variance(by_image) / images, images - 1)]
    if trainings > 1:
        parts.append((_variance(by_training) / trainings, trainings - 1))
    squared, df = sum(part for part, _ in parts), _degrees(parts)
    se = math.sqrt(squared)
    reach = float(stdtrit(df, 0.5 + CONFIDENCE / 2)) * se if se > 0 else 0.0
    return Comparison(
        value=value,
        se=se,
        df=df,
        low=value - reach,
        high=value + reach,
        images=images,
        share=float((by_image > 0).mean()),
        trainings=trainings,
        agreeing=int((np.sign(by_training) == np.sign(value)).sum()),
        outcome=_outcome(value - reach, value + reach, margin),
    )


def _variance(values: NDArray[np.float64]) -> float:
    """The sample variance; of a single value, which has none, infinity."""
    return float(values.var(ddof=1)) if len(values) > 1 else math.inf


def _degrees(parts: Sequence[tuple[float, int]]) -> float:
    """Welch and Satterthwaite's degrees of freedom of a sum of variances, each with its own."""
    total = sum(part for part, _ in parts)
    if total == 0 or math.isinf(total):
        return float(min(max(1, df) for _, df in parts))
    return total**2 / sum(part**2 / df for part, df in parts)


def _outcome(low: float, high: float, margin: float) -> Outcome:
    if low > 0:
        return "better"
    if high < 0:
        return "worse"
    return "tie" if -margin <= low and high <= margin else "undecided"
