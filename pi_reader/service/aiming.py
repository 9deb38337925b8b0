"""What a person needs to know while turning a lens and moving a camera: focus, light, framing."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from pi_reader.service.health import conditions
from pi_reader.values import Reading

SMALLEST = 15  # pixels; digits that are less high are not read reliably
MARGIN = 4  # pixels; what is nearer to the edge may be cut off


def focus(grey: np.ndarray) -> float:
    """How much fine detail there is; greatest where the lens is sharpest.

    grey: (height, width) uint8. The mean square of the steps between neighbours (the Tenengrad
    measure), on a picture of half the size to be rid of noise, by the square of its mean so that
    the light does not count. It tells which of two settings of a lens is the better one on the
    same page; by itself the number means nothing.
    """
    if min(grey.shape) < 4:
        return 0.0
    half = np.asarray(Image.fromarray(grey).reduce(2)).astype(np.float32)
    steps = float(np.square(np.diff(half, axis=0)).mean() + np.square(np.diff(half)).mean())
    return 1000 * steps / max(1.0, float(half.mean())) ** 2


def figures(grey: np.ndarray, reading: Reading | None) -> dict[str, Any]:
    """All figures of one frame, as JSON has them.

    focus: see above; mean, clipped, sharpness: see `Conditions`; trouble: "too dark", "glare", "out
    of focus" or "". Of the reading, if there is one: digits: how many; smallest, largest: their
    heights in pixels; edge: pixels from the outermost one to the frame's edge.
    """
    view = conditions(grey)
    values: dict[str, Any] = {
        "focus": focus(grey), "mean": view.mean, "clipped": view.clipped,
        "sharpness": view.sharpness, "trouble": str(view.trouble or "")}
    boxes = [digit.box for digit in reading.digits] if reading is not None else []
    if boxes:
        height, width = grey.shape
        values |= {"digits": len(boxes), "smallest": min(box.height for box in boxes),
                   "largest": max(box.height for box in boxes),
                   "edge": min(min(box.x, box.y, width - box.right, height - box.bottom)
                               for box in boxes)}
    return values
