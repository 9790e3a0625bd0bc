"""Twenty viewers, and viewers who come and go: how long they wait, and what the server's memory does.

    python -m benchmarks.viewers [--minutes 3] [--at-once 4]

The server is the dashboard; the viewers are sessions of its own protocol without a browser (`tools/session.py`),
in a process of their own. Together: all open a page, then all move one of its controls at the same moment, over and
over; a viewer waits from its request to the last message of that run. Coming and going: viewers open a page, move a
control and leave, for so many minutes, while the server's resident memory is read; Streamlit keeps a session for two
minutes after its viewer has left.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Self

from benchmarks.timing import Table, progress, significant
from tools.server import ROOT, serve
from tools.session import Served, Viewer

VIEWERS, ROUNDS = 20, 15
PAUSE = 1.0
"""Seconds between two movements of all viewers: each has then answered the last one."""

MEGABYTE = 2**20
EXPERIMENT = "mnist-2d"
FORGOTTEN = 130.0
"""Seconds after which Streamlit has dropped the session of a viewer who left (120, and what its check takes)."""


@dataclass(frozen=True)
class Moved:
    """A page and one of its controls, by their key, with the values that it takes in turn."""

    page: str
    key: str
    values: Sequence[float]
    query: str = f"experiment={EXPERIMENT}"


CONTROLS = (
    Moved("", "overview_seed", range(1, 1000)),
    Moved("pseudo_inputs", "component", range(32)),
    Moved("components", "components_temperature", [0.05 * step for step in range(41)]),
    Moved("latent_space", "latent_radius", [0.05 * step for step in range(1, 50)]),
    Moved("active_units", "units_image", range(1, 1000)),
    Moved("compare", "compare_seed", range(1, 1000)),
)


def resident(pid: int) -> float:
    """Resident memory of a process in MB (Linux)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE


@dataclass
class Together:
    """What all viewers saw of one control, and what they cost."""

    control: Moved
    served: list[Served]
    megabytes: float

    def row(self) -> tuple[str, ...]:
        """A row of the table."""
        times = [1000 * one.seconds for one in self.served]
        p95 = statistics.quantiles(times, n=20)[-1]
        return (
            self.control.page.replace("_", " ") or "overview",
            self.control.key,
            f"{len(times):,}",
            f"{significant(statistics.median(times))} ms",
            f"{significant(p95)} ms",
            f"{significant(max(times))} ms",
            f"{significant(statistics.median(one.bytes for one in self.served) / 1000)} kB",
            f"{self.megabytes:.1f} MB",
        )


class Crowd:
    """Viewers of one page of one server, and the values that they give its control; they leave with the block.

    Arguments:
        url: Address of the server.
        control: What they move.
        viewers: How many.
    """

    def __init__(self, url: str, control: Moved, viewers: int) -> None:
        self.control, self._places = control, count(1)
        self._viewers = [Viewer(url, control.page, control.query) for _ in range(viewers)]

    async def __aenter__(self) -> Self:
        for viewer in self._viewers:
            await viewer.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        for viewer in self._viewers:
            await viewer.__aexit__(None, None, None)

    def _next(self) -> float:
        return self.control.values[next(self._places) % len(self.control.values)]

    async def together(self, rounds: int) -> list[Served]:
        """All move at the same moment: to one value, as in a lecture, in every second round each to its own."""
        served: list[Served] = []
        for turn in range(rounds):
            values = [self._next()] * len(self._viewers) if turn % 2 == 0 else [self._next() for _ in self._viewers]
            began = time.monotonic()
            moves = (one.set(self.control.key, value) for one, value in zip(self._viewers, values, strict=True))
            served += await asyncio.gather(*moves)
            await asyncio.sleep(max(0.0, PAUSE - (time.monotonic() - began)))
        return served

    async def alone(self, times: int) -> list[Served]:
        """The first viewer moves, again and again."""
        served = []
        for _ in range(times):
            served.append(await self._viewers[0].set(self.control.key, self._next()))
            await asyncio.sleep(PAUSE / 10)
        return served


async def together(url: str, pid: int, control: Moved, viewers: int, rounds: int) -> Together:
    """All viewers open a page and move its control at the same moment, over and over."""
    async with Viewer(url, control.page, control.query) as first:
        await first.set(control.key, control.values[0])
    before = resident(pid)
    async with Crowd(url, control, viewers) as crowd:
        return Together(control, await crowd.together(rounds), (resident(pid) - before) / viewers)


@dataclass(frozen=True)
class Coming:
    """Viewers who came and went, and the server's memory meanwhile.

    Attributes:
        visits: How many.
        minutes: For how long.
        times: Seconds since the start, of each reading.
        megabytes: Resident memory at each.
    """

    visits: int
    minutes: float
    times: list[float]
    megabytes: list[float]

    def slope(self, after: float = 0.0) -> float:
        """MB a minute, by least squares over the readings after so many seconds."""
        kept = [(at / 60, held) for at, held in zip(self.times, self.megabytes, strict=True) if at >= after]
        if len(kept) < 3:
            return float("nan")
        return statistics.linear_regression([at for at, _ in kept], [held for _, held in kept]).slope


async def coming_and_going(url: str, pid: int, minutes: float, at_once: int) -> Coming:
    """Viewers open a page, move a control, look for a moment, and leave; so many at a time, for so many minutes."""
    began, visits = time.monotonic(), count()
    times, megabytes = [], []

    def left() -> float:
        return 60 * minutes - (time.monotonic() - began)

    async def visitors() -> None:
        while left() > 0:
            control = CONTROLS[next(visits) % len(CONTROLS)]
            async with Viewer(url, control.page, control.query) as viewer:
                await viewer.set(control.key, control.values[5])
                await asyncio.sleep(0.2)

    async def reader() -> None:
        while left() > 0:
            times.append(time.monotonic() - began)
            megabytes.append(resident(pid))
            await asyncio.sleep(min(5.0, max(0.1, left())))

    await asyncio.gather(reader(), *(visitors() for _ in range(at_once)))
    return Coming(next(visits), minutes, times, megabytes)


async def measured(url: str, pid: int, minutes: float, at_once: int) -> list[Table]:
    """Viewers together, and viewers who come and go."""
    rows = []
    for control in CONTROLS:
        rows.append((await together(url, pid, control, VIEWERS, ROUNDS)).row())
        progress("  " + " | ".join(rows[-1]))
    seen = await coming_and_going(url, pid, minutes, at_once)
    settled = min(FORGOTTEN, 30 * minutes)
    row = (
        f"{seen.visits:,}",
        f"{seen.minutes:g} min",
        f"{seen.megabytes[0]:.0f} MB",
        f"{max(seen.megabytes):.0f} MB",
        f"{seen.megabytes[-1]:.0f} MB",
        f"{seen.slope(settled):+.2f} MB/min".replace("-", "−"),
    )
    some = list(zip(seen.times, seen.megabytes, strict=True))[:: max(1, len(seen.times) // 8)]
    note = (
        f"{at_once} at a time. Slope over the readings after {settled:.0f} s, by when as many sessions are dropped as "
        f"opened. {'; '.join(f'{at / 60:.1f} min: {held:.0f} MB' for at, held in some)}."
    )
    return [
        Table(f"{VIEWERS} viewers together", TOGETHER, tuple(rows), TOGETHER_NOTE),
        Table("Viewers who come and go", GOING, (row,), note),
    ]


TOGETHER = ("page", "control", "runs", "median", "95th percentile", "longest", "sent", "memory a viewer")
TOGETHER_NOTE = (
    f"{VIEWERS} sessions without a browser move a control at the same moment, {ROUNDS} times, on {EXPERIMENT}, in the "
    "odd rounds all to one value and in the even ones each to its own; time from the request to the last message of "
    "the run. Goals: median 200 ms, 95th percentile 300 ms, 3 MB a viewer. Memory is what the server grew by, divided "
    "by the viewers, with what the caches took meanwhile."
)
GOING = ("visits", "for", "at first", "at most", "at last", "slope")


def tables(minutes: float = 3.0, at_once: int = 4) -> list[Table]:
    """Viewers together, and viewers who come and go, so many minutes and so many at a time.

    Raises:
        tools.session.Failed: If any run of any viewer fails.
        RuntimeError: If the server wrote an error.
    """
    with tempfile.TemporaryDirectory() as folder, serve(ROOT / "app" / "asgi.py", Path(folder) / "log.txt") as server:
        found = asyncio.run(measured(server.url, server.pid, minutes, at_once))
        if errors := server.errors():
            raise RuntimeError(f"the server wrote:\n{errors}")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3.0, help="of coming and going; 60 for an hour")
    parser.add_argument("--at-once", type=int, default=4, help="visitors at a time while they come and go")
    options = parser.parse_args()
    for table in tables(options.minutes, options.at_once):
        print("\n" + table.markdown())
