"""torch.compile, used where it pays and can be had."""

import logging
import os
import shutil
import sys
import warnings
from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

import torch

P = ParamSpec("P")
T = TypeVar("T")


def can_compile(device: torch.device) -> bool:
    """Whether there is what torch.compile needs: a CUDA GPU, or a C++ compiler for the CPU's code."""
    compiler = os.environ.get("CXX") or ("clang++" if sys.platform == "darwin" else "g++")
    return device.type == "cuda" or (device.type == "cpu" and shutil.which(compiler) is not None)


class Compiled(Generic[P, T]):
    """A function of tensors of fixed shapes, compiled as it is called first.

    Arguments:
        function: What to compile.
        fall_back: Call the function itself, with a warning, if its first call cannot be compiled; otherwise raise.
        whole: Refuse a function that compiles in parts only.
        mode: As in `torch.compile`.
    """

    def __init__(
        self, function: Callable[P, T], fall_back: bool = True, whole: bool = False, mode: str = "default"
    ) -> None:
        self.function, self.fall_back = function, fall_back
        # On a machine without a GPU it warns that there is none.
        logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
        self._proven = False
        self._compiled: Callable[P, T] | None = None
        try:
            self._compiled = torch.compile(function, fullgraph=whole, dynamic=False, mode=mode)
        except RuntimeError as error:
            self._give_up(error)

    def __call__(self, *arguments: P.args, **options: P.kwargs) -> T:
        if self._compiled is not None:
            try:
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
