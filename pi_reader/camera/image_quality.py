"""Image quality of a frame, measured cheaply: too dark, glare, or out of focus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pi_reader.values import State

DARKEST = 30.0  # mean grey level of a frame; automatic exposure lifts any usable light above it
DARK_PEAK = 60.0  # grey level of its brightest spots: a slate is dark, the chalk on it is not
CLIPPED = 250  # grey levels; a saturated pixel, allowing for JPEG ringing
MOST_CLIPPED = 0.35  # of the frame
PALE_INK = 90.0  # contrast of the strongest edges: on a scan, white paper has black ink on it
SOFTEST = 0.29
"""Of an edge's contrast, within two pixels. Drawn pages in focus have 0.45 or more, photographs of
a camera's size 0.32; blurred by three pixels, a pen stroke's width, both have 0.25."""

LEAST_EDGE = 24.0  # grey levels; fainter edges are noise and say nothing of focus

_REACH = 6  # half-size pixels that span the whole contrast of an edge: 12 of the frame
_ROWS = 40  # pairs of rows that are sampled
_STRONGEST = 40  # edges that are averaged, so that no single pixel decides
_SPOTS = 10  # sampled pixels that must be that bright, so that no single one decides


@dataclass(frozen=True)
class Conditions:
    """Brightness and sharpness of a frame.

    mean: grey levels, 0 black to 255 white; peak: of the brightest spots; clipped: share of
    overexposed pixels, 0 to 1. contrast: grey levels across the strongest edges; sharpness: the
    share of it that lies within two pixels, 0 to 1, None if there is no edge to judge by.
    """

    mean: float
    peak: float
    clipped: float
    contrast: float
    sharpness: float | None

    @property
    def trouble(self) -> State | None:
        """What makes the frame unreadable, None if nothing; digits that were read override it."""
        if self.mean < DARKEST and self.peak < DARK_PEAK:
            return State.DARK
        if self.clipped > MOST_CLIPPED and self.contrast < PALE_INK:
            return State.GLARE
        if self.sharpness is not None and self.sharpness < SOFTEST:
            return State.BLURRED
        return None


def conditions(grey: np.ndarray) -> Conditions:
    """Measure a frame, (height, width) uint8 of any size from 1 x 1, on a sample of its pixels."""
    sample = grey[::4, ::4]
    counts = np.bincount(sample.ravel(), minlength=256)
    above = np.cumsum(counts[::-1])
    peak = 255 - int(np.searchsorted(above, min(_SPOTS, sample.size)))
    contrast, sharpness = _edges(grey)
    return Conditions(
        float(counts @ np.arange(256)) / sample.size,
        float(peak),
        int(counts[CLIPPED:].sum()) / sample.size,
        contrast,
        sharpness,
    )


def _edges(grey: np.ndarray) -> tuple[float, float | None]:
    """Contrast and sharpness of the strongest edges: the step over one pixel relative to six.

    Measured along sampled rows at half size, which suppresses noise.
    """
    if min(grey.shape) < 4 * _REACH:
        return 0.0, None
    step = max(2, grey.shape[0] // _ROWS)
    pairs = grey[: grey.shape[0] - 1 : step].astype(np.int16)
    pairs += grey[1::step]
    even = pairs.shape[1] // 2 * 2
    rows = (pairs[:, :even:2] + pairs[:, 1:even:2]) >> 2
    far = np.abs(rows[:, _REACH:] - rows[:, :-_REACH]).ravel()
    strongest = min(_STRONGEST, far.size)
    places = np.argpartition(far, far.size - strongest)[-strongest:]
    contrast = float(far[places].mean())
    if contrast < LEAST_EDGE:
        return contrast, None
    row, column = np.divmod(places, rows.shape[1] - _REACH)
    across = rows[row[:, None], column[:, None] + np.arange(_REACH + 1)]  # (edges, 7)
    return contrast, min(1.0, float(np.abs(np.diff(across)).max(axis=1).mean()) / contrast)
