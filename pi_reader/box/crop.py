"""The part of a frame that is read: the region from the settings, minus the masked areas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pi_reader.values import Frame


class Crop:
    """Crops and masks frames.

    region: (x, y, width, height) in pixels of the frame, () for all of it; masked: rectangles of
    the frame that are filled with its median grey, so that they show neither ink nor a strong
    edge. Whatever lies outside the frame is ignored.
    """

    def __init__(self, region: Sequence[int] = (), masked: Sequence[Sequence[int]] = ()) -> None:
        self._region = tuple(region)
        self._masked = tuple(tuple(box) for box in masked)

    def of(self, frame: Frame) -> Frame:
        """The cropped frame; the boxes of its reading are in the cropped frame's pixels."""
        grey = frame.grey
        if self._masked:
            grey = grey.copy()
            paper = np.uint8(np.median(grey[::8, ::8]))
            for x, y, width, height in self._masked:
                grey[y : y + height, x : x + width] = paper
        if self._region:
            x, y, width, height = self._region
            part = grey[y : y + height, x : x + width]
            grey = np.ascontiguousarray(part if part.size else grey)
        return frame if grey is frame.grey else replace(frame, grey=grey)
