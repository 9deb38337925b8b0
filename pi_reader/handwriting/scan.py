"""Digits as small black and white scans keep them: a dozen pixels high, with stairs for edges.

Many collections were made so, on forms and on cheques, and some also stretch each digit towards a
square. Whoever reads only smooth lines takes such stairs for strokes.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from pi_reader.handwriting.patches import LONGER_EDGE, centred
from pi_reader.values import SIDE

_TALL = (12, 21)  # pixels of the scan's longer edge
_BLACK = (0.25, 0.45)  # of full ink: from where on a pixel of the scan is black
_STRETCHED = 0.4  # share of the scans that are pulled towards a square
_SEEN = 40  # of 255: ink that counts for a digit's extent
_CANVAS = 40  # pixels: room to move the centre of mass into the middle


def scanned(patches: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same patches, (n, 28, 28) uint8, after a coarse scan; each by another scanner."""
    canvas = np.zeros((len(patches), _CANVAS, _CANVAS), np.float32)
    for row, patch in enumerate(patches):
        height, width = _scan(patch, rng, canvas[row])
        if not height * width:
            canvas[row, :SIDE, :SIDE] = patch / np.float32(255)
    return centred(canvas)


def _scan(patch: np.ndarray, rng: np.random.Generator, into: np.ndarray) -> tuple[int, int]:
    """Scan one patch into the middle of a canvas; gives its new height and width, 0 if it fades."""
    seen = patch > _SEEN
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if not len(rows):
        return 0, 0
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    shape = np.array([box[2] - box[0], box[3] - box[1]], np.float32)  # width, height
    if rng.random() < _STRETCHED:
        shape **= np.float32(rng.uniform(0, 1))
    coarse = np.maximum(np.rint(shape / shape.max() * rng.integers(*_TALL)), 2).astype(int)
    small = Image.fromarray(patch).resize(
        (int(coarse[0]), int(coarse[1])), Image.Resampling.BOX, box
    )
    black = (np.asarray(small) > 255 * rng.uniform(*_BLACK)).astype(np.uint8) * np.uint8(255)
    if not black.any():
        return 0, 0
    width, height = (int(side) for side in np.rint(coarse / coarse.max() * LONGER_EDGE))
    large = Image.fromarray(black).resize((width, height), Image.Resampling.BILINEAR)
    left, top = (_CANVAS - width) // 2, (_CANVAS - height) // 2
    into[top : top + height, left : left + width] = np.asarray(large) / np.float32(255)
    return height, width
