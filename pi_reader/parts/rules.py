"""Rules for the values of settings: each has a test and a description for messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

LAST_PIN = 27  # the header has the chip's lines 0 to 27, in BCM numbering
LARGEST_FRAME = 10_000  # pixels wide or high; more than any camera of a Pi has
LARGEST_CONTROL = 1e12  # beyond any of picamera2's controls, microseconds included


class Rule(NamedTuple):
    """A test for a value, and its description for messages.

    wires: whether the value names GPIO lines, which nothing else may use then. kind, limits: for
    forms, of what kind it is, "" for that of the default, and low, high or choices.
    """

    holds: Callable[[Any], bool]
    words: str
    wires: bool = False
    kind: str = ""
    limits: Mapping[str, Any] = MappingProxyType({})


def _is_whole(value: object) -> bool:
    return type(value) is int  # excludes True and False


def switch() -> Rule:
    """On or off."""
    return Rule(lambda value: type(value) is bool, "true or false")


def whole(low: int, high: int, step: int = 1) -> Rule:
    """A whole number in a range, counted from `low` in steps."""
    words = f"a whole number from {low} to {high}" + (f" in steps of {step}" if step > 1 else "")
    limits = {"low": low, "high": high} | ({"step": step} if step > 1 else {})
    return Rule(
        lambda v: _is_whole(v) and low <= v <= high and (v - low) % step == 0, words, limits=limits
    )


def number(low: float, high: float) -> Rule:
    """A number in a range, whole or not."""
    return Rule(
        lambda v: type(v) in (int, float) and low <= v <= high,
        f"a number from {low:.15g} to {high:.15g}",
        limits={"low": low, "high": high},
    )


def one_of(*choices: str | int) -> Rule:
    """One of a few words or numbers."""
    names = ", ".join(f'"{one}"' if isinstance(one, str) else str(one) for one in choices)
    return Rule(
        lambda v: type(v) is type(choices[0]) and v in choices,
        f"one of {names}",
        kind="choice",
        limits={"choices": choices},
    )


def text() -> Rule:
    """A line of text."""
    return Rule(
        lambda v: isinstance(v, str) and v.isprintable() and len(v) < 1000, "a short text in quotes"
    )


def matching(pattern: str, words: str) -> Rule:
    """A text of a certain form, or none."""
    return Rule(lambda v: isinstance(v, str) and bool(re.fullmatch(f"({pattern})?", v)), words)


def clock() -> Rule:
    """A time of day, hours and minutes."""

    def holds(value: object) -> bool:
        hours, _, minutes = value.partition(":") if isinstance(value, str) else ("", "", "")
        return (
            len(hours) == len(minutes) == 2
            and (hours + minutes).isdecimal()
            and (hours + minutes).isascii()
            and int(hours) < 24
            and int(minutes) < 60
        )

    return Rule(holds, 'a time of day in quotes, such as "02:00"', kind="clock")


def pin() -> Rule:
    """A GPIO line."""
    return Rule(
        lambda v: _is_whole(v) and 0 <= v <= LAST_PIN,
        f"the number of a GPIO line from 0 to {LAST_PIN} (not of the header's pin)",
        True,
    )


def pins(*counts: int) -> Rule:
    """A list of GPIO lines of one of these lengths, or empty."""
    one = pin()
    return Rule(
        lambda v: isinstance(v, list) and len(v) in (0, *counts) and all(map(one.holds, v)),
        f"a list of {' or '.join(map(str, counts))} GPIO lines from 0 to {LAST_PIN}",
        True,
    )


def _is_box(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 4
        and all(map(_is_whole, value))
        and min(value[:2]) >= 0
        and min(value[2:]) > 0
        and max(value) <= LARGEST_FRAME
    )


def box() -> Rule:
    """A rectangle of the frame, or all of it."""
    return Rule(
        lambda v: v == [] or _is_box(v),
        "[x, y, width, height] in pixels, or [] for all",
        kind="box",
    )


def boxes() -> Rule:
    """Rectangles of the frame."""
    return Rule(
        lambda v: isinstance(v, list) and all(map(_is_box, v)),
        "a list of [x, y, width, height] in pixels",
        kind="boxes",
    )


def controls() -> Rule:
    """A table of picamera2's controls: names with numbers."""

    def sane(value: Any) -> bool:
        return type(value) in (int, float) and -LARGEST_CONTROL <= value <= LARGEST_CONTROL

    def plain(value: object) -> bool:
        return (
            type(value) is bool
            or sane(value)
            or (isinstance(value, list) and all(map(sane, value)))
        )

    return Rule(
        lambda v: isinstance(v, dict) and all(map(plain, v.values())),
        "a table of names with numbers, such as { Sharpness = 1.0 }",
    )
