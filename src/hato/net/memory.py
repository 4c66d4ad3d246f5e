"""What a process does once, before it forks, so that its workers stay small.

Called by the composition root when it begins to serve.
Never changes what the program does, only what that costs.
Standards: none; mallopt(3) of the GNU C library.
Fails never: where the system knows no such switch it stays as it is.
"""

from __future__ import annotations

import ctypes
import gc
from typing import Final

_GC_THRESHOLDS: Final = (50_000, 20, 50)
"""Rarer collections: a session that ended leaves no circles behind."""

_M_ARENA_MAX: Final = -8
"""GNU's number for how many heaps a process may have."""
_M_MMAP_THRESHOLD: Final = -3
"""GNU's number for the size from which a piece of memory is mapped, and given back, by itself."""
_MAPPED_OCTETS: Final = 1_048_576


def prepare_for_workers() -> None:
    """Let workers share what is loaded already, and use one heap for all their threads.

    A heap for each thread is faster only where threads allocate at the same time; ours hold the
    interpreter while they do. What many threads take and give back leaves holes in each heap:
    measured on 2 000 idle sessions, 22 KiB for one more with several heaps, 9 to 15 with one.
    Without a fixed threshold the 19 MiB of a password's hash go into the heap from the second one
    on, and stay there.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, _MAPPED_OCTETS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
