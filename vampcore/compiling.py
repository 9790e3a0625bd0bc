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


def can_compile() -> bool:
    """Whether there is what torch.compile needs: a GPU, or a C++ compiler for the CPU's code."""
    compiler = os.environ.get("CXX") or ("clang++" if sys.platform == "darwin" else "g++")
    return torch.cuda.is_available() or shutil.which(compiler) is not None


class Compiled(Generic[P, T]):
    """A function of tensors of fixed shapes, compiled as it is called first.

    Arguments:
        function: What to compile.
        fall_back: Call the function itself, with a warning, if it cannot be compiled; otherwise raise.
        whole: Refuse a function that compiles in parts only.
        mode: As in `torch.compile`.
    """

    def __init__(
        self, function: Callable[P, T], fall_back: bool = True, whole: bool = False, mode: str = "default"
    ) -> None:
        self.function, self.fall_back = function, fall_back
        # On a machine without a GPU it warns that there is none.
        logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
        self._compiled: Callable[P, T] | None = torch.compile(function, fullgraph=whole, dynamic=False, mode=mode)

    def __call__(self, *arguments: P.args, **options: P.kwargs) -> T:
        if self._compiled is not None:
            try:
                return self._compiled(*arguments, **options)
            except RuntimeError as error:
                if not self.fall_back:
                    raise
                why = str(error).strip().partition("\n")[0]
                warnings.warn(f"compiling failed, so this will take longer than it could: {why}", stacklevel=2)
                self._compiled = None
        return self.function(*arguments, **options)
