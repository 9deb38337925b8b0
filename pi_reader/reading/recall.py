"""What a memory of taught digits adds to what the networks say of a mark.

A memory gives votes, in nats, for what a mark has been called before. They are added to the
logarithms of both networks' probabilities before these are joined, so that all that is told of the
mark afterwards, its name, its confidence and its runner-up, comes from the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np

from pi_reader.network.base import Array
from pi_reader.reading.decode import Mark
from pi_reader.values import CLASSES, NO_DIGIT

Kinds = TypeVar("Kinds", Array, None)


class Memory(Protocol):
    """Remembers digits that somebody named."""

    def votes(self, hidden: Array) -> tuple[Array, np.ndarray]:
        """Activations (n, k) float32 of the network before its last layer to (n, 11) float32 nats,
        0 or more, for each digit and for "no digit"; and (n,) bool, whether such a mark was called
        by two names."""

    def taught(self, hidden: Array, label: int) -> str:
        """When the digit that is most like this one, (k,) float32, was called so, in words."""


def recalled(
    marks: Sequence[Mark], kinds: Kinds, memory: Memory | None
) -> tuple[list[Mark], Kinds]:
    """Marks and what the neighbourhood holds them for, (n, kinds) float32, with the votes of a
    memory; both unchanged where it knows nothing like them.

    `taught` of a mark says when it was named, if the networks alone would have named another digit;
    `disputed` whether it was called by two names. kinds: None where there is no neighbourhood.
    """
    if memory is None or not marks or any(mark.hidden is None for mark in marks):
        return list(marks), kinds
    votes, disputed = memory.votes(np.array([mark.hidden for mark in marks], np.float32))
    known = votes.any(axis=1)
    if not known.any():
        return list(marks), kinds
    chances = np.array([mark.chances for mark in marks], np.float32)
    voted = np.exp(votes)
    after = _as_shares(chances * voted[:, : chances.shape[1]])
    before, now = chances[:, :CLASSES], after[:, :CLASSES]
    if kinds is not None:
        before = before * kinds[:, :CLASSES]
        kinds = kinds.copy()
        kinds[:, :CLASSES] *= voted[:, :CLASSES] / voted[:, NO_DIGIT:]
        kinds = _as_shares(kinds)
        now = now * kinds[:, :CLASSES]
    names, changed = now.argmax(axis=1), now.argmax(axis=1) != before.argmax(axis=1)
    result = list(marks)
    for row in np.flatnonzero(known).tolist():
        mark, shares = marks[row], tuple(after[row].tolist())
        when = memory.taught(mark.hidden, int(names[row])) if changed[row] else ""  # type: ignore[arg-type]
        result[row] = mark.but(chances=shares, taught=when, disputed=bool(disputed[row]))
    return result, kinds


def _as_shares(weights: Array) -> Array:
    """Each row divided by its sum."""
    return weights / weights.sum(axis=1, keepdims=True)
