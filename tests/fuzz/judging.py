"""What a hostile input may lead to: a refusal of one line, or contents in their ranges; nothing else."""

import math

MOST_LETTERS = 1200
"""Of a refusal: longer than any sentence of ours with two paths, shorter than a foreign file echoed."""


class Fault(AssertionError):
    """An input that was not handled as it must be."""


def check_refusal(error: BaseException) -> None:
    """A refusal is one printable line, and no echo of a foreign file.

    Raises:
        Fault: If it is not.
    """
    said = str(error)
    if not said or len(said.splitlines()) != 1:
        raise Fault(f"a refusal of {len(said.splitlines())} lines: {said!r:.300}")
    if len(said) > MOST_LETTERS:
        raise Fault(f"a refusal of {len(said)} letters: {said!r:.300}")


def check(holds: object, what: str) -> None:
    """A value that was accepted has to be in its range.

    Raises:
        Fault: If it is not.
    """
    if not holds:
        raise Fault(f"accepted: {what}")


def is_number(value: float) -> bool:
    """Whether it is finite."""
    return math.isfinite(value)
