"""The ablation: each switch switches off what it names, and the table says what the times say."""

import asyncio
import gc
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import numpy as np
import pytest

from benchmarks.ablated import SWITCHES
from benchmarks.ablation import AGAIN, ALL, Times, first_row, measured, ratios, rows_of, server_without
from benchmarks.viewers import Moved
from tools.patience import patience
from tools.server import ROOT

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
def test_a_server_runs_without_what_is_named_and_is_timed(tmp_path, off, said):
    script = tmp_path / "page.py"
    script.write_text(SCRIPT, encoding="utf-8")
    control = Moved("", "slid", [0.1, 0.2, 0.3, 0.4], "")
    with server_without(off, tmp_path / "log.txt", script) as server, ThreadPoolExecutor(1) as thread:
        run = measured({ALL: server.url}, [control], repeats=2, viewers=2, clicks=3)
        times = thread.submit(lambda: asyncio.run(run)).result()[ALL][""]
        assert seen(server.log.read_text()) == {said}
    assert [len(each) for each in times.crowd] == [4, 4]
    assert [len(each) for each in times.alone] == [3, 3]
    assert all(0 < one < patience() for repeat in times.crowd + times.alone for one in repeat)


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


def times(factor: float, slow: float = 1.0) -> dict[str, Times]:
    """Two pages of forty and twenty times a repeat; one in ten is slower by a factor of its own."""
    chance = np.random.default_rng(0)

    def drawn(count: int) -> list[float]:
        found = factor * chance.uniform(0.99, 1.01, count)
        found[::10] *= slow
        return found.tolist()

    return {page: Times([drawn(40) for _ in range(5)], [drawn(20) for _ in range(5)]) for page in ("", "components")}


def test_ratios_are_those_of_the_quantiles():
    found = ratios(times(0.3, slow=4.0), times(0.1, slow=2.0))
    for median, p95 in ((found.crowd_median, found.crowd_p95), (found.alone_median, found.alone_p95)):
        assert median.median == pytest.approx(3, rel=0.01)
        assert p95.median == pytest.approx(6, rel=0.02)
        assert median.lower <= median.median <= median.upper
        assert median.upper - median.lower < 0.1


@pytest.mark.parametrize(
    ("factor", "slow", "verdict"), [(1.0, 1.0, "no"), (0.5, 1.0, "no"), (1.3, 1.0, "yes"), (1.0, 1.3, "yes")]
)
def test_ten_percent_of_a_median_or_a_95th_percentile_is_enough(factor, slow, verdict):
    same, found = ratios(times(1.0), times(1.0)), ratios(times(factor, slow), times(1.0))
    rows = rows_of({AGAIN: same, "turns": found})
    assert [each[0] for each in rows] == [AGAIN, "turns"]
    assert rows[1][-1] == verdict


@pytest.mark.parametrize("factor", [0.8, 1.2])
def test_nothing_is_said_where_equal_servers_differ(factor):
    rows = rows_of({AGAIN: ratios(times(factor), times(1.0)), "turns": ratios(times(2.0), times(1.0))})
    assert [each[-1] for each in rows] == ["too busy", "open"]


def test_what_scatters_about_ten_percent_is_open():
    base, other = times(1.0), times(1.0)
    for each in other.values():
        each.crowd[0] = [3 * one for one in each.crowd[0]]
    assert ratios(other, base).verdict() == "open"


def test_the_first_row_has_the_times():
    assert first_row(times(0.1))[:2] == (ALL, "100 ms")
    assert len(first_row(times(0.1))) == len(rows_of({AGAIN: ratios(times(1.0), times(1.0))})[0])
