"""Reading order: which marks stand beside each other, and which line comes first.

Handwriting on a page that lies askew climbs or falls. The slope common to the page's digits is
taken out first; then each mark, from left to right, joins the line whose last marks it stands
level with.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import dropwhile, pairwise
from typing import NamedTuple

import numpy as np

from pi_reader.reading.decode import median

STEEPEST = 0.35  # rise over run; steeper is no line but the next one
FAR = 6.0  # heights from a digit within which others say how the page slopes
LOOSE = 0.25  # heights that digits of one line stand off it
WIDE = 2.5  # heights: a wider gap ends a line
LEVEL = 0.55  # heights that a mark's middle may stand off its line's
OFF = 3.0  # a sign's way up or down to a digit counts so many times its way along the line
COMMON = 1.5  # usual heights: as wide a gap goes down between two columns
SMALLER = 0.8  # of the height of a digit beside it: a digit that may be raised
ABOVE = 0.3  # of its height: so much higher an exponent's middle stands
BESIDE = 1.2  # heights: as near a digit stands what belongs to it, an exponent or a sign


def find_lines(
    places: np.ndarray, bridges: np.ndarray | None = None, labels: np.ndarray | None = None
) -> list[list[int]]:
    """Sort boxes of level writing (`deskewed`) into lines from top to bottom, each from left to
    right, as lists of indices.

    places: (n, 4) left, top, right, bottom in pixels, right and bottom exclusive. bridges: (n,)
    bool, which of them only fill gaps, as letters between digits do; these are in no line.
    labels: (n,) bool, which of them are likely none of a number that they begin, as the Q of Q1.
    """
    left, top, right, bottom = places.T
    height = (bottom - top).astype(np.float32)
    level, heights = ((top + bottom) / 2).tolist(), height.tolist()
    lines: list[list[int]] = []
    ends: list[tuple[float, float]] = []  # level and height at which each line goes on
    for mark in np.argsort(left + right, kind="stable").tolist():
        home = _home(ends, level[mark], heights[mark])
        if home is None:
            lines.append([mark])
            ends.append((level[mark], heights[mark]))
        else:
            last = lines[home][-1]
            lines[home].append(mark)
            ends[home] = (level[last] + level[mark]) / 2, (heights[last] + heights[mark]) / 2
    lines.sort(key=lambda line: sum(level[mark] for mark in line) / len(line))
    usual = median(height) if len(height) else 0.0
    begin, end = left.tolist(), right.tolist()
    none = np.zeros(len(places), bool)
    bridges = none if bridges is None else bridges
    labels = none if labels is None else labels
    rows = []
    for line in lines:
        pieces = [
            [mark for mark in piece if not bridges[mark]]
            for piece in _pieces(line, begin, end, WIDE * usual)
        ]
        if row := [_Piece.of(piece, begin, end, labels) for piece in pieces if piece]:
            rows.append(row)
    return _by_columns(rows, COMMON * usual)


def level_with_digits(places: np.ndarray, is_digit: np.ndarray) -> np.ndarray:
    """Boxes of digits, signs and letters in which whatever is no digit is as high as the digit that
    it stands beside.

    A point stands low, a comma lower, and a minus is flat: what line they are in, a digit says.
    places: (n, 4) left, top, right, bottom in pixels; is_digit: (n,) which are digits.
    """
    out = places.copy()
    digits = places[is_digit].astype(np.float32)
    reach = WIDE * (digits[:, 3] - digits[:, 1])
    for mark in np.flatnonzero(~is_digit):
        beside = _beside(places[mark], digits, reach)
        if beside is not None:
            out[mark, 1::2] = digits[beside, 1::2]
    return out


def lines_with_exponents(
    places: np.ndarray,
    level: np.ndarray,
    is_digit: np.ndarray,
    is_letter: np.ndarray,
    labels: np.ndarray | None = None,
) -> tuple[list[list[int]], np.ndarray]:
    """The lines of `level` as `find_lines` gives them, exponents in those of the digit or letter
    that they stand beside, and which these are, (n,) bool.

    places: (n, 4) left, top, right, bottom in pixels; level: the same as high as the digits beside
    them; is_digit, is_letter, labels: (n,) bool. An exponent is small and in a line by itself;
    small digits one above the other are none.
    """
    out, raised = level.copy(), np.zeros(len(level), bool)
    lines = find_lines(level, is_letter, labels)
    height = (places[:, 3] - places[:, 1]).astype(np.float32)
    tall = np.where(is_letter, height, SMALLER * height)
    largest = tall[is_digit | is_letter].max(initial=0)
    for line in lines:
        small = [mark for mark in line if is_digit[mark]]
        if not small or largest <= height[small].max():
            continue
        large = (is_digit | is_letter) & (tall > height[small].max())
        large &= places[:, 0] < places[small, 0].min()  # a base stands before its exponent
        large[line] = False
        if not large.any():
            continue
        found = [_beside(places[mark], places[large], BESIDE * height[large]) for mark in small]
        if None in found:
            continue
        base = places[large][found[0]]
        middle = (base[1] + base[3]) / 2 - ABOVE * (base[3] - base[1])
        above = (places[small, 1] + places[small, 3]).max() / 2 < middle
        if above and not _is_stacked(places[small], places[is_digit], base):
            raised[small] = True
            out[line, 1::2] = base[1::2]
    return find_lines(out, is_letter, labels) if raised.any() else lines, raised


def _beside(box: np.ndarray, digits: np.ndarray, reach: np.ndarray) -> int | None:
    """The digit that a mark stands beside, or None; reach: (n,) how wide a gap to each may be."""
    left, top, right, bottom = digits.astype(np.float32).T
    height = bottom - top
    middle = (float(box[1]) + float(box[3])) / 2
    gap = np.maximum(np.maximum(left - box[2], box[0] - right), 0)
    off = np.maximum(np.maximum(top - middle, middle - bottom), 0)
    near = np.flatnonzero((gap <= reach) & (off <= LEVEL * height))
    if not len(near):
        return None
    return int(near[np.argmin(((gap + OFF * off) / height)[near])])


def _is_stacked(small: np.ndarray, digits: np.ndarray, base: np.ndarray) -> bool:
    """Whether other digits stand above or below some small ones, as near as the line's height."""
    low, high = small[:, :2].min(axis=0), small[:, 2:].max(axis=0)
    tall = base[3] - base[1]
    common = np.minimum(digits[:, 2], high[0]) - np.maximum(digits[:, 0], low[0])
    within = (digits[:, 3] > low[1] - tall) & (digits[:, 1] < high[1] + tall)
    apart = (digits[:, 3] <= low[1]) | (digits[:, 1] >= high[1])
    return bool((within & apart & (common > 0.3 * (digits[:, 2] - digits[:, 0]))).any())


def _pieces(
    line: list[int], left: Sequence[float], right: Sequence[float], wide: float
) -> list[list[int]]:
    """A line cut where a gap is wider than that, in pixels."""
    pieces = [line[:1]]
    for before, mark in pairwise(line):
        if left[mark] - right[before] > wide:
            pieces.append([])
        pieces[-1].append(mark)
    return pieces


class _Piece(NamedTuple):
    """Marks of a line that stand together: from where to where they reach, and the gaps between
    them, but for those after a label, in pixels."""

    begin: float
    end: float
    gaps: list[float]
    marks: list[int]

    @classmethod
    def of(
        cls, marks: list[int], left: Sequence[float], right: Sequence[float], labels: np.ndarray
    ) -> _Piece:
        """The piece of some marks, from left to right."""
        number = list(dropwhile(lambda mark: labels[mark], marks))
        gaps = [left[mark] - right[before] for before, mark in pairwise(number)]
        return cls(
            min(left[mark] for mark in marks), max(right[mark] for mark in marks), gaps, marks
        )


def _by_columns(rows: list[list[_Piece]], wide: float) -> list[list[int]]:
    """The pieces of rows in reading order: a block of rows that break at the same gap is read
    column by column, everything else row by row.

    A row belongs to the block above it as long as a gap as wide as `wide` pixels goes down through
    both. Columns hold numbers: single digits far apart are a grid, which is read by rows.
    """
    blocks: list[list[list[_Piece]]] = []
    for row in rows:
        if not blocks or not _gaps([*blocks[-1], row], wide):
            blocks.append([])
        blocks[-1].append(row)
    return [piece.marks for block in blocks for piece in _columns(block, wide)]


def _columns(block: list[list[_Piece]], wide: float) -> list[_Piece]:
    """The pieces of one block in reading order."""
    pieces = [piece for row in block for piece in row]
    if sum(len(row) > 1 for row in block) < 2:
        return pieces
    columns: dict[int, list[_Piece]] = {}
    gaps = _gaps(block, wide)
    for piece in pieces:
        columns.setdefault(sum(piece.begin > gap for gap in gaps), []).append(piece)
    if all(_are_numbers(column, wide) for column in columns.values()):
        return [piece for _, column in sorted(columns.items()) for piece in column]
    return pieces


def _are_numbers(pieces: list[_Piece], wide: float) -> bool:
    """Whether half of the pieces are several marks, and most of these stand close together."""
    gaps = [gap for piece in pieces for gap in piece.gaps]
    return 2 * sum(bool(piece.gaps) for piece in pieces) >= len(pieces) and median(gaps) < wide / 2


def _gaps(rows: list[list[_Piece]], wide: float) -> list[float]:
    """Where nothing stands between the pieces of some rows for at least `wide` pixels: where it
    begins."""
    first, *others = sorted(piece for row in rows for piece in row)
    gaps, end = [], first.end
    for piece in others:
        if piece.begin - end >= wide:
            gaps.append(end)
        end = max(end, piece.end)
    return gaps


def deskewed(places: np.ndarray, is_digit: np.ndarray) -> np.ndarray:
    """Boxes as they would stand if the writing were level, (n, 4) float32.

    places: (n, 4) left, top, right, bottom in pixels; is_digit: (n,) bool, which are digits; these
    say how far the page slopes.
    """
    out = places.astype(np.float32)
    slope = page_slope(out[is_digit])
    across, down = (out[:, 0] + out[:, 2]) / 2, (out[:, 1] + out[:, 3]) / 2
    out[:, ::2] += slope * down[:, None]
    out[:, 1::2] -= slope * across[:, None]
    return out


def page_slope(places: np.ndarray) -> float:
    """Rise over run of the writing, at most STEEPEST either way; 0 of fewer than three digits.

    places: (n, 4) float32, left, top, right, bottom of digits in pixels. As in the projection
    profiles of a page (Baird, 1987), each slope is asked how many digits stand level with each
    other by it; what is near counts more than what is far.
    """
    if len(places) < 3:
        return 0.0
    left, top, right, bottom = places.T
    run, rise = (
        (a + b)[None, :] / 2 - (a + b)[:, None] / 2 for a, b in ((left, right), (top, bottom))
    )
    height = bottom - top
    size, least = np.maximum(height, height[:, None]), np.minimum(height, height[:, None])
    beside = (run > 0) & (run < FAR * size) & (np.abs(rise) < STEEPEST * run + LOOSE * size)
    beside &= least >= SMALLER * size  # an exponent stands higher on a level page, too
    run, rise = run[beside] / size[beside], rise[beside] / size[beside]
    slopes = np.linspace(-STEEPEST, STEEPEST, 71, dtype=np.float32)
    off = (rise - slopes[:, None] * run) / LOOSE
    level = (np.exp(-(off**2)) * np.exp(-run / WIDE)).sum(axis=1)
    return float(slopes[np.argmax(level)]) if len(run) > 1 else 0.0  # two agree, or none says


def _home(ends: list[tuple[float, float]], level: float, height: float) -> int | None:
    """The line that a mark stands level with, or None if it begins a new one."""
    best, least = None, LEVEL
    for index, (line_level, line_height) in enumerate(ends):
        off = abs(level - line_level) / max(height, line_height, 1.0)
        if off < least:
            best, least = index, off
    return best
