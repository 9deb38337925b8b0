"""What stands beside the writing of a page: a line of print, a doodle, a tick, a word, a rule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pi_reader.handwriting import texts
from pi_reader.handwriting.layouts import Draft, by_hand
from pi_reader.handwriting.marks import Mark, around, stroke
from pi_reader.handwriting.printing import Type
from pi_reader.handwriting.writing import write

_SHARE = 0.16  # of the pages have something beside their writing
_TRIES = 8  # places before it is left out


def add_aside(draft: Draft) -> None:
    """Put something beside the writing of some pages, where it has room; it belongs to no line."""
    rng = draft.rng
    if rng.random() >= _SHARE or not draft.marks:
        return
    tall = float(np.median([mark.extent[3] - mark.extent[1] for mark in draft.marks]))
    kind = (_print, _print, _doodle, _word, _rule)[rng.integers(5)]
    marks = kind(draft, float(np.clip(tall, 12, 120)))
    if not marks:
        return
    left, top, right, bottom = around(marks)
    taken = np.array([mark.extent for mark in draft.marks])
    for _ in range(_TRIES):
        x = rng.uniform(0, max(draft.size[0] - (right - left), 1)) - left
        y = rng.uniform(0, max(draft.size[1] - (bottom - top), 1)) - top
        clear = 0.3 * tall
        beside = (taken[:, 0] > right + x + clear) | (taken[:, 2] < left + x - clear)
        apart = (taken[:, 1] > bottom + y + clear) | (taken[:, 3] < top + y - clear)
        if (beside | apart).all():
            draft.marks += [replace(mark.moved(x, y), line=-1) for mark in marks]
            return


def _print(draft: Draft, tall: float) -> list[Mark]:
    """A line or two of small print, without digits."""
    rng = draft.rng
    face = Type.random(rng, float(np.clip(tall * rng.uniform(0.25, 0.9), 9, 40)))
    marks: list[Mark] = []
    for row in range(int(rng.integers(1, 3))):
        words = " ".join("@" * int(rng.integers(2, 10)) for _ in range(int(rng.integers(1, 6))))
        marks += face.set(rng, words, 0.0, row * face.size * 1.4, -1)
    return marks


def _doodle(draft: Draft, tall: float) -> list[Mark]:
    """A stroke that wanders about, or winds too often for any digit."""
    rng = draft.rng
    n = int(rng.integers(25, 50))
    if rng.random() < 0.6:
        turns = np.cumsum(rng.normal(0, rng.uniform(0.5, 1.0), n))
    else:
        turns = np.cumsum(rng.normal(rng.choice([-1, 1]) * rng.uniform(0.45, 0.8), 0.1, n))
    step = tall * rng.uniform(0.08, 0.25)
    way = np.cumsum(step * np.stack([np.cos(turns), np.sin(turns)], axis=1), axis=0)
    way += np.linspace(0, rng.uniform(0, 2), n)[:, None] * tall * [1, 0]
    return [stroke([way], max(tall * rng.uniform(0.04, 0.12), 1.3))]


def _word(draft: Draft, tall: float) -> list[Mark]:
    """A written word or a sign that is no part of the text."""
    rng = draft.rng
    hand = draft.hand(tall * rng.uniform(0.6, 1.1))
    text = ("§", texts.word(rng), "✓", "→", "√", "~", "€", "<", "@")[rng.integers(9)]
    return write(rng, hand, text, -1)


def _rule(draft: Draft, tall: float) -> list[Mark]:
    """A long line by hand, level or upright."""
    rng = draft.rng
    length = rng.uniform(0.2, 0.9) * draft.size[0]
    end = (length, rng.normal(0, 3)) if rng.random() < 0.6 else (rng.normal(0, 3), length)
    return [stroke([by_hand(rng, [(0.0, 0.0), end])], max(tall * rng.uniform(0.04, 0.12), 1.3))]
