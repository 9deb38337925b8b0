"""Whether a number can be true, by its limits and by what it was before.

A value that cannot be is not believed, but nobody is stuck for ever with one that was wrong: five
sure readings in a row that agree among themselves are a new level. How fast a value changes counts
from the last good one, and a clock that jumped or was never set counts as time that nobody knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from pi_reader.numbers.fields import Found
from pi_reader.numbers.settings import NumberSettings

LONGEST = 60  # digits before the point, or behind it, of a value on the card
LONGEST_TEXT = 1000  # letters of what is no number
NEW_LEVEL = 5  # sure readings that agree among themselves and are believed
HOUR = 3600.0


class Verdict(StrEnum):
    """What is thought of one reading of a number."""

    GOOD = "good"
    UNSURE = "unsure"
    MISSING = "missing"
    DIGITS = "digits"
    LOW = "low"
    HIGH = "high"
    FALLING = "falling"
    FAST = "too fast"


JUMPS = (Verdict.FALLING, Verdict.FAST)
"""Verdicts of values that would be good if the last good one had been wrong."""


@dataclass(frozen=True)
class Clock:
    """What time it is. steady: seconds of a monotonic clock; wall: since 1970, 0.0 if not set."""

    steady: float
    wall: float


@dataclass
class Past:
    """What is known of one number: the last good value and when it was seen, and since then those
    that were not believed, oldest first. text: how that value is told, also of what is no number.
    """

    value: Decimal | None = None
    steady: float | None = None  # of the process that saw it; None after a restart
    wall: float = 0.0
    refused: tuple[Decimal, ...] = ()
    refused_at: float = 0.0  # the monotonic clock when the newest of them was seen
    text: str = ""

    def seconds_since(self, now: Clock) -> float | None:
        """How long ago the last good value was seen, None if nobody knows."""
        if self.steady is not None:
            return max(0.0, now.steady - self.steady)
        known = self.wall > 0 and now.wall >= self.wall
        return now.wall - self.wall if known else None

    def see(self, value: Decimal | None, now: Clock) -> None:
        """A good value, None for what is no number."""
        self.value, self.steady, self.wall, self.refused = value, now.steady, now.wall, ()

    def to_json(self) -> dict[str, Any]:
        """For the state on the card."""
        value = None if self.value is None else str(self.value)
        return {"value": value, "when": self.wall, "text": self.text}

    @classmethod
    def from_json(cls, said: object) -> Past:
        """What stands on the card; nothing, where that is damaged or of another kind."""
        values = said if isinstance(said, Mapping) else {}
        text, when = values.get("text", ""), values.get("when")
        text = text if isinstance(text, str) and len(text) <= LONGEST_TEXT else ""
        known = isinstance(when, int | float) and 0 <= when < 1e12
        wall = float(when) if known and when else 0.0
        if values.get("value") is None:
            return cls(None, None, wall, text=text) if text else cls()
        try:
            value = Decimal(str(values["value"]))
        except InvalidOperation:
            return cls()
        if not value.is_finite() or not -LONGEST <= _exponent(value) <= value.adjusted() < LONGEST:
            return cls()  # written out, it would fill the memory
        return cls(value, None, wall, text=text or format(value, "f"))


@dataclass(frozen=True)
class Judged:
    """A verdict. healed: whether it is good as the fifth of a new level."""

    verdict: Verdict
    healed: bool = False


def judge(field: NumberSettings, found: Found | None, past: Past, now: Clock) -> Judged:
    """What is thought of what was read; `past` takes it in."""
    if found is None:
        return Judged(Verdict.MISSING)
    if field.digits and not field.digits[0] <= found.digits <= field.digits[1]:
        return Judged(Verdict.DIGITS)
    if not found.sure or "?" in found.text:
        return Judged(Verdict.UNSURE)
    if field.kind != "number":
        past.see(None, now)
        return Judged(Verdict.GOOD)
    value = found.number
    if value is None:
        return Judged(Verdict.UNSURE)
    if field.minimum is not None and value < Decimal(str(field.minimum)):
        return Judged(Verdict.LOW)
    if field.maximum is not None and value > Decimal(str(field.maximum)):
        return Judged(Verdict.HIGH)
    if past.value is None:
        past.see(value, now)
        return Judged(Verdict.GOOD)
    verdict = _step(field, past.value, value, past.seconds_since(now))
    if verdict is Verdict.GOOD:
        past.see(value, now)
        return Judged(verdict)
    return _refused(field, value, past, now, verdict)


def _refused(
    field: NumberSettings, value: Decimal, past: Past, now: Clock, verdict: Verdict
) -> Judged:
    """Count a value that is not believed, until there are enough of them."""
    since = max(0.0, now.steady - past.refused_at)
    agrees = past.refused and _step(field, past.refused[-1], value, since) is Verdict.GOOD
    past.refused = (*past.refused, value) if agrees else (value,)
    past.refused_at = now.steady
    if len(past.refused) < NEW_LEVEL:
        return Judged(verdict)
    past.see(value, now)
    return Judged(Verdict.GOOD, healed=True)


def _step(field: NumberSettings, before: Decimal, value: Decimal, seconds: float | None) -> Verdict:
    """Whether a number can have gone from one value to another in this time, None if unknown.

    One unit of its last digit it may always rise or fall by: 21.4 and 21.5 may be as good as equal.
    """
    if value < before and not field.may_fall:
        return Verdict.FALLING
    if field.rises_per_hour is None or seconds is None:
        return Verdict.GOOD
    least = Decimal(1).scaleb(max(_exponent(before), _exponent(value)))
    most = Decimal(str(field.rises_per_hour)) * Decimal(str(seconds / HOUR)) + least
    return Verdict.GOOD if abs(value - before) <= most else Verdict.FAST


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return min(0, exponent) if isinstance(exponent, int) else 0
