"""Optimiser, learning rate schedule and weight averaging.

All parameters of a network are one long float32 vector here. So an optimiser is a few lines of
vector arithmetic, its state is a few vectors of the same length, and so is a checkpoint.
Everything happens in place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]


def gather(arrays: Sequence[Vector], into: Vector) -> Vector:
    """Concatenate arrays of any shape into one vector, which must have exactly their size."""
    start = 0
    for array in arrays:
        into[start : start + array.size] = array.reshape(-1)
        start += array.size
    return into


def scatter(vector: Vector, into: Sequence[Vector]) -> None:
    """The inverse of `gather`: fill arrays, in place, from a vector."""
    start = 0
    for array in into:
        array[...] = vector[start : start + array.size].reshape(array.shape)
        start += array.size


class Adam:
    """Adam, with weight decay beside the gradient (AdamW).

    Kingma and Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1; Loshchilov and
    Hutter, "Decoupled weight decay regularization" (2019).
    first, second: decay of the running means of gradient and squared gradient (beta 1, beta 2).
    state: its memory by name, to be saved in a checkpoint and restored in place.
    """

    def __init__(
        self,
        size: int,
        first: float = 0.9,
        second: float = 0.99,
        decay: float = 0.0,
        epsilon: float = 1e-8,
    ) -> None:
        self.first, self.second, self.decay, self.epsilon = first, second, decay, epsilon
        self.state: dict[str, NDArray[Any]] = {
            "mean": np.zeros(size, np.float32),
            "square": np.zeros(size, np.float32),
            "steps": np.zeros(1, np.int64),
        }
        self._work = np.empty(size, np.float32)

    def step(self, weights: Vector, gradient: Vector, rate: float) -> None:
        """Move `weights` in place against `gradient`, by the learning rate; both (size,) float32.

        One step of algorithm 1, its bias corrections moved into the rate and epsilon. Overwrites
        the gradient.
        """
        mean, square, work = self.state["mean"], self.state["square"], self._work
        self.state["steps"] += 1
        steps = int(self.state["steps"][0])
        wide = math.sqrt(1 - self.second**steps)
        reach = np.float32(rate * wide / (1 - self.first**steps))

        mean *= np.float32(self.first)
        mean += np.multiply(gradient, np.float32(1 - self.first), out=work)
        square *= np.float32(self.second)
        gradient *= gradient
        square += np.multiply(gradient, np.float32(1 - self.second), out=work)

        np.sqrt(square, out=work)
        work += np.float32(self.epsilon * wide)
        np.divide(mean, work, out=work)
        if self.decay:
            weights *= np.float32(1 - rate * self.decay)
        weights -= np.multiply(work, reach, out=work)


def one_cycle(progress: float, warm_up: float = 0.1, end: float = 0.0) -> float:
    """The learning rate relative to its maximum at a point of the training, both 0 to 1.

    It rises linearly during `warm_up`, then falls along half a cosine to `end`. After Smith and
    Topin, "Super-convergence" (2018), with the cosine of Loshchilov and Hutter, "SGDR" (2017).
    """
    if progress < warm_up:
        return progress / warm_up
    down = (progress - warm_up) / (1 - warm_up)
    return end + (1 - end) * 0.5 * (1 + math.cos(math.pi * min(1.0, down)))


class Average:
    """An exponential moving average of the weights, which reads better than those of any one step.

    Polyak and Juditsky, "Acceleration of stochastic approximation by averaging" (1992), in its
    exponential form with decay `keep`. Early on the decay is faster, so that the random initial
    weights soon have no influence.
    """

    def __init__(self, weights: Vector, keep: float) -> None:
        self.keep = keep
        self.mean = weights.copy()
        self._work = np.empty_like(weights)

    def update(self, weights: Vector, step: int) -> None:
        """Add the weights after step number `step`, counted from 0."""
        keep = min(self.keep, (1 + step) / (10 + step))
        np.subtract(weights, self.mean, out=self._work)
        self._work *= np.float32(1 - keep)
        self.mean += self._work
