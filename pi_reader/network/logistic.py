"""One probability from a handful of named numbers: a logistic regression, or one whose numbers go
through a hidden layer first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pi_reader.network.base import Array

FARTHEST = 4.0  # standard deviations: numbers further from the mean count as that far
_STEPS = 50  # of Newton's method; it needs about ten


@dataclass(frozen=True, eq=False)
class Logistic:
    """p = 1 / (1 + exp(-(w · z + b))), where z are the numbers in standard deviations.

    names: (k,) what each number is; mean, scale: (k,) float32, of the numbers it was fitted on;
    weights: (k + 1,) float32, the last one is b. threshold: the probability, 0 to 1, from which
    the answer is taken for yes. hidden: (k + 1, h) float32, the weights of rectified units and, in
    the last row, their biases; `weights` are then (h + 1,), of what the units say. None: the
    numbers are weighed as they are.
    """

    names: tuple[str, ...]
    mean: Array
    scale: Array
    weights: Array
    threshold: float = 0.5
    hidden: Array | None = None

    def __call__(self, x: Array) -> Array:
        """(n, k) numbers to (n,) probabilities, float32."""
        z = np.clip((x - self.mean) / self.scale, -FARTHEST, FARTHEST)
        if self.hidden is not None:
            z = np.maximum(z @ self.hidden[:-1] + self.hidden[-1], 0)
        logits = z @ self.weights[:-1] + self.weights[-1]
        probabilities: Array = (1 / (1 + np.exp(-logits))).astype(np.float32)
        return probabilities

    @classmethod
    def fit(cls, names: tuple[str, ...], x: Array, y: np.ndarray, ridge: float = 1.0) -> Logistic:
        """The regression that makes `y` likeliest, by Newton's method.

        x: (n, k) numbers; y: (n,) bool or 0 and 1; ridge: the penalty on squared weights (not on
        b), in units of examples. Bishop, *Pattern Recognition and Machine Learning* (2006), 4.3.3.
        """
        mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-3
        z = np.clip((x - mean) / scale, -FARTHEST, FARTHEST).astype(np.float64)
        z = np.column_stack([z, np.ones(len(z))])
        penalty = np.diag([*[ridge] * (z.shape[1] - 1), 1e-6])
        w = np.zeros(z.shape[1])
        for _ in range(_STEPS):
            p = 1 / (1 + np.exp(-z @ w))
            slope = z.T @ (p - y) + penalty @ w
            bend = (z * (p * (1 - p))[:, None]).T @ z + penalty
            step = np.linalg.solve(bend, slope)
            w -= step
            if np.abs(step).max() < 1e-6:
                break
        return cls(names, mean.astype(np.float32), scale.astype(np.float32), w.astype(np.float32))
