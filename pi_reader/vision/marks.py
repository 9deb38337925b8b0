"""Which regions of ink may be digits, going by size and shape alone."""

from __future__ import annotations

import numpy as np

from pi_reader.vision.ink import Ink
from pi_reader.vision.regions import Regions, find_regions

LEAST_HEIGHT = 8  # working pixels
MAX_MARKS = 400  # marks on one page that are worth the network's time; the tallest stay


def find_marks(ink: Ink) -> Regions:
    """The regions that may be digits."""
    found = find_regions(ink.mask)
    tall = found.height >= LEAST_HEIGHT
    narrow = found.width <= 3 * found.height
    inside = (found.height < 0.98 * ink.mask.shape[0]) | (found.width < 0.5 * ink.mask.shape[1])
    solid = found.stroke > 0.45 * np.maximum(found.width, found.height)
    return found.pick(tall & narrow & inside & ~solid)
