"""The ablation: each switch switches off what it names, and the table says what the times say."""

import asyncio
import gc
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import pytest

from benchmarks.ablated import SWITCHES
from benchmarks.ablation import AGAIN, ALL, measured, server_without, table
from benchmarks.timing import Timing
from benchmarks.viewers import Moved
from tools.patience import patience
from tools.server import ROOT
from tools.session import Served

SCRIPT = """
import gc, sys
import streamlit as st

gc.freeze()

@st.fragment
def part():
    st.slider("Slider", 0.0, 1.0, 0.5, key="slid")
    collects = st.config.get_option("runner.postScriptGC")
    loop = type(st.runtime.get_instance()._get_async_objs().eventloop).__module__
    # In one piece: print writes word by word, and sessions run beside each other.
    sys.stdout.write(f"seen {collects} {gc.get_freeze_count() > 0} {loop}\\n")
    sys.stdout.flush()

part()
"""


@pytest.fixture
def switched_off():
    """Switches off by name, in this process, until the test ends."""
    yield lambda *names: [SWITCHES[name][1]() for name in names]
    mock.patch.stopall()


def seen(log: str) -> set[str]:
    """What the script said, each once."""
    return {line for line in log.splitlines() if line.startswith("seen")}


@pytest.mark.parametrize(
    ("off", "said"),
    [
        ((), "seen False True uvloop"),
        (("postscriptgc", "freeze", "uvloop"), "seen True False asyncio.unix_events"),
    ],
)
def test_a_server_runs_without_what_is_named_and_is_timed(tmp_path, monkeypatch, off, said):
    monkeypatch.setattr("benchmarks.viewers.PAUSE", 0.1)
    script = tmp_path / "page.py"
    script.write_text(SCRIPT, encoding="utf-8")
    control = Moved("", "slid", [0.1, 0.2, 0.3, 0.4], "")
    with server_without(off, tmp_path / "log.txt", script) as server, ThreadPoolExecutor(1) as thread:
        run = measured({ALL: server.url}, [control], repeats=2, viewers=2)
        found = thread.submit(lambda: asyncio.run(run)).result()[ALL]
        assert seen(server.log.read_text()) == {said}
    assert [len(each.seconds) for each in found] == [2] * 4
    assert all(0 < one < patience() for each in found for one in each.seconds)


def test_pages_have_no_turns_and_streamlits_cache():
    script = """
from benchmarks.ablated import SWITCHES
for name in ("turns", "cache"):
    SWITCHES[name][1]()
from contextlib import nullcontext
from app.services import catalogue, loading, turns
assert turns.rendering is nullcontext and loading.lock_released is nullcontext
for cached in (catalogue.facts, loading.loaded):
    assert type(cached).__module__.startswith("streamlit.runtime.caching"), type(cached)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_nothing_is_frozen(switched_off):
    before = gc.get_freeze_count()
    switched_off("freeze")
    gc.freeze()
    assert gc.get_freeze_count() <= before  # what was frozen earlier may have been freed


def figures(*factors: float) -> tuple[Timing, ...]:
    """Four figures of three turns, of which the n-th takes n times as long."""
    return tuple(Timing(tuple(0.1 * factor * turn for turn in (1, 2, 3))) for factor in factors)


def test_the_table_has_the_times_and_then_the_ratios():
    times = {ALL: figures(1, 2, 1, 2), AGAIN: figures(1, 2, 1, 2), "turns": figures(1.3, 3, 1, 1)}
    found = table(times, "title", "switched off", "note")
    assert (found.title, found.columns[:2]) == ("title", ("switched off", "20 viewers, median"))
    first, again, turns = found.rows
    assert first == (ALL, "200 ms (150–250)", "400 ms (300–500)", "200 ms (150–250)", "400 ms (300–500)")
    assert again == (AGAIN, *["1.00 (1.00–1.00)"] * 4)
    assert turns == ("turns", "1.30 (1.30–1.30)", "1.50 (1.50–1.50)", "1.00 (1.00–1.00)", "0.500 (0.500–0.500)")


def test_figures_are_medians_and_95th_percentiles_of_all_and_of_one(monkeypatch):
    class Crowded:
        """The one who moves alone waits 1 s; of those who move together one in ten waits 3 s, the others 2 s."""

        def __init__(self, url, control, viewers):
            self.viewers = viewers

        async def __aenter__(self):
            return self

        async def __aexit__(self, *_):
            pass

        async def together(self, rounds):
            return [Served(3.0 if each % 10 == 0 else 2.0, 1, 1) for each in range(self.viewers * rounds)]

        async def alone(self, times):
            return [Served(1.0, 1, 1)] * times

    monkeypatch.setattr("benchmarks.ablation.Crowd", Crowded)
    controls = [Moved(page, "key", [1]) for page in ("", "components")]
    run = measured({ALL: "", "turns": ""}, controls, repeats=3)
    with ThreadPoolExecutor(1) as thread:  # where no loop runs, whatever the tests before left in this one
        found = thread.submit(asyncio.run, run).result()
    assert found == {name: tuple(Timing((value,) * 6) for value in (2.0, 3.0, 1.0, 1.0)) for name in (ALL, "turns")}
