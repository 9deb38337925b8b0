"""The values passed between modules: frames, boxes, digits, readings, states.

All are frozen and hold nothing but their data. Boxes are in pixels of the frame they belong
to, x to the right and y down, from its upper left corner. Confidences are probabilities, 0 to 1.
"""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pi_reader.notation import written

if TYPE_CHECKING:
    import numpy as np

SIDE = 28  # pixels of a patch's edge
CLASSES = 10  # the digits
NO_DIGIT = 10  # label of a mark that is none, and that outcome of networks that know it
SURE_SIGN = 0.95  # confidence from which a sign that is told no more is news
CLEAR = 0.95  # confidence from which a digit is plain to see, whatever else is on its page

EVIDENCE = (
    "digits",  # minus the logarithm of the probability that all of them are right
    "second guess",  # the logarithm of the likeliest other digit's probability
    "signs",  # as of the digits, that all are right
    "gap",  # log odds of the likeliest doubt: a gap may part two numbers, or the other way round
    "unread",  # a mark in or beside it may be a digit
    "sign",  # a mark in it may be a sign
    "sign before",  # a mark before it may be its minus
    "digit as sign",  # one of its digits may be a sign
)
"""What says whether a value is right; how much each counts, `belief.json` holds."""


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

    def overlap(self, other: Box) -> float:
        """Intersection over union of two boxes, 0 apart to 1 the same."""
        common = self.common(other)
        union = self.width * self.height + other.width * other.height - common
        return common / union if union else 0.0


def around(boxes: Sequence[Box]) -> Box:
    """The smallest box that holds all of some boxes, at least one."""
    x, y = min(box.x for box in boxes), min(box.y for box in boxes)
    right, bottom = max(box.right for box in boxes), max(box.bottom for box in boxes)
    return Box(x, y, right - x, bottom - y)


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
class Value:
    """One number, time, date, fraction or sum of a line.

    kind: one of `notation.KINDS`; text: as it is written; number: what it is worth, None for what
    is no number, holds a `?` or may be two. sure: whether all its digits are, and all in all it is
    believed: its signs, its gaps, and what beside it was not read. confidence: of its least
    certain mark, 0 to 1; box: around all of it, in pixels of the frame.
    """

    kind: str
    text: str
    number: Decimal | None
    sure: bool
    confidence: float
    box: Box


@dataclass(frozen=True)
class Line:
    """The digits and the signs of one line, each from left to right.

    spaces: before which of its marks, digits and signs counted together from 0, there is a gap too
    wide for one number. doubts: what may be otherwise, and how likely; it does not stand in the
    text: marks that may be signs or dirt, " " beside a gap that may part two numbers or not, "?"
    beside a mark that may be a digit.
    angle: degrees by which the writing runs turned clockwise.
    """

    digits: tuple[Digit, ...]
    signs: tuple[Sign, ...] = ()
    spaces: tuple[int, ...] = ()
    doubts: tuple[Sign, ...] = ()
    angle: float = 0.0

    @cached_property
    def marks(self) -> tuple[Digit | Sign, ...]:
        """Digits and signs from left to right."""
        marks: list[Digit | Sign] = [*self.digits, *self.signs]
        return tuple(sorted(marks, key=lambda mark: _along(mark.box, self.angle)))

    @cached_property
    def text(self) -> str:
        """The line as a person would copy it, signs too, with `?` for what is not certain."""
        return "".join(
            f" {mark.text}" if place and place in self.spaces else mark.text
            for place, mark in enumerate(self.marks)
        )

    @cached_property  # a box asks for those of the same reading twenty times a second
    def values(self) -> tuple[Value, ...]:
        """The numbers, times, dates, fractions and sums in it, as far as they are unambiguous."""
        return self.values_in()

    def values_in(self, mark: str = "", decimals: int | None = None) -> tuple[Value, ...]:
        """The same where the decimal mark, "." or ",", or the number of decimals is known."""
        owners: list[Digit | Sign | None] = []  # of each character of the text
        for place, one in enumerate(self.marks):
            owners += [None, one] if place and place in self.spaces else [one]
        found = []
        for piece in written(self.text, mark, decimals):
            marks = [one for one in owners[piece.start : piece.end] if one is not None]
            box = around([one.box for one in marks])
            sure = not piece.doubt and all(one.sure for one in marks if isinstance(one, Digit))
            sure = sure and is_believed(self.evidence(marks))
            least = min(one.confidence for one in marks)
            found.append(Value(piece.kind, piece.text, piece.number, sure, least, box))
        return tuple(found)

    def evidence(self, marks: Sequence[Digit | Sign]) -> tuple[float, ...]:
        """What `EVIDENCE` names, of the value that some of its marks are."""
        box = around([one.box for one in marks])
        digits = [one for one in marks if isinstance(one, Digit)]
        second = max((one.runner_up[1] for one in digits), default=0.0)
        signs = [one.confidence for one in marks if isinstance(one, Sign)]
        doubts = dict.fromkeys(("gap", "unread", "sign", "sign before", "digit as sign"), 0.0)
        own = {one.box for one in self.digits}
        for one in self.doubts:
            if not (where := _beside(one.box, box, self.angle)):
                continue
            kind = {" ": "gap", "?": "unread"}.get(one.sign, "sign")
            if kind == "sign" and one.box in own:
                kind = "digit as sign"
            elif kind == "sign" and where < 0:
                kind = "sign before"
            doubts[kind] = max(doubts[kind], one.confidence)
        return (
            _surprise([one.confidence for one in digits]),
            math.log(max(second, 1e-4)),
            _surprise(signs),
            *map(_log_odds, doubts.values()),
        )

    @property
    def number(self) -> str:
        """Its digits alone, with `?` for what is not certain."""
        return "".join(digit.text for digit in self.digits)


def is_believed(evidence: Sequence[float]) -> bool:
    """Whether a value is sure, by what `EVIDENCE` names."""
    first, factors, least = _belief()
    return bool(first + sum(map(operator.mul, factors, evidence)) >= least)


@cache
def _belief() -> tuple[float, tuple[float, ...], float]:
    """The log odds that a value is right: a constant, what each of `EVIDENCE` counts, and from
    where on it is sure; as tests/bench/fit_values.py fitted it on drawn pages."""
    found = json.loads(Path(__file__).with_name("belief.json").read_text(encoding="utf-8"))
    factors = tuple(found["factors"].get(name, 0.0) for name in EVIDENCE)
    return found["constant"], factors, math.log(found["sure_at"] / (1 - found["sure_at"]))


def _surprise(chances: Sequence[float]) -> float:
    """Minus the logarithm of the probability that all of some things hold."""
    return -sum(math.log(max(one, 1e-3)) for one in chances)


def _log_odds(chance: float) -> float:
    """The same for what is hardly possible and what is not at all."""
    chance = min(max(chance, 0.01), 0.99)
    return math.log(chance / (1 - chance))


def _along(box: Box, angle: float) -> float:
    """How far the middle of a box lies along writing that runs turned clockwise by some degrees."""
    turn = math.radians(angle)
    return (box.x + box.right) / 2 * math.cos(turn) + (box.y + box.bottom) / 2 * math.sin(turn)


def _beside(doubt: Box, value: Box, angle: float) -> int:
    """Whether a mark stands in a value, 1, or so close before it that it may be its minus, -1."""
    level, steep = abs(math.cos(math.radians(angle))), abs(math.sin(math.radians(angle)))
    half = (value.width * level + value.height * steep) / 2
    height = value.height * level + value.width * steep
    off = _along(doubt, angle) - _along(value, angle)
    return 0 if not -half - height < off < half else -1 if off < -half else 1


@dataclass(frozen=True)
class Reading:
    """Everything that was read in one frame.

    size: (width, height) of the frame in pixels; lines: from top to bottom.
    milliseconds: what each step took, by a monotonic timer.
    weights: sha256 of the weights file that read it, "" if the network came from no file.
    angle: degrees by which the page lay turned clockwise and was turned back to be read, else 0.
    blurred: whether it moved or was out of focus, so that its digits are hard to tell.
    """

    source: str
    size: tuple[int, int]
    lines: tuple[Line, ...] = ()
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    weights: str = ""
    angle: float = 0.0
    blurred: bool = False

    @property
    def text(self) -> str:
        """All lines, one below the other."""
        return "\n".join(line.text for line in self.lines)

    @property
    def number(self) -> str:
        """The digits of all lines, without signs, one line below the other."""
        return "\n".join(line.number for line in self.lines)

    @property
    def values(self) -> tuple[Value, ...]:
        """The numbers, times, dates, fractions and sums of all lines, in reading order."""
        return tuple(value for line in self.lines for value in line.values)

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
