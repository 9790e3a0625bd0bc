"""The load test's own arithmetic, and a viewer without a browser on a real server."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.viewers import Coming, Moved, Together, each_on_their_own, values_of_its_own
from tools.server import serve
from tools.session import Served

SCRIPT = """
import streamlit as st

assert st.query_params["q"] == "7"
for line in range(9):
    st.text(f"line {line}")

@st.fragment
def part():
    value = st.slider("Slider", 0.0, 1.0, 0.5, key="slid")
    st.text(f"value {value}")
    if value > 0.9:
        raise ValueError("too far")

part()
"""


def test_slope_is_megabytes_a_minute_after_the_start():
    times = [0.0, 30.0, 60.0, 90.0, 120.0]
    seen = Coming(9, 2.0, times, [100.0, 300.0, 302.0, 304.0, 306.0])
    assert seen.slope(30.0) == pytest.approx(4.0)
    assert seen.slope() > 10


def test_a_row_gives_milliseconds_and_kilobytes():
    found = Together(Moved("active_units", "units_image", (1, 2)), [Served(0.1, 2000, 3), Served(0.3, 4000, 3)], 1.25)
    page, key, runs, median, _, longest, sent, memory = found.row()
    assert (page, key, runs) == ("active units", "units_image", "2")
    assert (median, longest, sent, memory) == ("200 ms", "300 ms", "3.00 kB", "1.2 MB")


def test_no_value_is_given_twice_while_there_are_any_left():
    control = Moved("", "slid", list(range(12)))
    given = [values_of_its_own(control, rank, 3, 4) for rank in range(3)]
    assert sorted(value for each in given for value in each) == list(range(12))
    assert values_of_its_own(control, 1, 3, 6)[4:] == given[1][:2]


def test_viewers_on_their_own_look_for_a_while_between_their_moves(tmp_path):
    script = tmp_path / "page.py"
    script.write_text(SCRIPT, encoding="utf-8")
    control = Moved("", "slid", [0.1, 0.2, 0.3, 0.4], "q=7")

    def seen(url: str) -> tuple[list[Together], float]:
        began = time.monotonic()
        found = asyncio.run(each_on_their_own(url, 2, 3, [control], (0.2, 0.3)))
        return found, time.monotonic() - began

    with serve(script, tmp_path / "log.txt") as server, ThreadPoolExecutor(1) as thread:
        (found,), seconds = thread.submit(lambda: seen(server.url)).result()
    assert len(found.served) == 2 * 3  # a viewer's first move is not counted
    assert seconds > 4 * 0.2
    assert all(0 < one.seconds < seconds for one in found.served)
