"""A memory asked by several viewers at once: who computes, who waits, and what both are told."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tools.patience import patience
from tools.server import serve
from tools.session import Viewer


def test_who_asks_for_what_is_under_way_waits_for_it_and_nobody_computes_it_twice():
    from app.services import memory

    calls, begun, go_on = [], threading.Event(), threading.Event()

    @memory.cached(4)
    def slow(number: int) -> list[int]:
        calls.append(number)
        begun.set()
        assert go_on.wait(patience())
        return [number]

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(slow, 1)
        assert begun.wait(patience())
        others = [pool.submit(slow, 1) for _ in range(2)]
        time.sleep(0.1)
        assert not any(other.done() for other in others)
        go_on.set()
        assert all(other.result(patience()) is first.result(patience()) for other in others)
    assert calls == [1]


def test_another_argument_does_not_wait():
    from app.services import memory

    begun, go_on = threading.Event(), threading.Event()

    @memory.cached(4)
    def slow(number: int) -> int:
        if number == 1:
            begun.set()
            assert go_on.wait(patience())
        return number

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(slow, 1)
        assert begun.wait(patience())
        assert slow(2) == 2
        go_on.set()
        assert first.result(patience()) == 1


def test_who_waited_for_what_failed_tries_again():
    from app.services import memory

    tries, begun, go_on = [], threading.Event(), threading.Event()

    @memory.cached(4)
    def fails_once(number: int) -> int:
        tries.append(number)
        if len(tries) == 1:
            begun.set()
            assert go_on.wait(patience())
            raise ValueError("the first")
        return number

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(fails_once, 1)
        assert begun.wait(patience())
        second = pool.submit(fails_once, 1)
        time.sleep(0.05)
        go_on.set()
        with pytest.raises(ValueError, match="the first"):
            first.result(patience())
        assert second.result(patience()) == 1
    assert tries == [1, 1]


@pytest.mark.parametrize("words", [(), ("Counting",)])
@pytest.mark.parametrize("everything", [False, True])
def test_what_was_under_way_when_all_was_cleared_is_not_kept(words, everything):
    """It may have been made of what has changed since: reconstructions, while the images were fetched."""
    from app.services import memory

    calls, begun, go_on = [], threading.Event(), threading.Event()

    @memory.cached(4, *words)
    def slow(number: int) -> int:
        calls.append(number)
        begun.set()
        assert go_on.wait(patience())
        return len(calls)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(slow, 1)
        assert begun.wait(patience())
        (memory.clear_caches if everything else slow.clear)()
        go_on.set()
        assert first.result(patience()) == 1
    assert slow(1) == 2


def test_who_waits_for_another_page_gives_up_its_turn(monkeypatch):
    """Or the one that computes could not go on: it needs the turn that the other has."""
    from app.services import memory, turns

    # Without a turn, a page would be drawn after a while whatever happens.
    monkeypatch.setattr(turns._PAGES, "_patience", 2 * patience())
    begun = threading.Event()

    @memory.cached(4)
    def in_between(number: int) -> int:
        with turns.lock_released():
            begun.set()
            time.sleep(0.3)
        return number

    def page() -> int:
        with turns.rendering():
            return in_between(1)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(page)
        assert begun.wait(patience())
        second = pool.submit(page)
        assert first.result(patience()) == second.result(patience()) == 1


# In a module, as all that is kept: Streamlit runs a page's own file anew in every run.
COUNTING = """
import time
from pathlib import Path
from app.services.memory import cached

@cached(4, "Counting slowly")
def slow(number):
    while not Path(__file__).with_name("go on").exists():
        time.sleep(0.05)
    return within(number)

@cached(4, "Not said: the outer words stay")
def within(number):
    time.sleep(0.5)
    return number
"""
SLOW_PAGE = """
import streamlit as st
from counting import slow

st.text(f"counted {slow(7)}")
"""


class Listener(Viewer):
    """A viewer who keeps what came."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.heard = ""

    def _read(self, message: ForwardMsg) -> None:
        super()._read(message)
        self.heard += str(message)


def test_words_are_said_to_who_computes_and_to_who_waits_and_not_to_who_comes_later(tmp_path):
    script = tmp_path / "page.py"
    script.write_text(SLOW_PAGE, encoding="utf-8")
    script.with_name("counting.py").write_text(COUNTING, encoding="utf-8")

    async def visit(viewer: Listener) -> str:
        async with viewer:
            return viewer.heard

    async def told(viewer: Listener) -> asyncio.Task[str]:
        """The visit of a viewer who has been told to wait."""
        under_way = asyncio.create_task(visit(viewer))
        async with asyncio.timeout(patience()):
            while "Counting slowly" not in viewer.heard and not under_way.done():
                await asyncio.sleep(0.05)
        return under_way

    async def visits(url: str) -> list[str]:
        waiting = [await told(Listener(url)), await told(Listener(url))]
        (tmp_path / "go on").touch()
        return [*(await asyncio.gather(*waiting)), await visit(Listener(url))]

    # In a thread of its own: the browser of other tests keeps an event loop running in this one.
    with serve(script, tmp_path / "log.txt") as server, ThreadPoolExecutor(1) as thread:
        first, second, later = thread.submit(lambda: asyncio.run(visits(server.url))).result()
    assert all("counted 7" in heard for heard in (first, second, later))
    assert "Counting slowly" in first
    assert "Counting slowly" in second
    assert "Counting slowly" not in later
    assert "Not said" not in first + second + later


def test_a_result_is_handed_to_who_waited_even_if_it_was_dropped_meanwhile():
    from app.services import memory

    calls, begun, go_on = [], threading.Event(), threading.Event()

    @memory.cached(1)
    def one(number: int) -> list[int]:
        calls.append(number)
        if number == 1:
            begun.set()
            assert go_on.wait(patience())
            # The only room is taken before those who wait have looked.
            threading.Timer(0, lambda: one(2)).start()
        return [number]

    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(one, 1)]
        assert begun.wait(patience())
        waiting += [pool.submit(one, 1) for _ in range(2)]
        time.sleep(0.1)
        go_on.set()
        assert [found.result(patience()) for found in waiting] == [[1], [1], [1]]
    assert calls.count(1) == 1


def test_what_is_made_of_what_was_forgotten_is_made_anew():
    from app.services import memory

    state = {"number": 1}

    @memory.cached(4)
    def inner(_: int) -> int:
        return state["number"]

    @memory.cached(4)
    def outer(x: int) -> int:
        return 10 * inner(x)

    assert outer(0) == 10
    state["number"] = 2
    assert outer(0) == 10
    memory.clear_caches()
    assert outer(0) == 20


def test_a_result_that_needs_itself_is_an_error_and_no_standstill():
    from app.services import memory

    @memory.cached(4)
    def circle(number: int) -> int:
        return circle(number)

    with pytest.raises(RuntimeError, match="needs its own result"):
        circle(1)
