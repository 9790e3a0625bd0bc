"""What was computed once, at hand without a search.

Streamlit's caches make a key by hashing every argument and reading the function's signature, about 0.4 ms a call, and a
page asks thirty times in a run. Here the arguments themselves are the key, so they have to be hashable: a `Ref` holds
the checkpoint's content. What is not at hand is asked of Streamlit's cache beneath, which lets one caller compute while
the others wait, and shows the words for those who wait.
"""

import dataclasses
import functools
import threading
import weakref
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numpy as np
import streamlit as st

from app.services.turns import out_of_turn

P = ParamSpec("P")
R = TypeVar("R")

_ALL: "weakref.WeakSet[Any]" = weakref.WeakSet()
# Streamlit runs a page's file anew for every viewer and every full run; a function of it that has not changed since is
# the one that is known, or each run would leave a memory behind.
_OF_PAGES: dict[tuple[str, str], Any] = {}


def kept(entries: int, waiting: str | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Keep the last `entries` results of a function, for all viewers; arrays in them cannot be written to.

    Arguments:
        entries: How many.
        waiting: Words for those who wait for a result.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        where = (function.__code__.co_filename, function.__qualname__)
        if function.__closure__ is None and where in _OF_PAGES:
            known = _OF_PAGES[where]
            if known.__wrapped__.__code__ == function.__code__:
                return cast("Callable[P, R]", known)

        @functools.wraps(function)
        def sealed(*args: P.args, **kwargs: P.kwargs) -> R:
            result = function(*args, **kwargs)
            _seal(result)
            return result

        cached = st.cache_resource(max_entries=entries, show_spinner=waiting or False)(sealed)
        under_way = threading.Lock()

        def looked_up(*args: P.args, **kwargs: P.kwargs) -> R:
            if not under_way.acquire(blocking=False):
                # Another page computes it, perhaps this very result, and needs its turn to go on.
                with out_of_turn():
                    return cached(*args, **kwargs)
            try:
                return cached(*args, **kwargs)
            finally:
                under_way.release()

        at_hand = functools.lru_cache(maxsize=entries)(looked_up)

        def clear() -> None:
            cached.clear()
            at_hand.cache_clear()

        at_hand.clear = clear  # type: ignore[attr-defined]  # as Streamlit's caches have
        functools.update_wrapper(at_hand, function)
        _ALL.add(at_hand)
        if function.__closure__ is None:
            _OF_PAGES[where] = at_hand
        return cast("Callable[P, R]", at_hand)

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
