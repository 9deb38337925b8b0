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
from pi_reader.reading.decode import weighted_median

CARRIER = (
    0.3  # of the page's extent: a component that long may hold a ruled line, else nobody looks
)
THICKEST = 0.02  # of the page's shorter side; a table's dark edge is thicker and no ruled line
PIECE = 0.06  # of the page's extent: shorter straight pieces prove nothing
COVER = 0.35  # of the page's extent that the pieces of one ruled line cover together
ALONE = 0.8  # the same for a ruled line that has no family
ALONE_SLENDER = 40  # and its length over its thickness
DARKER = 1.5  # times its ruled line's contrast: that is a pen stroke on top of it
LEAST_IN_VIEW = 0.3  # of the page's extent: a line of which less is seen counts as that much
LIKE = 1.25  # times the contrast of its family: a shorter piece of a line that is no darker
FAMILY = 3  # ruled lines of one direction
SLOPE = 0.25  # rise over run up to which a line is level
PARALLEL = 0.05  # difference of slopes within a family: a page is seen almost from above
SLENDER = 12  # length over thickness of a piece, twice


def find_ruled_lines(ink: Ink, found: Components) -> np.ndarray | None:
    """The pixels of level and upright ruled lines, (h, w) bool, or None; found: in the ink."""
    height, width = ink.mask.shape
    slim = found.stroke * SLENDER
    thin = found.stroke <= THICKEST * min(height, width)
    wide = thin & (found.width >= np.maximum(CARRIER * width, slim))
    tall = thin & (found.height >= np.maximum(CARRIER * height, slim))
    level = upright = None
    if wide.any():
        across = np.ascontiguousarray(ink.mask.T)
        level = _of_any_thickness(across, ink.contrast.T, _thickness(found, wide))
    if tall.any():
        upright = _of_any_thickness(ink.mask, ink.contrast, _thickness(found, tall))
    if level is None or upright is None:
        return upright if level is None else level.T
    return level.T | upright


def _of_any_thickness(mask: np.ndarray, contrast: np.ndarray, stroke: float) -> np.ndarray | None:
    """Upright ruled lines as thin as most runs of the mask are, or else as thick as its strokes."""
    starts, ends, _ = find_runs(mask)
    usual = float(np.bincount(ends - starts).argmax())
    found = vertical_lines(mask, contrast, usual) if usual < stroke else None
    return vertical_lines(mask, contrast, stroke) if found is None else found


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
        in_view = _in_view(float(np.mean(place[members])), common, mask.shape)
        curve = np.polyfit(row[members] / height, column[members], 2 if cover > 0.5 else 1)
        near = np.abs(np.polyval(curve, thin_row / height) - thin_column) <= thickness + 1
        if cover < COVER * in_view:  # nobody knows how it goes on
            near &= (thin_row >= row[members].min()) & (thin_row <= row[members].max())
        usual = float(np.median(strength[near])) if near.any() else 0.0
        if not near.any():  # the curve may leave the runs that it was fitted to
            continue
        near &= strength <= DARKER * usual
        rulings.append((np.unique(thin_row[near]).size / height, in_view, usual, near))
    long = [usual for cover, _, usual, _ in rulings if cover >= COVER]
    family = len(long) >= FAMILY
    as_dark = LIKE * float(np.median(long)) if family else 0.0
    alone = max(ALONE, ALONE_SLENDER * thickness / height)
    for cover, in_view, usual, near in rulings:
        if cover >= alone or (family and (cover >= COVER * in_view or usual <= as_dark)):
            drop |= near
    if not drop.any():
        return None
    return runs_to_mask(thin_runs[0][drop], thin_runs[1][drop], stride, mask.shape)


def _in_view(place: float, slope: float, shape: tuple[int, ...]) -> float:
    """The share of the page's rows in which the frame shows a line: some leave it at its side.

    place: the line's column in the middle row.
    """
    height, width = shape
    columns = place + slope * (np.arange(height) - height / 2)
    return max(LEAST_IN_VIEW, float(np.mean((columns >= 0) & (columns < width))))


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
    name = np.flatnonzero(count >= max(PIECE * height, SLENDER * thickness / 2))
    many = np.maximum(count[name], 1)

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(names, values, minlength=size)[name]

    mid_row, mid_column = total(row) / many, total(column) / many
    spread = total(row * row) / many - mid_row**2
    both = total(row * column) / many - mid_row * mid_column
    slope = both / np.maximum(spread, 1e-6)
    off = np.maximum(total(column * column) / many - mid_column**2 - slope * both, 0)
    length = np.sqrt(12 * np.maximum(spread, 0))  # of an evenly filled stretch
    good = (np.abs(slope) < SLOPE) & (np.sqrt(off) <= thickness) & (length >= PIECE * height)
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


def _thickness(found: Components, carriers: np.ndarray) -> float:
    """Stroke of the largest suspected carrier in pixels, at least 1."""
    largest = int(np.argmax(np.where(carriers, found.area, -1)))
    return max(1.0, float(found.stroke[largest]))
