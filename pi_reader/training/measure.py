"""Metrics of a network: accuracy, errors among sure digits, and calibration.

Everything is computed from the predicted probabilities of labelled patches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pi_reader.values import CLASSES

_BINS = 15  # equal-mass bins for the calibration error, the number most papers use


@dataclass(frozen=True)
class Measures:
    """What `pi-reader evaluate` reports of n labelled patches.

    accuracy: share whose most likely digit is the right one, sure or not.
    confusion: (10, 10) int64, row = what it is, column = what it was read as.
    calibration_error: expected calibration error, see `calibration_error`.
    rejected: share that the reader is not sure of.
    accuracy_of_sure: share of right ones among the others, NaN if there are none.
    """

    n: int
    accuracy: float
    confusion: np.ndarray
    calibration_error: float
    rejected: float
    accuracy_of_sure: float

    @property
    def errors(self) -> int:
        """How many were read as a wrong digit."""
        return self.n - int(np.trace(self.confusion))

    @property
    def per_digit(self) -> list[float]:
        """Share of right ones for each of the ten digits; NaN for one that does not occur."""
        counts = self.confusion.sum(axis=1)
        return [
            float(self.confusion[d, d] / counts[d]) if counts[d] else float("nan")
            for d in range(CLASSES)
        ]


def measure(probabilities: np.ndarray, labels: np.ndarray, threshold: float) -> Measures:
    """Compare predictions with the labels.

    probabilities: (n, outcomes) float32, the first ten outcomes are the digits, an eleventh is
    "no digit"; labels: (n,) integers 0 to 9; threshold: confidence from which a reading is sure.
    The confidence is the probability of the most likely digit.
    """
    digits = probabilities[:, :CLASSES]
    guesses = digits.argmax(axis=1)
    confidence = digits.max(axis=1)
    right = guesses == labels
    sure = confidence >= threshold
    confusion = np.bincount(labels.astype(np.intp) * CLASSES + guesses, minlength=CLASSES * CLASSES)
    return Measures(
        n=len(labels),
        accuracy=_mean(right),
        confusion=confusion.reshape(CLASSES, CLASSES),
        calibration_error=calibration_error(confidence, right),
        rejected=_mean(~sure),
        accuracy_of_sure=_mean(right[sure]),
    )


@dataclass(frozen=True)
class Miss:
    """A patch that was read wrong, or nearly so.

    index: its place among the patches; label: what it is; read: what it was read as; confidence:
    the probability of `read`; right: the probability of `label`.
    """

    index: int
    label: int
    read: int
    confidence: float
    right: float


def worst(probabilities: np.ndarray, labels: np.ndarray, count: int) -> list[Miss]:
    """The `count` patches whose true label has the lowest probability."""
    digits = probabilities[:, :CLASSES]
    right = digits[np.arange(len(labels)), labels]
    return [
        Miss(
            int(i),
            int(labels[i]),
            int(digits[i].argmax()),
            round(float(digits[i].max()), 4),
            round(float(right[i]), 4),
        )
        for i in np.argsort(right, kind="stable")[:count]
    ]


def calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = _BINS) -> float:
    """Expected calibration error: the difference between confidence and accuracy.

    confidence: (n,) 0 to 1; right: (n,) bool. Sorted by confidence and cut into bins of equal
    count (so that the many values near 1.0 are resolved), the mean absolute difference weighted
    by the bins' sizes. After Guo et al., "On calibration of modern neural networks" (2017), with
    the equal-mass bins of Nguyen and O'Connor (2015). NaN if n is 0.
    """
    if not len(confidence):
        return float("nan")
    order = np.argsort(confidence, kind="stable")
    parts = np.array_split(order, min(bins, len(order)))
    gaps = [
        abs(float(confidence[part].mean(dtype=np.float64)) - _mean(right[part])) for part in parts
    ]
    return sum(gap * len(part) for gap, part in zip(gaps, parts, strict=True)) / len(order)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
