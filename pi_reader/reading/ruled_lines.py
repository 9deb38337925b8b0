"""Printed lines, squares and tables taken away from under the writing.

A ruled line is a chain of thin pieces: seen column by column, ink a pixel or three high that goes
on level for a good part of the page. Where a pen stroke crosses it the ink is higher, so the chain
breaks there and the stroke stays whole. One long stroke alone may be a 1 that fills the frame;
ruled lines come in families, or cross most of the page.
"""

from __future__ import annotations

import numpy as np

from pi_reader.reading.binarise import Ink
from pi_reader.reading.components import Components, find_runs, runs_to_mask, touching, union_find
from pi_reader.reading.decode import median, weighted_median

THICKEST = 0.02  # of the page's shorter side; a bold 1 that fills the frame is thicker
PIECE = 0.06  # of the page's extent: shorter straight pieces prove nothing
COVER = 0.35  # of the page's extent that the pieces of one ruled line cover together
ALONE = 0.8  # the same for a ruled line that has no family
DARKER = 1.5  # times its ruled line's contrast: that is a pen stroke on top of it
FAMILY = 3  # ruled lines of one direction
PARALLEL = 0.05  # difference of slopes within a family: a page is seen almost from above


def find_ruled_lines(ink: Ink, found: Components) -> np.ndarray | None:
    """The pixels of level and upright ruled lines, (h, w) bool, or None; found: in the ink."""
    height, width = ink.mask.shape
    thin = found.stroke <= THICKEST * min(height, width)
    wide, tall = thin & (found.width >= COVER * width), thin & (found.height >= COVER * height)
    level = _of_any_thickness(ink.mask.T, ink.contrast.T, found, wide)
    upright = _of_any_thickness(ink.mask, ink.contrast, found, tall)
    if level is None or upright is None:
        return upright if level is None else level.T
    return level.T | upright


def _of_any_thickness(
    mask: np.ndarray, contrast: np.ndarray, found: Components, carriers: np.ndarray
) -> np.ndarray | None:
    """Upright ruled lines as thin as most runs of the mask are, or else as thick as the largest of
    the components, (n,) bool, in which they are suspected."""
    if not carriers.any():
        return None
    mask = np.ascontiguousarray(mask)
    stroke = max(1.0, float(found.stroke[np.where(carriers, found.area, -1).argmax()]))
    starts, ends, _ = find_runs(mask)
    usual = float(np.bincount(ends - starts).argmax())
    lines = vertical_lines(mask, contrast, usual) if usual < stroke else None
    return vertical_lines(mask, contrast, stroke) if lines is None else lines


def vertical_lines(mask: np.ndarray, contrast: np.ndarray, thickness: float) -> np.ndarray | None:
    """The pixels of upright ruled lines, (h, w) bool, or None.

    mask, contrast: as in Ink; thickness: of the strokes in which ruled lines are suspected, in
    pixels.
    """
    height = mask.shape[0]
    starts, ends, stride = find_runs(mask)
    most = int(np.ceil(1.5 * thickness)) + 1
    thin = ends - starts <= most
    starts, ends = starts[thin], ends[thin]
    if not len(starts):
        return None
    thin_runs = starts, ends
    bridged = runs_to_mask(starts, ends, stride, mask.shape)
    for _ in range(most):  # over the gaps where another line crosses
        bridged[1:] |= bridged[:-1]
    starts, ends, stride = find_runs(bridged)
    names = union_find(len(starts), *touching(starts, ends, stride))
    row, column = _middles(starts, ends, stride)
    slope, length, name = _straight_pieces(names, row, column, height, thickness)
    if not len(name):
        return None
    common = weighted_median(slope, length)
    seed = np.isin(names, name[np.abs(slope - common) < PARALLEL])
    place = column - common * (row - height / 2)
    reach = 2 * thickness + 2
    thin_row, thin_column = _middles(*thin_runs, stride)
    strength = contrast[thin_row.astype(np.int64), thin_column.astype(np.int64)]
    drop = np.zeros(len(thin_row), bool)
    rulings = []
    for group in _clusters(names, place, seed, 2 * reach):
        members = seed & np.isin(names, group)
        cover = np.unique(row[members]).size / height
        curve = np.polyfit(row[members] / height, column[members], 2 if cover > 0.5 else 1)
        near = np.abs(np.polyval(curve, thin_row / height) - thin_column) <= thickness + 1
        if cover < COVER:  # nobody knows how it goes on
            near &= (thin_row >= row[members].min()) & (thin_row <= row[members].max())
        if near.any():  # the curve may leave the runs that it was fitted to
            near &= strength <= DARKER * median(strength[near])
            rulings.append((np.unique(thin_row[near]).size / height, near))
    family = sum(cover >= COVER for cover, _ in rulings) >= FAMILY
    for cover, near in rulings:
        if cover >= (COVER if family else ALONE):
            drop |= near
    if not drop.any():
        return None
    return runs_to_mask(thin_runs[0][drop], thin_runs[1][drop], stride, mask.shape)


def _middles(starts: np.ndarray, ends: np.ndarray, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """Row and middle column of each run, float32."""
    row = starts // stride
    return row.astype(np.float32), ((starts + ends - 1) / 2 - row * stride).astype(np.float32)


def _straight_pieces(
    names: np.ndarray, row: np.ndarray, column: np.ndarray, height: int, thickness: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slope, length and name of every chain of thin runs that is a long straight upright line."""
    size = int(names.max()) + 1
    count = np.bincount(names, minlength=size)
    name = np.flatnonzero(count >= max(PIECE * height, 1))
    many = count[name]

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(names, values, minlength=size)[name]

    mid_row, mid_column = total(row) / many, total(column) / many
    spread = total(row * row) / many - mid_row**2
    both = total(row * column) / many - mid_row * mid_column
    slope = both / np.maximum(spread, 1e-6)
    off = np.maximum(total(column * column) / many - mid_column**2 - slope * both, 0)
    length = np.sqrt(12 * np.maximum(spread, 0))  # of an evenly filled stretch
    good = (np.sqrt(off) <= thickness) & (length >= PIECE * height)
    return slope[good], length[good], name[good]


def _clusters(
    names: np.ndarray, place: np.ndarray, seed: np.ndarray, gap: float
) -> list[np.ndarray]:
    """Names of pieces that lie on one line: their places, sorted, have no gap between them."""
    pieces, index = np.unique(names[seed], return_inverse=True)
    middle = np.bincount(index, place[seed]) / np.bincount(index)
    order = np.argsort(middle)
    breaks = np.flatnonzero(np.diff(middle[order]) > gap) + 1
    return np.split(pieces[order], breaks)
