from dataclasses import dataclass

import numpy as np
import pytest


@dataclass(frozen=True)
class Record:
    values: np.ndarray
    parts: tuple[np.ndarray, ...]
    name: str


@pytest.fixture
def counted():
    """A kept function of two arguments, and the list of its calls."""
    from app.services import memory

    calls = []

    @memory.cached(2)
    def made(number: int, word: str = "a") -> Record:
        calls.append((number, word))
        return Record(np.full(3, number), (np.zeros(2),), word)

    made.clear()
    return made, calls


def test_the_same_arguments_are_computed_once_and_shared(counted):
    made, calls = counted
    assert made(1) is made(1)
    assert made(1, "b").name == "b"
    assert calls == [(1, "a"), (1, "b")]


def test_arrays_cannot_be_written_to_however_deep(counted):
    made, _ = counted
    found = made(1)
    for array in (found.values, *found.parts):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 9


def test_the_longest_unused_goes_first(counted):
    made, calls = counted
    for number in (1, 2, 1, 3, 1):
        made(number)
    # The third call and the last were at hand although 3 came between.
    assert [number for number, _ in calls] == [1, 2, 3]


def test_what_is_cleared_is_computed_again(counted):
    from app.services import memory

    made, calls = counted
    made(1)
    made.clear()
    made(1)
    memory.clear_caches()
    made(1)
    assert len(calls) == 3


def test_an_error_is_not_kept():
    from app.services import memory

    tries = []

    @memory.cached(1)
    def fails(number: int) -> int:
        tries.append(number)
        if len(tries) == 1:
            raise ValueError("not yet")
        return number

    fails.clear()
    with pytest.raises(ValueError, match="not yet"):
        fails(4)
    assert fails(4) == 4
