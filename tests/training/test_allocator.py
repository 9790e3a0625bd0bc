"""A process that keeps the memory it frees still has it once its tensors are gone."""

import ctypes
import platform

import pytest

from tests.processes import run_python

MEBIBYTE = 2**20
HELD = """
import ctypes
import sys
import torch
from vampcore.training import keep_freed_memory

class Mallinfo2(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")]

mallinfo2 = ctypes.CDLL(None).mallinfo2
mallinfo2.restype = Mallinfo2

def held():
    # What the C library has from the system, mapped one by one or not.
    info = mallinfo2()
    return info.arena + info.hblkhd

if sys.argv[1] == "keep":
    assert keep_freed_memory()
before = held()
for _ in range(5):
    # Twenty tensors of 2 MiB that are there together, and gone together.
    tensors = [torch.zeros(2**19) for _ in range(20)]
    del tensors
print(held() - before)
"""


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc" or not hasattr(ctypes.CDLL(None), "mallinfo2"),
    reason="the C library is not glibc 2.33 or newer",
)
def test_freed_memory_stays():
    # By the C library's own account: whether a page that is asked for anew counts as a fault depends on the system.
    assert int(run_python(HELD, "keep")) > 30 * MEBIBYTE
