"""How time and memory grow: with components, latent dimensions, test points, and checkpoints in the list.

Every size of every subject is measured in a process of its own, so that no peak hides behind an earlier one: memory is
the most that the process held during its first call above what it held before. Times are of the fastest of the calls
after it: nothing that disturbs a process makes it faster, and sizes cannot take turns in one process. The exponent b of
time ~ size^b is the slope of the logarithms by least squares over the upper half of the sizes, with its standard error;
the lower half shows where the fixed costs end.
"""

import ctypes
import dataclasses
import gc
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.timing import Row, Table, significant

COMPONENTS = (100, 200, 500, 1000, 2000, 5000)
DIMENSIONS = (2, 8, 32, 64, 128, 256, 512)
POINTS = (1000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
CHECKPOINTS = (10, 30, 100, 300, 1000)
SECONDS, FEWEST, MOST = 1.0, 4, 50
# Less than this is the allocator's, not the subject's.
LEAST_MEGABYTES = 1.0


@dataclass(frozen=True)
class Axis:
    """What grows: its table's title, the name of the size, the sizes, the subjects, and what stays fixed."""

    title: str
    name: str
    sizes: tuple[int, ...]
    subjects: tuple[str, ...]
    note: str


AXES = (
    Axis(
        "Growth with the components of the prior",
        "K",
        COMPONENTS,
        ("log p(z)", "responsibilities", "contour grid", "training step"),
        "log p(z) and responsibilities of 10,000 places in 40 dimensions, the contour grid at 100 × 100 places, a "
        "training step on 100 images of 28 × 28 with two layers of 300 units.",
    ),
    Axis(
        "Growth with the latent dimensions",
        "D",
        DIMENSIONS,
        ("projection", "principal axes", "log p(z) by D", "ELBO surgery"),
        "500 components; principal axes of 10,000 posterior means; log p(z) of 10,000 places; ELBO surgery on 2,000 "
        "images of 8 × 8.",
    ),
    Axis(
        "Growth with the test points on the latent plane",
        "points",
        POINTS,
        ("open", "figure", "figure with a lasso"),
        "Open: load the checkpoint, sample, place and assign every point. Figure: the whole plane by class as it is "
        "sent, one point each up to 20,000, counted in cells beyond; with a lasso of 200 corners, exact.",
    ),
    Axis(
        "Growth with the checkpoints in the list",
        "checkpoints",
        CHECKPOINTS,
        ("list, first", "list, again"),
        "Copies of mnist-2d/vamp in the file system's cache; the first list of a process hashes their weights.",
    ),
)


@dataclass(frozen=True)
class Point:
    """One size of one subject: seconds of the fastest call, megabytes of its peak, and what it returned if a number."""

    seconds: float
    megabytes: float
    returned: float | None


def tables() -> list[Table]:
    """A table for each axis."""
    return [table(axis) for axis in AXES]


def table(axis: Axis) -> Table:
    """Measure an axis; prints as it goes."""
    rows: list[Row] = []
    for subject in axis.subjects:
        found = []
        for size in axis.sizes:
            found.append(measured(subject, size))
            print(f"{subject}, {axis.name} = {size:,}: {cell(found[-1])}", file=sys.stderr, flush=True)
        seconds, peaks = [point.seconds for point in found], [point.megabytes for point in found]
        rows.append(
            (subject.removesuffix(" by D"), *map(cell, found), exponent(axis.sizes, seconds), memory(axis, peaks))
        )
        sent = [point.returned for point in found if point.returned is not None]
        if len(sent) == len(found):
            rows.append(("… bytes sent", *(size_of(each) for each in sent), exponent(axis.sizes, sent), ""))
    columns = ("what", *(f"{axis.name} = {size:,}" for size in axis.sizes), "exponent of time", "exponent of memory")
    note = "A cell: the fastest of several calls, and peak memory above the process's own in MB. " + axis.note
    return Table(axis.title, columns, tuple(rows), note)


def measured(subject: str, size: int) -> Point:
    """One size of one subject, in a fresh process.

    Raises:
        RuntimeError: If the process fails.
    """
    folder = tempfile.mkdtemp(prefix="growth-")
    try:
        run = subprocess.run(
            [sys.executable, "-m", "benchmarks.growth", subject, str(size)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "TMPDIR": folder},
            cwd=Path(__file__).resolve().parent.parent,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if run.returncode:
        raise RuntimeError(f"{subject} at {size} failed:\n{run.stderr[-2000:]}")
    return Point(**json.loads(run.stdout.splitlines()[-1]))


def exponent(sizes: tuple[int, ...], values: list[float]) -> str:
    """The slope of log values on log sizes over the upper half of the sizes, with its standard error."""
    slope, error = fitted(sizes, values)
    return f"{slope:.2f} ± {error:.2f}".replace("-", "−")


def fitted(sizes: tuple[int, ...], values: list[float]) -> tuple[float, float]:
    """Slope and standard error by least squares, over the upper half of the sizes but three at least.

    Raises:
        ValueError: If there are fewer than three sizes.
    """
    kept = max(3, math.ceil(len(sizes) / 2))
    if len(sizes) < 3 or len(sizes) != len(values):
        raise ValueError("an exponent needs three sizes or more, each with its value")
    x, y = [math.log(size) for size in sizes[-kept:]], [math.log(value) for value in values[-kept:]]
    slope, intercept = statistics.linear_regression(x, y)
    left = sum((b - intercept - slope * a) ** 2 for a, b in zip(x, y, strict=True))
    spread = sum((a - statistics.fmean(x)) ** 2 for a in x)
    return slope, math.sqrt(left / (kept - 2) / spread)


def memory(axis: Axis, peaks: list[float]) -> str:
    """The exponent of memory, where all sizes of the upper half hold enough to tell."""
    kept = max(3, math.ceil(len(peaks) / 2))
    return exponent(axis.sizes, peaks) if min(peaks[-kept:]) >= LEAST_MEGABYTES else "too little to tell"


def cell(point: Point) -> str:
    """Time and memory of a point."""
    factor, unit = (1, "s") if point.seconds >= 1 else (1e3, "ms")
    held = "< 1" if point.megabytes < LEAST_MEGABYTES else significant(point.megabytes)
    return f"{significant(factor * point.seconds)} {unit}, {held} MB"


def size_of(count: float) -> str:
    """A number of bytes."""
    return f"{count / 1e6:.2f} MB"


def one(subject: str, size: int) -> Point:
    """Measure in this process."""
    from benchmarks.growth_tasks import SUBJECTS

    call = SUBJECTS[subject](size)
    with torch.inference_mode(subject != "training step"):
        _give_back()
        before = _held("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts from here
        started = time.perf_counter()
        returned = call()
        seconds = [time.perf_counter() - started]
        peak = _held("VmHWM") - before
        while len(seconds) < MOST and (len(seconds) <= FEWEST or sum(seconds) < SECONDS):
            started = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - started)
    number = float(returned) if isinstance(returned, int | float) else None
    return Point(min(seconds[1:]), max(0.0, peak), number)


def _give_back() -> None:
    """Return freed memory to the system: what a call takes from it again would not show as growth."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _held(field: str) -> float:
    """Megabytes of this process that the kernel counts under a name; Linux only."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{field}:"))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(dataclasses.asdict(one(sys.argv[1], int(sys.argv[2])))))
    else:
        for axis in AXES:
            if len(sys.argv) == 1 or sys.argv[1] == axis.name:
                print(table(axis).markdown(), flush=True)
