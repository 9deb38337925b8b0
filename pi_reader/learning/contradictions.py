"""Labels that contradict each other: one shape, two names, of which one is probably wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pi_reader.learning.memory import units
from pi_reader.network.model import Model

_ALIKE = 0.92  # cosine from which two samples should have the same label


@dataclass(frozen=True)
class Contradiction:
    """Two samples of one shape with two labels: their places in what was given, and how alike they
    are, a cosine."""

    first: int
    second: int
    alike: float


def contradictions(
    model: Model, patches: np.ndarray, labels: np.ndarray, most: int
) -> tuple[list[Contradiction], int]:
    """Pairs of samples that contradict each other, the most alike first, at most so many; and how
    many there are: with thousands of wrong labels there are millions. (n, 28, 28) uint8 and (n,).
    """
    keys = units(model.hidden(patches))
    found: list[Contradiction] = []
    count, least = 0, -np.inf  # a pair that is no more alike than this is not among the first
    for row, label in enumerate(labels):
        alike = keys[row + 1 :] @ keys[row]
        others = (alike >= _ALIKE) & (labels[row + 1 :] != label)
        count += int(others.sum())
        for other in np.flatnonzero(others & (alike > least)).tolist():
            found.append(Contradiction(row, row + 1 + other, float(alike[other])))
        if len(found) > 2 * most:
            found = _most_alike(found, most)
            least = found[-1].alike
    return _most_alike(found, most), count


def _most_alike(pairs: list[Contradiction], most: int) -> list[Contradiction]:
    return sorted(pairs, key=lambda pair: -pair.alike)[:most]
