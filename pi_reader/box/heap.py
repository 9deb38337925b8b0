"""Returns free memory to the system, so that a year of running takes no more than a day.

Python keeps the memory of freed small objects for reuse, and the C library keeps the gaps between
large ones: the more pages the box has seen, the more of both, up to 9 MB in a day. So from time to
time garbage is collected and free memory is returned (malloc_trim).
"""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

EVERY = 60.0  # seconds between two sweeps; each but the first takes half a millisecond
_LARGE = 512 << 10  # bytes from which a freed block is returned at once; a frame's are smaller:
_SPARE = 2 << 20  # so much of these stays, as getting it anew takes a third of a reading's time
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # of mallopt(3)


class Heap:
    """The heap of this process; create only one.

    With a C library other than glibc, only Python's own part is swept.
    """

    def __init__(self) -> None:
        self._swept_at: float | None = None
        self._is_settled = False
        with suppress(AttributeError, OSError):
            c_library = ctypes.CDLL(None)
            c_library.mallopt(_MMAP_THRESHOLD, _LARGE)
            c_library.mallopt(_TRIM_THRESHOLD, _SPARE)

    def tick(self, now: float) -> None:
        """Sweep if it is due; now: seconds, monotonic."""
        if self._swept_at is None:
            self._swept_at = now  # not yet: starting is slow enough
        if now - self._swept_at < EVERY:
            return
        self._swept_at = now
        if not self._is_settled:
            gc.unfreeze()  # objects of an earlier box with other settings
        gc.collect()
        if not self._is_settled:
            gc.freeze()  # what is alive by now stays alive and need not be scanned again
            self._is_settled = True
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).malloc_trim(0)
