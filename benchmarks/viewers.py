"""Twenty viewers: how long they wait, and what they cost the server in memory.

The server is the dashboard; the viewers are sessions of its own protocol without a browser (`tools/session.py`),
in a process of their own. All open a page, then all move one of its controls at the same moment, over and over; a
viewer waits from its request to the last message of that run.
"""

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


async def together(url: str, pid: int, control: Moved) -> Together:
    """All viewers open a page and move its control at the same moment, over and over."""
    async with Viewer(url, control.page, control.query) as first:
        await first.set(control.key, control.values[0])
    before = resident(pid)
    async with Crowd(url, control, VIEWERS) as crowd:
        return Together(control, await crowd.together(ROUNDS), (resident(pid) - before) / VIEWERS)


COLUMNS = ("page", "control", "runs", "median", "95th percentile", "longest", "sent", "memory a viewer")
NOTE = (
    f"{VIEWERS} sessions without a browser move a control at the same moment, {ROUNDS} times, on {EXPERIMENT}, in the "
    "odd rounds all to one value and in the even ones each to its own; time from the request to the last message of "
    "the run. Goals: median 200 ms, 95th percentile 300 ms, 3 MB a viewer. Memory is what the server grew by, divided "
    "by the viewers, with what the caches took meanwhile."
)


def tables() -> list[Table]:
    """Twenty viewers together, on six pages.

    Raises:
        tools.session.Failed: If any run of any viewer fails.
        RuntimeError: If the server wrote an error.
    """
    rows = []
    with tempfile.TemporaryDirectory() as folder, serve(ROOT / "app" / "asgi.py", Path(folder) / "log.txt") as server:
        for control in CONTROLS:
            rows.append(asyncio.run(together(server.url, server.pid, control)).row())
            progress("  " + " | ".join(rows[-1]))
        if errors := server.errors():
            raise RuntimeError(f"the server wrote:\n{errors}")
    return [Table(f"{VIEWERS} viewers together", COLUMNS, tuple(rows), NOTE)]
