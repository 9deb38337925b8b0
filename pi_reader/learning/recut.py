"""Samples cut anew from their cut-outs, for the day when patches are made in another way.

The network must learn from patches that look like those it will be shown. So when an update changes
how they are made, the ones that were kept are made again from what the camera saw.
"""

from __future__ import annotations

import numpy as np

from pi_reader.learning.samples.rows import MARGIN
from pi_reader.reading.binarise import binarise
from pi_reader.reading.candidates import find_candidates
from pi_reader.reading.patches import cut_patches


def recut(cutout: np.ndarray) -> np.ndarray | None:
    """The patch of a cut-out: (height, width) uint8 grey to (28, 28) uint8, None without ink.

    The digit is what has its middle where the box was that the cut-out was made around.
    """
    page = find_candidates(binarise(cutout))
    found = page.components
    if not len(found):
        return None
    height, width = cutout.shape
    longer = max(height, width) / (1 + 2 * MARGIN)
    margin = MARGIN * longer / page.ink.scale
    middle_x, middle_y = found.left + found.width / 2, found.top + found.height / 2
    inside = (middle_x >= margin) & (middle_x <= width / page.ink.scale - margin)
    inside &= (middle_y >= margin) & (middle_y <= height / page.ink.scale - margin)
    group = tuple(np.flatnonzero(inside).tolist())
    if not group:
        return None
    return np.asarray(cut_patches(page.ink, found, [group])[0])
