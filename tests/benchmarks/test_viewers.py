"""The load test's own arithmetic."""

from benchmarks.viewers import Moved, Together
from tools.session import Served


def test_a_row_gives_milliseconds_and_kilobytes():
    found = Together(Moved("active_units", "units_image", (1, 2)), [Served(0.1, 2000, 3), Served(0.3, 4000, 3)], 1.25)
    page, key, runs, median, _, longest, sent, memory = found.row()
    assert (page, key, runs) == ("active units", "units_image", "2")
    assert (median, longest, sent, memory) == ("200 ms", "300 ms", "3.00 kB", "1.2 MB")
