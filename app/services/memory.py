"""What was computed once, at hand for all viewers, and computed by one of them while the others wait.

Streamlit's caches make a key by hashing every argument and reading the function's signature, about 0.4 ms a call, and a
page asks thirty times in a run. Here the arguments themselves are the key, so they have to be hashable: a `Ref` holds
the checkpoint's content. Only what makes people wait is asked of Streamlit's cache, which shows them words meanwhile.
"""

import dataclasses
import functools
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from types import CodeType
from typing import Any, Generic, ParamSpec, TypeVar, cast

import numpy as np
import streamlit as st

from app.services.turns import out_of_turn

P = ParamSpec("P")
R = TypeVar("R")


class Memory(Generic[P, R]):
    """A function that keeps its last results; a call with the arguments of one under way waits for it.

    Arguments:
        function: Of hashable arguments. What it raises is not kept: whoever waited tries again.
        entries: How many results are kept; the longest unused goes first.
    """

    def __init__(self, function: Callable[P, R], entries: int) -> None:
        self._function, self._entries = function, entries
        self._guard = threading.Lock()
        self._results: OrderedDict[Hashable, R] = OrderedDict()
        self._under_way: dict[Hashable, threading.Event] = {}

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        key = (args, frozenset(kwargs.items())) if kwargs else args
        while True:
            with self._guard:
                if key in self._results:
                    self._results.move_to_end(key)
                    return self._results[key]
                others = self._under_way.get(key)
                if others is None:
                    done = self._under_way[key] = threading.Event()
                    results = self._results
                    break
            # Who computes it may need its turn to go on.
            with out_of_turn():
                others.wait()
        try:
            result = self._function(*args, **kwargs)
            with self._guard:
                results[key] = result
                if len(results) > self._entries:
                    results.popitem(last=False)
            return result
        finally:
            with self._guard:
                del self._under_way[key]
            done.set()

    def clear(self) -> None:
        """Keep nothing of what is there now, nor of what is under way."""
        with self._guard:
            self._results = OrderedDict()
        if hasattr(self._function, "clear"):
            self._function.clear()


_ALL: "weakref.WeakSet[Memory[..., Any]]" = weakref.WeakSet()
# Streamlit runs a page's file anew for every viewer and every full run; a function of it that has not changed since is
# the one that is known, or each run would leave a memory behind.
_OF_PAGES: dict[tuple[str, str], tuple[CodeType, Memory[..., Any]]] = {}


def kept(entries: int, waiting: str | None = None) -> Callable[[Callable[P, R]], Memory[P, R]]:
    """Keep the last `entries` results of a function, for all viewers; arrays in them cannot be written to.

    Arguments:
        entries: How many.
        waiting: Words for those who wait for a result.
    """

    def decorate(function: Callable[P, R]) -> Memory[P, R]:
        where = (function.__code__.co_filename, function.__qualname__)
        if function.__closure__ is None and where in _OF_PAGES:
            code, known = _OF_PAGES[where]
            if code == function.__code__:
                return cast("Memory[P, R]", known)

        @functools.wraps(function)
        def sealed(*args: P.args, **kwargs: P.kwargs) -> R:
            result = function(*args, **kwargs)
            _seal(result)
            return result

        said = st.cache_resource(max_entries=entries, show_spinner=waiting)(sealed) if waiting else sealed
        memory = Memory(said, entries)
        functools.update_wrapper(memory, function)
        _ALL.add(memory)
        if function.__closure__ is None:
            _OF_PAGES[where] = function.__code__, memory
        return memory

    return decorate


def forget() -> None:
    """Drop all that is kept."""
    for each in list(_ALL):
        each.clear()


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
