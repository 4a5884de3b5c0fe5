"""What a process does with memory that it needs for a moment, and with what it needs for good."""

import ctypes
import gc
from typing import Final

LARGE_BLOCK: Final = 1 << 20
"""Bytes of a block of memory that goes back to the system as soon as it is free."""

_M_MMAP_THRESHOLD: Final = -3
"""As glibc's malloc.h has it; musl and macOS have no such switch, and no need of it."""


def return_large_blocks() -> None:
    """Let the memory of bodies and pictures go when they are done; glibc would keep most of it."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK)


def spare_the_collector() -> None:
    """What is loaded now stays: look for garbage among what comes, and not at every turn."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
