"""What reading needs of a network for patches."""

from __future__ import annotations

from typing import Protocol, TypeGuard

import numpy as np


class Classifier(Protocol):
    """What reading needs of a network."""

    def predict(self, patches: np.ndarray) -> np.ndarray:
        """(n, 28, 28) uint8 patches to (n, 10 or 11) float32 probabilities."""


class TwoSteps(Classifier, Protocol):
    """The same in two steps, as a context or a memory needs it."""

    def hidden(self, patches: np.ndarray) -> np.ndarray:
        """(n, 28, 28) uint8 patches to the activations before the last layer, (n, k) float32."""

    def conclude(self, hidden: np.ndarray) -> np.ndarray:
        """These to (n, 10 or 11) float32 probabilities."""


def in_two_steps(network: Classifier) -> TypeGuard[TwoSteps]:
    """Whether a network can do so; asked for each group of marks, too often for `isinstance`."""
    return hasattr(network, "hidden")
