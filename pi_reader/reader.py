"""One look at a page: from a frame to the digits on it.

The way leads from ink to connected regions to 28 x 28 patches to probabilities, and back to boxes in
the frame. Nothing here knows of cameras, lamps or the time of day.
"""

from __future__ import annotations

from time import perf_counter
from typing import Protocol

import numpy as np

from pi_reader.values import Box, Digit, Frame, Line, Reading
from pi_reader.vision import ink, lines, marks, patches, regions

NO_DIGIT = 10  # index of the outcome "this is no digit", in networks that know it


class Classifier(Protocol):
    """What the reader needs of a network."""

    def predict(self, patches: np.ndarray) -> np.ndarray:
        """(n, 28, 28) uint8 patches to (n, 10 or 11) float32 probabilities."""


class Reader:
    """Reads frames with one network and one threshold.

    network: gives probabilities for patches; 10 outcomes, or 11 with "no digit" as the last.
    sure_at: the probability from which a digit is believed, 0 to 1.
    weights: sha256 of the network's file, for the record.
    """

    def __init__(self, network: Classifier, sure_at: float = 0.9, weights: str = "") -> None:
        self.network = network
        self.sure_at = sure_at
        self.weights = weights

    def read(self, frame: Frame) -> Reading:
        """Read all digits on a frame; a page without any gives a reading without lines."""
        begin = perf_counter()
        found_ink = ink.find_ink(frame.grey)
        after_ink = perf_counter()
        found = marks.find_marks(found_ink)
        after_regions = perf_counter()
        size = (frame.grey.shape[1], frame.grey.shape[0])
        groups = [[index] for index in range(len(found))]
        digits: list[Digit] = []
        if groups:
            chances = self.network.predict(patches.cut_patches(found_ink, found, groups))
            digits = self._digits(found, groups, chances, found_ink.scale, size)
        ordered = self._lines(digits)
        end = perf_counter()
        return Reading(frame.source, size, ordered, {
            "ink": 1000 * (after_ink - begin), "regions": 1000 * (after_regions - after_ink),
            "classify": 1000 * (end - after_regions), "total": 1000 * (end - begin)}, self.weights)

    def _digits(self, found: regions.Regions, groups: list[list[int]], chances: np.ndarray,
                scale: int, size: tuple[int, int]) -> list[Digit]:
        digits = []
        for group, chance in zip(groups, chances, strict=True):
            first, second = np.argsort(chance[:10])[:-3:-1].tolist()
            if len(chance) > NO_DIGIT and chance[NO_DIGIT] > chance[first]:
                continue
            left, top = int(found.left[group].min()), int(found.top[group].min())
            right, bottom = int(found.right[group].max()), int(found.bottom[group].max())
            box = Box(left * scale, top * scale, min(size[0], right * scale) - left * scale,
                      min(size[1], bottom * scale) - top * scale)
            digits.append(Digit(first, float(chance[first]), (second, float(chance[second])),
                                bool(chance[first] >= self.sure_at), box))
        return digits

    @staticmethod
    def _lines(digits: list[Digit]) -> tuple[Line, ...]:
        boxes = np.array([(d.box.x, d.box.y, d.box.right, d.box.bottom) for d in digits], np.int32)
        order = lines.find_lines(*boxes.reshape(-1, 4).T)
        return tuple(Line(tuple(digits[index] for index in line)) for line in order)
