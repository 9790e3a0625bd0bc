"""What was computed once, at hand for all viewers, and computed by one of them while the others wait.

Streamlit's caches make a key by hashing every argument and reading the function's signature, about 0.4 ms a call, and a
page asks thirty times in a run. Here the arguments themselves are the key, so they have to be hashable: a `Ref` holds
the checkpoint's content.

With `st.cache_resource` in its place the median of twenty viewers is 1.29 times as long (95 % interval 1.15 to 1.53),
their 95th percentile 1.44 times, the median of one viewer 1.19 times (`python -m benchmarks ablation`, two cores).
"""

import dataclasses
import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, ParamSpec, TypeVar

import numpy as np
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.services.turns import lock_released

P = ParamSpec("P")
R = TypeVar("R")


@dataclasses.dataclass
class UnderWay(Generic[R]):
    """A result that somebody computes.

    Attributes:
        thread: Whose.
        over: Set when there is a result, or there will be none.
        result: The result alone in a tuple; empty where computing failed or goes on.
    """

    thread: int = dataclasses.field(default_factory=threading.get_ident)
    over: threading.Event = dataclasses.field(default_factory=threading.Event)
    result: tuple[R, ...] = ()


class _Generation:
    """Everything that is kept belongs to a generation; `clear_caches` begins the next one, for all memories at once."""

    guard = threading.Lock()
    number = 0


_SAID = threading.local()


class Cache(Generic[P, R]):
    """A function that keeps its last results; a call with the arguments of one under way waits for it.

    To be called in one way: arguments by place and by name are different keys.

    Arguments:
        function: Of hashable arguments. What it raises is not kept: whoever waited tries again.
        entries: How many results are kept; the longest unused goes first.
        waiting: Words for those who compute a result and those who wait for it.
    """

    def __init__(self, function: Callable[P, R], entries: int, waiting: str | None = None) -> None:
        self._function, self._entries, self._waiting = function, entries, waiting
        self._generation = _Generation.number
        self._results: OrderedDict[Hashable, R] = OrderedDict()
        self._under_way: dict[Hashable, UnderWay[R]] = {}

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        key = (args, frozenset(kwargs.items())) if kwargs else args
        while True:
            with _Generation.guard:
                if self._generation != _Generation.number:
                    self._begin_anew()
                results, under_way = self._results, self._under_way
                if key in results:
                    results.move_to_end(key)
                    return results[key]
                found = under_way.get(key)
                if found is None:
                    mine = under_way[key] = UnderWay()
                    break
            if found.thread == threading.get_ident():
                raise RuntimeError(f"{self._function.__qualname__} needs its own result to compute it")
            # Who computes it may need its turn to go on.
            with self._words(), lock_released():
                found.over.wait()
            if found.result:
                return found.result[0]
        try:
            with self._words():
                result = self._function(*args, **kwargs)
            mine.result = (result,)
            with _Generation.guard:
                # Of the generation in which it was begun: what was made of things that have changed is not found again.
                results[key] = result
                if len(results) > self._entries:
                    results.popitem(last=False)
            return result
        finally:
            with _Generation.guard:
                del under_way[key]
            mine.over.set()

    def clear(self) -> None:
        """Keep nothing of what is there now, nor of what is under way."""
        with _Generation.guard:
            self._begin_anew()

    def _begin_anew(self) -> None:
        self._generation, self._results, self._under_way = _Generation.number, OrderedDict(), {}

    @contextmanager
    def _words(self) -> Iterator[None]:
        """Show the words if a page asks; within a result that has words of its own, those stay."""
        nobody = get_script_run_ctx(suppress_warning=True) is None
        if self._waiting is None or nobody or getattr(_SAID, "words", False):
            yield
            return
        _SAID.words = True
        try:
            with st.spinner(self._waiting):
                yield
        finally:
            _SAID.words = False


def cached(entries: int, waiting: str | None = None) -> Callable[[Callable[P, R]], Cache[P, R]]:
    """Keep the last `entries` results of a function, for all viewers; arrays in them cannot be written to.

    For functions of modules: a page's own file runs anew in every run, and a function in it would have a new memory.

    Arguments:
        entries: How many.
        waiting: Words for those who wait for a result.
    """

    def decorate(function: Callable[P, R]) -> Cache[P, R]:
        @functools.wraps(function)
        def sealed(*args: P.args, **kwargs: P.kwargs) -> R:
            result = function(*args, **kwargs)
            _seal(result)
            return result

        memory = Cache(sealed, entries, waiting)
        functools.update_wrapper(memory, function)
        return memory

    return decorate


def clear_caches() -> None:
    """Drop all that is kept."""
    with _Generation.guard:
        _Generation.number += 1


def _seal(value: object) -> None:
    """Make arrays read-only, also in records and tuples."""
    if isinstance(value, np.ndarray):
        value.flags.writeable = False
    elif isinstance(value, tuple):
        for each in value:
            _seal(each)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            held = getattr(value, field.name)
            if isinstance(held, np.ndarray | tuple):
                _seal(held)
