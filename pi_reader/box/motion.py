"""Motion detection: has anything moved, and is the frame worth reading at all?

A frame of 640 x 480 is averaged down to 80 x 60 cells. That costs a fiftieth of reading it,
removes most of the noise, and still shows a single new digit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

CELL = 8  # pixels along each side; averaging 64 pixels cuts the noise to an eighth
DIFFERENT = 6  # grey levels; five standard deviations of the noisiest camera's cells
LEAST_CELLS = 2  # a thin digit 12 pixels tall changes three


@dataclass(frozen=True)
class Motion:
    """What changed. moving: this frame differs from the previous one, if any; changed: it differs
    from the frame that was read last, or none was read yet."""

    moving: bool
    changed: bool


class MotionDetector:
    """Compares each frame with the previous one and with the last one that was read."""

    def __init__(self) -> None:
        self._now: np.ndarray | None = None
        self._read: np.ndarray | None = None

    def look(self, grey: np.ndarray) -> Motion:
        """Compare a frame, (height, width) uint8, and remember it as the previous one."""
        before, self._now = self._now, thinned(grey)
        moving = before is not None and differ(before, self._now)
        return Motion(moving, differ(self._read, self._now))

    def remember(self) -> None:
        """Note that the latest frame is being read."""
        self._read = self._now

    def forget(self) -> None:
        """Forget the frame that was read: the next one counts as changed."""
        self._read = None


def thinned(grey: np.ndarray) -> np.ndarray:
    """The frame downscaled to cells, each the mean of 8 x 8 pixels, as int16."""
    return np.asarray(Image.fromarray(grey).reduce(CELL)).astype(np.int16)


def differ(before: np.ndarray | None, now: np.ndarray) -> bool:
    """Whether two downscaled frames show different scenes; a uniform change of brightness, as from
    an exposure correction, is ignored unless it is strong."""
    if before is None or before.shape != now.shape:
        return True
    change = now - before
    some = np.sort(change[::3, ::3], axis=None)
    common = min(max(int(some[len(some) // 2]), -DIFFERENT), DIFFERENT)  # the median
    change -= np.int16(common)
    return int(np.count_nonzero(np.abs(change) > DIFFERENT)) >= LEAST_CELLS
