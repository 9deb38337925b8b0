"""One button: what is said with it, however its contacts bounce and whoever calls when."""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from pi_reader.errors import Busy, NoHardware
from pi_reader.inputs.button import Button, Press, PressDetector

if TYPE_CHECKING:
    from gpiozero.pins.mock import MockFactory

PIN = 10


class Hand:
    """A hand on a mock pin, with the only clock there is."""

    def __init__(self, pins: MockFactory, pin: int = PIN) -> None:
        self.now = 100.0
        self._pin = pins.pin(pin)

    def press(self) -> None:
        self._pin.drive_low()

    def let_go(self) -> None:
        self._pin.drive_high()

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def hand(pins: MockFactory) -> Hand:
    return Hand(pins)


@pytest.fixture
def button(hand: Hand) -> Button:
    return Button(PIN, clock=lambda: hand.now)


def kinds(presses: Sequence[Press]) -> list[str]:
    return [press.kind for press in presses]


def test_ok__a_short_press_is_said_once_it_is_let_go(hand: Hand, button: Button) -> None:
    assert button.events() == []
    hand.press()
    hand.wait(0.3)
    assert button.events() == []
    hand.let_go()
    hand.wait(0.1)
    assert button.events() == [Press("short", 100.3)]
    assert button.events() == []


def test_ok__a_long_press_is_said_while_it_lasts_and_letting_go_says_nothing(
    hand: Hand, button: Button
) -> None:
    hand.press()
    hand.wait(0.9)
    assert button.events() == []
    hand.wait(0.2)
    assert button.events() == [Press("long", 101.0)]
    hand.wait(2)
    assert button.events() == []
    hand.let_go()  # the driver reports this one too
    hand.wait(1)
    assert button.events() == []


def test_ok__five_seconds_are_a_hold_said_once(hand: Hand, button: Button) -> None:
    hand.press()
    said = []
    for _ in range(20):
        hand.wait(0.5)
        said += button.events()
    hand.let_go()
    hand.wait(1)
    assert said + button.events() == [Press("long", 101.0), Press("hold", 105.0)]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        ((0.2,), ["short"]),
        ((1.5,), ["long"]),
        ((6,), ["long", "hold"]),
        ((0.2, 0.2, 1.2, 0.1), ["short", "short", "long", "short"]),
    ],
)
def test_ok__nothing_is_lost_while_nobody_asks(
    hand: Hand, button: Button, seconds: Sequence[float], said: Sequence[str]
) -> None:
    for one in seconds:
        hand.press()
        hand.wait(one)
        hand.let_go()
        hand.wait(0.2)
    assert kinds(button.events()) == said


def test_ok__contacts_bounce(hand: Hand, button: Button) -> None:
    rng = random.Random(1)

    def bounce() -> None:
        for _ in range(rng.randrange(1, 9)):
            for act in (hand.let_go, hand.press):
                act()
                hand.wait(rng.uniform(0.0001, 0.02))

    said = []
    for _ in range(50):
        hand.press()
        bounce()
        hand.wait(0.2)
        said += button.events()
        bounce()
        hand.let_go()
        hand.wait(0.2)
    assert kinds(said + button.events()) == ["short"] * 50


def test_ok__a_spark_is_no_press(hand: Hand, button: Button) -> None:
    hand.press()
    hand.wait(0.005)
    hand.let_go()
    hand.wait(5)
    assert button.events() == []


def test_ok__pressed_at_start_up_does_not_count(hand: Hand, pins: MockFactory) -> None:
    hand.press()
    pins.pin(PIN)._set_pull = lambda value: None  # a mock pin would else jump up when it is opened
    with Button(PIN, clock=lambda: hand.now) as button:
        for _ in range(60):
            hand.wait(1)
            assert button.events() == []  # least of all a power-off
        hand.let_go()
        hand.wait(0.1)
        assert button.events() == []
        hand.press()
        hand.wait(0.1)
        hand.let_go()
        hand.wait(0.1)
        assert kinds(button.events()) == ["short"]


def test_ok__a_change_that_was_never_reported_ends_the_press(
    hand: Hand, button: Button, pins: MockFactory
) -> None:
    hand.press()
    hand.wait(0.5)
    assert button.events() == []
    pins.pin(PIN)._change_state(True)  # let go, and the driver says nothing
    hand.wait(0.1)
    assert button.events() == []
    hand.wait(0.1)
    assert kinds(button.events()) == ["short"]
    hand.wait(60)
    assert button.events() == []


def test_ok__any_press_is_one_of_three() -> None:
    """Whenever somebody asks in between, the same is said."""
    rng = random.Random(2)
    for _ in range(300):
        length = rng.uniform(0.05, 7)
        presses = PressDetector(down=False, long_seconds=0.7)
        said = presses.change(True, 10.0)
        for at in sorted(rng.uniform(10, 10 + length) for _ in range(rng.randrange(6))):
            said += presses.until(at)
        said += presses.change(False, 10.0 + length) + presses.until(11.0 + length)
        expected = ["short"] if length < 0.7 else ["long"] if length < 5 else ["long", "hold"]
        assert kinds(said) == expected
        assert [press.at for press in said] == pytest.approx(
            [10 + length] if length < 0.7 else [10.7, 15.0][: len(said)]
        )


def test_ok__no_thread_is_kept_awake(button: Button) -> None:
    assert not [thread for thread in threading.enumerate() if "gpiozero" in repr(type(thread))]


def test_ok__closed_twice_and_asked_again(button: Button) -> None:
    button.close()
    button.close()
    assert button.events() == []


def test_fail__the_pin_is_taken(button: Button) -> None:
    with pytest.raises(Busy, match=r"^button: .*each pin belongs to one process"):
        Button(PIN)


def test_ok__the_pin_is_free_after_closing(button: Button) -> None:
    button.close()
    Button(PIN).close()


def test_fail__no_gpiozero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    with pytest.raises(NoHardware, match=r"^button: gpiozero is not installed; "):
        Button(PIN)


def test_fail__a_pin_that_is_none(pins: MockFactory) -> None:
    with pytest.raises(NoHardware, match=r"^button: .*; look at button.pin"):
        Button(99)
