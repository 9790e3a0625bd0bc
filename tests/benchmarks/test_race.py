"""The race beside the viewers trains as long as its block, and no longer."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.engines.limits import Limits
from app.engines.local import Local
from benchmarks.race import racing
from tests.app.engines.conftest import FAKE, FOREVER, ask
from vampcore.training.race_folder import race_state


@pytest.fixture
def turn(tmp_path):
    """Takes a turn of a race that a fake trainer trains with these arguments: what it does within, and after."""
    engines, folder = [], ask(tmp_path, "race")

    async def within(engine):
        async with racing(engine, folder):
            return race_state(folder)

    def take(*arguments):
        engines.append(Local(tmp_path, Limits(), (*FAKE, *arguments)))
        with ThreadPoolExecutor(1) as thread:  # where no loop runs, whatever the tests before left in this one
            return thread.submit(lambda: asyncio.run(within(engines[-1]))).result(), race_state(folder)

    yield take
    for each in engines:
        each.end()


def test_it_is_stopped_and_goes_on(turn):
    assert turn(*FOREVER) == turn(*FOREVER) == ("training", "stopped")


def test_one_that_fails_is_not_waited_for(turn):
    with pytest.raises(RuntimeError, match="there is no such device"):
        turn("--fail")
