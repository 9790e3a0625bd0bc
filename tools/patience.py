"""How long tests wait for what is sure to come.

A limit ends a wait in vain; it is no demand on speed. So it is far above what a quiet machine needs, and a slow or
loaded machine raises all of them at once: `VAMPSCOPE_TEST_PATIENCE=10`.
"""

import math
import os

VARIABLE = "VAMPSCOPE_TEST_PATIENCE"
GENEROUS = 4.0
"""The factor where the variable is not set."""


def factor() -> float:
    """By how much limits are longer than on a quiet machine.

    Raises:
        ValueError: If the variable is no positive number.
    """
    said = os.environ.get(VARIABLE, "") or str(GENEROUS)
    try:
        found = float(said)
    except ValueError:
        found = math.nan
    if not 0 < found < math.inf:
        raise ValueError(f"{VARIABLE} is {said!r}: make it a positive number, such as {GENEROUS:g}, or unset it")
    return found


def patience(seconds: float = 60.0) -> float:
    """Seconds to wait for what takes at most `seconds` on a quiet machine."""
    return seconds * factor()
