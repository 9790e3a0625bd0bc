"""One edit of a prior as its page computes it, without a browser: map, change of log p(x), samples and worths."""

import time
from collections.abc import Callable
from itertools import pairwise

from app.figures.theme import LIGHT
from app.services import catalogue, edit_prior, edits
from app.services.edits import Steps
from app.services.loading import Ref
from app.widgets import edited_plane
from benchmarks.timing import Row, Table, Timing, progress, significant

EXPERIMENTS, PRIOR, EDITS, SAMPLES = ("mnist-2d", "static-mnist-40d"), "vamp", 20, 32
COLUMNS = ("experiment", "components", "measuring, once", "one edit", "map", "change of log p(x)", "samples", "worths")
PARTS: dict[str, Callable[[Ref, Steps], object]] = {
    "map": lambda ref, steps: edited_plane.edited_plane(ref, steps, LIGHT).spec(),
    "change": edit_prior.change,
    "samples": lambda ref, steps: edit_prior.samples(ref, steps, SAMPLES, 0),
    "worths": edit_prior.worth,
}
NOTE = (
    f"What the page computes for the trained {PRIOR}, in this process: median and quartiles of {EDITS} edits that each "
    "remove another component, after two that warm up. Measuring, once for a model: draws from the posteriors of test "
    "images. The goal is 150 ms an edit."
)


def seconds(ref: Ref, steps: Steps) -> list[float]:
    """What each part of an edit takes."""
    marks = [time.perf_counter()]
    for part in PARTS.values():
        part(ref, steps)
        marks.append(time.perf_counter())
    return [end - begin for begin, end in pairwise(marks)]


def row(ref: Ref) -> Row:
    """A row of the table."""
    once, _ = (dict(zip(PARTS, seconds(ref, (edits.remove([k]),)), strict=True))["change"] for k in (EDITS, EDITS + 1))
    each = [seconds(ref, (edits.remove([k]),)) for k in range(EDITS)]
    times = [Timing(tuple(map(sum, each))), *(Timing(part) for part in zip(*each, strict=True))]
    return (ref.experiment, str(catalogue.facts(ref).alive), f"{significant(once)} s", *map(str, times))


def tables() -> list[Table]:
    """The table of edits."""
    known = {each.name: each for each in catalogue.experiments()}
    rows = []
    for name in EXPERIMENTS:
        ref = known[name].ref(PRIOR)
        assert ref is not None
        rows.append(row(ref))
        progress("  " + " | ".join(rows[-1]))
    return [Table("An edit of the prior", COLUMNS, tuple(rows), NOTE)]
