"""Generations in words, a line each, for the command line and for a key over SSH."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from pi_reader.generations.ledger import SHIPPED
from pi_reader.generations.shelf import Generation

_SHORT = 12  # hexadecimal digits of a sha256 that tell weights apart


def lines(generations: Sequence[Generation]) -> Iterator[str]:
    """One line for each, the newest last, under a heading."""
    yield f"{'number':>6}  {'state':9}  {'parent':>6}  {'in use since':16}  {'sha256':12}  weights"
    for one in generations:
        parent = str(one.parent) if one.number != SHIPPED else "-"
        yield (f"{one.number:6}  {one.state:9}  {parent:>6}  {when(one.since):16}  "
               f"{one.sha256[:_SHORT]:12}  {summary(one)}")


def summary(one: Generation) -> str:
    """What they are and how good, in a few words."""
    why = one.why
    if one.state == "candidate":
        why = f"waits for the judge: {why or 'the next training asks it'}"
    elif one.state == "in use" and why:
        why = f"in use although the judge refused it: {why}"
    if one.card is None:
        return why or "the file is missing or damaged"
    words = [("shipped, " if one.number == SHIPPED else "") + (one.card.recipe or "no recipe")]
    if one.card.accuracy is not None:
        words.append(f"{one.card.accuracy:.2%}" + (f" on {one.card.measured}" if one.card.measured
                                                   else ""))
    return ", ".join(words) + (f"; {why}" if why else "")


def when(seconds: float, form: str = "%Y-%m-%d %H:%M") -> str:
    """A local time, by default to the minute; "-" if it is not known, or no time at all."""
    try:
        return time.strftime(form, time.localtime(seconds)) if seconds > 0 else "-"
    except (OSError, OverflowError, ValueError):  # a 32-bit one ends in 2038
        return "-"
