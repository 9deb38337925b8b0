"""What the reader asked the network about a page, and what it was told: for the lesson `own`."""

from __future__ import annotations

import numpy as np

from pi_reader.network.model import Model
from pi_reader.values import Digit


class Witness:
    """Stands between the reader and the network, and keeps what one asked and the other said."""

    def __init__(self, network: Model) -> None:
        self.network = network
        self.patches = np.zeros((0, 28, 28), np.uint8)
        self.said = np.zeros((0, network.outcomes), np.float32)

    def predict(self, patches: np.ndarray) -> np.ndarray:
        """As the network does."""
        said = self.network.predict(patches)
        self.patches = np.concatenate((self.patches, patches))
        self.said = np.concatenate((self.said, said))
        return said

    def asked_about(self, digit: Digit) -> int:
        """Which question led to this digit: the answer is its own, and so is the shape."""
        other = np.abs(self.said[:, digit.label] - digit.confidence)
        shape = [_height_to_width(patch) for patch in self.patches]
        wrong_shape = np.abs(np.log(np.array(shape) * digit.box.width / digit.box.height))
        return int(np.argmin(other + 0.01 * wrong_shape))


def _height_to_width(patch: np.ndarray) -> float:
    rows, columns = np.flatnonzero(patch.any(axis=1)), np.flatnonzero(patch.any(axis=0))
    return float(np.ptp(rows) + 1) / float(np.ptp(columns) + 1) if len(rows) else 1.0
