"""Training of what sees a mark's surroundings, on a handful of scenes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pi_reader.library import weights_path
from pi_reader.network.logistic import Logistic
from pi_reader.network.neighbourhood import Context
from pi_reader.network.store import load
from pi_reader.reading.context import check_names
from pi_reader.reading.page import FEATURES, HEARD
from pi_reader.training.learners import Steps
from pi_reader.training.neighbourhood import fit_hidden, train_context
from pi_reader.training.recipes import NEIGHBOURHOOD

_SMALL = replace(NEIGHBOURHOOD, scenes=10, fitted=16, epochs=3, batch=32)


def trained(seed: int) -> tuple[Context, list[float]]:
    """A context that has learned a little, and its losses."""
    losses: list[float] = []

    def learn(learner: Steps) -> None:
        losses.extend(learner.learn(step) for step in range(learner.steps))

    return train_context(load(weights_path("default"))[0], _SMALL, seed, None, learn), losses


@pytest.fixture(scope="module")
def first() -> tuple[Context, list[float]]:
    """What seed 1 gives."""
    return trained(1)


def test_ok__it_learns_and_fits_its_page_model(first: tuple[Context, list[float]]) -> None:
    context, losses = first
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])
    check_names(context)
    assert context.page.names == FEATURES + HEARD and context.presence.names == FEATURES
    assert context.page.threshold == _SMALL.sure_at
    assert context.presence.threshold == _SMALL.present_at


def test_ok__the_same_seed_gives_the_same_arrays(first: tuple[Context, list[float]]) -> None:
    again, _ = trained(1)
    mine, theirs = first[0].neighbourhood.parameters, again.neighbourhood.parameters
    assert all(np.array_equal(*pair) for pair in zip(mine, theirs, strict=True))
    assert np.array_equal(first[0].page.weights, again.page.weights)


def test_ok__a_hidden_layer_learns_what_no_regression_can() -> None:
    rng = np.random.default_rng(1)
    x = rng.choice(np.array([-1, 1], np.float32), (4000, 2))
    y = (x[:, 0] != x[:, 1]).astype(np.float32)
    recipe = replace(NEIGHBOURHOOD, members=2)
    found = fit_hidden(("a", "b"), x, y, recipe, np.random.default_rng(0))
    corners = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]], np.float32)
    assert found(corners) == pytest.approx([0, 1, 1, 0], abs=0.1)
    assert Logistic.fit(("a", "b"), x, y)(corners) == pytest.approx([0.5] * 4, abs=0.1)
    again = fit_hidden(("a", "b"), x, y, recipe, np.random.default_rng(0))
    assert np.array_equal(found(corners), again(corners))
