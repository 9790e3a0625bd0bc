"""How many components of a prior the test images use, as a sentence."""

from app.widgets.numbers import count


def in_use_words(alive: int, dead: int, distinct: float | None) -> str:
    """The message of a prior's weights and usages.

    Arguments:
        alive: Components that the prior has.
        dead: Those of them that hardly any image uses.
        distinct: Components that the images tell apart; None where it was not counted.
    """
    number = "" if distinct is None else f"{distinct:,.{1 if distinct < 10 else 0}f}"
    if not dead:
        return f"All {count(alive)} components are in use" + (f", as {number} distinct ones." if number else ".")
    carry = f"{number} distinct components" if number else f"{count(alive - dead)} components"
    return f"{carry} of {count(alive)} carry the data; {count(dead)} {'is' if dead == 1 else 'are'} dead."
