"""Long work ends early where nobody waits for it any more.

A page asks a service and may be left before the answer is there. What computes calls `go_on` between its steps; the
page says by `while_wanted` what that does.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PAGE = threading.local()


@contextmanager
def while_wanted(check: Callable[[], None]) -> Iterator[None]:
    """Call `check` between the steps of what this thread computes in the block; it raises to end the work."""
    before = getattr(_PAGE, "check", None)
    _PAGE.check = check
    try:
        yield
    finally:
        _PAGE.check = before


def go_on(done: int = 0, total: int = 0) -> None:
    """Raise what the page of this thread raises where its viewer has left; may be passed as a progress callback."""
    check = getattr(_PAGE, "check", None)
    if check is not None:
        check()
