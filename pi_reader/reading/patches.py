"""Crops that look like training digits: 28 x 28 pixels, made the way MNIST was made.

LeCun, Cortes and Burges scaled each digit into 20 x 20 pixels keeping its proportions, with grey
edges from the averaging, and moved its centre of mass to the middle of 28 x 28. The same is done
here, and two things besides that their scanned forms did not need: the ink's strength is stretched
to full black, and hairlines are thickened, since a fine pen on a large page would otherwise fade
to nothing when it shrinks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from pi_reader.reading.binarise import Ink
from pi_reader.reading.components import Components
from pi_reader.values import SIDE

EDGE = 20  # pixels of the digit's longer edge in it
FINE = 3  # crops are first made so many times finer, to thicken strokes before they blur
LEAST_STROKE = 2.0  # pixels of the patch; MNIST's strokes are 2 to 3 thick
WHOLE_PIXEL = 1.25  # pixels: thinner strokes fade when they are drawn smaller
FULL_INK = 1.1  # of the mean contrast is full black: the mean has the soft edges in it

_MOMENTS = np.stack(  # (400, 3): of each pixel of a crop 1, its row and its column
    [np.ones(EDGE * EDGE, np.float32), *np.indices((EDGE, EDGE), np.float32).reshape(2, -1)], axis=1
)


def cut_patches(ink: Ink, components: Components, groups: Sequence[Sequence[int]]) -> np.ndarray:
    """Cut out marks as the network wants to see them.

    groups: for each mark the components that it is made of. Returns (n, 28, 28) uint8, 0 paper to
    255 ink; ink of other components that reaches into a mark's box is left out.
    """
    if not groups:
        return np.zeros((0, SIDE, SIDE), np.uint8)
    fine = FINE * EDGE
    sheet = Image.new("L", (fine, fine * len(groups)))
    *sides, areas, strength, stroke = components.bounds(groups)
    boxes = np.stack(sides, axis=1)
    extent = boxes[:, 2:] - boxes[:, :2]
    ratio = fine / extent.max(axis=1)
    sizes = np.maximum(np.rint(extent * ratio[:, None]), 1).astype(int).tolist()
    thickness = stroke * ratio  # below about one pixel ink is averaged with paper
    gain = 255 / np.maximum(strength * FULL_INK * np.minimum(thickness / WHOLE_PIXEL, 1), 1)
    grow = np.rint((LEAST_STROKE * FINE - thickness) / 2)
    marks = zip(groups, boxes.tolist(), sizes, areas.tolist(), strict=True)
    for number, (group, box, size, area) in enumerate(marks):
        left, top, right, bottom = box
        if np.count_nonzero(ink.mask[top:bottom, left:right]) == area:
            small = ink.drawn.resize(size, Image.Resampling.BILINEAR, box)
        else:
            own = ink.contrast[top:bottom, left:right] * components.ink_of(group, box)
            small = Image.fromarray(own).resize(size, Image.Resampling.BILINEAR)
        sheet.paste(small, (0, fine * number))
    crops = stretched(sheet.tobytes(), gain.astype(np.float32)).reshape(-1, fine, fine)
    for step in range(1, int(grow.max(initial=0)) + 1):
        thin = grow >= step
        crops[thin] = thicken(crops[thin])
    return centre(shrink(crops))


def stretched(pixels: bytes, gains: np.ndarray) -> np.ndarray:
    """Pictures of equal size with their contrast stretched, up to full ink: uint8, flat.

    pixels: one picture after the other; gains: (n,) float32, what each one is multiplied by. By
    way of a table for each picture, as there are more pixels than grey levels.
    """
    levels = np.arange(256, dtype=np.uint8) * gains[:, None]
    tables = np.minimum(levels, np.float32(255)).astype(np.uint8).tobytes()
    size = len(pixels) // max(1, len(gains))
    out = bytearray()
    for number in range(len(gains)):
        table = tables[256 * number : 256 * number + 256]
        out += pixels[size * number : size * number + size].translate(table)
    return np.frombuffer(out, np.uint8) if out else np.zeros(0, np.uint8)


def centre(crops: np.ndarray) -> np.ndarray:
    """Put digits with their centre of mass into the middle of patches.

    crops: (n, 20, 20) uint8, each somewhere in its square. Returns (n, 28, 28) uint8; a digit so
    lopsided that it would leave the patch is moved no further than its border.
    """
    count, edge = len(crops), EDGE
    sums = crops.reshape(count, edge * edge).astype(np.float32) @ _MOMENTS  # whole, so exact
    weight = np.maximum(sums[:, 0], 1)
    rows, columns = sums[:, 1] / weight, sums[:, 2] / weight
    middle = (SIDE - 1) / 2
    down = np.clip(np.rint(middle - rows).astype(np.int64), 0, SIDE - edge)
    right = np.clip(np.rint(middle - columns).astype(np.int64), 0, SIDE - edge)
    patches = np.zeros((count, SIDE, SIDE), np.uint8)
    for number in range(count):
        patches[
            number, down[number] : down[number] + edge, right[number] : right[number] + edge
        ] = crops[number]
    return patches


def thicken(crops: np.ndarray) -> np.ndarray:
    """Strokes a pixel thicker on each side: the largest of each pixel and its four neighbours."""
    out = crops.copy()
    np.maximum(out[:, 1:], crops[:, :-1], out=out[:, 1:])
    np.maximum(out[:, :-1], crops[:, 1:], out=out[:, :-1])
    np.maximum(out[:, :, 1:], crops[:, :, :-1], out=out[:, :, 1:])
    np.maximum(out[:, :, :-1], crops[:, :, 1:], out=out[:, :, :-1])
    return out


def shrink(crops: np.ndarray) -> np.ndarray:
    """(n, 60, 60) to (n, 20, 20) uint8, each pixel the mean of nine."""
    count = len(crops)
    fine = crops.reshape(count, EDGE, FINE, EDGE * FINE)
    rows = fine[:, :, 0].astype(np.uint16)  # added up by hand: numpy's sums over three are slow
    for line in range(1, FINE):
        rows += fine[:, :, line]
    rows = rows.reshape(count, EDGE, EDGE, FINE)
    sums = rows[..., 0] + np.uint16(FINE * FINE // 2)
    for column in range(1, FINE):
        sums += rows[..., column]
    return (sums // np.uint16(FINE * FINE)).astype(np.uint8)
