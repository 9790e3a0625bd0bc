"""Edits of a prior as steps, and as the words of a URL: `remove_3.17-20~weight_5_0.2~learn`."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

# Of a link: steps, bytes of a drawn image, and letters.
MOST_STEPS, MOST_BYTES, MOST_COMPONENT, MOST_LETTERS = 60, 1024, 99_999, 8_000
# Letters of the numbers of components in a step's words; of more, it says how many they are.
MOST_NAMED = 60
KINDS = ("remove", "copy", "weight", "image", "drawn", "uploaded", "keep", "dead", "learn")
LEAST_WEIGHT, MOST_WEIGHT = 1e-4, 0.99
_PIXELS = re.compile(f"(?:[0-9a-f]{{2}}){{1,{MOST_BYTES}}}")


@dataclass(frozen=True)
class Step:
    """One change of a mixture.

    Attributes:
        kind: `remove` or `copy` some components, set the `weight` of one, add a component at a test `image` or at one
            that was `drawn` or `uploaded`, `keep` the most used, remove all `dead` ones, or `learn` the weights again.
        components: Numbers of components, rising.
        number: Of the test image, or how many are kept.
        weight: Of the one component, or of the added one.
        image: Of the drawn or uploaded image, see `own_image.packed`.
    """

    kind: str
    components: tuple[int, ...] = ()
    number: int = 0
    weight: float = 0.0
    image: bytes = b""


Steps = tuple[Step, ...]


def remove(components: Iterable[int]) -> Step:
    """Remove some components."""
    return Step("remove", tuple(sorted(set(components))))


def copy(components: Iterable[int]) -> Step:
    """Duplicate some components: each gets a twin of the same weight, before all are normalised again."""
    return Step("copy", tuple(sorted(set(components))))


def words(steps: Steps) -> str:
    """The steps as a URL says them."""
    return "~".join(_word(step) for step in steps)


def fit_a_link(steps: Steps) -> bool:
    """Whether a URL can say the steps: images of colour, and many images, are too long for it."""
    return all(len(step.image) <= MOST_BYTES for step in steps) and len(words(steps)) <= MOST_LETTERS


def _word(step: Step) -> str:
    match step.kind:
        case "remove" | "copy":
            return f"{step.kind}_{_ranges(step.components)}"
        case "weight":
            return f"weight_{step.components[0]}_{step.weight:g}"
        case "image":
            return f"image_{step.number}_{step.weight:g}"
        case "drawn" | "uploaded":
            return f"{step.kind}_{step.image.hex()}_{step.weight:g}"
        case "keep":
            return f"keep_{step.number}"
    return step.kind


def said(step: Step) -> str:
    """A step in words, for whoever opens the model later: "removed components 3, 17-20"."""
    share = f"{100 * step.weight:g} %"
    match step.kind:
        case "remove":
            return f"removed {_named(step.components)}"
        case "copy":
            return f"duplicated {_named(step.components)}"
        case "weight":
            return f"set the weight of {_named(step.components)} to {share}"
        case "image":
            return f"added a component at test image {step.number} with a weight of {share}"
        case "drawn" | "uploaded":
            article = "a" if step.kind == "drawn" else "an"
            return f"added a component at {article} {step.kind} image with a weight of {share}"
        case "keep":
            return f"kept the {step.number} most used components"
        case "dead":
            return "removed all dead components"
    return "learned the weights again from test images"


def _named(components: tuple[int, ...]) -> str:
    numbers = _ranges(components).replace(".", ", ")
    if len(numbers) > MOST_NAMED:
        return f"{len(components)} components"
    return f"component{'' if len(components) == 1 else 's'} {numbers}"


def _ranges(numbers: tuple[int, ...]) -> str:
    """Rising numbers, those that follow each other as a range: "3.17-20"."""
    starts = [0, *(i + 1 for i, (a, b) in enumerate(pairwise(numbers)) if b != a + 1), len(numbers)]
    runs = [numbers[start:end] for start, end in pairwise(starts)]
    return ".".join(f"{run[0]}" if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def steps_of(said: str) -> Steps:
    """The steps that a URL says.

    Raises:
        ValueError: If one of them is none.
    """
    if len(said) > MOST_LETTERS:
        raise ValueError(f"an edit has {MOST_LETTERS:,} letters at most")
    parts = said.split("~") if said else []
    if len(parts) > MOST_STEPS:
        raise ValueError(f"an edit has {MOST_STEPS} steps at most")
    return tuple(_step(part) for part in parts)


def _step(said: str) -> Step:
    kind, *fields = said.split("_")
    match kind, fields:
        case "remove" | "copy", [numbers]:
            return Step(kind, _numbers(numbers))
        case "weight", [number, weight]:
            return Step(kind, (_whole(number),), weight=_weight(weight))
        case "image", [number, weight]:
            return Step(kind, number=_whole(number), weight=_weight(weight))
        case "drawn" | "uploaded", [pixels, weight] if _PIXELS.fullmatch(pixels):
            return Step(kind, image=bytes.fromhex(pixels), weight=_weight(weight))
        case "keep", [number] if _whole(number) > 0:
            return Step(kind, number=_whole(number))
        case "dead" | "learn", []:
            return Step(kind)
    raise ValueError(f"a step is one of {', '.join(KINDS)}")


def _numbers(said: str) -> tuple[int, ...]:
    runs = []
    for run in said.split("."):
        first, _, last = run.partition("-")
        runs.append(range(_whole(first), _whole(last or first) + 1))
    if sum(map(len, runs)) > MOST_COMPONENT + 1:
        raise ValueError("a step names each component once")
    found = {number for run in runs for number in run}
    if not found:
        raise ValueError("a range runs upwards")
    return tuple(sorted(found))


def _whole(said: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", said):
        raise ValueError(f"a number is whole, {MOST_COMPONENT} at most")
    return int(said)


def _weight(said: str) -> float:
    value = float(said)
    if not (math.isfinite(value) and LEAST_WEIGHT <= value <= MOST_WEIGHT):
        raise ValueError(f"a weight lies between {LEAST_WEIGHT:g} and {MOST_WEIGHT:g}")
    return value
