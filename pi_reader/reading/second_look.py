"""What is in doubt is looked at twice: as the camera shows it, then a little softer, and level.

A stroke that breaks, a speck that joins, a ruling: what misleads one look seldom misleads another
one that differs a little (test-time augmentation). The look that leaves less open is believed, as
far as the other one bears it out.
"""

from __future__ import annotations

from dataclasses import replace

from pi_reader.reading.decode import EVEN
from pi_reader.values import Digit, Reading

HOPE = 0.1  # confidence from which a digit in doubt is worth a second look
SAME = 0.4  # overlap (intersection over union) from which two looks mean the same digit


def is_open(reading: Reading) -> bool:
    """Whether a second look may help: some digit is in doubt, but not crossed out, hidden, cut off
    by the edge, or hardly a digit at all."""
    return any(not digit.sure and digit.confidence > HOPE for digit in reading.digits)


def leaves_less_open(reading: Reading, other: Reading) -> bool:
    """Whether a reading has more sure digits than another one, no more `?`, and no fewer digits in
    all: a `?` may become a digit, but must not vanish."""
    sure, other_sure = (sum(digit.sure for digit in one.digits) for one in (reading, other))
    every, other_every = len(reading.digits), len(other.digits)
    return sure > other_sure and every >= other_every and every - sure <= other_every - other_sure


def confirmed(reading: Reading, other: Reading) -> Reading:
    """A reading without the sure digits that another look at the same frame contradicts; its
    `milliseconds` are those of both looks. What was taught, or seen in one look alone, stays."""
    lines = tuple(
        replace(line, digits=tuple(_confirmed(digit, other) for digit in line.digits))
        for line in reading.lines
    )
    spent = {stage: ms + other.milliseconds[stage] for stage, ms in reading.milliseconds.items()}
    return replace(reading, lines=lines, milliseconds=spent)


def _confirmed(digit: Digit, other: Reading) -> Digit:
    """A digit, unsure if what the other look says of it makes it no likelier than not."""
    second = max(other.digits, key=lambda one: digit.box.overlap(one.box), default=None)
    if second is None or not digit.sure or digit.reason or digit.box.overlap(second.box) < SAME:
        return digit
    if second.label != digit.label:
        low, high = sorted((digit.label, second.label))
        reason, likely = f"may be {low} or {high}", max(0.0, digit.confidence - second.confidence)
    elif second.sure:
        return digit
    else:
        reason, likely = second.reason, (digit.confidence + second.confidence) / 2
    if likely >= EVEN:
        return digit
    return replace(digit, sure=False, confidence=likely, reason=reason)
