"""One step worked by hand, the way downhill, and vectors that go there and back."""

from __future__ import annotations

import numpy as np
import pytest

from pi_reader.training.optimiser import Adam, Average, gather, one_cycle, scatter


def vector(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float32)


def test_ok__arrays_go_into_a_vector_and_back():
    arrays = [np.arange(6, dtype=np.float32).reshape(2, 3), vector(7), np.ones((2, 2), np.float32)]
    flat = gather(arrays, np.empty(11, np.float32))
    np.testing.assert_array_equal(flat, [0, 1, 2, 3, 4, 5, 7, 1, 1, 1, 1])
    scatter(flat * np.float32(2), arrays)
    np.testing.assert_array_equal(arrays[0], [[0, 2, 4], [6, 8, 10]])
    assert arrays[2].shape == (2, 2)


def test_ok__the_first_step_of_adam_is_the_rate_against_the_sign():
    weights, adam = vector(1, 1, 1), Adam(3)
    adam.step(weights, vector(0.001, -3, 0), 0.1)
    np.testing.assert_allclose(weights, [0.9, 1.1, 1], rtol=1e-5)


def test_ok__adam_follows_its_paper():
    rng = np.random.default_rng(3)
    weights = rng.standard_normal(5).astype(np.float32)
    expected = weights.astype(np.float64)
    adam = Adam(5, first=0.8, second=0.9, decay=0.1)
    mean, square = np.zeros(5), np.zeros(5)
    for t in range(1, 21):
        gradient = rng.standard_normal(5).astype(np.float32)
        mean = 0.8 * mean + 0.2 * gradient
        square = 0.9 * square + 0.1 * gradient.astype(np.float64) ** 2
        expected -= 0.01 * 0.1 * expected
        expected -= 0.01 * (mean / (1 - 0.8**t)) / (np.sqrt(square / (1 - 0.9**t)) + 1e-8)
        adam.step(weights, gradient, 0.01)
    np.testing.assert_allclose(weights, expected, rtol=2e-5)


def test_ok__adam_finds_the_bottom_and_stays_float32():
    weights, optimiser = vector(3, -2), Adam(2)
    bottom, steepness = vector(1, 1), vector(1, 10)
    for step in range(400):
        gradient = steepness * (weights - bottom)
        optimiser.step(weights, gradient, 0.05 * one_cycle(step / 400))
    np.testing.assert_allclose(weights, bottom, atol=1e-2)
    assert weights.dtype == np.float32
    assert {array.dtype.kind for array in optimiser.state.values()} <= {"f", "i"}
    assert all(a.dtype == np.float32 for a in optimiser.state.values() if a.dtype.kind == "f")


def test_ok__the_rate_rises_falls_and_ends():
    assert one_cycle(0) == 0
    assert one_cycle(0.05) == pytest.approx(0.5)
    assert one_cycle(0.1) == 1
    assert one_cycle(0.55) == pytest.approx(0.5)
    assert one_cycle(1) == pytest.approx(0, abs=1e-12)
    assert one_cycle(1, end=0.1) == pytest.approx(0.1)


def test_ok__the_average_forgets_the_beginning_and_smooths_the_rest():
    rng = np.random.default_rng(4)
    average = Average(vector(100, 100), keep=0.98)
    for step in range(1000):
        average.update(vector(1, -1) + rng.standard_normal(2).astype(np.float32), step)
    np.testing.assert_allclose(average.mean, [1, -1], atol=0.4)
    assert average.mean.dtype == np.float32
