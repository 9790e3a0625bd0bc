"""torch.compile, used where it pays and can be had."""

import logging
import os
import shutil
import sys
import types
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, Generic, ParamSpec, TypeVar

import torch

P = ParamSpec("P")
T = TypeVar("T")


def can_compile(device: torch.device) -> bool:
    """Whether there is what torch.compile needs: a CUDA GPU, or a C++ compiler for the CPU's code."""
    compiler = os.environ.get("CXX") or ("clang++" if sys.platform == "darwin" else "g++")
    return device.type == "cuda" or (device.type == "cpu" and shutil.which(compiler) is not None)


class CompilingStoppedError(KeyboardInterrupt):
    """Raised out of a first call, which compiles for up to minutes, when a signal asks to stop."""


_at_work = 0


def is_compiling() -> bool:
    """Whether a function is being compiled now, so that nothing of its caller's is half done."""
    return _at_work > 0


@contextmanager
def _compiling() -> Iterator[None]:
    global _at_work
    _at_work += 1
    try:
        yield
    finally:
        _at_work -= 1


class Compiled(Generic[P, T]):
    """A function of tensors of fixed shapes, compiled as it is called first.

    Arguments:
        function: What to compile.
        fall_back: Call the function itself, with a warning, if its first call cannot be compiled; otherwise raise.
        fullgraph: Refuse a function that compiles in parts only.
        graphs: Capture what a GPU is asked to do once, and launch it as one graph from then on.
        settled: The function finds at every call what it found at the first, but for the values of tensors and for the
            shapes, types and devices of those that are not parameters. Otherwise each call first looks at every module,
            number and option that the function has read, which takes 0.3 ms for a step of a dense network.
    """

    def __init__(
        self,
        function: Callable[P, T],
        fall_back: bool = True,
        fullgraph: bool = False,
        graphs: bool = False,
        settled: bool = False,
    ) -> None:
        self.function, self.fall_back = function, fall_back
        # On a machine without a GPU it warns that there is none.
        logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
        self._proven = False
        self._compiled: Callable[P, T] | None = None
        try:
            options: dict[str, Any] = {"triton.cudagraphs": graphs}
            if settled:
                function = _with_own_code(function)
                options["guard_filter_fn"] = _of_tensors
            self._compiled = torch.compile(function, fullgraph=fullgraph, dynamic=False, options=options)
        except RuntimeError as error:
            self._give_up(error)

    def __call__(self, *arguments: P.args, **options: P.kwargs) -> T:
        if self._compiled is not None:
            try:
                with nullcontext() if self._proven else _compiling():
                    result = self._compiled(*arguments, **options)
                self._proven = True
                return result
            except RuntimeError as error:
                self._give_up(error)
        return self.function(*arguments, **options)

    def _give_up(self, error: RuntimeError) -> None:
        if self._proven or not self.fall_back:
            raise error
        why = str(error).strip().partition("\n")[0]
        warnings.warn(f"compiling failed, so this will take longer than it could: {why}", stacklevel=3)
        self._compiled = None


def _with_own_code(function: Callable[P, T]) -> Callable[P, T]:
    """The same function as another: what is compiled is kept with the code, which the methods of a class share."""
    if isinstance(function, types.MethodType):
        return types.MethodType(_with_own_code(function.__func__), function.__self__)
    assert isinstance(function, types.FunctionType)
    code, defaults, cells = function.__code__.replace(), function.__defaults__, function.__closure__
    other = types.FunctionType(code, function.__globals__, function.__name__, defaults, cells)
    other.__kwdefaults__ = function.__kwdefaults__
    return other


def _of_tensors(guards: Sequence[Any]) -> list[bool]:
    """Which conditions of compiled code are looked at before each call.

    Torch's modes, and shapes, types and devices of tensors that are not parameters.
    """
    return [
        guard.guard_type in ("GLOBAL_STATE", "SHAPE_ENV")
        or (guard.guard_type == "TENSOR_MATCH" and not isinstance(guard.value, torch.nn.Parameter))
        for guard in guards
    ]
