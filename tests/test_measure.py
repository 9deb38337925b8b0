"""Accuracy, rejection and calibration, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pi_reader.training.measure import calibration_error, measure


def says(*pairs: tuple[int, float], outcomes: int = 11) -> np.ndarray:
    """Probabilities that give each label its confidence and spread the rest."""
    probabilities = np.empty((len(pairs), outcomes), np.float32)
    for row, (label, confidence) in zip(probabilities, pairs, strict=True):
        row[:] = (1 - confidence) / (outcomes - 1)
        row[label] = confidence
    return probabilities


def test_ok__counts() -> None:
    probabilities = says((3, 0.9), (3, 0.6), (5, 0.99), (10, 0.9))
    measures = measure(probabilities, np.array([3, 4, 5, 0], np.uint8), threshold=0.8)
    assert measures.n == 4
    assert measures.errors == 1  # the last one is a tie of all ten digits, and 0 comes first
    assert measures.accuracy == 0.75
    assert measures.rejected == 0.5
    assert measures.accuracy_of_sure == 1.0
    assert measures.confusion[4, 3] == 1 and measures.confusion.sum() == 4
    assert measures.per_digit[3] == 1.0 and np.isnan(measures.per_digit[9])


def test_ok__nothing_at_all() -> None:
    measures = measure(np.empty((0, 10), np.float32), np.empty(0, np.uint8), 0.5)
    assert measures.n == measures.errors == 0
    assert np.isnan([measures.accuracy, measures.calibration_error, measures.rejected]).all()


@pytest.mark.parametrize(
    ("confidence", "share_right", "expected"),
    [(1.0, 1.0, 0.0), (0.9, 0.9, 0.0), (0.9, 0.5, 0.4), (0.6, 1.0, 0.4)],
)
def test_ok__calibration_error(confidence: float, share_right: float, expected: float) -> None:
    right = np.tile(np.arange(10) < round(10 * share_right), 30)
    stated = np.full(300, confidence, np.float32)
    assert calibration_error(stated, right) == pytest.approx(expected, abs=1e-6)


def test_ok__calibration_looks_at_each_confidence_by_itself() -> None:
    """Too sure in one half and too modest in the other is not calibrated, though the mean is."""
    stated = np.repeat(np.float32([0.9, 0.5]), 150)
    right = np.concatenate([np.arange(150) % 10 < 7, np.arange(150) % 10 < 7])
    assert calibration_error(stated, right, bins=10) == pytest.approx(0.2, abs=1e-6)
