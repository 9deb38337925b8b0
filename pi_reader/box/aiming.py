"""What a person needs to know while turning a lens and moving a camera: focus, light, framing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from pi_reader.box.image_quality import conditions
from pi_reader.values import Reading

SMALLEST = 15  # pixels; digits that are less high are not read reliably
MARGIN = 4  # pixels; what is nearer to the edge may be cut off
ASKED = 5.0  # seconds that one request keeps the figures coming
FORGET = 0.998  # of the best focus, from frame to frame: another page has another best


class Best:
    """The best focus so far; slowly forgotten, at eight frames a second by half in 40 seconds."""

    def __init__(self) -> None:
        self._best = 0.0

    def share(self, focus: float) -> float:
        """How near this focus comes to the best one, 0 to 1."""
        self._best = max(focus, FORGET * self._best)
        return focus / self._best if self._best > 0 else 0.0


class Aiming:
    """Helps whoever turns the lens, for as long as somebody does.

    figures: of the last frame, None while nobody does; words: for the display, "" likewise.
    """

    def __init__(self) -> None:
        self.figures: Mapping[str, Any] | None = None
        self.words = ""
        self._best = Best()
        self._until = -float("inf")

    def ask(self, now: float) -> None:
        """Begin, or go on; now: seconds, monotonic."""
        self._until = now + ASKED

    def is_on(self, now: float) -> bool:
        """Whether somebody has asked lately."""
        return now < self._until

    def look(self, now: float, grey: np.ndarray, reading: Reading | None) -> None:
        """Work the figures of a frame out, if somebody wants them; see `figures`."""
        self.figures, self.words = None, ""
        if self.is_on(now):
            self.figures = values = figures(grey, reading)
            self.words = words(values, self._best.share(values["focus"]))


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
    """What to do next, by the figures of a frame; "" if all is well."""
    if values.get("trouble") == "too dark":
        return "more light"
    if values.get("trouble") == "glare":
        return "move the light aside"
    if values.get("trouble") == "out of focus":
        return "turn the lens"
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
