"""LEDs on the pins: ten for the digits, or four in binary, and three for the state."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from pi_reader.errors import opening
from pi_reader.outputs.patterns import Lamps, lamps
from pi_reader.outputs.scene import Moment, Onlooker
from pi_reader.parts import Part, rules, setting
from pi_reader.values import State

BITS = 4  # lamps that show a digit in binary, the lowest bit first
_ADVICE = "look at the pins in [leds], and whether the user is in the group gpio"


@dataclass(frozen=True)
class LedSettings:
    """Single lamps."""

    digits: tuple[int, ...] = setting(
        (),
        rules.pins(4, 10),
        "Ten lines, the lamp of 0 first, or four lines for the bits of the digit, the lowest "
        "first.",
        wiring=[5, 6, 12, 13, 16, 19, 20, 21, 26, 25],
    )
    sure: int | None = setting(
        None,
        rules.pin(),
        "A lamp that is lit while the digit shown is certain, and one while it is not. The second "
        'also tells of faults: see "The lamps" in systemd/README.md.',
        wiring=17,
    )
    unsure: int | None = setting(None, rules.pin(), wiring=27)
    heartbeat: int | None = setting(
        None, rules.pin(), "A lamp that shows that the box is alive.", wiring=22
    )
    active_high: bool = setting(
        True,
        rules.switch(),
        "true if a high pin lights its lamp; false for lamps between the pin and 3.3 V.",
    )

    @property
    def are_set(self) -> bool:
        """Whether any lamp is."""
        return bool(self.digits) or not {self.sure, self.unsure, self.heartbeat} <= {None}

    @property
    def at_fault(self) -> LedSettings | None:
        """The lamp alone that tells of faults, None if it is not set."""
        if self.unsure is None:
            return None
        return LedSettings(unsure=self.unsure, active_high=self.active_high)


class Leds(Onlooker):
    """Lamps on GPIO pins (BCM numbers), each with its resistor.

    digits: ten pins, 0 first, of which the one that was read is lit (of an unsure one both
    guesses); or four, lowest bit first, where all four are "unsure"; or none. sure, unsure,
    heartbeat: a pin or None. active_high: whether a pin that is on lights its lamp.
    `patterns` says what the lamps mean. Without an unsure lamp a fault, darkness, glare or blur
    blinks on the first and last of the ten (on all four) instead.
    Raises NoHardware if there are no pins, Busy if another process uses one.
    """

    def __init__(
        self,
        digits: Sequence[int] = (),
        sure: int | None = None,
        unsure: int | None = None,
        heartbeat: int | None = None,
        active_high: bool = True,
    ) -> None:
        super().__init__()
        self._lit: dict[int, float] = {}  # by the lamp's id, as last written
        with ExitStack() as opened, opening("leds", "python3-gpiozero python3-lgpio", _ADVICE):
            self._digits = [_lamp(pin, active_high, opened) for pin in digits]
            self._sure = _lamp(sure, active_high, opened)
            self._unsure = _lamp(unsure, active_high, opened)
            self._heartbeat, self._dims = _dimmed_lamp(heartbeat, active_high, opened)
            self._opened = opened.pop_all()

    def draw(self, moment: Moment) -> None:
        """Switch the lamps that change."""
        now = lamps(moment)
        self._set(self._sure, now.sure)
        self._set(self._unsure, now.unsure)
        self._set(self._heartbeat, now.heartbeat if self._dims else round(now.heartbeat))
        for lamp, lit in zip(self._digits, self._pattern(now, moment.state), strict=True):
            self._set(lamp, float(lit))

    def close(self) -> None:
        """Release the pins; the lamps go dark."""
        self._opened.close()
        self._digits, self._sure, self._unsure, self._heartbeat = [], None, None, None

    def _pattern(self, now: Lamps, state: State) -> list[bool]:
        """Which of the digit lamps are lit."""
        shown = now.digits
        if self._unsure is None and state not in (State.UNSURE, State.CORRECTING) and now.unsure:
            shown = frozenset({0, 9})
        if len(self._digits) == BITS:
            number = 0b1111 if len(shown) > 1 else max(shown, default=0)
            return [bool(number >> bit & 1) for bit in range(BITS)]
        return [label in shown for label in range(len(self._digits))]

    def _set(self, lamp: Any, brightness: float) -> None:
        """Write a pin only if it changes: that takes time, and this is called often."""
        if lamp is not None and self._lit.get(id(lamp)) != brightness:
            lamp.value = brightness
            self._lit[id(lamp)] = brightness


def _lamp(pin: int | None, active_high: bool, opened: ExitStack) -> Any:
    """A lamp that goes dark when all is closed."""
    if pin is None:
        return None
    from gpiozero import LED

    lamp = LED(pin, active_high=active_high)
    opened.callback(lamp.close)
    return lamp


def _dimmed_lamp(pin: int | None, active_high: bool, opened: ExitStack) -> tuple[Any, bool]:
    """The same with PWM if the driver supports it; and whether it does."""
    from gpiozero import PWMLED
    from gpiozero.exc import PinPWMUnsupported

    if pin is None:
        return None, False
    try:
        lamp = PWMLED(pin, active_high=active_high)
    except PinPWMUnsupported:
        return _lamp(pin, active_high, opened), False
    opened.callback(lamp.close)
    return lamp, True


PART = Part(
    LedSettings,
    lambda section, context: Leds(**vars(section)),
    lambda section: section.are_set,
    title="lamps",
    absent="no lamps configured; set their pins in [leds]",
    at_fault=lambda section: section.at_fault,
)
