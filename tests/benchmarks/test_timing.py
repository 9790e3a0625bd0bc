"""How timings are taken and shown. The clock is ours, so that no test depends on the machine's speed."""

import time

import pytest
import torch

from benchmarks import timing
from benchmarks.timing import Seconds, Spread, Table, Timing, compare, machine, ratio, significant, threads


@pytest.fixture
def clock(monkeypatch):
    """A clock that only `clock.append(seconds)` moves."""
    passed = []
    monkeypatch.setattr(time, "perf_counter", lambda: sum(passed))
    return passed


def test_callables_take_turns_after_a_warm_up(clock):
    calls = []

    def call(name, seconds):
        def timed():
            calls.append(name)
            clock.append(seconds)

        return timed

    timings = compare(turns=3, warm_up=2, a=call("a", 1), b=call("b", 2))
    assert "".join(calls) == "aabb" + "ababab"
    assert timings["a"].seconds == (1, 1, 1)
    assert timings["b"].seconds == (2, 2, 2)


def test_a_short_call_is_repeated_within_its_turn_after_one_that_does_not_count(clock):
    calls = []

    def short():
        calls.append(None)
        clock.append(timing.SECONDS_PER_TURN / 4)

    timings = compare(turns=2, warm_up=1, short=short)
    assert len(calls) == 1 + 2 * (1 + 4)
    assert timings["short"].seconds == pytest.approx((timing.SECONDS_PER_TURN / 4,) * 2)


def test_a_call_that_times_itself_is_believed(clock):
    answers = iter([9.0, 0.5, 0.25])

    def elsewhere():
        clock.append(100)
        return Seconds(next(answers))

    assert compare(turns=2, warm_up=1, elsewhere=elsewhere)["elsewhere"].seconds == (0.5, 0.25)


def test_a_ratio_is_taken_turn_by_turn():
    # A machine that halves its speed from turn to turn changes the times, and not their ratio.
    fast, slow = Timing((1.0, 2.0, 4.0, 8.0)), Timing((3.0, 6.0, 12.0, 24.0))
    assert ratio(slow, fast) == Spread(3.0, 3.0, 3.0)
    with pytest.raises(ValueError):
        ratio(slow, Timing((1.0,)))


def test_the_time_of_one_of_many():
    assert Timing((4.0, 8.0)).per(4).seconds == (1.0, 2.0)


def test_median_and_quartiles():
    spread = Timing((5.0, 1.0, 2.0, 4.0, 3.0)).spread
    assert spread == Spread(3.0, 2.0, 4.0)
    assert Timing((7.0,)).spread == Spread(7.0, 7.0, 7.0)
    with pytest.raises(ValueError, match="at least one"):
        Spread.of(())


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (1.2345, "1.23"),
        (12.345, "12.3"),
        (123.45, "123"),
        (12345, "12,300"),
        (0.012345, "0.0123"),
        (9.999, "10.0"),
    ],
)
def test_three_digits_are_shown(value, shown):
    assert significant(value) == shown


def test_a_time_is_shown_in_its_unit():
    assert str(Timing((0.0175, 0.0173, 0.0179))) == "17.5 ms (17.4–17.7)"
    assert str(Timing((2.0,))) == "2.00 s (2.00–2.00)"
    assert str(Timing((25e-6,))) == "25.0 µs (25.0–25.0)"
    assert str(Spread(1.21, 1.19, 1.24)) == "1.21 (1.19–1.24)"


def test_a_table_is_markdown():
    table = Table("Steps", ("what", "time"), (("a|b", "1 ms"),), "Said of it.")
    assert table.markdown() == "### Steps\n\n| what | time |\n|---|---|\n| a\\|b | 1 ms |\n\nSaid of it.\n"
    assert Table("Steps", ("what",), (("a",),)).markdown() == "### Steps\n\n| what |\n|---|\n| a |\n"


def test_a_row_has_a_cell_for_every_column():
    with pytest.raises(ValueError, match="2 cells under 1"):
        Table("Steps", ("what",), (("a", "b"),))


def test_threads_are_set_and_set_back():
    before = torch.get_num_threads()
    with threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_the_machine_is_named_by_its_kind_only():
    import platform

    assert f"torch {torch.__version__.split('+')[0]}" in machine()
    assert "cores of an" in machine()
    assert platform.node() not in machine()
