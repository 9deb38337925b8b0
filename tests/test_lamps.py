"""Lamps and segments on pretended pins: what a person across the room sees, second by second."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest

from pi_reader.errors import Busy, NoHardware
from pi_reader.outputs import patterns
from pi_reader.outputs.leds import Leds
from pi_reader.outputs.patterns import lamps
from pi_reader.outputs.scene import Moment
from pi_reader.outputs.segments import FONT, Segments, character
from pi_reader.state import BoxState, NumberState
from pi_reader.values import Box, Correction, Digit, Line, Reading, State

TEN = [5, 6, 12, 13, 16, 19, 20, 21, 26, 25]
SEVEN = [4, 18, 23, 24, 8, 7, 9]
NOTHING = Reading("page", (640, 480))
WATCHED = 12  # seconds; longer than any pattern
STEP = 0.05  # seconds between two looks at the lamps


def reading(*lines: str) -> Reading:
    """A reading of such lines; `?` is an unsure 9 that may be a 4."""

    def digit(sign: str) -> Digit:
        label = 9 if sign == "?" else int(sign)
        return Digit(label, 0.5 if sign == "?" else 0.98, (4, 0.4), sign != "?", Box(0, 0, 9, 9))

    return Reading("page", (640, 480), tuple(Line(tuple(map(digit, line))) for line in lines))


def lit(pins: Any, numbers: list[int]) -> list[int]:
    """Which of the lamps shine, by their place."""
    return [place for place, number in enumerate(numbers) if pins.pin(number).state]


def watched(show: Any, seconds: float = WATCHED) -> list[Any]:
    return [show(step * STEP) for step in range(int(seconds / STEP))]


def at(status: BoxState, read: Reading | None = None) -> Any:
    """What there is to see after so many seconds in a state."""
    return lambda now: Moment(read, None, status, 1, now, now, now)


def test_ok__each_digit_lights_its_own_lamp(pins: Any) -> None:
    with Leds(TEN, sure=17, unsure=27, heartbeat=22) as leds:
        for label in range(10):
            leds.show(reading(str(label)))
            leds.tell(BoxState(State.READING))
            assert lit(pins, TEN) == [label]
            assert (pins.pin(17).state, pins.pin(27).state) == (1, 0)
    assert not lit(pins, [*TEN, 17, 27, 22])


def test_ok__an_unsure_digit_lights_both_guesses(pins: Any) -> None:
    with Leds(TEN, sure=17, unsure=27) as leds:
        leds.show(reading("?"))
        assert lit(pins, TEN) == [4, 9]
        assert (pins.pin(17).state, pins.pin(27).state) == (0, 1)


def test_ok__four_lamps_count_in_binary(pins: Any) -> None:
    four = [5, 6, 12, 13]
    with Leds(four, sure=17) as leds:
        for label in range(10):
            leds.show(reading(str(label)))
            assert lit(pins, four) == [bit for bit in range(4) if label >> bit & 1]
            assert pins.pin(17).state, "a 0 in binary is dark: the sure lamp tells it from nothing"
        leds.show(reading("?"))
        assert lit(pins, four) == [0, 1, 2, 3]


def test_ok__lamps_that_light_on_a_low_pin(pins: Any) -> None:
    with Leds([5] + TEN[1:], sure=17, active_high=False) as leds:
        leds.show(reading("0"))
        assert [pins.pin(number).state for number in [*TEN, 17]] == [0] + [1] * 9 + [0]


def test_ok__a_longer_reading_is_spelled_and_begun_anew(pins: Any) -> None:
    """40, then 7: each stands 0.8 s, 0.2 s dark, after a line 0.8 s more, after the last 1.5 s."""
    with Leds(TEN, sure=17, unsure=27) as leds:
        leds.show(reading("40", "7"))
        seen = []
        for step in range(150):
            leds.tick(1000 + step / 20)
            seen.append(tuple(lit(pins, TEN)))
    runs = [(label, len(list(same))) for label, same in itertools.groupby(seen)]
    expected = [((4,), 16), ((), 4), ((0,), 16), ((), 20), ((7,), 16), ((), 34)]
    for (label, length), (label_due, length_due) in zip(runs, expected, strict=False):
        assert label == label_due
        assert abs(length - length_due) <= 1  # a tick may fall on either side of a change
    assert runs[6][0] == (4,)


def test_ok__the_same_reading_once_more_goes_on_where_it_was(pins: Any) -> None:
    with Leds(TEN) as leds:
        leds.show(reading("12"))
        leds.tick(50.0)
        leds.tick(51.1)
        assert lit(pins, TEN) == [2]
        leds.show(reading("12"))
        assert lit(pins, TEN) == [2]
        leds.show(reading("13"))
        assert lit(pins, TEN) == [1]


STATUSES = {
    str(state): BoxState(state, fault="broken" if state is State.FAULT else "") for state in State
} | {
    "correcting": BoxState(State.CORRECTING, correction=Correction("2", 0, 2)),
    "reading on, disk full": BoxState(State.READING, fault="the disk is full"),
    "nothing there, disk full": BoxState(State.NOTHING, fault="the disk is full"),
    "training": BoxState(State.NOTHING, progress=0.4),
    "frozen": BoxState(State.READING, frozen=True),
}


def test_ok__three_lamps_tell_every_state_from_every_other() -> None:
    seen = {
        name: [
            (one.sure, one.unsure, one.heartbeat)
            for one in map(lamps, watched(at(status, reading("2") if "read" in name else None)))
        ]
        for name, status in STATUSES.items()
    }
    for one, other in itertools.combinations(seen, 2):
        differs = sum(a != b for a, b in zip(seen[one], seen[other], strict=True))
        assert differs * STEP > 0.3, f"{one} looks like {other}"


def test_ok__the_table_for_people_is_the_table() -> None:
    names = {
        patterns.OFF: "-",
        patterns.STEADY: "steady",
        patterns.SLOW: "slow",
        patterns.FAST: "fast",
        patterns.DOUBLE: "double",
        patterns.TRIPLE: "triple",
        patterns.BEAT: "beat",
    }
    assert patterns.__doc__ is not None
    rows = [re.split(r"  +", line.strip()) for line in patterns.__doc__.splitlines()]
    written = {row[0]: row[1:4] for row in rows if len(row) == 5 and row[0] != "state"}
    assert written == {
        str(state): [names[lamp] for lamp in three] for state, three in patterns.STATES.items()
    }
    assert set(patterns.STATES) == set(State)


def test_ok__the_unsure_lamp_alone_tells_what_keeps_it_from_reading() -> None:
    states = (State.UNSURE, State.DARK, State.GLARE, State.BLURRED, State.FAULT)
    seen = [
        tuple(lamps(moment).unsure for moment in watched(at(BoxState(state)))) for state in states
    ]
    assert len(set(seen)) == len(states)
    assert all(any(one) for one in seen)


def test_ok__seven_segments_tell_every_state_from_every_other() -> None:
    seen = {}
    for name, status in STATUSES.items():
        if status.state not in (State.READING, State.CORRECTING):
            seen[name] = {character(moment)[0] for moment in watched(at(status))}
    for one, other in itertools.combinations(seen, 2):
        # A fault with which it reads on is an E as well, but blinks calmly.
        assert seen[one] != seen[other] or {one, other} == {"fault", "nothing there, disk full"}


def test_ok__never_more_pins_lit_than_they_can_feed() -> None:
    """Eleven at 3.9 mA each (330 ohms at 3.3 V); the drawing of the wiring says so, too."""
    corrections = [
        BoxState(State.CORRECTING, correction=Correction("?", 0, label)) for label in (8, None)
    ]
    most = 0
    for status in (*STATUSES.values(), *corrections):
        for moment in watched(at(status, reading("8?"))):
            now = lamps(moment)
            single = sum(map(bool, (now.sure, now.unsure, now.heartbeat)))
            most = max(most, len(now.digits) + single + len(FONT[character(moment)[0]]))
    assert most == 11


def test_ok__the_digit_being_corrected_blinks(pins: Any) -> None:
    with Leds(TEN, sure=17, unsure=27) as leds, Segments(SEVEN) as segments:
        for output in (leds, segments):
            output.show(reading("12"))
            output.tell(BoxState(State.CORRECTING, correction=Correction("12", 1, 7)))
        seen = []
        for now in (10.0, 10.4, 10.6, 10.9):
            leds.tick(now)
            segments.tick(now)
            seen.append((lit(pins, TEN), lit(pins, SEVEN)))
    assert seen == [([7], [0, 1, 2]), ([7], [0, 1, 2]), ([], []), ([7], [0, 1, 2])]


def test_ok__no_digit_as_a_correction_runs_through_all(pins: Any) -> None:
    with Leds(TEN) as leds:
        leds.tell(BoxState(State.CORRECTING, correction=Correction("1", 0, None)))
        seen = set()
        for step in range(40):
            leds.tick(step * STEP)
            seen |= set(lit(pins, TEN))
    assert seen == set(range(10))


def test_ok__the_heart_breathes_while_training(pins: Any) -> None:
    with Leds(heartbeat=22) as leds:
        leds.tell(BoxState(State.NOTHING, progress=0.1))
        levels = []
        for step in range(80):
            leds.tick(step * STEP)
            levels.append(pins.pin(22).state)
    assert min(levels) < 0.01 and max(levels) > 0.99 and len(set(levels)) > 20


def test_ok__a_pin_without_dimming_still_beats(pins: Any) -> None:
    mock = pytest.importorskip("gpiozero.pins.mock")
    pins.pin_class = mock.MockPin
    with Leds(heartbeat=22) as leds:
        leds.tell(BoxState(State.NOTHING, progress=0.1))
        levels = []
        for step in range(80):
            leds.tick(step * STEP)
            levels.append(bool(pins.pin(22).state))
    assert 20 <= sum(levels) <= 40, "on for about a third of each breath"


def test_ok__without_an_unsure_lamp_a_fault_blinks_on_the_ends(pins: Any) -> None:
    with Leds(TEN) as leds:
        leds.tell(BoxState(State.FAULT, fault="no camera"))
        leds.tick(0.0)
        assert lit(pins, TEN) == [0, 9]
        leds.tick(0.3)
        assert lit(pins, TEN) == []


def test_ok__pins_are_written_on_change_only(pins: Any) -> None:
    with Leds(TEN, sure=17, unsure=27) as leds:
        leds.show(reading("3"))
        leds.tell(BoxState(State.READING))
        before = len(pins.pin(13).states)
        for step in range(100):
            leds.tick(step * STEP)
        assert len(pins.pin(13).states) == before


def test_ok__segments_show_digits_points_and_bars(pins: Any) -> None:
    with Segments(SEVEN, point=14) as segments:
        segments.show(reading("2"))
        assert lit(pins, SEVEN) == [0, 1, 3, 4, 6]
        segments.show(reading("?"))
        assert lit(pins, SEVEN) == [0, 3, 6], "three bars: a single one is a minus"
        segments.show(reading("71"))
        segments.tell(BoxState(State.READING))
        segments.tick(5.0)
        assert (lit(pins, SEVEN), pins.pin(14).state) == ([0, 1, 2], 0)
        segments.tick(6.1)
        assert (lit(pins, SEVEN), pins.pin(14).state) == ([1, 2], 0)
        kitchen = NumberState("kitchen", "number", "-2.5", "-2.5", "good")
        segments.tell(BoxState(State.READING, numbers=(kitchen,)))
        segments.tick(10.0)
        shown = []
        for second in range(3):
            segments.tick(10.1 + second)
            shown.append((lit(pins, SEVEN), pins.pin(14).state))
        assert shown[0] != shown[1] and ([0, 1, 3, 4, 6], 1) in shown, "2. with its point"
    assert not lit(pins, [*SEVEN, 14])


def test_ok__segments_of_a_common_anode(pins: Any) -> None:
    with Segments(SEVEN, active_high=False) as segments:
        segments.show(reading("1"))
        assert [pins.pin(number).state for number in SEVEN] == [1, 0, 0, 1, 1, 1, 1]


def test_ok__no_letter_passes_for_a_digit() -> None:
    shapes = {sign: frozenset(lit) for sign, lit in FONT.items()}
    digits = {shapes[str(label)] for label in range(10)}
    assert len(digits) == 10
    assert not digits & {shape for sign, shape in shapes.items() if not sign.isdigit()}


def test_fail__a_pin_in_use_is_busy_and_the_others_are_given_back(pins: Any) -> None:
    with Leds(sure=27):
        with pytest.raises(Busy, match=r"leds: .*27"):
            Leds(TEN, unsure=27)
        with pytest.raises(Busy, match=r"segments: .*27"):
            Segments([*SEVEN[:6], 27])
        Leds(TEN).close()
        Segments(SEVEN).close()


def test_fail__no_pins_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    gpiozero = pytest.importorskip("gpiozero")

    def none(*_: object, **__: object) -> None:
        raise gpiozero.BadPinFactory("Unable to load any default pin factory!")

    monkeypatch.setattr(gpiozero, "LED", none)
    with pytest.raises(NoHardware, match=r"leds: Unable.*\[leds\]"):
        Leds(TEN)


def test_ok__closing_twice_is_fine(pins: Any) -> None:
    for output in (Leds(TEN, 17, 27, 22), Segments(SEVEN)):
        output.close()
        output.close()
        output.tick(1.0)
