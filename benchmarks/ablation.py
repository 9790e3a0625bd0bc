"""What each piece of the server's machinery brings: the server without it against the server with all of it.

Each variant has a server of its own (`benchmarks/ablated.py`), which lives through the whole run. The viewers of
`benchmarks/viewers.py` move a control at the same moment, then one of them moves it alone. The variants take turns, in
a new random order for each page of each repeat, and all get the same values. A second server with all of it shows what
the method itself scatters by.
"""

import asyncio
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, contextmanager, nullcontext
from pathlib import Path

import numpy as np

from benchmarks.ablated import SWITCHES
from benchmarks.timing import Table, Timing, progress, ratio
from benchmarks.viewers import CONTROLS, VIEWERS, Crowd, Moved
from tools.server import ROOT, Server, serve

PAGES = ("", "components", "latent_space")
REPEATS, ROUNDS, CLICKS = 5, 2, 6
ALL, AGAIN = "nothing", "nothing, in a second server"
Figures = tuple[Timing, ...]
"""Median and 95th percentile of all viewers, then of one alone; one each of every page of every repeat."""

COLUMNS = tuple(
    f"{who}, {what}" for who in (f"{VIEWERS} viewers", "one viewer") for what in ("median", "95th percentile")
)
NOTE = (
    f"Times without a piece ÷ times with all of it, median and quartiles over pages and repeats; {VIEWERS} sessions "
    f"without a browser move a control of a page at the same moment ({ROUNDS} times), then one of them alone ({CLICKS} "
    f"times); {REPEATS} repeats on each of {len(PAGES)} pages, in which all servers take turns. The second server "
    "shows the noise. A piece stays if it brings 10 % of a median or of a 95th percentile."
)


@contextmanager
def server_without(off: Sequence[str], log: Path, script: Path = ROOT / "app" / "asgi.py") -> Iterator[Server]:
    """The dashboard with these pieces switched off, until the block ends.

    Raises:
        RuntimeError: If it does not start, or has written an error by then.
    """
    with serve(script, log, program=("benchmarks.ablated", *off, "--")) as server:
        yield server
        if errors := server.errors():
            raise RuntimeError(f"the server without {', '.join(off) or 'nothing'} wrote:\n{errors}")


async def measured(
    urls: Mapping[str, str],
    controls: Sequence[Moved],
    repeats: int = REPEATS,
    viewers: int = VIEWERS,
    around: Callable[[str], AbstractAsyncContextManager[None]] = lambda name: nullcontext(),
) -> dict[str, Figures]:
    """Let the variants take turns.

    Arguments:
        urls: Address of each variant's server.
        controls: The pages and what is moved there.
        repeats: How often all of it is measured.
        viewers: How many move at once.
        around: What lasts as long as a turn of a variant.
    """
    found: dict[str, list[list[float]]] = {name: [] for name in urls}
    chance = random.Random(0)
    async with AsyncExitStack() as stack:
        crowds = {}
        for name, url in urls.items():
            for control in controls:
                crowd = crowds[name, control.page] = await stack.enter_async_context(Crowd(url, control, viewers))
                await crowd.together(ROUNDS)  # what has to be computed once is not counted
        for repeat in range(repeats):
            for control in controls:
                for name in chance.sample(list(urls), len(urls)):
                    crowd = crowds[name, control.page]
                    async with around(name):
                        await crowd.together(1)  # the first round after a pause takes longer
                        times = [[one.seconds for one in await crowd.together(ROUNDS)]]
                        times += [[one.seconds for one in await crowd.alone(CLICKS)]]
                    found[name].append([float(np.quantile(each, q)) for each in times for q in (0.5, 0.95)])
            progress(f"  repeat {repeat + 1} of {repeats}")
    return {name: tuple(Timing(each) for each in zip(*rows, strict=True)) for name, rows in found.items()}


def table(figures: Mapping[str, Figures], title: str, what: str, note: str) -> Table:
    """The times of the first variant, then the ratios of all others to them."""
    (first, base), *others = figures.items()
    rows = [(first, *map(str, base))]
    for name, found in others:
        words = SWITCHES[name][0] if name in SWITCHES else name
        rows.append((words, *(str(ratio(one, other)) for one, other in zip(found, base, strict=True))))
    return Table(title, (what, *COLUMNS), tuple(rows), note)


def tables() -> list[Table]:
    """Each piece switched off alone.

    Raises:
        tools.session.Failed: If any run of any viewer fails.
        RuntimeError: If a server wrote an error.
    """
    off: dict[str, tuple[str, ...]] = {ALL: (), AGAIN: (), **{name: (name,) for name in SWITCHES}}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack, ThreadPoolExecutor(len(off)) as pool:
        starting = [server_without(each, Path(folder) / f"{number}.txt") for number, each in enumerate(off.values())]
        servers = pool.map(stack.enter_context, starting)
        urls = {name: server.url for name, server in zip(off, servers, strict=True)}
        found = asyncio.run(measured(urls, [each for each in CONTROLS if each.page in PAGES]))
        return [table(found, "What each piece of the server brings", "switched off", NOTE)]
