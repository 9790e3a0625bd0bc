"""Stop training after the current step on Ctrl-C or SIGTERM."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from vampcore.compiling import CompilingStoppedError, is_compiling


@contextmanager
def stop_on_signals() -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether Ctrl-C or SIGTERM came in this block; a second signal interrupts at once.

    Compiling is interrupted by the first signal: it may take minutes, and nothing is lost.
    """
    asked = False

    def ask(number: int, frame: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        if is_compiling():
            print("\nstopping during compilation; no step was trained", file=sys.stderr)
            raise CompilingStoppedError
        print("\nstopping after this step; completed epochs are saved", file=sys.stderr)

    handlers = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
