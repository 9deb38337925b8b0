"""What there is to show at a moment: the latest reading and status, and since when.

Lamps, segments, display and terminal panel all draw the same `Moment`, so that they cannot
disagree; how each draws it is a pure function, without hardware.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pi_reader.parts import Closing
from pi_reader.state import BoxState, NumberState
from pi_reader.values import Box, Digit, Frame, Line, Reading, State

LINE_REST = 0.8  # seconds added to the gap between two lines of a reading
POINTS = ".,:"  # what a 7-segment digit shows as its point
LAST_REST = 1.5  # seconds added to the gap before a reading is repeated


@dataclass(frozen=True)
class Moment:
    """All that an output may show.

    shown: how many readings were shown until now. now: seconds of a monotonic clock; read_for,
    told_for: seconds since the reading, or the status, last changed.
    """

    reading: Reading | None = None
    frame: Frame | None = None
    told: BoxState | None = None
    shown: int = 0
    now: float = 0.0
    read_for: float = 0.0
    told_for: float = 0.0

    @property
    def status(self) -> BoxState:
        """The status of the box; derived from the reading if none was told."""
        return self.told if self.told is not None else BoxState(self._guess())

    @property
    def state(self) -> State:
        """The state in the status, which most outputs depend on."""
        return self.status.state

    @property
    def spelled_for(self) -> float:
        """Seconds since what is spelled last changed."""
        return self.told_for if self.status.code else self.read_for

    def _guess(self) -> State:
        if self.reading is None:
            return State.STARTING
        if not self.reading.lines:
            return State.NOTHING
        sure = all(digit.sure for digit in self.reading.digits)
        return State.READING if sure else State.UNSURE

    @property
    def spelled(self) -> Reading | None:
        """The reading, if the current state shows one; while somebody pairs, the code."""
        if self.status.code:
            return _code_as_reading(self.status.code)
        shown = self.state in (State.READING, State.UNSURE)
        return self.reading if shown and self.reading and self.reading.digits else None

    @property
    def numbers(self) -> tuple[NumberState, ...]:
        """The numbers of the settings that are there, while a reading is shown."""
        if self.spelled is None or self.status.code:
            return ()
        return tuple(one for one in self.status.numbers if one.value or one.read)


def _code_as_reading(code: str) -> Reading:
    """A code as a reading whose digits are all sure."""
    box = Box(0, 0, 1, 1)
    digits = tuple(Digit(int(digit), 1.0, (int(digit), 0.0), True, box) for digit in code)
    return Reading("code", (1, 1), (Line(digits),))


class Onlooker(Closing):
    """Base class of outputs: remembers what it was shown and draws the moment.

    A subclass implements `draw`, which is called often: it should access its hardware only if
    something has changed.
    """

    def __init__(self) -> None:
        self._moment = Moment()
        self._read_at: float | None = None  # None: to be counted from the next tick on
        self._told_at: float | None = None

    def draw(self, moment: Moment) -> None:
        """Show the moment."""
        raise NotImplementedError

    def show(self, reading: Reading, frame: Frame | None = None) -> None:
        """Show this reading; the same digits again do not restart the spelling."""
        before = self._moment.reading
        self._moment = replace(
            self._moment, reading=reading, frame=frame, shown=self._moment.shown + 1
        )
        if before is None or before.text != reading.text:
            self._read_at = None
            self._moment = replace(self._moment, read_for=0.0)
        self.draw(self._moment)

    def tell(self, status: BoxState) -> None:
        """Show what the box is doing."""
        before = self._moment.told
        self._moment = replace(self._moment, told=status)
        if before is None or topic(before) != topic(status):
            self._told_at = None
            self._moment = replace(self._moment, told_for=0.0)
        self.draw(self._moment)

    def tick(self, now: float) -> None:
        """Let lamps blink and long readings move on. now: seconds of a monotonic clock."""
        self._read_at = now if self._read_at is None else self._read_at
        self._told_at = now if self._told_at is None else self._told_at
        self._moment = replace(
            self._moment, now=now, read_for=now - self._read_at, told_for=now - self._told_at
        )
        self.draw(self._moment)


def topic(status: BoxState) -> tuple[object, ...]:
    """The part of a status whose change restarts pages and blinking: not a training's progress."""
    return (
        status.state,
        status.fault,
        status.message,
        status.correction,
        status.code,
        status.numbers,
    )


@dataclass(frozen=True)
class Spelled:
    """One character that is shown after the other.

    character: a digit, "-", or "?" for what is not sure; guesses: the digits that it may be, the
    likeliest first; sure: whether it is believed, as a minus is if its number is; point: whether a
    point or colon follows; ends_line: whether a line ends here.
    """

    character: str
    guesses: tuple[int, ...]
    sure: bool
    point: bool
    ends_line: bool


def spelled(moment: Moment, stand: float, gap: float) -> Spelled | None:
    """Which character is shown at a moment, None between two; repeats endlessly.

    stand, gap: seconds that each is shown, and dark between them. A single one stays on.
    """
    shown = in_turn(moment)
    if len(shown) == 1:
        return shown[0]
    pauses = [gap + (LINE_REST if one.ends_line else 0.0) for one in shown]
    pauses[-1] = gap + LAST_REST
    left = moment.spelled_for % (stand * len(shown) + sum(pauses))
    for one, pause in zip(shown, pauses, strict=True):
        if left < stand:
            return one
        left -= stand + pause
        if left < 0:
            return None
    return None


def in_turn(moment: Moment) -> list[Spelled]:
    """All that is spelled: the numbers of the settings if any is there, else the reading."""
    shown: list[Spelled] = []
    if moment.numbers:
        for number in moment.numbers:
            shown += _of_number(number)
    elif moment.spelled is not None:
        for line in moment.spelled.lines:
            shown += _of_line(line)
    return shown


def _of_number(number: NumberState) -> list[Spelled]:
    out: list[Spelled] = []
    for letter in number.value or number.read:
        if letter in POINTS and out:
            out[-1] = replace(out[-1], point=True)
        elif letter in "0123456789":
            out.append(Spelled(letter, (int(letter),), number.good, False, False))
        elif letter in "-?":
            out.append(Spelled(letter, (), number.good, False, False))
    return [*out[:-1], replace(out[-1], ends_line=True)] if out else []


def _of_line(line: Line) -> list[Spelled]:
    out: list[Spelled] = []
    for mark in line.marks:
        if isinstance(mark, Digit):
            guesses = (mark.label,) if mark.sure else (mark.label, mark.runner_up[0])
            out.append(Spelled(mark.text, guesses, mark.sure, False, False))
        elif mark.sign in POINTS and out:
            out[-1] = replace(out[-1], point=True)
        elif mark.sign == "-":
            out.append(Spelled("-", (), True, False, False))
    return [*out[:-1], replace(out[-1], ends_line=True)] if out else []
