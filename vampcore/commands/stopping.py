"""Ctrl-C and a termination end a training after its step."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from vampcore.compiling import CompilingStoppedError, is_compiling


@contextmanager
def stop_on_signals() -> Iterator[Callable[[], bool]]:
    """Says whether Ctrl-C or a termination was asked for in this block; a second one interrupts at once.

    Compiling, which may take minutes and does nothing that would be lost, is interrupted by the first.
    """
    asked = False

    def ask(number: int, frame: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        if is_compiling():
            print("\nstopping; the step was still being compiled", file=sys.stderr)
            raise CompilingStoppedError
        print("\nstopping after this step; the best weights are kept", file=sys.stderr)

    handlers = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
