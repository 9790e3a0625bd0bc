"""Timings in turns, their ratios, and tables of them.

Speed is given as a ratio to something timed in the same run, because machines differ and drift. What is compared takes
turns, A B C A B C ..., so that a slow minute meets all of it alike, and a ratio is the median over the turns.
"""

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

# A turn repeats a short call for about so long, so that the clock and the caches of a change of turn weigh little.
SECONDS_PER_TURN = 0.1

Row = tuple[str, ...]


class Seconds(float):
    """What a callable returns that has timed itself, in another process say: seconds a call."""


@dataclass(frozen=True)
class Spread:
    """A median with the quartiles around it."""

    median: float
    lower: float
    upper: float

    @classmethod
    def of(cls, values: tuple[float, ...]) -> "Spread":
        """The median and quartiles of at least one value.

        Raises:
            ValueError: If there is none.
        """
        if not values:
            raise ValueError("a spread needs at least one value")
        lower, median, upper = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
        return cls(median, lower, upper)

    def __str__(self) -> str:
        """The ratio as it stands in a table: `1.21 (1.19–1.24)`."""
        return f"{significant(self.median)} ({significant(self.lower)}–{significant(self.upper)})"


@dataclass(frozen=True)
class Timing:
    """How long a call took, in seconds, turn by turn."""

    seconds: tuple[float, ...]

    def per(self, count: int) -> "Timing":
        """The time of one of `count` things that a call does."""
        return Timing(tuple(seconds / count for seconds in self.seconds))

    @property
    def spread(self) -> Spread:
        """Median and quartiles in seconds."""
        return Spread.of(self.seconds)

    @property
    def median(self) -> float:
        """Median in seconds."""
        return self.spread.median

    def __str__(self) -> str:
        """The time as it stands in a table: `17.5 ms (17.2–17.9)`."""
        spread = self.spread
        factor, unit = next(
            (factor, unit)
            for least, factor, unit in ((1, 1, "s"), (1e-3, 1e3, "ms"), (0, 1e6, "µs"))
            if spread.median >= least
        )
        lower, upper = significant(factor * spread.lower), significant(factor * spread.upper)
        return f"{significant(factor * spread.median)} {unit} ({lower}–{upper})"


def compare(*, turns: int = 15, warm_up: int = 2, **callables: Callable[[], object]) -> dict[str, Timing]:
    """Time callables by keyword: see `take_turns`."""
    return take_turns(callables, turns, warm_up)


def take_turns(callables: Mapping[str, Callable[[], object]], turns: int = 15, warm_up: int = 2) -> dict[str, Timing]:
    """Time the callables in turns; the n-th time of each was taken in the same turn.

    A callable that returns `Seconds` has timed itself and is called once a turn.

    Arguments:
        callables: What is timed, by name.
        turns: Turns that count.
        warm_up: Calls of each before, at least one, whose last also decides how often a turn repeats the call.
    """
    repeats = {name: _repeats(call, warm_up) for name, call in callables.items()}
    seconds: dict[str, list[float]] = {name: [] for name in callables}
    for _ in range(turns):
        for name, call in callables.items():
            seconds[name].append(_turn(call, repeats[name]))
    return {name: Timing(tuple(times)) for name, times in seconds.items()}


def ratio(timing: Timing, base: Timing) -> Spread:
    """Median and quartiles of `timing` over `base`, turn by turn; both come from one `compare`."""
    return Spread.of(tuple(a / b for a, b in zip(timing.seconds, base.seconds, strict=True)))


def _repeats(call: Callable[[], object], warm_up: int) -> int:
    for _ in range(warm_up - 1):
        call()
    started = time.perf_counter()
    if isinstance(call(), Seconds):
        return 1
    return max(1, round(SECONDS_PER_TURN / max(1e-9, time.perf_counter() - started)))


def _turn(call: Callable[[], object], repeats: int) -> float:
    if repeats > 1:
        call()  # finds the caches full of another's numbers
    started = time.perf_counter()
    for _ in range(repeats):
        result = call()
    elapsed = (time.perf_counter() - started) / repeats
    return float(result) if isinstance(result, Seconds) else elapsed


@dataclass(frozen=True)
class Table:
    """A table of benchmarks/RESULTS.md.

    Attributes:
        title: Its heading.
        columns: Names of its columns, with units where the cells have none.
        rows: As many cells each.
        note: What was timed against what, under the table; may be empty.
    """

    title: str
    columns: Row
    rows: tuple[Row, ...]
    note: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"{self.title}: a row of {len(row)} cells under {len(self.columns)} columns: {row}")

    def markdown(self) -> str:
        """The table with its heading and note, as markdown."""
        lines = [f"### {self.title}", "", _line(self.columns), "|" + "---|" * len(self.columns)]
        lines += [_line(row) for row in self.rows]
        return "\n".join([*lines, "", self.note, ""] if self.note else [*lines, ""])


def _line(cells: Row) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def significant(value: float) -> str:
    """Three significant digits in plain notation, thousands set apart."""
    if value == 0:
        return "0"
    rounded = float(f"{value:.3g}")
    digits = max(0, 2 - _magnitude(rounded))
    return f"{rounded:,.{digits}f}".replace("-", "−")


def _magnitude(value: float) -> int:
    return int(f"{abs(value):e}".split("e")[1])


def progress(text: str) -> None:
    """Say what has been timed, for who waits; not part of a table."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Let torch compute with so many threads, for the length of a `with` block."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def machine() -> str:
    """The kind of this machine and the versions that decide its speed; never its name."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return (
        f"{cores} cores of an {platform.machine().replace('_', '-')} CPU{_processor()}, {gpu}, "
        f"torch {torch.__version__.split('+')[0]}, Python {platform.python_version()}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f" ({names[0]})" if names else ""
