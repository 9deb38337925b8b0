"""Calibration after training: the temperature, and the reject threshold.

Both are fitted on patches that the network was not trained on.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pi_reader.values import CLASSES

_LEAST = np.float32(1e-30)  # keeps the logarithm of a probability of 0 finite
_KEPT = (0.999, 0.998, 0.995, 0.99, 0.9875, 0.985, 0.983, 0.981, 0.979, 0.975, 0.97, 0.95, 0.9)
MOST_WRONG = 0.001  # share of the digits the reader is sure of that may be wrong
LEAST_KEPT = 0.981  # share of the digits that it should still be sure of
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True)
class Point:
    """One point of the reject curve.

    threshold: confidence from which a digit is sure; kept: share of the digits that are sure;
    wrong: share of wrong ones among these; fooled: share of the non-digits that are surely taken
    for a digit, None if not measured.
    """

    threshold: float
    kept: float
    wrong: float
    fooled: float | None

    def describe(self) -> dict[str, Any]:
        """Rounded and fit for JSON."""
        facts = asdict(self)
        return {name: None if fact is None else round(fact, 5) for name, fact in facts.items()}


def fit_temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The temperature, 0.1 to 10, with the highest likelihood of the true labels.

    probabilities: (n, outcomes) float32 at temperature 1; labels: (n,) integers.
    Guo et al., "On calibration of modern neural networks" (2017); a golden-section search, as the
    negative log-likelihood has a single minimum.
    """
    scores = np.log(np.maximum(probabilities, _LEAST))  # logits up to a constant in each row

    def surprise(log_temperature: float) -> float:
        cooled = scores / np.float32(np.exp(log_temperature))
        cooled -= cooled.max(axis=1, keepdims=True)
        total = np.log(np.exp(cooled).sum(axis=1))
        return float(np.mean(total - cooled[np.arange(len(labels)), labels], dtype=np.float64))

    low, high = np.log(0.1), np.log(10.0)
    while high - low > 1e-3:
        inner = (high - low) * _GOLDEN
        if surprise(high - inner) < surprise(low + inner):
            high = low + inner
        else:
            low = high - inner
    return round(float(np.exp((low + high) / 2)), 4)


def reject_curve(
    digits: np.ndarray, labels: np.ndarray, marks: np.ndarray | None = None
) -> list[Point]:
    """The reject curve: errors and non-digits against digits kept, from lenient to strict.

    digits: (n, outcomes) probabilities for patches of known labels (n,); marks: (m, outcomes) for
    patches that are no digits. Each threshold is the highest that keeps a certain share of the
    digits, so it refuses as many non-digits as any that keeps that share.
    """
    confidence = digits[:, :CLASSES].max(axis=1)
    right = digits[:, :CLASSES].argmax(axis=1) == labels
    claimed = marks[:, :CLASSES].max(axis=1) if marks is not None else np.empty(0)
    curve = []
    for share in _KEPT:
        lowest = float(np.quantile(confidence, 1 - share, method="lower"))
        threshold = math.floor(1e4 * lowest) / 1e4
        sure = confidence >= threshold
        curve.append(
            Point(
                threshold,
                float(sure.mean()),
                float(1 - right[sure].mean()),
                float((claimed >= threshold).mean()) if len(claimed) else None,
            )
        )
    return curve


def choose(
    curve: list[Point], most_wrong: float = MOST_WRONG, least_kept: float = LEAST_KEPT
) -> Point:
    """Choose the strictest threshold that keeps `least_kept` of the digits sure.

    The share of digits that stay sure is measured well on a few thousand of them. The share of
    wrong ones among these is not: they are a handful, and picking the mildest threshold with few
    of them would be picking by luck. A stricter threshold reliably lets fewer letters and other
    marks pass, of which a page may hold more than digits. So a fixed share of the digits becomes
    `?`; and if more than `most_wrong` of the rest are still wrong, a larger share.
    """
    mild = [point for point in curve if point.kept >= least_kept]
    strictest = max((point.threshold for point in mild), default=0.0)
    enough = [p for p in curve if p.wrong <= most_wrong and p.threshold >= strictest]
    return min(enough, key=lambda point: point.threshold) if enough else curve[-1]
