"""The lock of rendering: one thread at a time, in order; given up and taken again; never waited for without end."""

import threading

import pytest

from app.services.turns import RenderLock
from tools.patience import patience

LONG = patience()
"""Seconds that a thread of a test may take before the test fails."""


def started(target, *arguments):
    thread = threading.Thread(target=target, args=arguments, daemon=True)
    thread.start()
    return thread


def joined(*threads):
    for thread in threads:
        thread.join(LONG)
        assert not thread.is_alive()


def queued(turns, count):
    """Wait until so many threads wait for a turn."""
    moment = threading.Event()
    for _ in range(int(LONG / 0.005)):
        if len(turns._waiting) == count:
            return
        moment.wait(0.005)
    pytest.fail(f"{len(turns._waiting)} threads wait, not {count}")


def test_one_thread_at_a_time_in_the_order_in_which_they_came():
    turns, order, together = RenderLock(LONG), [], []

    def draw(number):
        with turns.mine():
            together.append(number)
            order.append(number)
            assert together == [number]
            together.remove(number)

    with turns.mine():
        threads = []
        for number in range(5):
            threads.append(started(draw, number))
            queued(turns, number + 1)
        assert order == []
    joined(*threads)
    assert order == [0, 1, 2, 3, 4]


def test_a_thread_that_has_the_turn_goes_on_with_it():
    turns = RenderLock(LONG)
    with turns.mine(), turns.mine():
        pass
    # The inner block has not given it back twice: it is free, once.
    with turns.mine():
        waiting = started(lambda: turns.mine().__enter__())
        queued(turns, 1)
    joined(waiting)


def test_who_gives_it_up_lets_others_draw_and_is_the_next_to_go_on():
    turns, order = RenderLock(LONG), []
    first_draws, others_wait = threading.Event(), threading.Event()
    second_draws, first_waits = threading.Event(), threading.Event()

    def first():
        with turns.mine():
            first_draws.set()
            others_wait.wait(LONG)
            with turns.given_up():
                second_draws.wait(LONG)
            order.append("first again")

    def second():
        with turns.mine():
            order.append("second")
            second_draws.set()
            first_waits.wait(LONG)

    def third():
        with turns.mine():
            order.append("third")

    threads = [started(first)]
    first_draws.wait(LONG)
    for waiting, target in enumerate((second, third), 1):
        threads.append(started(target))
        queued(turns, waiting)
    others_wait.set()
    second_draws.wait(LONG)
    queued(turns, 2)
    first_waits.set()
    joined(*threads)
    assert order == ["second", "first again", "third"]


def test_without_a_turn_there_is_nothing_to_give_up():
    turns = RenderLock(LONG)
    with turns.given_up(), turns.mine():
        assert turns._has_it()
    assert not turns._has_it()


def test_a_turn_ends_with_an_error():
    turns = RenderLock(LONG)
    with pytest.raises(ZeroDivisionError), turns.mine():
        raise ZeroDivisionError
    joined(started(lambda: turns.mine().__enter__()))


def test_nobody_waits_without_end():
    turns, drawn = RenderLock(patience=0.01), []

    def draw():
        with turns.mine():
            drawn.append(turns._has_it())

    with turns.mine():
        joined(started(draw))
    # It went on without a turn, and left none behind in the queue.
    assert drawn == [False]
    assert not turns._waiting
    joined(started(draw))
    assert drawn == [False, True]


def test_who_has_waited_in_vain_waits_once_and_not_for_each_part_of_the_page():
    turns, waits, drawn = RenderLock(patience=0.01), [], []
    take = turns._take

    def counted(first):
        waits.append(first)
        take(first)

    turns._take = counted

    def draw():
        with turns.mine():
            for _ in range(4):
                with turns.mine():
                    drawn.append(turns._has_it())
            with turns.given_up():
                pass

    with turns.mine():
        waits.clear()
        joined(started(draw))
        assert drawn == [False] * 4
        assert waits == [False]
    # The next page of a thread asks again.
    draw()
    assert drawn[4:] == [True] * 4
    with turns.mine():
        assert turns._has_it()


def test_a_result_that_another_page_computes_is_waited_for_out_of_turn(monkeypatch):
    """Or who computes it could not have the turn again that it gave up on the way."""
    from app.services import memory, turns
    from app.services.turns import lock_released, rendering

    monkeypatch.setattr(turns._PAGES, "_patience", 10 * LONG)
    computing, asked = threading.Event(), threading.Event()

    @memory.cached(2)
    def slow(number: int) -> int:
        with lock_released():
            computing.set()
            asked.wait(LONG)
        return 2 * number

    slow.clear()
    found = []

    def draw():
        with rendering():
            found.append(slow(21))

    one = started(draw)
    computing.wait(LONG)
    other = started(draw)

    def third():
        with rendering():
            asked.set()

    # The second has the turn, finds the first at work, and gives it up: a third can draw.
    joined(started(third), one, other)
    assert found == [42, 42]
