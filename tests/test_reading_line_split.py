"""Tests for lines of digits that have grown together, on ink drawn by hand; frame 1 of the golden
frames shows two such lines whole."""

from __future__ import annotations

import numpy as np

from pi_reader.reading.line_split import find_seam


def test_ok__seam_goes_between_two_blocks() -> None:
    ink = np.zeros((9, 6), bool)
    ink[:4, :3] = ink[5:, :3] = True  # paper in row 4 on the left
    ink[:3, 3:] = ink[4:, 3:] = True  # in row 3 on the right
    assert find_seam(ink).tolist() == [4, 4, 4, 3, 3, 3]


def test_ok__seam_crosses_where_the_stroke_is_one_pixel_thick() -> None:
    ink = np.ones((7, 5), bool)
    ink[5, :2] = ink[5, 3:] = False
    assert find_seam(ink).tolist() == [5] * 5
