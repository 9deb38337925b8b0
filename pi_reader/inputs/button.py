"""One button with three kinds of press: short, long, and held for five seconds.

The pin's driver calls from a thread of its own at any time. There the change is only recorded; it
is interpreted when the main loop asks for events.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pi_reader.errors import opening
from pi_reader.parts import Closing, Part, rules, setting

HOLD_SECONDS = 5.0  # nobody presses a button that long by accident

_BOUNCE = 0.03  # seconds; contacts bounce for up to 20 ms, a finger presses for 50 or more
_MOST_CHANGES = 200  # that are kept between two calls
_ADVICE = "look at button.pin in the settings, and whether the user is in the group gpio"


@dataclass(frozen=True)
class ButtonSettings:
    """A button between its line and ground."""

    pin: int | None = setting(None, rules.pin(), "A button between its line and ground.", wiring=10)
    short: str = setting(
        "read",
        rules.one_of("read", "freeze"),
        'What a short press does: "read" looks again at once, "freeze" holds the display until '
        "the next.",
    )
    long_seconds: float = setting(
        1.0,
        rules.number(0.4, 3),
        "Seconds that make a press a long one, which begins a correction.",
    )
    power_off: bool = setting(
        False, rules.switch(), "Whether a press of five seconds shuts the box down cleanly."
    )


@dataclass(frozen=True)
class Press:
    """One press of the button.

    kind: "short" when it is released, "long" and "hold" as soon as it has been held that long, so
    that a hold comes after a long. at: when, in seconds of the monotonic clock.
    """

    kind: Literal["short", "long", "hold"]
    at: float


class PressDetector:
    """Turns the level changes of a pin into presses, with debouncing.

    down: whether it is pressed at the start; then it is stuck, and must be released before it
    counts. long_seconds: from which duration a press is long.
    """

    def __init__(self, down: bool, long_seconds: float = 1.0) -> None:
        self._steps: tuple[tuple[Literal["long", "hold"], float], ...] = (
            ("long", long_seconds),
            ("hold", HOLD_SECONDS),
        )
        self._level = self._seen = down  # the debounced level, and the latest raw one
        self._seen_at = float("-inf")
        self._pressed_at: float | None = None
        self._said = 0  # events already reported for this press

    def change(self, down: bool, at: float) -> list[Press]:
        """Record a change of level; returns the presses up to that time."""
        said = self.until(at)
        if down != self._seen:
            self._seen, self._seen_at = down, at
        return said

    def until(self, now: float) -> list[Press]:
        """The presses up to `now`, with no further change until then."""
        said = []
        if self._seen != self._level and now - self._seen_at >= _BOUNCE:
            self._level = self._seen
            if self._level:
                self._pressed_at, self._said = self._seen_at, 0
            else:
                said += self._let_go(self._seen_at)
        return said + self._held_until(self._seen_at if self._level != self._seen else now)

    def _held_until(self, now: float) -> list[Press]:
        said = []
        while self._pressed_at is not None and self._said < len(self._steps):
            kind, seconds = self._steps[self._said]
            if now - self._pressed_at < seconds:
                break
            said.append(Press(kind, self._pressed_at + seconds))
            self._said += 1
        return said

    def _let_go(self, at: float) -> list[Press]:
        said = self._held_until(at)
        if self._pressed_at is not None and not self._said:
            said.append(Press("short", at))
        self._pressed_at = None
        return said


class Button(Closing):
    """A button between a GPIO pin (BCM number) and ground, with the internal pull-up.

    long_seconds: from which duration a press is long, less than HOLD_SECONDS. clock: seconds,
    monotonic. Raises NoHardware if there are no pins, Busy if another process uses this one.
    """

    def __init__(
        self, pin: int, long_seconds: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._changes: deque[tuple[bool, float]] = deque(maxlen=_MOST_CHANGES)
        self._button: Any = None
        with opening("button", "python3-gpiozero python3-lgpio", _ADVICE):
            # Not gpiozero's Button, whose thread wakes ten times a second to measure holds.
            from gpiozero import DigitalInputDevice

            self._button = DigitalInputDevice(pin, pull_up=True)
            self._detector = PressDetector(self._button.is_active, long_seconds)
            self._button.when_activated = self._went_down
            self._button.when_deactivated = self._went_up

    def events(self) -> list[Press]:
        """The presses since the last call; never blocks."""
        if self._button is None:
            return []
        said = []
        while self._changes:
            said += self._detector.change(*self._changes.popleft())
        # A missed change must not become a button that is held for ever.
        return said + self._detector.change(self._button.is_active, self._clock())

    def close(self) -> None:
        """Release the pin."""
        button, self._button = self._button, None
        if button is not None:
            button.close()

    def _went_down(self) -> None:
        self._changes.append((True, self._clock()))

    def _went_up(self) -> None:
        self._changes.append((False, self._clock()))


PART = Part(
    ButtonSettings,
    lambda section, context: Button(section.pin, section.long_seconds),
    lambda section: section.pin is not None,
    title="button",
    absent="no button configured; set its pin in [button]",
)
