"""How far the trainings with other seeds lie from the one that is shown, in words."""

import math
from collections.abc import Mapping

from app.services import catalogue, spread
from app.services.loading import Ref
from app.services.spread import Spread
from app.widgets.family import short_words
from app.widgets.numbers import listed, signed


def sd_words(of: Spread) -> str:
    """The spread alone: "SD 4.7 over 3 trainings"."""
    return f"{_sd(of)} over {of.trainings} trainings"


def mean_words(of: Spread, sign: bool = False) -> str:
    """The mean over trainings and their spread: "−134.20 (SD 4.7)"."""
    mean = signed(f"{of.mean:{'+' if sign else ''},.2f}")
    return f"{mean} ({_sd(of)})"


def score_words(ref: Ref) -> str:
    """The spread of a prior's score, to stand beside it; "" where one training is stored."""
    found = spread.score_spread(ref)
    return "" if found is None else sd_words(found)


def say_shipped(refs: tuple[Ref, ...]) -> str:
    """What scores and charts of the shipped trainings leave to the verdict; "" where each prior was trained once."""
    found = {ref: each for ref in refs if (each := spread.score_spread(ref)) is not None}
    if not found:
        return ""
    seeds = {catalogue.facts(ref).seed for ref in found}
    which = f" (seed {seeds.pop()})" if len(seeds) == 1 else ""
    return (
        f"Filled: the training that ships{which}. Hollow: the others, trained alike. The verdict is of the mean over "
        f"all: {over_trainings(found)}."
    )


def over_trainings(found: Mapping[Ref, Spread], sign: bool = False) -> str:
    """Mean and spread of each prior: "SG −137.94 (SD 1.3) and MoG −134.06 (SD 1.8)"."""
    return listed([f"{short_words(ref)} {mean_words(each, sign)}" for ref, each in found.items()])


def _sd(of: Spread) -> str:
    """The standard deviation in two digits, zeros among them."""
    decimals = max(0, 1 - math.floor(math.log10(of.sd))) if of.sd > 0 else 0
    return f"SD {of.sd:,.{decimals}f}"
