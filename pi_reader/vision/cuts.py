"""Digits that touch: where a region may be cut, and the pieces that come of it.

A pen that runs from one digit into the next leaves a bridge: a column with little ink between two
with more. Every such column is a place where a cut may be right; all stretches between cuts are
pieces for the network to judge, and the cheapest way from left to right wins. Cutting too often is
harmless as long as the right cuts are among them (Casey and Lecolinet, *A Survey of Methods and
Strategies in Character Segmentation*, 1996).
"""

from __future__ import annotations

import numpy as np

from pi_reader.vision.regions import Regions, measure

LEAST_HEIGHT = 12  # working pixels; smaller regions are not cut
LEAST_WIDTH = 0.2  # of the region's height: no digit is narrower, but for a 1
BRIDGE = 2.2  # strokes of ink in a column that may be cut
MAX_CUTS = 5


def find_cuts(found: Regions, region: int) -> list[int]:
    """Columns at which a region may be cut, from left to right, without its ends.

    Each is the first column of the piece to its right.
    """
    width, height = int(found.width[region]), int(found.height[region])
    if height < LEAST_HEIGHT or width < 3 * LEAST_WIDTH * height:
        return []
    runs = found.runs[found.first[region]:found.first[region + 1]]
    left = int(found.left[region])
    change = np.bincount(runs[:, 1] - left, minlength=width + 1).astype(np.int64)
    change -= np.bincount(runs[:, 2] - left, minlength=width + 1)
    ink = np.cumsum(change)[:width]
    stroke = max(1.0, float(found.stroke[region]))
    apart = max(2, round(LEAST_WIDTH * height))
    cuts: list[int] = []
    open_ = (ink <= max(BRIDGE * stroke, 0.25 * ink.max())).copy()
    open_[:apart // 2] = False
    open_[width - apart // 2:] = False
    cost = ink + 0.5 * np.abs(np.arange(width) - width / 2) / width  # ties: the middle
    while open_.any() and len(cuts) < MAX_CUTS:
        best = int(np.argmin(np.where(open_, cost, np.inf)))
        cuts.append(best)
        open_[max(0, best - apart):best + apart + 1] = False
    return sorted(cut + left for cut in cuts)


def cut_region(found: Regions, region: int, spans: list[tuple[int, int]]) -> Regions:
    """The pieces of a region between columns, one for each (first, one past the last)."""
    runs = found.runs[found.first[region]:found.first[region + 1]]
    parts, counts = [], []
    for first, last in spans:
        part = runs[(runs[:, 1] < last) & (runs[:, 2] > first)]
        part = np.column_stack([part[:, 0], np.maximum(part[:, 1], first),
                                np.minimum(part[:, 2], last)])
        parts.append(part)
        counts.append(len(part))
    starts = np.cumsum([0] + counts[:-1])
    pieces = measure(np.concatenate(parts).astype(np.int32), starts, np.zeros(len(spans), np.int32))
    pieces.stroke[:] = found.stroke[region]
    pieces.strength[:] = found.strength[region]
    return pieces
