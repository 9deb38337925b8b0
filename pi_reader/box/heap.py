"""Memory that is free goes back to the system, so that a year takes no more of it than a day.

Python keeps the husks of small objects for later use, and the C library keeps the holes between
large ones: the more pages the box has seen, the more of both, up to 9 MB in a day. So now and then
they are swept together and given back.
"""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

EVERY = 60.0  # seconds between two sweeps, which take half a millisecond but for the first
_LARGE = 16 << 10  # bytes from which a block is given back at once; costs nothing measurable
_MMAP_THRESHOLD = -3  # its number in mallopt(3)


class Heap:
    """The process's memory; there is one for the whole process.

    With another C library than glibc only Python's own part is swept.
    """

    def __init__(self) -> None:
        self._swept_at: float | None = None
        self._is_settled = False
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE)

    def tick(self, now: float) -> None:
        """Sweep if it is time; now: seconds, monotonic."""
        if self._swept_at is None:
            self._swept_at = now  # not now: a start is slow enough
        if now - self._swept_at < EVERY:
            return
        self._swept_at = now
        if not self._is_settled:
            gc.unfreeze()  # what a box with other settings left
        gc.collect()
        if not self._is_settled:
            gc.freeze()  # what lives by now lives on, and need not be looked through each time
            self._is_settled = True
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).malloc_trim(0)
