"""A blind comparison of two: pairs with random sides, and what the choices say.

Reference:
    Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 1927.
    https://doi.org/10.1080/01621459.1927.10502953
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

PAIRS = 20
# Of the standard normal: 95 % of it lies within so many standard deviations.
Z_95 = 1.959964

Side = Literal["left", "right"]


@dataclass(frozen=True)
class Tally:
    """How often one of two was chosen.

    Attributes:
        chosen: Pairs in which the first of the two was chosen.
        pairs: Pairs in all, at least one.
    """

    chosen: int
    pairs: int

    @property
    def share(self) -> float:
        """The share of the pairs."""
        return self.chosen / self.pairs

    def interval(self, z: float = Z_95) -> tuple[float, float]:
        """Wilson's interval of the probability that the first is chosen; it stays within 0 and 1 for any tally."""
        n, p = self.pairs, self.share
        centre = p + z * z / (2 * n)
        reach = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        low, high = ((centre + sign * reach) / (1 + z * z / n) for sign in (-1, 1))
        return max(0.0, low), min(1.0, high)

    @property
    def decided(self) -> bool:
        """Whether the interval excludes an even choice."""
        low, high = self.interval()
        return high < 0.5 or low > 0.5


def sides(seed: int) -> tuple[Side, ...]:
    """The side on which the first of the two stands in each pair: each side for half of them, in random order."""
    ordered: list[Side] = ["left", "right"]
    drawn = np.random.default_rng(seed).permutation(PAIRS)
    return tuple(ordered[int(number) % 2] for number in drawn)


def tally(shown: Sequence[Side], chosen: Sequence[Side]) -> Tally:
    """How often the first was chosen.

    Arguments:
        shown: The side of the first in each pair.
        chosen: The side that the viewer chose in each pair.

    Raises:
        ValueError: If there is no pair, or a pair without a choice.
    """
    if len(shown) != len(chosen) or not shown:
        raise ValueError(f"{len(shown)} pairs and {len(chosen)} choices: every pair needs one")
    return Tally(sum(one == other for one, other in zip(shown, chosen, strict=True)), len(shown))
