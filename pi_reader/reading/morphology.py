"""Sliding windows over the coarse grid of a page: largest, smallest and mean value near by.

Grids are (rows, columns) of whole or floating numbers; windows are square, 2 * radius + 1 cells
wide.
"""

from __future__ import annotations

import numpy as np


def dilate(grid: np.ndarray, radius: int) -> np.ndarray:
    """Largest value within `radius` cells each way, a square window cut off at the border."""
    return _slide(_slide(grid, radius).T, radius).T


def erode(grid: np.ndarray, radius: int) -> np.ndarray:
    """Smallest value within `radius` cells; beyond the border the slope is taken to go on.

    Without that, light that falls off towards a corner would look like ink there.
    """
    return _slide_on(_slide_on(grid, radius).T, radius).T


def closing(grid: np.ndarray, radius: int) -> np.ndarray:
    """The same grid, but all that is darker and narrower than the window is wiped out."""
    return erode(dilate(grid, radius), radius)


def opening(grid: np.ndarray, radius: int) -> np.ndarray:
    """The same grid, but all that is lighter and narrower than the window is wiped out."""
    return -closing(-grid, radius)


def mean(grid: np.ndarray, radius: int) -> np.ndarray:
    """Mean of whole numbers within `radius` cells, of fewer at the border; (rows, columns) float32.

    They must add up to less than 2^31.
    """
    sums = np.zeros((grid.shape[0] + 1, grid.shape[1] + 1), np.int32)
    np.cumsum(grid, axis=0, out=sums[1:, 1:])
    np.cumsum(sums, axis=1, out=sums)
    counts = []
    for size in grid.shape:
        cell = np.arange(size)
        low, high = np.maximum(cell - radius, 0), np.minimum(cell + radius + 1, size)
        sums = (sums[high] - sums[low]).T
        counts.append((high - low).astype(np.float32))
    return sums.astype(np.float32) / np.multiply.outer(*counts)


def _slide_on(grid: np.ndarray, radius: int) -> np.ndarray:
    reach = min(radius, len(grid) - 1)
    above = 2 * grid[:1] - grid[1 : reach + 1][::-1]
    below = 2 * grid[-1:] - grid[::-1][1 : reach + 1]
    padded = np.concatenate([above, grid, below])
    return -_slide(-padded, radius)[reach : reach + len(grid)]


def _slide(grid: np.ndarray, radius: int) -> np.ndarray:
    """Running maximum down the columns over 2 * radius + 1 rows, in log2 steps."""
    rows = grid.shape[0]
    span = 2 * radius + 1
    low = np.iinfo(grid.dtype).min
    border = np.full((radius, grid.shape[1]), low, grid.dtype)
    run = np.concatenate([border, grid, border])
    reach = 1
    while reach < span:
        step = min(reach, span - reach)
        run = np.maximum(run[: len(run) - step], run[step:])
        reach += step
    return run[:rows]


def brightest(pixels: np.ndarray, cell: int) -> np.ndarray:
    """The brightest pixel of each cell, (rows, columns) uint8.

    pixels: (h, w) uint8; cell: edge of a cell in pixels; the last ones may be smaller.
    """
    height, width = pixels.shape
    rows, columns, whole = -(-height // cell), -(-width // cell), height // cell
    most = np.zeros((rows, columns * cell), np.uint8)
    most[:whole, :width] = pixels[: whole * cell].reshape(whole, cell, width).max(axis=1)
    if whole < rows:
        most[whole, :width] = pixels[whole * cell :].max(axis=0)
    out = most[:, ::cell].copy()
    for offset in range(1, cell):
        np.maximum(out, most[:, offset::cell], out=out)
    return out
