"""The memory that a training process frees: kept for its next step, not given back to the system."""

import ctypes
import platform

# The numbers of glibc's <malloc.h>, and what they are set to: blocks from 32 MiB, its maximum on 64 bits, are mapped
# one by one, and up to 1 GiB at the heap's end stays.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST_BLOCK, _MOST_KEPT = 2**25, 2**30


def keep_freed_memory() -> bool:
    """Let this process keep what it frees, where the C library is glibc; return whether it does.

    A step on a CPU allocates and frees the same few dozen tensors each time. By chance they may lie at the heap's end,
    which glibc gives back to the system at once: then each step asks for its pages anew, 2,000 of them in a step of the
    VampPrior paper's network, which takes 2 to 7 ms of 25. For processes that train and then end, not for servers: it
    is the whole process that keeps its memory, until it ends.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST_BLOCK)) and bool(mallopt(_TRIM_THRESHOLD, _MOST_KEPT))
