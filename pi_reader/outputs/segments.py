"""A 7-segment digit on the pins: readings digit by digit, and letters for states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pi_reader.errors import opening
from pi_reader.outputs.patterns import BEAT, BLINK, FAST, GAP, STAND, Pattern, heartbeat, level
from pi_reader.outputs.scene import Moment, Onlooker, in_turn, spelled
from pi_reader.parts import Part, rules, setting
from pi_reader.values import State

#    a
#  f   b
#    g
#  e   c
#    d   point
FONT = {
    " ": "",
    "-": "g",
    "?": "adg",
    "_": "d",
    "0": "abcdef",
    "1": "bc",
    "2": "abdeg",
    "3": "abcdg",
    "4": "bcfg",
    "5": "acdfg",
    "6": "acdefg",
    "7": "abc",
    "8": "abcdefg",
    "9": "abcdfg",
    "E": "adefg",
    "F": "aefg",
    "L": "def",
    "d": "bcdeg",
    "n": "ceg",
    "o": "cdeg",
    "t": "defg",
}
CIRCLE = tuple(f"only {segment}" for segment in "abcdef")
FONT |= dict(zip(CIRCLE, "abcdef", strict=True))  # one segment after the other, while starting

CALM: Pattern = (1.0, 0.5)  # seconds; a letter blinks, so that nobody takes it for a digit
LETTERS: dict[State, tuple[str, Pattern]] = {
    State.NOTHING: ("_", BEAT),
    State.UNSURE: ("?", (1.0,)),
    State.DARK: ("d", CALM),
    State.GLARE: ("L", CALM),  # too much light; a G would pass for a 6
    State.BLURRED: ("F", CALM),
    State.STOPPING: ("o", (1.0,)),
    State.FAULT: ("E", FAST),
}
TRAINING, TROUBLE = "t", "E"  # shown in place of "nothing there"
SIGN_OF_NO_DIGIT = "n"  # shown in a correction
_TURN = 0.2  # seconds for each segment of the circle
_ADVICE = "look at the pins in [segments], and whether the user is in the group gpio"


@dataclass(frozen=True)
class SegmentSettings:
    """A 7-segment digit."""

    pins: tuple[int, ...] = setting(
        (),
        rules.pins(7),
        "A 7-segment digit: the lines of its segments a, b, c, d, e, f, g.",
        wiring=[4, 18, 23, 24, 8, 7, 9],
    )
    point: int | None = setting(
        None, rules.pin(), "The pin of its decimal point, if it is wired.", example=15
    )
    active_high: bool = setting(
        True,
        rules.switch(),
        "true for a common cathode (the shared leg goes to ground), false for a common anode "
        "(to 3.3 V).",
    )
    seconds: float = setting(
        STAND,
        rules.number(0.1, 10),
        "Seconds that each digit of a longer reading stands, and that it is dark between two.",
    )
    gap: float = setting(GAP, rules.number(0.05, 5))


class Segments(Onlooker):
    """One 7-segment digit on GPIO pins (BCM numbers), each segment with its resistor.

    pins: segments a to g; point: the dot's pin or None; it is the point of a number, and shows the
    heartbeat beside a single digit or none. active_high: True for a common cathode.
    seconds: how long each digit of a longer reading is shown; gap: seconds dark between two.
    An unsure digit is three bars, a minus one. Letters, always blinking: d too dark, L too much
    light (glare), F out of focus, E a fault, t training, n "no digit" in a correction; o while
    stopping. A circle runs while starting, and a short `_` means that there are no digits.
    Raises NoHardware if there are no pins, Busy if another process uses one.
    """

    def __init__(
        self,
        pins: Sequence[int],
        point: int | None = None,
        active_high: bool = True,
        seconds: float = STAND,
        gap: float = GAP,
    ) -> None:
        super().__init__()
        self._seconds, self._gap = seconds, gap
        self._shown = " "
        self._has_point = point is not None
        with opening("segments", "python3-gpiozero python3-lgpio", _ADVICE):
            from gpiozero import LEDCharDisplay

            font = {
                sign: tuple(int(segment in lit) for segment in "abcdefg")
                for sign, lit in FONT.items()
            }
            self._display: Any = LEDCharDisplay(*pins, dp=point, font=font, active_high=active_high)

    def draw(self, moment: Moment) -> None:
        """Switch the segments that change."""
        sign, point = character(moment, self._seconds, self._gap)
        shown = sign + "." if point and self._has_point else sign
        if shown != self._shown and self._display is not None:
            self._display.value = shown
            self._shown = shown

    def close(self) -> None:
        """Release the pins; the digit goes dark."""
        if self._display is not None:
            self._display.close()
            self._display = None


def character(moment: Moment, stand: float = STAND, gap: float = GAP) -> tuple[str, bool]:
    """What a 7-segment digit shows at this moment: a key of FONT, and whether the dot is lit.

    stand, gap: seconds that each digit of a longer reading is shown, and dark after it.
    """
    if moment.spelled is None:
        return _sign(moment), level(heartbeat(moment.status), moment.now) > 0.5
    stands = spelled(moment, stand, gap)
    if stands is None:
        return " ", False
    sign = stands.character if stands.sure or stands.character == "-" else "?"
    if len(in_turn(moment)) == 1:
        return sign, level(heartbeat(moment.status), moment.now) > 0.5
    return sign, stands.point


def _sign(moment: Moment) -> str:
    """The character for a state without a reading."""
    status = moment.status
    if status.state is State.STARTING:
        return CIRCLE[int(moment.now / _TURN) % len(CIRCLE)]
    if status.state is State.CORRECTING and status.correction is not None:
        label = status.correction.label
        return _blinking(SIGN_OF_NO_DIGIT if label is None else str(label), BLINK, moment)
    if status.state is State.NOTHING and status.fault:
        return _blinking(TROUBLE, CALM, moment)
    if status.state is State.NOTHING and status.progress is not None:
        return _blinking(TRAINING, CALM, moment)
    return _blinking(*LETTERS.get(status.state, (" ", BEAT)), moment)


def _blinking(sign: str, pattern: Pattern, moment: Moment) -> str:
    return sign if level(pattern, moment.told_for) else " "


PART = Part(
    SegmentSettings,
    lambda section, context: Segments(**vars(section)),
    lambda section: bool(section.pins),
    title="segments",
    absent="no 7-segment digit configured; set its pins in [segments]",
)
