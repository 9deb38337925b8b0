"""Tests for what keeps its place in a number although it is no digit by itself."""

from __future__ import annotations

import numpy as np
import pytest

from pi_reader.reading.decode import Mark
from pi_reader.reading.places import held_places
from pi_reader.reading.reader import Reader
from pi_reader.values import Frame

SURE = 0.9


def mark(
    left: int, right: int, top: int = 0, bottom: int = 30, digit: bool = True, chance: float = 0.99
) -> Mark:
    """A mark that is a 7 or none, with so much certainty."""
    seven, none = (chance, 1 - chance) if digit else (1 - chance, chance)
    return Mark(left, top, right, bottom, 100.0, (0.0,) * 7 + (seven, 0.0, 0.0, none))


def odd(left: int, right: int, top: int = 0, bottom: int = 30) -> Mark:
    return mark(left, right, top, bottom, digit=False)


@pytest.mark.parametrize(
    ("marks", "held"),
    [
        ([mark(0, 20), odd(30, 50), mark(60, 80)], True),
        ([mark(0, 20), mark(30, 50), odd(58, 80)], True),
        ([odd(-30, -8), mark(0, 20), mark(30, 50)], True),
        ([mark(0, 20), odd(30, 100), mark(110, 130)], True),  # several digits in one
        ([mark(0, 20), odd(30, 50, 5, 25), mark(60, 80)], False),  # short, like a plus
        ([mark(0, 20), odd(30, 130), mark(140, 160)], False),  # a word
        ([mark(0, 20), odd(50, 70), mark(100, 120)], False),  # three marks that stand apart
        ([mark(0, 20), mark(30, 50), odd(70, 90)], False),  # a letter behind the number
        ([mark(0, 20), odd(28, 50)], False),  # one digit says nothing of how digits stand here
        ([mark(0, 20), odd(30, 50, 40, 70), mark(60, 80)], False),  # in another line
        ([mark(0, 20, chance=0.7), odd(30, 50), mark(60, 80)], False),  # is that a number at all?
        ([], False),
    ],
)
def test_ok__a_mark_among_digits_holds_its_place(marks: list[Mark], held: bool) -> None:
    strange = [one for one in marks if not one.is_digit]
    assert held_places(marks, SURE) == (strange if held else [])


class Blinkered:
    """Takes what is wide for a 0, what is slim for no digit."""

    def predict(self, patches: np.ndarray) -> np.ndarray:
        columns = (patches > 128).any(axis=1).sum(axis=1)
        chances = np.full((len(patches), 11), 0.0005, np.float32)
        chances[np.arange(len(patches)), np.where(columns > 10, 0, 10)] = 0.995
        return chances


def test_ok__a_reading_shows_the_place_as_a_question_mark() -> None:
    page = np.full((240, 320), 200, np.uint8)
    for left, right in ((60, 90), (110, 120), (140, 170)):
        page[80:125, left:right] = 40
    page[88:117, 68:82] = page[88:117, 148:162] = 200  # two zeros, and a bar between them
    reading = Reader(Blinkered(), SURE).read(Frame(page, "drawn"))
    assert reading.text == "0?0"
    assert not reading.digits[1].sure and reading.digits[1].patch is not None
