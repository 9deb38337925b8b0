"""Components: labelling equals a slow flood fill, whatever the mask; strokes, runs, ruled lines."""

from __future__ import annotations

import numpy as np
import pytest

from pi_reader.reading import components as components_module
from pi_reader.reading.binarise import Ink
from pi_reader.reading.candidates import find_groups, find_neighbourhoods, may_stand_alone
from pi_reader.reading.components import find_components, find_runs, merge, runs_to_mask, strengths
from pi_reader.reading.ruled_lines import find_ruled_lines

SHAPES = """
    ..###....#......
    .#...#..##...##.
    .#...#.#.#..#...
    .#...#...#..###.
    ..###...###.....
"""

PAPER = np.full((1, 1), 200, np.int16)


def text(drawing: str) -> np.ndarray:
    """A mask drawn with # for ink."""
    rows = [line.strip() for line in drawing.strip().splitlines()]
    return np.array([[letter == "#" for letter in row] for row in rows])


def flood_fill(mask: np.ndarray) -> list[tuple[int, int, int, int, int]]:
    """(top, left, bottom, right, area) of all 8-connected components, the slow and plain way."""
    left_over = mask.copy()
    found = []
    for start in zip(*np.nonzero(mask), strict=True):
        if not left_over[start]:
            continue
        left_over[start] = False
        stack, pixels = [start], []
        while stack:
            row, column = stack.pop()
            pixels.append((row, column))
            for r in range(max(0, row - 1), min(mask.shape[0], row + 2)):
                for c in range(max(0, column - 1), min(mask.shape[1], column + 2)):
                    if left_over[r, c]:
                        left_over[r, c] = False
                        stack.append((r, c))
        rows, columns = zip(*pixels, strict=True)
        found.append((min(rows), min(columns), max(rows) + 1, max(columns) + 1, len(pixels)))
    return sorted(found)


def as_rows(found: components_module.Components) -> list[tuple[int, int, int, int, int]]:
    columns = (found.top, found.left, found.bottom, found.right, found.area)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


def ink_of(mask: np.ndarray, strength: int = 100) -> Ink:
    contrast = (mask * strength).astype(np.uint8)
    return Ink(contrast, np.full(mask.shape, 40, np.uint8), mask, 1, 1.0, False, PAPER, 8)


def test_ok__text_drawn_shapes() -> None:
    found = find_components(text(SHAPES))
    assert as_rows(found) == [(0, 1, 5, 6, 12), (0, 7, 5, 11, 9), (1, 12, 4, 15, 6)]


@pytest.mark.parametrize("density", [0.02, 0.2, 0.4, 0.5, 0.7, 1.0])
def test_ok__labelling_equals_a_flood_fill(density: float) -> None:
    rng = np.random.default_rng(int(density * 100))
    for shape in ((1, 30), (30, 1), (17, 23), (40, 31)):
        mask = rng.random(shape) < density
        assert as_rows(find_components(mask)) == flood_fill(mask)


def test_ok__spirals_and_combs_are_one_region() -> None:
    comb = np.zeros((40, 81), bool)
    comb[:, ::2] = True
    comb[-1] = True
    zigzag = np.zeros((41, 40), bool)
    zigzag[::2] = True
    zigzag[1::4, -1] = zigzag[3::4, 0] = True
    for mask in (comb, zigzag, comb.T, zigzag.T):
        assert as_rows(find_components(mask)) == flood_fill(mask)
        assert len(find_components(mask)) == 1


def test_ok__a_page_of_noise_has_no_regions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(components_module, "MAX_RUNS", 50)
    assert len(find_components(np.indices((20, 20)).sum(axis=0) % 2 == 0)) == 0
    assert len(find_components(np.zeros((5, 5), bool))) == 0


@pytest.mark.parametrize("thickness", [1, 3, 8])
def test_ok__strokes_are_as_thick_as_they_are(thickness: int) -> None:
    mask = np.zeros((100, 100), bool)
    mask[10:90, 20 : 20 + thickness] = True
    assert find_components(mask).stroke[0] == pytest.approx(thickness, rel=0.01)
    mask[90 - thickness : 90, 20:80] = True  # an L
    assert find_components(mask).stroke[0] == pytest.approx(thickness, rel=0.1)


def test_ok__runs_painted_are_the_mask_again() -> None:
    mask = np.random.default_rng(5).random((13, 29)) < 0.5
    starts, ends, stride = find_runs(mask)
    assert np.array_equal(runs_to_mask(starts, ends, stride, mask.shape), mask)


def test_ok__runs_of_odd_bytes_are_those_of_the_same_ink() -> None:
    mask = np.random.default_rng(5).random((9, 21)) < 0.4
    odd = np.where(mask, np.random.default_rng(6).choice([2, 3, 255], mask.shape), 0)
    seen = find_runs(odd.astype(np.uint8).view(bool))
    for mine, theirs in zip(seen, find_runs(mask), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_ok__picked_and_merged_regions_keep_what_they_are() -> None:
    found = find_components(text(SHAPES))
    last = found.pick(np.array([False, False, True]))
    assert as_rows(last) == [(1, 12, 4, 15, 6)]
    both = merge([last, found.pick(np.array([0]))])
    assert as_rows(both) == [(0, 1, 5, 6, 12), (1, 12, 4, 15, 6)]
    assert both.at(np.array([2, 0]), np.array([13, 3])).tolist() == [0, 1]


def test_ok__strength_is_the_mean_contrast_of_the_ink() -> None:
    mask = text(SHAPES)
    contrast = np.random.default_rng(0).integers(0, 255, mask.shape, dtype=np.uint8)
    measured = strengths(find_components(mask), contrast)
    right = np.zeros_like(mask)
    right[:, 12:] = mask[:, 12:]
    assert measured.dtype == np.float32
    assert measured[2] == pytest.approx(contrast[right].mean())


def test_ok__rulings_go_and_a_digit_across_them_stays() -> None:
    mask = np.zeros((240, 320), bool)
    for row in range(30, 240, 40):  # lines that fall by a pixel in 80
        for column in range(320):
            mask[row + column // 80 : row + column // 80 + 2, column] = True
    digit = np.zeros_like(mask)
    digit[60:140, 150:156] = True  # the stem of a 7, across two lines
    digit[55:61, 110:156] = True
    found = find_components(mask | digit)
    ruled = find_ruled_lines(ink_of(mask | digit), found)
    assert ruled is not None
    assert ruled[mask & ~digit].mean() > 0.95
    assert not ruled[digit].any()
    assert find_ruled_lines(ink_of(digit), find_components(digit)) is None


def test_ok__one_long_stroke_is_no_ruling() -> None:
    mask = np.zeros((240, 320), bool)
    mask[20:200, 150:154] = True  # a 1 that nearly fills the frame
    assert find_ruled_lines(ink_of(mask), find_components(mask)) is None


def test_ok__parts_of_one_digit_are_neighbours_and_two_digits_are_not() -> None:
    mask = np.zeros((60, 120), bool)
    mask[10:50, 10:14] = True  # a stem
    mask[8:12, 18:34] = True  # and a bar just beside its top
    mask[10:50, 60:64] = mask[10:50, 68:72] = True  # 11
    found = find_components(mask)
    sets = sorted(tuple(found.left[hood].tolist()) for hood in find_neighbourhoods(found))
    assert sets == [(18, 10), (60,), (68,)]
    assert sum(len(groups) for _, groups in find_groups(found, 99)) == 4  # with stem and bar
    assert sum(len(groups) for _, groups in find_groups(found, 3)) == 3


def test_ok__dashes_dots_and_blobs_are_not_whole_digits() -> None:
    mask = np.zeros((60, 200), bool)
    mask[10:40, 10:14] = True  # a 1
    mask[20:24, 30:70] = True  # a dash
    mask[50:55, 80:85] = True  # a dot
    mask[10:40, 100:140] = True  # a blob
    found = find_components(mask)
    fine = dict(zip(found.left.tolist(), may_stand_alone(found).tolist(), strict=True))
    assert fine == {10: True, 30: False, 80: False, 100: False}


def test_ok__a_stroke_as_thin_and_as_level_as_a_family_of_rulings_stays() -> None:
    mask = np.zeros((240, 320), bool)
    for left in (40, 100, 160, 220):
        for row in range(240):  # lines that lean by a pixel in 6
            mask[row, left + row // 6 : left + row // 6 + 2] = True
    pen = np.zeros_like(mask)
    for row in range(60, 120):
        pen[row, 130 + row // 6 : 132 + row // 6] = True
    ink = ink_of(mask | pen)
    ruled = find_ruled_lines(ink, find_components(ink.mask))
    assert ruled is not None
    assert ruled[mask].mean() > 0.95
    assert not ruled[pen].any()
