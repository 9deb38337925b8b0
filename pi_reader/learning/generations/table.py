"""Generations as text, one line each, for the command line and over SSH."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

from pi_reader.learning.generations.ledger import SHIPPED
from pi_reader.learning.generations.store import Generation

_SHORT = 12  # hexadecimal digits of a sha256 that tell weights apart


def lines(generations: Sequence[Generation]) -> Iterator[str]:
    """One line for each, newest last, under a heading."""
    yield f"{'number':>6}  {'state':9}  {'parent':>6}  {'in use since':16}  {'sha256':12}  weights"
    for one in generations:
        parent = str(one.parent) if one.number != SHIPPED else "-"
        yield (
            f"{one.number:6}  {one.state:9}  {parent:>6}  {when(one.since):16}  "
            f"{one.sha256[:_SHORT]:12}  {summary(one)}"
        )


def summary(one: Generation) -> str:
    """Recipe and accuracy in a few words."""
    why = _why(one)
    if one.card is None:
        return why or "the file is missing or damaged"
    words = [("shipped, " if one.number == SHIPPED else "") + (one.card.recipe or "no recipe")]
    if one.card.accuracy is not None:
        words.append(
            f"{one.card.accuracy:.2%}" + (f" on {one.card.measured}" if one.card.measured else "")
        )
    return ", ".join(words) + (f"; {why}" if why else "")


def _why(one: Generation) -> str:
    """The reason for its state, "" if it is simply in use or kept."""
    if one.state == "candidate":
        return f"waits for the judge: {one.why or 'the next training asks it'}"
    if one.state == "in use" and one.why:
        return f"in use although the judge refused it: {one.why}"
    return one.why


def facts(one: Generation) -> Iterator[tuple[str, str]]:
    """The facts about one generation, each with its name; long lists are left to the card."""
    yield "state", one.state
    if why := _why(one):
        yield "why", why
    yield "parent", "-" if one.number == SHIPPED else str(one.parent)
    yield "in use since", when(one.since)
    yield "file", str(one.path)
    yield "sha256", one.sha256
    card = one.card
    if card is None:
        yield "card", "the file is missing or damaged"
        return
    yield "recipe", (card.recipe or "-") + (f", seed {card.seed}" if card.seed is not None else "")
    yield "trained", card.date or "at an unknown time"
    if card.parent:
        yield "begun with", card.parent
    if card.accuracy is not None:
        yield "reads right", f"{card.accuracy:.2%} of {card.measured or 'some digits'}"
    yield "sure from", f"{card.reject_below:.2%} on, below that a digit is shown as ?"
    for name, sha256 in card.data.items():
        yield "learned from", f"{name} {sha256[:_SHORT]}"
    for name, value in card.notes.items():
        if isinstance(value, Mapping):
            value = ", ".join(
                f"{key.replace('_', ' ')} {each}"
                for key, each in value.items()
                if not isinstance(each, Mapping | list)
            )
        if not isinstance(value, list):
            yield name.replace("_", " "), str(value)


def when(seconds: float, form: str = "%Y-%m-%d %H:%M") -> str:
    """A local time, by default to the minute; "-" if it is unknown or invalid."""
    try:
        return time.strftime(form, time.localtime(seconds)) if seconds > 0 else "-"
    except (OSError, OverflowError, ValueError):  # a 32-bit one ends in 2038
        return "-"
