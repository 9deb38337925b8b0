"""Every digit is shown a little differently each time, so that the network learns the digit.

Sixty thousand patches are soon known by heart. Turned, sheared, bent, written with a thicker pen,
blurred, with a piece missing, they are new each time, and they also look more like what a camera
gives. All of it works on whole batches: one smooth bending and one turn are added up into a single
map of where each pixel comes from, and the patch is resampled once.

The elastic bending follows Simard, Steinkraus and Platt, "Best practices for convolutional neural
networks applied to visual document analysis" (2003).
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from pi_reader.training.recipes import Augmentation
from pi_reader.values import SIDE

Array = NDArray[np.float32]

_BORDER = 1  # blank pixels around a patch while it is resampled, so that its outside is paper
_SIZE = SIDE * SIDE
_WIDE = SIDE + 2 * _BORDER
_FIELDS = 1024  # bendings drawn beforehand; two of them, for x and y, make a million pairs
_FIELD_SMOOTHNESS = 4.0  # pixels: standard deviation of the Gaussian that smooths a bending
_GRAINS = 1 << 18  # noise values drawn beforehand; each patch starts elsewhere among them
_INK = np.float32(1.0)


class Augmenter:
    """Changes batches of patches, as much as `settings` allow.

    It keeps its work memory between batches, so one augmenter belongs to one thread. The result
    depends on the patches, the settings and the `rng` of the call, on nothing else.
    """

    def __init__(self, settings: Augmentation, batch: int = 128) -> None:
        self.settings = settings
        self._resample = Resampler(batch)

    def __call__(self, patches: np.ndarray, rng: np.random.Generator) -> Array:
        """Give changed patches, (n, 28, 28) float32, 0 paper to 1 ink, from uint8 ones.

        The patches stay as they are. The result is good until the next call.
        """
        settings = self.settings
        inked = np.multiply(patches, np.float32(1 / 255), dtype=np.float32)
        if settings.pen_share:
            change_pen(inked, settings.thicken, settings.thin, settings.pen_share, rng)
        if settings.contrast:
            bend_contrast(inked, settings.contrast, rng)
        changed = self._resample(
            inked, random_affine(len(inked), settings, rng), settings.bend, rng
        )
        if settings.blur_share:
            blur(changed, settings.blur_share, rng)
        if settings.hole_share:
            punch_holes(changed, settings.hole_share, settings.hole_size, rng)
        if settings.noise_share:
            add_noise(changed, settings.noise, settings.noise_share, rng)
        return changed


class Resampler:
    """Turns, shears, zooms, shifts and bends in a single bilinear look-up.

    Its work memory is kept, since the system hands out large blocks page by page and takes them
    back at once, which costs more than the work done in them.
    """

    def __init__(self, batch: int) -> None:
        rows, columns = np.divmod(np.arange(_SIZE, dtype=np.float32), np.float32(SIDE))
        middle = np.float32((SIDE - 1) / 2)
        self._grid = np.stack([columns - middle, rows - middle, np.ones_like(rows)])  # (3, 784)
        self._reserve(batch)

    def _reserve(self, batch: int) -> None:
        """Make the work memory large enough for `batch` patches."""
        self._batch = batch
        self._padded = np.zeros((batch, _WIDE, _WIDE), np.float32)
        self._where = np.empty((2, batch, _SIZE), np.float32)
        self._bend = np.empty((2, batch, _SIZE), np.float32)
        self._whole = np.empty((2, batch, _SIZE), np.int32)
        self._index = np.empty((batch, _SIZE), np.intp)
        self._corners = np.empty((4, batch, _SIZE), np.float32)
        self._first = np.arange(batch, dtype=np.int32)[:, None] * np.int32(_WIDE * _WIDE)

    def __call__(
        self, inked: Array, affine: Array, bend: float, rng: np.random.Generator | None = None
    ) -> Array:
        """(n, 28, 28) float32 to the same, in work memory that the next call writes over.

        affine: (2, n, 3) as `random_affine` makes it; bend: pixels, how far at most.
        """
        n = len(inked)
        if n > self._batch:
            self._reserve(n)
        where, whole, index = self._where[:, :n], self._whole[:, :n], self._index[:n]
        np.matmul(affine, self._grid, out=where)  # (2, n, 784)
        if bend and rng is not None:
            self._add_bend(where, bend, rng)
        np.clip(where, np.float32(0), np.float32(_WIDE - 1.01), out=where)
        np.copyto(whole, where, casting="unsafe")
        np.subtract(where, whole, out=where, dtype=np.float32)  # the share of the next pixel

        whole[1] *= np.int32(_WIDE)
        whole[0] += whole[1]
        np.add(whole[0], self._first[:n], out=index)
        self._padded[:n, _BORDER:-_BORDER, _BORDER:-_BORDER] = inked
        source = self._padded.reshape(-1)
        corners = self._corners[:, :n]
        for corner, step in zip(corners, (0, 1, _WIDE, _WIDE + 1), strict=True):
            np.take(source[step:], index, out=corner, mode="clip")
        across, down = where
        _mix(corners[0], corners[1], across)
        _mix(corners[2], corners[3], across)
        _mix(corners[0], corners[2], down)
        return corners[0].reshape(n, SIDE, SIDE)

    def _add_bend(self, where: Array, most: float, rng: np.random.Generator) -> None:
        """Move the places that are looked up by a smooth random field each for x and y."""
        n = where.shape[1]
        fields, bend = _fields(), self._bend[:, :n]
        np.take(fields, rng.integers(0, len(fields), (2, n)), axis=0, out=bend, mode="clip")
        bend *= rng.uniform(0, most, (1, n, 1)).astype(np.float32)
        where += bend


def turned(patches: np.ndarray, degrees: float) -> np.ndarray:
    """Patches (n, 28, 28) uint8, turned clockwise about their middle."""
    count = len(patches)
    none, same = np.zeros((2, count)), np.ones((2, count))
    affine = affine_from(np.full(count, np.radians(degrees)), none[0], same, none)
    inked = Resampler(count)(patches.astype(np.float32), affine, bend=0.0)
    return np.rint(inked).astype(np.uint8)


def random_affine(count: int, settings: Augmentation, rng: np.random.Generator) -> Array:
    """A random turn, shear, zoom and shift for each of `count` patches; see `affine_from`."""
    angle = np.radians(rng.uniform(-settings.turn, settings.turn, count))
    shear = rng.uniform(-settings.shear, settings.shear, count)
    zoom = np.exp(rng.uniform(-settings.zoom, settings.zoom, (2, count)))
    shift = rng.uniform(-settings.shift, settings.shift, (2, count))
    return affine_from(angle, shear, zoom, shift)


def affine_from(angle: np.ndarray, shear: np.ndarray, zoom: np.ndarray, shift: np.ndarray) -> Array:
    """Where each pixel comes from: (2, n, 3) float32, to be multiplied with (x, y, 1).

    x and y are counted from the middle of the patch. angle: (n,) radians; shear: (n,) pixels
    sideways per pixel of height; zoom: (2, n) along x and y; shift: (2, n) pixels.
    """
    affine = np.empty((2, len(angle), 3), np.float32)
    affine[0, :, 0] = np.cos(angle) * zoom[0]
    affine[0, :, 1] = (np.sin(angle) + shear) * zoom[1]
    affine[1, :, 0] = -np.sin(angle) * zoom[0]
    affine[1, :, 1] = np.cos(angle) * zoom[1]
    affine[:, :, 2] = (SIDE - 1) / 2 + _BORDER + shift
    return affine


@functools.cache
def _fields() -> Array:
    """The bendings, the same for everybody: which of them a patch gets is left to chance."""
    return smooth_fields(_FIELDS, np.random.default_rng(2003))


@functools.cache
def _grains() -> Array:
    """A long row of noise, from which pieces are taken."""
    return np.random.default_rng(1803).standard_normal(_GRAINS, dtype=np.float32)


def smooth_fields(count: int, rng: np.random.Generator) -> Array:
    """Smooth random surfaces, (count, 784) float32, of root mean square 1."""
    reach = int(3 * _FIELD_SMOOTHNESS)
    distance = np.arange(SIDE + 2 * reach)[None] - reach - np.arange(SIDE)[:, None]
    smooth = np.exp(-0.5 * (distance / _FIELD_SMOOTHNESS) ** 2).astype(np.float32)
    rough = rng.standard_normal((count, SIDE + 2 * reach, SIDE + 2 * reach), dtype=np.float32)
    fields = (smooth @ rough @ smooth.T).reshape(count, -1).astype(np.float32, copy=False)
    fields /= np.sqrt(np.mean(np.square(fields)))
    return fields


def change_pen(
    inked: Array, thicken: float, thin: float, share: float, rng: np.random.Generator
) -> None:
    """Write some patches with a broader and some with a finer pen, in place.

    Half of `share` go part of the way to the largest value of each pixel's neighbourhood (the
    cross of it and its four neighbours), half part of the way to the smallest.
    """
    order = rng.permutation(len(inked))
    half = round(len(inked) * share / 2)
    for limit, chosen, extreme in (
        (thicken, order[:half], np.maximum),
        (thin, order[half : 2 * half], np.minimum),
    ):
        before = inked[chosen]
        after = before.copy()
        extreme(after[:, 1:], before[:, :-1], out=after[:, 1:])
        extreme(after[:, :-1], before[:, 1:], out=after[:, :-1])
        extreme(after[:, :, 1:], before[:, :, :-1], out=after[:, :, 1:])
        extreme(after[:, :, :-1], before[:, :, 1:], out=after[:, :, :-1])
        _mix(before, after, rng.uniform(0, limit, (len(chosen), 1, 1)).astype(np.float32))
        inked[chosen] = before


def bend_contrast(inked: Array, most: float, rng: np.random.Generator) -> None:
    """Make the greys darker or lighter, in place: x + k x (1 - x), which leaves paper and ink.

    A gamma curve in effect, at a tenth of the price of a power.
    """
    strength = rng.uniform(-most, most, (len(inked), 1, 1)).astype(np.float32)
    curve = np.subtract(_INK, inked)
    curve *= inked
    curve *= strength
    inked += curve


def blur(inked: Array, share: float, rng: np.random.Generator) -> None:
    """Put some patches out of focus, in place: 1-2-1 both ways, mixed with the sharp patch."""
    chosen = np.flatnonzero(rng.random(len(inked)) < share)
    sharp = inked[chosen]
    soft = sharp.copy()
    for axis in (1, 2):
        line = np.moveaxis(soft, axis, 1)
        between = line[:, :-2] + line[:, 2:]
        line[:, 1:-1] *= np.float32(0.5)
        line[:, 1:-1] += np.float32(0.25) * between
    _mix(sharp, soft, rng.uniform(0.2, 1, (len(chosen), 1, 1)).astype(np.float32))
    inked[chosen] = sharp


def punch_holes(inked: Array, share: float, size: int, rng: np.random.Generator) -> None:
    """Take a rectangle out of some patches, in place: a reflection, a ruling that was removed."""
    for k in np.flatnonzero(rng.random(len(inked)) < share):
        height, width = rng.integers(2, size + 1, 2)
        top, left = rng.integers(4, SIDE - 4, 2)
        inked[k, top : top + height, left : left + width] = 0


def add_noise(inked: Array, most: float, share: float, rng: np.random.Generator) -> None:
    """Add a sensor's grain to some patches, in place."""
    grains = _grains()
    for k in np.flatnonzero(rng.random(len(inked)) < share):
        start = rng.integers(0, len(grains) - _SIZE)
        grain = grains[start : start + _SIZE].reshape(SIDE, SIDE)
        inked[k] += grain * np.float32(rng.uniform(0, most))
        np.clip(inked[k], np.float32(0), _INK, out=inked[k])


def _mix(first: Array, second: Array, share: Array) -> None:
    """first + share (second - first), into `first`; `second` is used up."""
    second -= first
    second *= share
    first += second
