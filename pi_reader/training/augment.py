"""Data augmentation: every patch is changed a little each time it is shown.

A network soon memorises sixty thousand patches. Rotated, sheared, distorted, written with a
thicker pen, blurred or with a piece missing, they are new each time, and look more like what a
camera delivers. All of it works on whole batches: the affine map and the elastic distortion are
combined into one map of source coordinates, and each patch is resampled once.

The elastic distortion follows Simard, Steinkraus and Platt, "Best practices for convolutional
neural networks applied to visual document analysis" (2003).
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from pi_reader.training.recipes import Augmentation
from pi_reader.values import SIDE

Array = NDArray[np.float32]

_BORDER = 1  # blank pixels around a patch during resampling, so that outside of it is paper
_SIZE = SIDE * SIDE
_WIDE = SIDE + 2 * _BORDER
_FIELDS = 1024  # precomputed displacement fields; one each for x and y makes a million pairs
_FIELD_SMOOTHNESS = 4.0  # pixels: standard deviation of the Gaussian that smooths a field
_GRAINS = 1 << 18  # precomputed noise values; each patch starts at a random one
_INK = np.float32(1.0)


class Augmenter:
    """Augments batches of patches within the limits of `settings`.

    Not thread-safe, since it reuses its buffers. The result depends only on the patches, the
    settings and the `rng` of the call.
    """

    def __init__(self, settings: Augmentation, batch: int = 128) -> None:
        self.settings = settings
        self._resample = Resampler(batch)

    def __call__(self, patches: np.ndarray, rng: np.random.Generator) -> Array:
        """Return augmented patches, (n, 28, 28) float32, 0 paper to 1 ink, from uint8 ones.

        The input is not modified. The result is valid until the next call.
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
    """Rotates, shears, zooms, shifts and distorts in a single bilinear interpolation.

    Its buffers are kept: allocating large arrays anew costs more, in page faults, than the
    computation.
    """

    def __init__(self, batch: int) -> None:
        rows, columns = np.divmod(np.arange(_SIZE, dtype=np.float32), np.float32(SIDE))
        middle = np.float32((SIDE - 1) / 2)
        self._grid = np.stack([columns - middle, rows - middle, np.ones_like(rows)])  # (3, 784)
        self._reserve(batch)

    def _reserve(self, batch: int) -> None:
        """Make the buffers large enough for `batch` patches."""
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
        """(n, 28, 28) float32 to the same, in a buffer that the next call overwrites.

        affine: (2, n, 3) as from `random_affine`; bend: amplitude of the distortion in pixels.
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
        np.subtract(where, whole, out=where, dtype=np.float32)  # weight of the next pixel

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
        mixed: Array = corners[0].reshape(n, SIDE, SIDE)
        return mixed

    def _add_bend(self, where: Array, most: float, rng: np.random.Generator) -> None:
        """Displace the source coordinates by a smooth random field each for x and y."""
        n = where.shape[1]
        fields, bend = _fields(), self._bend[:, :n]
        np.take(fields, rng.integers(0, len(fields), (2, n)), axis=0, out=bend, mode="clip")
        bend *= rng.uniform(0, most, (1, n, 1)).astype(np.float32)
        where += bend


def turned(patches: np.ndarray, degrees: float) -> np.ndarray:
    """Patches (n, 28, 28) uint8, rotated clockwise about their centre."""
    count = len(patches)
    none, same = np.zeros((2, count)), np.ones((2, count))
    affine = affine_from(np.full(count, np.radians(degrees)), none[0], same, none)
    inked = Resampler(count)(patches.astype(np.float32), affine, bend=0.0)
    return np.rint(inked).astype(np.uint8)


def random_affine(count: int, settings: Augmentation, rng: np.random.Generator) -> Array:
    """A random rotation, shear, zoom and shift for each of `count` patches; see `affine_from`."""
    angle = np.radians(rng.uniform(-settings.turn, settings.turn, count))
    shear = rng.uniform(-settings.shear, settings.shear, count)
    zoom = np.exp(rng.uniform(-settings.zoom, settings.zoom, (2, count)))
    shift = rng.uniform(-settings.shift, settings.shift, (2, count))
    return affine_from(angle, shear, zoom, shift)


def affine_from(angle: np.ndarray, shear: np.ndarray, zoom: np.ndarray, shift: np.ndarray) -> Array:
    """Affine maps from target to source coordinates, (2, n, 3) float32, applied to (x, y, 1).

    x and y are relative to the patch's centre. angle: (n,) radians; shear: (n,) pixels
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
    """The displacement fields, always the same ones; which of them a patch gets is random."""
    return smooth_fields(_FIELDS, np.random.default_rng(2003))


@functools.cache
def _grains() -> Array:
    """A long row of noise, from which slices are taken."""
    return np.random.default_rng(1803).standard_normal(_GRAINS, dtype=np.float32)


def smooth_fields(count: int, rng: np.random.Generator) -> Array:
    """Smooth random fields, (count, 784) float32, of root mean square 1."""
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
    """Thicken some patches and thin others, in place.

    Half of `share` are blended with their dilation by a cross of five pixels, half with their
    erosion.
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
    """Change the tone curve, in place: x + k x (1 - x), which keeps 0 and 1.

    Much like a gamma curve, at a tenth of the cost of a power.
    """
    strength = rng.uniform(-most, most, (len(inked), 1, 1)).astype(np.float32)
    curve = np.subtract(_INK, inked)
    curve *= inked
    curve *= strength
    inked += curve


def blur(inked: Array, share: float, rng: np.random.Generator) -> None:
    """Blur some patches, in place: a 1-2-1 kernel both ways, blended with the sharp patch."""
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
    """Erase a rectangle from some patches, in place, like a reflection or a removed ruled line."""
    for k in np.flatnonzero(rng.random(len(inked)) < share):
        height, width = rng.integers(2, size + 1, 2)
        top, left = rng.integers(4, SIDE - 4, 2)
        inked[k, top : top + height, left : left + width] = 0


def add_noise(inked: Array, most: float, share: float, rng: np.random.Generator) -> None:
    """Add Gaussian noise, like a sensor's, to some patches, in place."""
    grains = _grains()
    for k in np.flatnonzero(rng.random(len(inked)) < share):
        start = rng.integers(0, len(grains) - _SIZE)
        grain = grains[start : start + _SIZE].reshape(SIDE, SIDE)
        inked[k] += grain * np.float32(rng.uniform(0, most))
        np.clip(inked[k], np.float32(0), _INK, out=inked[k])


def _mix(first: Array, second: Array, share: Array) -> None:
    """first + share (second - first), into `first`; overwrites `second`."""
    second -= first
    second *= share
    first += second
