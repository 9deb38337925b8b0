"""From a grey picture to ink: the paper's own light is taken away, what is left is pen.

The paper under the ink is guessed on a coarse grid by a grey closing: a dilation wipes out every
stroke narrower than its window, an erosion puts the edges of shadows back where they were (Serra,
*Image Analysis and Mathematical Morphology*, 1982). The window is a fifth of the picture's shorter
side, so that a marker that fills the frame is not hollowed, and a hairline costs nothing extra.
Chalk on a slate is the same picture with the signs turned round.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from PIL import Image

from pi_reader.reading.components import find_components
from pi_reader.reading.grounds import light_ink_at
from pi_reader.reading.morphology import brightest, closing, dilate, erode, opening

MAX_PIXELS = 800_000  # of the working picture; larger ones are averaged down, noise with them
SMALL = 256 * 256  # pixels: pictures up to here may be filled by a digit, no camera's are
GRID_CELLS = 4800  # cells of the coarse grid: 80 x 60 for a camera frame of 640 x 480
PAPER_WINDOW = 0.1  # radius of the closing, as a share of the grid's shorter side
NOISE_FACTOR = 5.0  # ink is darker than its paper by at least so many standard deviations of noise
LEAST_CONTRAST = 7  # grey levels; below this an 8-bit JPEG has only its own artefacts
LEAST_SHARE = 0.06  # of the paper's brightness: dust and paper fibres stay below, pencil above
DARKEST = 16  # grey levels: what is darker is taken to be as bright, as 8 bits say no more
CREASE = 0.05  # of the paper's brightness: shades of the paper itself that are taken away
SATURATED = 250  # grey levels: the mean of a cell in which nothing is seen for light
GLARE = 0.02  # of its brightness: so much brighter is a reflection than the paper around it
NOISE_ROWS = 32  # are enough to see how much noise there is
GRAIN = 4  # pixels: the coarser paper grain
LOCAL_SHARE = 0.36  # of the darkest ink near by: cuts soft edges at about half their height


@dataclass(frozen=True)
class Ink:
    """What is pen on a picture.

    contrast: (h, w) uint8, how far each pixel stands out from its paper, in grey levels, 0 paper.
    threshold: (h, w) uint8, the contrast above which a pixel is ink.
    mask: (h, w) bool, the pixels taken for ink.
    scale: pixels of the frame per pixel of these arrays along each side, at least 1.
    noise: standard deviation of the picture's noise in grey levels.
    light_ink: whether the ink is brighter than its ground (chalk).
    ground: (rows, columns) int16, how bright the paper is in each cell of `cell` pixels' edge.
    glare: (k, 4) int32, boxes (left, top, right, bottom) of reflections that wiped out all ink.
    """

    contrast: np.ndarray
    threshold: np.ndarray
    mask: np.ndarray
    scale: int
    noise: float
    light_ink: bool
    ground: np.ndarray
    cell: int
    glare: np.ndarray = field(default_factory=lambda: np.zeros((0, 4), np.int32))

    @cached_property
    def drawn(self) -> Image.Image:
        """The contrast of what is ink, and paper."""
        return Image.fromarray(self.contrast * self.mask.view(np.uint8))

    @cached_property
    def halved(self) -> list[Image.Image]:
        """All contrast, then half as wide and as high each time, as far as it was asked for."""
        return [Image.fromarray(self.contrast)]

    def light_at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """How bright the paper is at some pixels, (n,) float32 grey levels, at least DARKEST."""
        rows = np.minimum(y // self.cell, self.ground.shape[0] - 1)
        columns = np.minimum(x // self.cell, self.ground.shape[1] - 1)
        return np.maximum(self.ground[rows, columns], DARKEST).astype(np.float32)


def binarise(grey: np.ndarray, softly: bool = False) -> Ink:
    """Find the ink on a picture, under uneven light and whatever the pen.

    grey: (height, width) uint8, 0 black to 255 white, any size from 1 x 1. softly: each working
    pixel shows a little of those beside it, as if slightly out of focus.
    """
    scale = max(1, int(np.ceil(np.sqrt(grey.size / MAX_PIXELS))))
    if scale > 1:
        grey = np.asarray(Image.fromarray(grey).reduce(scale))
    if softly:
        grey = _softened(grey)
    cell = max(1, round(float(np.sqrt(grey.size / GRID_CELLS))))
    coarse = np.asarray(Image.fromarray(grey).reduce(cell)).astype(np.int16)
    radius = max(2, round(min(coarse.shape) * PAPER_WINDOW))
    light_ink = light_ink_at(grey, cell, coarse, radius)
    light = None
    if isinstance(light_ink, np.ndarray):
        paper, contrast = _of_two_grounds(grey, coarse, radius, cell, light_ink)
        light = light_ink < 0
        light_ink = bool((light_ink > 0).mean() > 0.5)
    else:
        paper, contrast = _of_one_ground(grey, coarse, radius, cell, light_ink)
    noise = estimate_noise(grey)
    threshold = _threshold(contrast, paper, cell, radius, noise)
    mask = contrast > threshold
    glare = find_glare(paper, coarse, radius, light) * cell
    return Ink(contrast, threshold, mask, scale, noise, light_ink, paper, cell, glare)


def with_margin(grey: np.ndarray) -> tuple[np.ndarray, int]:
    """A small picture with its own ground around it, and how many pixels of that on each side.

    On a picture that one digit fills there is more ink than ground, and ink that reaches the edge
    would be taken for cut off. The ground is what most of the border shows. Where ink fills less
    than half of the height, what reaches the edge is cut off and goes on.
    """
    if grey.size > SMALL:
        return grey, 0
    ground = np.uint8(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    margin = max(grey.shape) // 2 + 1
    out = np.pad(grey, margin, "edge")
    off = np.maximum(out, ground) - np.minimum(out, ground)
    ink = off > np.ptp(grey) // 4  # else it is the ground's own shade
    inner = slice(margin, -margin), slice(margin, -margin)
    rows = np.flatnonzero(ink[inner].any(axis=1))
    if len(rows) and 2 * (rows[-1] - rows[0]) >= len(grey):
        ink[inner] = False
        out[ink] = ground
    return out, margin


def _softened(grey: np.ndarray) -> np.ndarray:
    """A picture, (h, w) uint8, each pixel with half as much of those beside it, both ways."""
    soft, wide = grey.copy(), grey.astype(np.uint16)
    rows = wide[:-2] + wide[2:] + 2 * wide[1:-1]
    soft[1:-1, 1:-1] = (rows[:, :-2] + rows[:, 2:] + 2 * rows[:, 1:-1] + 8) >> 4
    return soft


def _of_one_ground(
    grey: np.ndarray, coarse: np.ndarray, radius: int, cell: int, light_ink: bool
) -> tuple[np.ndarray, np.ndarray]:
    """How bright the paper is in each cell, and how far each pixel stands out from it."""
    paper = settle(estimate_paper(coarse, radius, light_ink), coarse, light_ink)
    contrast = _enlarge(paper, cell, grey.shape)
    if light_ink:
        np.minimum(contrast, grey, out=contrast)
        np.subtract(grey, contrast, out=contrast)
    else:
        np.maximum(contrast, grey, out=contrast)
        np.subtract(contrast, grey, out=contrast)
    return paper, contrast


def _of_two_grounds(
    grey: np.ndarray, coarse: np.ndarray, radius: int, cell: int, light_ink: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The same where some cells have light ink, dark ink or none, (rows, columns) int8 as in
    `light_ink_at`.

    Nothing stands out where two grounds meet: that is the edge of the paper. As much light falls
    on the dark ground as on the light one, so that is what its ink is measured by.
    """
    dark_paper, dark = _of_one_ground(grey, coarse, radius, cell, False)
    _, light = _of_one_ground(grey, coarse, radius, cell, True)
    edge = dilate(light_ink, 1) > erode(light_ink, 1)

    def pixels(cells: np.ndarray) -> np.ndarray:
        whole = np.repeat(np.repeat(cells, cell, axis=0), cell, axis=1)
        return whole[: grey.shape[0], : grey.shape[1]]

    contrast = np.where(pixels(light_ink > 0), light, dark)
    contrast[pixels(edge | (light_ink == 0))] = 0
    on_light = light_ink < 0
    return np.where(on_light, dark_paper, np.int16(dark_paper[on_light].mean())), contrast


def estimate_paper(coarse: np.ndarray, radius: int, light_ink: bool) -> np.ndarray:
    """The ground's brightness on the coarse grid, (rows, columns) int16.

    coarse: (rows, columns) int16, mean grey of each cell; radius: of the window in cells;
    light_ink: whether the ink is the brighter one.
    """
    return opening(coarse, radius) if light_ink else closing(coarse, radius)


def settle(paper: np.ndarray, coarse: np.ndarray, light_ink: bool) -> np.ndarray:
    """Lower the ground onto the paper where it hangs a little above: in creases, over grain.

    Only what is wider than a stroke and no more than a few per cent of the brightness is taken to
    be paper. Same arrays as in estimate_paper.
    """
    sign = -1 if light_ink else 1
    above = sign * (paper - coarse)
    above = dilate(-dilate(-above, 1), 1)
    most = (paper * np.float32(CREASE)).astype(np.int16)
    return paper - sign * np.minimum(above, most)


def find_glare(
    paper: np.ndarray, coarse: np.ndarray, radius: int, light: np.ndarray | None = None
) -> np.ndarray:
    """Boxes of bright spots that left the camera nothing to see, (k, 4) int32 in cells.

    paper: (rows, columns) int16, the ground's brightness; coarse: as in estimate_paper. A spot is
    as bright as can be, brighter than the paper around it on all sides, and no wider than the
    window. light: (rows, columns) bool, where the light one of two grounds is; None for one.
    """
    blind = paper >= SATURATED
    if not blind.any():
        return np.zeros((0, 4), np.int32)
    around = np.maximum(paper, closing(coarse, radius))  # not settled: it would dip below bold ink
    if light is not None:
        around[~light] = 255  # white
    blind &= around - opening(around, radius) >= around * np.float32(GLARE)
    if light is not None:  # what touches the other ground is one with it
        blind |= dilate((~light).view(np.int8), 1).view(bool)
    spots = find_components(blind)
    boxes = np.stack([spots.left, spots.top, spots.right, spots.bottom], axis=1)
    within = (boxes[:, :2] > 0).all(axis=1) & (boxes[:, 2:] < paper.shape[::-1]).all(axis=1)
    return boxes[within & (np.minimum(spots.width, spots.height) > 1)]


def estimate_noise(grey: np.ndarray) -> float:
    """Standard deviation of noise and paper grain in grey levels, whichever is stronger.

    From second differences along some rows, of pixels side by side and of pixels further apart.
    """
    step = max(1, grey.shape[0] // NOISE_ROWS)
    rows = grey[::step].astype(np.int16)
    return max(_deviation(rows, 1), _deviation(rows, GRAIN))


def _deviation(rows: np.ndarray, lag: int) -> float:
    """Standard deviation of (n, m) int16 rows about their neighbours `lag` columns away.

    Half of all pixels see no edge, so the median of the absolute differences is noise alone; for
    a normal distribution that median is 0.6745 standard deviations, and a second difference
    (1, -2, 1) has the square root of six times the pixel's own.
    """
    if rows.shape[1] < 2 * lag + 1:
        return 0.0
    step = rows[:, lag:] - rows[:, :-lag]
    bend = np.abs(step[:, lag:] - step[:, :-lag])
    counts = np.cumsum(np.bincount(bend.ravel(), minlength=2))
    half = counts[-1] / 2
    level = int(np.searchsorted(counts, half))
    below = counts[level - 1] if level else 0
    median = level - 0.5 + (half - below) / max(1, counts[level] - below)  # within the level
    return max(0.0, float(median)) / (0.6745 * 6**0.5)


def _threshold(
    contrast: np.ndarray, paper: np.ndarray, cell: int, radius: int, noise: float
) -> np.ndarray:
    """The contrast above which a pixel is ink: over the noise, and well up the ink's flank."""
    height, width = contrast.shape
    peaks = brightest(contrast, cell)
    local = dilate(peaks, radius).astype(np.float32) * np.float32(LOCAL_SHARE)
    least = np.maximum(LEAST_CONTRAST, NOISE_FACTOR * noise)
    level = np.maximum(local, np.maximum(np.float32(least), paper * np.float32(LEAST_SHARE)))
    across = _enlarge(level, cell, (len(paper), width))
    return np.repeat(across, cell, axis=0)[:height]


def _enlarge(grid: np.ndarray, cell: int, shape: tuple[int, ...]) -> np.ndarray:
    """The coarse grid drawn out to (h, w) uint8, linear between the middles of cells.

    With as many rows as the grid has, it is drawn out across only.
    """
    small = np.minimum(np.maximum(grid, 0), 255).astype(np.uint8)
    if cell == 1:
        return small
    if 256 % (2 * cell) == 0:  # where whole weights are exact, as Pillow draws it
        across = np.empty((small.shape[1], cell, len(small)), np.uint8)
        _draw_out(np.ascontiguousarray(small.T), across)
        rows = np.ascontiguousarray(across.reshape(-1, len(small)).T)[:, : shape[1]]
    else:
        size = small.shape[1] * cell, len(small)
        picture = Image.fromarray(small).resize(size, Image.Resampling.BILINEAR)
        rows = np.asarray(picture)[:, : shape[1]]
    if shape[0] == len(grid):
        return rows
    large = np.empty((len(grid), cell, shape[1]), np.uint8)
    _draw_out(rows, large)
    return large.reshape(-1, shape[1])[: shape[0]]


def _draw_out(rows: np.ndarray, out: np.ndarray) -> None:
    """Rows, (n, w) uint8, drawn out to (n, cell, w) uint8, linear between the middles of cells.

    In units of 1/256 and 16 bits each, a row of every cell at a time, so that what is needed stays
    in the cache; four pixels are one number where they can be. Such a number may run over on the
    way, and comes back.
    """
    cell = out.shape[1]
    number = np.dtype("<u8" if rows.shape[1] % 4 == 0 else "<u2")
    wide = np.concatenate([rows[:1], rows, rows[-1:]]).astype("<u2")
    middle = (wide[1:-1] * np.uint16(256) + np.uint16(128)).view(number)
    wide = wide.view(number)
    weight = [round(256 * abs((row + 0.5) / cell - 0.5)) for row in range(cell)]
    blend = np.empty_like(middle)
    for half, beside in (range(cell // 2), wide[:-2]), (range(cell // 2, cell), wide[2:]):
        towards = beside - wide[1:-1]
        total, weighed, change, step = middle.copy(), 0, 1, towards
        for row in half:
            if weight[row] - weighed != change:  # the same from row to row, mostly
                change = weight[row] - weighed
                step = towards * number.type(change % 256**number.itemsize)
            total += step
            weighed += change
            np.right_shift(total, number.type(8), out=blend)
            out[:, row] = blend.view("<u2")  # the lower byte of each
