"""The values passed between modules: frames, boxes, digits, readings, states.

All are frozen and hold nothing but their data. Boxes are in pixels of the frame they belong
to, x to the right and y down, from its upper left corner. Confidences are probabilities, 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

SIDE = 28  # pixels of a patch's edge
CLASSES = 10  # the digits
NO_DIGIT = 10  # label of a mark that is none, and that outcome of networks that know it


@dataclass(frozen=True)
class Frame:
    """One picture from the camera: brightness only, since handwriting needs no colour.

    grey: (height, width) uint8, 0 black to 255 white.
    source: where it came from, as the user would name it: a file, "page 3", "camera".
    """

    grey: np.ndarray
    source: str = ""


@dataclass(frozen=True)
class Box:
    """An upright rectangle in whole pixels; `x`, `y` is its upper left corner."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """First column past the box."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """First row below the box."""
        return self.y + self.height

    def common(self, other: Box) -> int:
        """How many pixels lie in both boxes."""
        width = min(self.right, other.right) - max(self.x, other.x)
        height = min(self.bottom, other.bottom) - max(self.y, other.y)
        return max(0, width) * max(0, height)


@dataclass(frozen=True)
class Digit:
    """One mark classified as a digit.

    label: the most likely digit, 0 to 9; confidence: its probability, 0 to 1.
    runner_up: the second guess and its probability.
    sure: whether the reader accepts it; otherwise it is a `?` in the text.
    box: where the ink is, in pixels of the frame.
    patch: (28, 28) uint8, 0 paper to 255 ink, the network's input; None if it was not kept.
    reason: why the reader does not accept it, in a few words; of one that was taught and would be
    read otherwise without that, when: "taught 12:04"; else "".
    """

    label: int
    confidence: float
    runner_up: tuple[int, float]
    sure: bool
    box: Box
    patch: np.ndarray | None = field(default=None, compare=False, repr=False)
    reason: str = field(default="", compare=False)

    @property
    def text(self) -> str:
        """The digit as a person would copy it, `?` if it is not certain."""
        return str(self.label) if self.sure else "?"


@dataclass(frozen=True)
class Sign:
    """A mark between digits that is none: one of + - × ÷ / : = % ( ) . and the comma.

    confidence: how likely it is that sign, 0 to 1; box: in pixels of the frame.
    """

    sign: str
    confidence: float
    box: Box

    @property
    def text(self) -> str:
        """The sign itself."""
        return self.sign


@dataclass(frozen=True)
class Line:
    """The digits and the signs of one line, each from left to right."""

    digits: tuple[Digit, ...]
    signs: tuple[Sign, ...] = ()

    @property
    def text(self) -> str:
        """The line as a person would copy it, signs too, with `?` for what is not certain."""
        marks: list[Digit | Sign] = [*self.digits, *self.signs]
        marks.sort(key=lambda mark: mark.box.x + mark.box.right)
        return "".join(mark.text for mark in marks)

    @property
    def number(self) -> str:
        """Its digits alone, with `?` for what is not certain."""
        return "".join(digit.text for digit in self.digits)


@dataclass(frozen=True)
class Reading:
    """Everything that was read in one frame.

    size: (width, height) of the frame in pixels; lines: from top to bottom.
    milliseconds: what each step took, by a monotonic timer.
    weights: sha256 of the weights file that read it, "" if the network came from no file.
    angle: degrees by which the page lay turned clockwise and was turned back to be read, else 0.
    """

    source: str
    size: tuple[int, int]
    lines: tuple[Line, ...] = ()
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    weights: str = ""
    angle: float = 0.0

    @property
    def text(self) -> str:
        """All lines, one below the other."""
        return "\n".join(line.text for line in self.lines)

    @property
    def number(self) -> str:
        """The digits of all lines, without signs, one line below the other."""
        return "\n".join(line.number for line in self.lines)

    @property
    def signs(self) -> tuple[Sign, ...]:
        """All signs in reading order."""
        return tuple(sign for line in self.lines for sign in line.signs)

    @property
    def sure(self) -> bool:
        """Whether there are digits, and all of them are sure."""
        return bool(self.digits) and all(digit.sure for digit in self.digits)

    @property
    def digits(self) -> tuple[Digit, ...]:
        """All digits in reading order."""
        return tuple(digit for line in self.lines for digit in line.digits)


class State(StrEnum):
    """What the box is doing, or what keeps it from reading."""

    STARTING = "starting"
    NOTHING = "nothing there"
    READING = "reading"
    UNSURE = "unsure"
    DARK = "too dark"
    GLARE = "glare"
    BLURRED = "out of focus"
    CORRECTING = "correcting"
    PAIRING = "pairing"
    STOPPING = "stopping"
    FAULT = "fault"


ADVICE = {
    State.DARK: "give me some light",
    State.GLARE: "move the lamp or the paper a little",
    State.BLURRED: "turn the lens, or hold still",
}
"""What a person can do about a frame that cannot be read, as the box says it everywhere."""


@dataclass(frozen=True)
class Correction:
    """A reading that is being corrected with the button.

    text: its digits in reading order, `?` for unsure ones; place: which of them it is about,
    counted from 0; label: what it would be now, 0 to 9, None for "no digit".
    """

    text: str
    place: int
    label: int | None
