"""Recomputes the patches of samples from their cut-outs when the preprocessing has changed.

The network must be trained on patches that look like those it will classify. So when an update
changes the preprocessing, stored patches are computed again from what the camera saw.
"""

from __future__ import annotations

import numpy as np

from pi_reader.learning.samples.rows import MARGIN
from pi_reader.reading.binarise import binarise
from pi_reader.reading.candidates import find_candidates
from pi_reader.reading.patches import cut_patches


def recut(cutout: np.ndarray) -> np.ndarray | None:
    """The patch of a cut-out: (height, width) uint8 grey to (28, 28) uint8, None without ink.

    The digit is the candidate in the middle, since cut-outs were made around its box.
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
