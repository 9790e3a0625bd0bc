"""What each piece of the server's machinery brings: the server without it against the server with all of it.

    python -m benchmarks.ablation [--quick] [--off NAME ...]

Each variant has a server of its own (`benchmarks/ablated.py`), which lives through the whole run. Twenty viewers move
a control of a page at the same moment, in one round all to one value and in the next each to its own; then one viewer
moves it alone. The variants take turns, in a new random order for each page of each repeat, and all get the same
values. A second server with all of it shows what the method itself scatters by: on a busy machine by more than what is
asked, and then nothing is said. Pieces that bring less than 10 % are at last switched off together. `--off` measures
only those, each alone and then together.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.ablated import SWITCHES
from benchmarks.timing import Row, Spread, Table, progress, significant
from benchmarks.viewers import CONTROLS, VIEWERS, Moved
from tools.server import ROOT, Server, answering, free_port
from tools.session import Viewer

PAGES = ("", "components", "latent_space")
REPEATS, CLICKS = 5, 6
QUICK_PAGES, QUICK_REPEATS = PAGES[:1], 3
ROUNDS = 2
AFTER_ALL, AFTER_ONE = 0.3, 0.1
"""Seconds after a movement of all viewers, and of one alone, in which the server finishes what nobody waits for."""

WORTH = 1.10
"""A piece stays if the server without it takes so many times as long, in a median or a 95th percentile."""

RESAMPLED = 400
ALL, AGAIN = "nothing", "nothing, in a second server"


class Variant(NamedTuple):
    """A server with some of its machinery switched off."""

    name: str
    off: tuple[str, ...] = ()


@dataclass
class Times:
    """Seconds of a variant on one page, a list for each repeat.

    Attributes:
        crowd: Of each viewer's run while all move at once.
        alone: Of each run of the one viewer.
    """

    crowd: list[list[float]] = field(default_factory=list)
    alone: list[list[float]] = field(default_factory=list)


Measured = dict[str, dict[str, Times]]
"""Times by the variant's name and the page."""


class Ratios(NamedTuple):
    """Times without a piece over times with all of it, median with its 95 % interval: crowd and one viewer."""

    crowd_median: Spread
    crowd_p95: Spread
    alone_median: Spread
    alone_p95: Spread

    def verdict(self) -> str:
        """Whether 10 % is reached: by the whole interval of one figure, by no interval of any, or it is open."""
        if any(each.lower >= WORTH for each in self):
            return "yes"
        return "no" if all(each.upper < WORTH for each in self) else "open"

    def steady(self) -> bool:
        """Whether all intervals are within 10 % of 1, as those of two equal servers have to be."""
        return all(each.lower > 1 / WORTH and each.upper < WORTH for each in self)


@contextmanager
def server_without(off: Sequence[str], log: Path, script: Path = ROOT / "app" / "asgi.py") -> Iterator[Server]:
    """The dashboard with these pieces switched off, until the block ends.

    Raises:
        RuntimeError: If it does not start, or has written an error by then.
    """
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.ablated", *off, "--", str(script), f"--server.port={port}"]
    command += ["--server.address=127.0.0.1", "--server.headless=true", "--server.fileWatcherType=none"]
    with answering(command, port, log) as server:
        yield server
        if errors := server.errors():
            raise RuntimeError(f"the server without {', '.join(off) or 'nothing'} wrote:\n{errors}")


class Crowd:
    """The viewers of one page of one server, and the values that they give its control.

    Arguments:
        url: Address of the server.
        control: What they move.
        viewers: How many.
    """

    def __init__(self, url: str, control: Moved, viewers: int) -> None:
        self._control, self._step = control, 0
        self._viewers = [Viewer(url, control.page, control.query) for _ in range(viewers)]

    async def open(self) -> None:
        """Open the page, one viewer after the other."""
        for viewer in self._viewers:
            await viewer.__aenter__()

    async def close(self) -> None:
        """Leave."""
        for viewer in self._viewers:
            await viewer.__aexit__(None, None, None)

    def _next(self) -> float:
        self._step += 1
        return self._control.values[self._step % len(self._control.values)]

    async def together(self, rounds: int = ROUNDS) -> list[float]:
        """All move at once, to one value in the first round and each to its own in the second, and so on."""
        seconds = []
        for turn in range(rounds):
            values = [self._next()] * len(self._viewers) if turn % 2 == 0 else [self._next() for _ in self._viewers]
            moves = (one.set(self._control.key, value) for one, value in zip(self._viewers, values, strict=True))
            seconds += [served.seconds for served in await asyncio.gather(*moves)]
            await asyncio.sleep(AFTER_ALL)
        return seconds

    async def alone(self, clicks: int) -> list[float]:
        """The first viewer moves, again and again."""
        seconds = []
        for _ in range(clicks):
            seconds.append((await self._viewers[0].set(self._control.key, self._next())).seconds)
            await asyncio.sleep(AFTER_ONE)
        return seconds


async def measured(
    urls: Mapping[str, str], controls: Sequence[Moved], repeats: int, viewers: int = VIEWERS, clicks: int = CLICKS
) -> Measured:
    """Let the variants take turns.

    Arguments:
        urls: Address of each variant's server.
        controls: The pages and what is moved there.
        repeats: How often all of it is measured.
        viewers: How many move at once.
        clicks: How often one moves alone, in each repeat.
    """
    crowds = {(name, each.page): Crowd(url, each, viewers) for name, url in urls.items() for each in controls}
    found: Measured = {name: {each.page: Times() for each in controls} for name in urls}
    chance = random.Random(0)
    try:
        await asyncio.gather(*(crowd.open() for crowd in crowds.values()))
        progress(f"  {len(crowds) * viewers} sessions are open")
        for crowd in crowds.values():
            await crowd.together()  # what has to be computed once is not counted
        for repeat in range(repeats):
            for control in controls:
                for name in chance.sample(list(urls), len(urls)):
                    crowd, times = crowds[name, control.page], found[name][control.page]
                    times.crowd.append(await crowd.together())
                    times.alone.append(await crowd.alone(clicks))
            progress(f"  repeat {repeat + 1} of {repeats}")
    finally:
        for crowd in crowds.values():
            await crowd.close()
    return found


def ratios(without: Mapping[str, Times], base: Mapping[str, Times]) -> Ratios:
    """Times of one variant over those of another, page by page.

    A figure is the geometric mean over the pages of the ratio of two quantiles over all repeats. Its interval holds
    95 % of the figures of repeats drawn with replacement, the same for both variants.
    """
    pages = [(without[page], base[page]) for page in base]
    crowd = [(np.array(ours.crowd), np.array(theirs.crowd)) for ours, theirs in pages]
    alone = [(np.array(ours.alone), np.array(theirs.alone)) for ours, theirs in pages]
    return Ratios(_ratio(crowd, 0.5), _ratio(crowd, 0.95), _ratio(alone, 0.5), _ratio(alone, 0.95))


def _ratio(pages: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]], quantile: float) -> Spread:
    chance, logs = np.random.default_rng(0), []
    for ours, theirs in pages:
        drawn = chance.integers(len(ours), size=(RESAMPLED, len(ours)))
        repeats = np.concatenate([np.arange(len(ours))[None], drawn])  # all of them, then those drawn
        figures = [np.quantile(each[repeats].reshape(len(repeats), -1), quantile, axis=1) for each in (ours, theirs)]
        logs.append(np.log(figures[0] / figures[1]))
    found = np.exp(np.mean(logs, axis=0))
    lower, upper = np.quantile(found[1:], [0.025, 0.975])
    return Spread(float(found[0]), float(lower), float(upper))


def rows_of(seen: Mapping[str, Ratios]) -> list[Row]:
    """Rows of the table: the four ratios, and whether 10 % is reached; all open where equal servers differ so much."""
    steady = seen[AGAIN].steady()
    first = (AGAIN, *map(str, seen[AGAIN]), "" if steady else "too busy")
    others = {name: each for name, each in seen.items() if name != AGAIN}
    rows = [(_words(name), *map(str, each), each.verdict() if steady else "open") for name, each in others.items()]
    return [first, *rows]


def _words(name: str) -> str:
    return SWITCHES[name][0] if name in SWITCHES else name


def first_row(base: Mapping[str, Times]) -> Row:
    """The times of the server with all of it, all pages together."""
    crowd = [1000 * one for times in base.values() for repeat in times.crowd for one in repeat]
    alone = [1000 * one for times in base.values() for repeat in times.alone for one in repeat]
    cells = (f"{significant(float(np.quantile(each, q)))} ms" for each in (crowd, alone) for q in (0.5, 0.95))
    return (ALL, *cells, "")


def compared(variants: Sequence[Variant], pages: Sequence[str], repeats: int) -> Measured:
    """Start a server for each variant, and measure all of them in turns."""
    controls = [control for control in CONTROLS if control.page in pages]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        starting = [server_without(each.off, Path(folder) / f"{number}.txt") for number, each in enumerate(variants)]
        with ThreadPoolExecutor(len(starting)) as pool:
            servers = list(pool.map(stack.enter_context, starting))
        urls = {each.name: server.url for each, server in zip(variants, servers, strict=True)}
        return asyncio.run(measured(urls, controls, repeats))


COLUMNS = (
    "switched off",
    f"{VIEWERS} viewers, median",
    f"{VIEWERS} viewers, 95th percentile",
    "one viewer, median",
    "one viewer, 95th percentile",
    "10 %",
)


def tables(
    pages: Sequence[str] = PAGES, repeats: int = REPEATS, switches: Sequence[str] = tuple(SWITCHES)
) -> list[Table]:
    """Each piece switched off alone, then together all that bring less than 10 %.

    Raises:
        tools.session.Failed: If any run of any viewer fails.
        RuntimeError: If a server wrote an error.
    """
    alone = compared([Variant(ALL), Variant(AGAIN), *(Variant(each, (each,)) for each in switches)], pages, repeats)
    seen = {name: ratios(alone[name], alone[ALL]) for name in (AGAIN, *switches)}
    found = Table("What each piece of the server brings", COLUMNS, _rows(alone[ALL], seen), _note(pages, repeats))
    little = tuple(name for name in switches if seen[name].verdict() == "no")
    if len(little) < 2 or not seen[AGAIN].steady():
        return [found]
    print("\n" + found.markdown(), flush=True)
    both = compared([Variant(ALL), Variant(AGAIN), Variant(", ".join(little), little)], pages, repeats)
    seen = {name: ratios(each, both[ALL]) for name, each in both.items() if name != ALL}
    return [found, Table("All that bring less than 10 %, switched off together", COLUMNS, _rows(both[ALL], seen))]


def _rows(base: Mapping[str, Times], seen: Mapping[str, Ratios]) -> tuple[Row, ...]:
    return (first_row(base), *rows_of(seen))


def _note(pages: Sequence[str], repeats: int) -> str:
    names = ", ".join(page.replace("_", " ") or "overview" for page in pages)
    return (
        f"Times without a piece ÷ times with all of it, with 95 % intervals; {VIEWERS} sessions without a browser move "
        f"a control of a page at the same moment ({ROUNDS} times), then one of them alone ({CLICKS} times); {names}; "
        f"{repeats} repeats, in each of which all servers take turns. Yes: an interval is above {WORTH:g}. No: all "
        "four are below. Open: neither, or the second server differs from the first by 10 %."
    )


def main() -> None:
    """Run it and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one page and three repeats: a few minutes")
    parser.add_argument("--repeats", type=int, help=f"{REPEATS} unless given")
    parser.add_argument("--off", nargs="+", choices=SWITCHES, default=tuple(SWITCHES), help="only these pieces")
    options = parser.parse_args()
    pages, repeats = (QUICK_PAGES, QUICK_REPEATS) if options.quick else (PAGES, REPEATS)
    for table in tables(pages, options.repeats or repeats, tuple(options.off)):
        print("\n" + table.markdown(), flush=True)


if __name__ == "__main__":
    main()
