"""A race beside twenty viewers: how much longer they wait while their server trains one, as its page Train starts it.

With and without the race take turns on one server, as the variants of `benchmarks/ablation.py` do. The race is one of
three priors on digits; for each of its turns it goes on where it was stopped.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

from app.engines.limits import Limits
from app.engines.local import Local
from app.services.race_choice import Choice, configurations
from benchmarks.ablation import CLICKS, PAGES, REPEATS, ROUNDS, measured, table
from benchmarks.timing import Table
from benchmarks.viewers import CONTROLS, VIEWERS
from tools.server import ROOT, serve
from vampcore.training.race_folder import Request, read_progress, write_request

WITHOUT, WITH = "none", "three priors on digits, nice 10"
NOTE = (
    f"Times without a race, then times with one ÷ those: median and quartiles over {REPEATS} turns on each of "
    f"{len(PAGES)} pages; {VIEWERS} sessions without a browser move a control at the same moment ({ROUNDS} times), "
    f"then one of them alone ({CLICKS} times). The goal is a ratio of medians of at most 1.5."
)


@asynccontextmanager
async def racing(engine: Local, folder: Path) -> AsyncIterator[None]:
    """A race that trains until the block ends; the server that works at the queue of its folder starts it.

    Raises:
        RuntimeError: If it ends before each prior has trained an epoch.
    """
    begun = [each.epoch + 1 for each in read_progress(folder).runs]
    engine.submit(folder)
    while any(each.epoch < least for each, least in zip(read_progress(folder).runs, begun, strict=True)):
        if engine.state(folder.name) == "gone":
            raise RuntimeError(f"the race ended: {engine.tickets.read(folder.name)}")
        await asyncio.sleep(0.1)
    try:
        yield
    finally:
        engine.stop(folder.name)
        while engine.state(folder.name) != "gone":
            await asyncio.sleep(0.1)


def tables() -> list[Table]:
    """A server that trains a race against the same server without one."""
    trains = {"VAMPSCOPE_TRAIN": "local", "PYTHONPATH": str(ROOT)}
    choice = Choice("digits", ("sg", "mog", "vamp"), components=16, latent_dim=2, hidden=100, epochs=1000)
    controls = [each for each in CONTROLS if each.page in PAGES]
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "runs" / "race"
        write_request(folder, Request(configurations(choice, folder.name)))
        with serve(ROOT / "app" / "asgi.py", Path(home) / "log.txt", trains, folder=Path(home)) as server:
            engine, urls = Local(folder.parent, Limits()), dict.fromkeys((WITHOUT, WITH), server.url)
            run = measured(
                urls, controls, around=lambda name: racing(engine, folder) if name == WITH else nullcontext()
            )
            return [table(asyncio.run(run), "A race beside the viewers", "race", NOTE)]
