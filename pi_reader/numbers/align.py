"""How far a page has moved and turned since its reference picture, by its ink.

Both are made small and soft; the turn is tried in steps, and for each the shift with the highest
correlation is found by Fourier transform. Digits change, but headings, rules and the other digits'
places do not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

COARSE, FINE = 96, 256  # pixels of the longer side
TURNS = 6.0  # degrees either way
STEP = 1.5
ALIKE = 0.35  # correlation from which it is the same page
_SOFT = 2  # pixels around ink that count as ink, too


@dataclass(frozen=True)
class Moved:
    """How the page lies now: turned clockwise by `angle` degrees around the frame's middle, and
    then shifted by (right, down) pixels. size: (width, height) of the frame; likeness: correlation
    of the ink, 0 to 1."""

    angle: float
    right: float
    down: float
    size: tuple[int, int]
    likeness: float

    def back(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the frame was in the reference."""
        middle = self.size[0] / 2, self.size[1] / 2
        turn = np.radians(-self.angle)
        across, along = x - self.right - middle[0], y - self.down - middle[1]
        return (
            float(middle[0] + across * np.cos(turn) - along * np.sin(turn)),
            float(middle[1] + across * np.sin(turn) + along * np.cos(turn)),
        )


def find_move(reference: np.ndarray, ink: np.ndarray, size: tuple[int, int]) -> Moved | None:
    """How a page moved, None if it is another page or has too little ink to tell.

    reference, ink: (h, w) bool, where ink is, of one shape; size: (width, height) of the frame.
    """
    if reference.shape != ink.shape or not reference.any() or not ink.any():
        return None
    best = _search(reference, ink, COARSE, np.arange(-TURNS, TURNS + 0.1, STEP))
    around = best[0] + np.arange(-STEP / 2, STEP / 2 + 0.1, STEP / 4)
    angle, right, down, likeness = _search(reference, ink, FINE, around)
    if likeness < ALIKE:
        return None
    scale = size[0] / ink.shape[1]
    return Moved(float(angle), right * scale, down * scale, size, min(1.0, likeness))


def _search(
    reference: np.ndarray, ink: np.ndarray, side: int, angles: np.ndarray
) -> tuple[float, float, float, float]:
    """The turn in degrees, the shift in pixels of `ink`, and the likeness of the best fit."""
    factor = max(1, round(max(ink.shape) / side))
    fixed, moved = _soft(_small(reference, factor)), _small(ink, factor)
    spectrum, power = np.conj(np.fft.rfft2(fixed)), float(np.sqrt((fixed**2).sum()))
    best = 0.0, 0.0, 0.0, -1.0
    for angle in angles.tolist():
        turned = _soft(_turned(moved, -angle))
        norm = power * float(np.sqrt((turned**2).sum()))
        match = np.fft.irfft2(np.fft.rfft2(turned) * spectrum, turned.shape)
        row, column = np.unravel_index(int(match.argmax()), match.shape)
        likeness = float(match[row, column]) / max(norm, 1e-9)
        if likeness > best[3]:
            down = float(row if 2 * row < match.shape[0] else row - match.shape[0])
            right = float(column if 2 * column < match.shape[1] else column - match.shape[1])
            turn = np.radians(angle)  # the shift was found on the page turned back
            x = right * np.cos(turn) - down * np.sin(turn)
            y = right * np.sin(turn) + down * np.cos(turn)
            best = angle, factor * float(x), factor * float(y), likeness
    return best


def _small(ink: np.ndarray, factor: int) -> np.ndarray:
    """How much of each square of `factor` pixels is ink, float32 from 0 to 1; thin ink counts."""
    height, width = (side // factor * factor for side in ink.shape)
    small = ink[:height, :width].reshape(height // factor, factor, width // factor, factor)
    return np.asarray(np.minimum(small.mean(axis=(1, 3), dtype=np.float32) * 4, 1))


def _soft(share: np.ndarray) -> np.ndarray:
    """The same blurred, with a margin for shifts and a mean of 0."""
    ends = [_SOFT + side for side in share.shape]
    margins = [(_SOFT, _fast_length(end + end // 3) - end) for end in ends]
    share = np.pad(share, margins)
    for axis in (0, 1):
        steps = range(-_SOFT, _SOFT + 1)
        share = np.asarray(sum(np.roll(share, step, axis) for step in steps))
    return np.asarray((share - share.mean()) / np.float32((2 * _SOFT + 1) ** 2))


def _fast_length(least: int) -> int:
    """The least length from there on that has no prime factor above 5: Fourier transforms of
    others take up to three times as long."""
    length = rest = least
    while rest > 1:
        factor = next((one for one in (2, 3, 5) if rest % one == 0), None)
        if factor is None:
            length = rest = length + 1
        else:
            rest //= factor
    return length


def _turned(ink: np.ndarray, angle: float) -> np.ndarray:
    """A picture turned clockwise by so many degrees around its middle; 0 beyond its edges."""
    if angle == 0:
        return ink
    height, width = ink.shape
    turn = np.radians(-angle)
    y, x = np.mgrid[:height, :width].astype(np.float32) - np.array(
        [[[height / 2]], [[width / 2]]], np.float32
    )
    column = np.rint(width / 2 + x * np.cos(turn) - y * np.sin(turn)).astype(np.int32)
    row = np.rint(height / 2 + x * np.sin(turn) + y * np.cos(turn)).astype(np.int32)
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    out = np.zeros_like(ink)
    out[inside] = ink[row[inside], column[inside]]
    return out
