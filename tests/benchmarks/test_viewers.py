"""The load test's own arithmetic."""

import pytest

from benchmarks.viewers import Coming, Moved, Together
from tools.session import Served


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
