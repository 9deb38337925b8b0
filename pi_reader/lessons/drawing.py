"""Drawings made of letters, for a terminal without pictures: curves, bars and patches of ink."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

Values = Sequence[float] | np.ndarray
Curve = tuple[str, Values, Values]  # its letter, then x and y of each point

_SHADES = np.array(list(" .:-=+*#%@"))  # from paper to full ink


def plot(
    curves: Sequence[Curve],
    x: tuple[float, float] | None = None,
    y: tuple[float, float] | None = None,
    width: int = 60,
    height: int = 15,
    names: tuple[str, str] = ("", ""),
    factors: bool = False,
    form: str = ".4g",
) -> str:
    """Points in a frame, each curve in its own letter; where two meet, the later one is seen.

    x, y: the range that is shown, by default all of it; points outside and infinite ones are left
    out. names: what is drawn to the right, and upwards. factors: to the right grows by factors
    (10, 100, 1000 are equally far apart); all x are above 0 then. form: of the numbers upwards.
    """
    if factors:
        curves = [(letter, np.log10(xs), ys) for letter, xs, ys in curves]
    left, right = x or _range([value for _, xs, _ in curves for value in xs])
    bottom, top = y or _range([value for _, _, ys in curves for value in ys])
    field = [[" "] * width for _ in range(height)]
    for letter, xs, ys in curves:
        for across, up in zip(xs, ys, strict=True):
            column = _place(across, left, right, width)
            row = _place(up, bottom, top, height)
            if column is not None and row is not None:
                field[height - 1 - row][column] = letter
    marks = [f"{top:{form}}", *[""] * (height - 2), f"{bottom:{form}}"]
    margin = max(map(len, marks))
    rows = [
        f"{mark:>{margin}} |{''.join(line)}".rstrip()
        for mark, line in zip(marks, field, strict=True)
    ]
    ends = [f"{10**end if factors else end:.4g}" for end in (left, right)]
    across, upwards = names
    middle = across.center(width - len(ends[0]) - len(ends[1]))
    return "\n".join(
        [
            *([upwards] if upwards else []),
            *rows,
            " " * margin + " +" + "-" * width,
            " " * (margin + 2) + ends[0] + middle + ends[1],
        ]
    )


def bars(
    names: Sequence[str],
    values: Sequence[float],
    most: float | None = None,
    width: int = 40,
    form: str = ".2f",
) -> str:
    """A bar for each value, from 0 to `most` (the largest by default), with name and number."""
    most = most or max(map(abs, values), default=0.0) or 1.0
    margin = max(map(len, names), default=0)
    numbers = [f"{value:{form}}" for value in values]
    longest = max(map(len, numbers), default=0)
    return "\n".join(
        f"{name:>{margin}} {number:>{longest}} {'#' * _length(value, most, width)}".rstrip()
        for name, number, value in zip(names, numbers, values, strict=True)
    )


def patches(images: np.ndarray, across: int = 2) -> str:
    """Patches (n, height, width) from 0 paper to 255 ink, drawn side by side in shades.

    A letter is twice as high as wide, so each stands for two pixels, one above the other.
    """
    images = np.asarray(images, np.float32)
    n, height, width = images.shape
    pairs = images[:, : height // 2 * 2].reshape(n, height // 2, 2, width).mean(axis=2)
    levels = np.clip(pairs * (len(_SHADES) / 256), 0, len(_SHADES) - 1).astype(int)
    letters = _SHADES[levels]
    rows = []
    for first in range(0, n, across):
        some = letters[first : first + across]
        rows += [
            "  ".join("".join(line) for line in lines).rstrip() for lines in some.transpose(1, 0, 2)
        ]
    return "\n".join(rows)


def crossed(weights: np.ndarray, left: str, right: str) -> str:
    """Two nodes linked to two others: weights (2, 2), a row leads into one node on the right."""
    gap = " " * (len(left) + 3)
    (straight_1, up), (down, straight_2) = [[f"{weight:g}" for weight in row] for row in weights]
    return "\n".join(
        (
            f"{left} 1 {straight_1.center(17, '-')} {right} 1",
            f"{gap}  \\             /",
            f"{gap}    {down:<8} /",
            f"{gap}        \\ /",
            f"{gap}        / \\",
            f"{gap}    {up:<8} \\",
            f"{gap}  /             \\",
            f"{left} 2 {straight_2.center(17, '-')} {right} 2",
        )
    )


def _range(values: Sequence[float]) -> tuple[float, float]:
    """From the smallest to the largest finite value; a little around it if there is but one."""
    finite = [float(value) for value in values if math.isfinite(value)] or [0.0]
    low, high = min(finite), max(finite)
    return (low, high) if low < high else (low - 1.0, high + 1.0)


def _place(value: float, low: float, high: float, cells: int) -> int | None:
    """Which of the cells from `low` to `high` a value falls in, None if in none."""
    if not math.isfinite(value) or not low <= value <= high:
        return None
    return round((value - low) / (high - low) * (cells - 1))


def _length(value: float, most: float, width: int) -> int:
    share = value / most if math.isfinite(value) else 0.0
    return round(min(max(share, 0.0), 1.0) * width)
