"""What a setting may be: each rule has a test and the words that a message says it in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

LAST_PIN = 27  # the header brings out the chip's lines 0 to 27, numbered as the chip does (BCM)


class Rule(NamedTuple):
    """What a value must be: a test, and the words for it in a message."""

    holds: Callable[[Any], bool]
    words: str


def _is_whole(value: object) -> bool:
    return type(value) is int  # True and False are no numbers here


def switch() -> Rule:
    """On or off."""
    return Rule(lambda value: type(value) is bool, "true or false")


def whole(low: int, high: int, step: int = 1) -> Rule:
    """A whole number in a range, counted from `low` in steps."""
    words = f"a whole number from {low} to {high}" + (f" in steps of {step}" if step > 1 else "")
    return Rule(lambda v: _is_whole(v) and low <= v <= high and (v - low) % step == 0, words)


def number(low: float, high: float) -> Rule:
    """A number in a range, whole or not."""
    return Rule(lambda v: type(v) in (int, float) and low <= v <= high,
                f"a number from {low:g} to {high:g}")


def one_of(*choices: str | int) -> Rule:
    """One of a few words or numbers."""
    names = ", ".join(map(repr, choices))
    return Rule(lambda v: type(v) is type(choices[0]) and v in choices, f"one of {names}")


def text() -> Rule:
    """A line of text."""
    return Rule(lambda v: isinstance(v, str) and v.isprintable() and len(v) < 1000, "a short text")


def clock() -> Rule:
    """A time of day, hours and minutes."""
    def holds(value: object) -> bool:
        hours, _, minutes = value.partition(":") if isinstance(value, str) else ("", "", "")
        return (len(hours) == len(minutes) == 2 and (hours + minutes).isdecimal()
                and (hours + minutes).isascii() and int(hours) < 24 and int(minutes) < 60)

    return Rule(holds, 'a time of day such as "02:00"')


def pin() -> Rule:
    """A GPIO line."""
    return Rule(lambda v: _is_whole(v) and 0 <= v <= LAST_PIN,
                f"the number of a GPIO line from 0 to {LAST_PIN} (not of the header's pin)")


def pins(*counts: int) -> Rule:
    """So many GPIO lines, or none."""
    one = pin()
    return Rule(lambda v: isinstance(v, list) and len(v) in (0, *counts) and all(map(one.holds, v)),
                f"a list of {' or '.join(map(str, counts))} GPIO lines from 0 to {LAST_PIN}")


def _is_box(value: object) -> bool:
    return (isinstance(value, list) and len(value) == 4 and all(map(_is_whole, value))
            and min(value[:2]) >= 0 and min(value[2:]) > 0)


def box() -> Rule:
    """A rectangle of the frame, or all of it."""
    return Rule(lambda v: v == [] or _is_box(v), "[x, y, width, height] in pixels, or [] for all")


def boxes() -> Rule:
    """Rectangles of the frame."""
    return Rule(lambda v: isinstance(v, list) and all(map(_is_box, v)),
                "a list of [x, y, width, height] in pixels")


def controls() -> Rule:
    """Names with numbers, as picamera2 knows them."""
    def plain(value: object) -> bool:
        return type(value) in (bool, int, float) or (
            isinstance(value, list) and all(type(part) in (int, float) for part in value))

    return Rule(lambda v: isinstance(v, dict) and all(map(plain, v.values())),
                "a table of names with numbers")
