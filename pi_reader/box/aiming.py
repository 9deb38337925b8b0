"""What a person needs to know while turning a lens and moving a camera: focus, light, framing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from pi_reader.camera.image_quality import conditions
from pi_reader.values import ADVICE, Reading

SMALLEST = 15  # pixels; smaller digits are not read reliably
MARGIN = 4  # pixels; anything closer to the edge may be cut off
ASKED = 5.0  # seconds that one request keeps the figures coming
FORGET = 0.998  # decay of the best focus per frame: the next page has another best


class Best:
    """The best focus so far, decaying slowly: at eight frames a second it halves in 40 seconds."""

    def __init__(self) -> None:
        self._best = 0.0

    def share(self, focus: float) -> float:
        """This focus as a fraction of the best one, 0 to 1."""
        self._best = max(focus, FORGET * self._best)
        return focus / self._best if self._best > 0 else 0.0


class Aiming:
    """Measures each frame while somebody is adjusting the lens.

    figures: of the last frame; words: for the display. None and "" while nobody has asked.
    """

    def __init__(self) -> None:
        self.figures: Mapping[str, Any] | None = None
        self.words = ""
        self._best = Best()
        self._until = -float("inf")

    def ask(self, now: float) -> None:
        """Start measuring, or keep measuring; now: seconds, monotonic."""
        self._until = now + ASKED

    def is_on(self, now: float) -> bool:
        """Whether somebody has asked within the last `ASKED` seconds."""
        return now < self._until

    def look(self, now: float, grey: np.ndarray, reading: Reading | None) -> None:
        """Compute the figures of a frame if somebody wants them; see `figures`."""
        self.figures, self.words = None, ""
        if self.is_on(now):
            values = figures(grey, reading)
            share = self._best.share(values["focus"])
            self.words = words(values, share)
            self.figures = values | {"best": share, "advice": advice(values)}


def focus(grey: np.ndarray) -> float:
    """How much fine detail there is; highest when the lens is in focus.

    grey: (height, width) uint8. The mean squared difference between neighbouring pixels (the
    Tenengrad measure), at half size to suppress noise, divided by the squared mean so that the
    brightness cancels out. It tells which of two lens settings is better on the same page; by
    itself the number means nothing.
    """
    if min(grey.shape) < 4:
        return 0.0
    half = np.asarray(Image.fromarray(grey).reduce(2)).astype(np.float32)
    steps = float(np.square(np.diff(half, axis=0)).mean() + np.square(np.diff(half)).mean())
    return 1000 * steps / max(1.0, float(half.mean())) ** 2


def figures(grey: np.ndarray, reading: Reading | None) -> dict[str, Any]:
    """All figures of one frame, ready for JSON.

    focus: see above; mean, clipped, sharpness: see `Conditions`; trouble: "too dark", "glare", "out
    of focus" or "". Of the reading, if there is one: digits: how many; smallest, largest: their
    heights in pixels; edge: pixels from the outermost one to the frame's edge.
    """
    view = conditions(grey)
    values: dict[str, Any] = {
        "focus": focus(grey),
        "mean": view.mean,
        "clipped": view.clipped,
        "sharpness": view.sharpness,
        "trouble": str(view.trouble or ""),
    }
    boxes = [digit.box for digit in reading.digits] if reading is not None else []
    if boxes:
        height, width = grey.shape
        values |= {
            "digits": len(boxes),
            "smallest": min(box.height for box in boxes),
            "largest": max(box.height for box in boxes),
            "edge": min(min(box.x, box.y, width - box.right, height - box.bottom) for box in boxes),
        }
    return values


def advice(values: Mapping[str, Any]) -> str:
    """What to do next, judging by the figures of a frame; "" if all is well."""
    if values.get("trouble") in ADVICE:
        return ADVICE[values["trouble"]]
    if not values.get("digits"):
        return "lay a written page there"
    if values["smallest"] < SMALLEST:
        return f"move nearer or write larger: digits need {SMALLEST} pixels"
    if values["edge"] < MARGIN:
        return "move the page away from the edge"
    return ""


def words(values: Mapping[str, Any], share: float) -> str:
    """For a small display: a title, and below it what to do. share: see `Best`."""
    return f"focus {share:.0%}\n{advice(values) or 'light and page are fine'}"
