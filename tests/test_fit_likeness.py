"""The factor of likeness that a weights file gets beside its own model of a page."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest
from benches import loaded

from pi_reader.library import weights_path
from pi_reader.network import store
from pi_reader.network.logistic import Logistic
from pi_reader.reading.page import FEATURES, HEARD


@pytest.fixture(scope="module")
def bench() -> Iterator[ModuleType]:
    """The command's own module."""
    with loaded("fit_likeness") as module:
        yield module


def model(numbers: int, units: int = 5) -> Logistic:
    rng = np.random.default_rng(0)
    return Logistic(
        (FEATURES + HEARD)[:numbers],
        np.zeros(numbers, np.float32),
        np.ones(numbers, np.float32),
        rng.normal(0, 1, units + 1).astype(np.float32),
        0.6,
        rng.normal(0, 0.3, (numbers + 1, units)).astype(np.float32),
    )


def test_ok__one_unit_more_takes_away_the_factor_and_nothing_else(bench: ModuleType) -> None:
    page = model(len(FEATURES + HEARD) - 1)
    more = bench.with_factor(page, 1.5)
    x = np.random.default_rng(1).normal(0, 1, (50, len(page.names))).astype(np.float32)
    unlike = np.linspace(-3, 0, 50, dtype=np.float32)
    before, after = page(x), more(np.column_stack([x, unlike]))
    odds = [np.log(p / (1 - p)) for p in (before, after)]
    np.testing.assert_allclose(odds[1] - odds[0], 1.5 * unlike, atol=2e-3)
    assert more.threshold == page.threshold and more.names == FEATURES + HEARD


def test_ok__the_factor_that_made_the_answers_is_found(bench: ModuleType) -> None:
    rng = np.random.default_rng(2)
    odds, unlike = rng.normal(2, 2, 40_000), -rng.exponential(1, 40_000)
    right = rng.random(40_000) < 1 / (1 + np.exp(-(odds + 1.3 * unlike)))
    factor = bench.fit_factor(odds, unlike, right)
    assert factor == pytest.approx(1.3, abs=0.1)
    assert bench.surprise(odds + factor * unlike, right) < bench.surprise(odds, right)


def test_ok__the_shipped_file_hears_it() -> None:
    context = store.load_all(weights_path("default")).context
    assert context is not None and context.page.names == FEATURES + HEARD
