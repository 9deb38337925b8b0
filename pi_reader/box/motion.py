"""A glance before a look: has anything moved, is it worth reading at all?

A frame of 640 x 480 is averaged down to 80 x 60 cells. That costs a fiftieth of reading it, takes
most of the noise away, and still shows a single new digit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

CELL = 8  # pixels along each side; the noise of 64 pixels is an eighth of one's
DIFFERENT = 6  # grey levels; five standard deviations of the noisiest camera's cells
LEAST_CELLS = 2  # a thin digit 12 pixels tall changes three


@dataclass(frozen=True)
class Motion:
    """What a glance says. moving: different from the frame before, if there was one; changed:
    different from the frame that was read last, or nothing was read yet."""

    moving: bool
    changed: bool


class MotionDetector:
    """Compares frames with the one before and with the one that was read."""

    def __init__(self) -> None:
        self._now: np.ndarray | None = None
        self._read: np.ndarray | None = None

    def look(self, grey: np.ndarray) -> Motion:
        """Glance at a frame, (height, width) uint8."""
        before, self._now = self._now, thinned(grey)
        moving = before is not None and differ(before, self._now)
        return Motion(moving, differ(self._read, self._now))

    def remember(self) -> None:
        """The frame of the last glance is being read."""
        self._read = self._now

    def forget(self) -> None:
        """Whatever lies there counts as changed."""
        self._read = None


def thinned(grey: np.ndarray) -> np.ndarray:
    """The frame's cells, each the mean of 8 x 8 pixels, as int16."""
    return np.asarray(Image.fromarray(grey).reduce(CELL)).astype(np.int16)


def differ(before: np.ndarray | None, now: np.ndarray) -> bool:
    """Whether two thinned frames show different things; light that changed everywhere alike, as
    when a camera corrects its exposure, does not count until it is strong."""
    if before is None or before.shape != now.shape:
        return True
    change = now - before
    common = np.int16(np.clip(np.median(change[::3, ::3]), -DIFFERENT, DIFFERENT))
    return int(np.count_nonzero(np.abs(change - common) > DIFFERENT)) >= LEAST_CELLS
