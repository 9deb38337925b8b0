"""Whether a digit looks more like another digit of its page than like its own.

One hand writes a digit much the same way each time. A mark named 1 that looks like the 7s of its
page may be no 1, however sure the network is of it. The other way round nothing is said: letters of
one hand are alike, too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pi_reader.reading.decode import Mark
from pi_reader.values import CLASSES

WIDTH = 0.08  # of 1 - cosine, at which likeness has fallen to 1/e: as one hand differs from itself
STRANGER = 0.1  # likeness to a digit that the page does not show, counted as one mark of each
MAY_BE = 0.01  # probability of a digit from which a mark is compared: pages are full of specks


def unlike_its_name(marks: Sequence[Mark], digit: np.ndarray) -> np.ndarray:
    """How much less each mark is like the other marks of its page that are named as it is than like
    those that are named as its second choice, (n,), 0 or below: the logarithm of how often the mean
    likeness to these goes into that to those; 0 where it is more like its own.

    marks: with `hidden`, the network's activations, by whose cosine they are compared; digit: (n,)
    how likely each is any digit, by which it counts for others, 0 to 1.
    """
    out = np.zeros(len(marks))
    rows = np.flatnonzero(digit > MAY_BE)
    if len(rows) < 2:
        return out
    some = [marks[row] for row in rows.tolist()]
    hidden = np.array([mark.hidden for mark in some], np.float32)
    chances = np.array([mark.chances[:CLASSES] for mark in some], np.float32)
    hidden /= np.sqrt(np.einsum("ij,ij->i", hidden, hidden))[:, None] + np.float32(1e-6)
    like = np.exp((hidden @ hidden.T - 1) / np.float32(WIDTH))
    like.flat[:: len(some) + 1] = 0  # itself
    named = chances * (digit[rows] / np.maximum(chances.sum(axis=1), 1e-9))[:, None]  # (m, 10)
    mean = (like @ named + STRANGER) / (named.sum(axis=0) - named + 1)
    own = np.arange(len(some))
    second, first = np.argsort(chances, axis=1)[:, -2:].T
    out[rows] = np.minimum(np.log(mean[own, first] / mean[own, second]), 0)
    return out
