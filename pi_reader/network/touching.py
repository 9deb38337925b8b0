"""The network that sees two digits that have grown together as one, and names both.

Where they touch no cut may be right, and each half shows a piece of the other. Seen as a whole, as
a patch of 28 x 28, most of them are as clear as one digit (reading without segmentation: Ciresan,
*Avoiding Segmentation in Multi-digit Numeral String Recognition*, 2008).
"""

from __future__ import annotations

import numpy as np

from pi_reader.network.base import Array
from pi_reader.network.model import Model

DIGITS = 10
NO_PAIR = DIGITS * DIGITS  # its last outcome; those before it are 10 times the left digit + right
OUTCOMES = NO_PAIR + 1
PATCH = (28, 28, 1)  # what it sees: rows, columns, one channel of grey


def name_pairs(network: Model, patches: np.ndarray) -> Array:
    """How likely marks are two digits each, (n, 10, 10) float32, by the left one and the right one;
    what is missing from 1 is that they are anything else.

    patches: (n, 28, 28) uint8, each mark as a whole.
    """
    return network.predict(patches)[:, :NO_PAIR].reshape(-1, DIGITS, DIGITS)
