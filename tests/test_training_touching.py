"""Marks that touch, as the network that names two of them learns from, and its training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pi_reader.library import weights_path
from pi_reader.network.model import Model
from pi_reader.network.store import load
from pi_reader.network.touching import NO_PAIR, OUTCOMES, name_pairs
from pi_reader.training.batches import Labelled
from pi_reader.training.learners import Steps
from pi_reader.training.recipes import TOUCHING
from pi_reader.training.touching import draw_touching, joined, train_touching

_SMALL = replace(TOUCHING, epochs=1, epoch_without_mnist=1024, batch=32)


def bars() -> Labelled:
    """Bars as digits of two kinds: upright 1s and level 7s."""
    patches = np.zeros((2, 28, 28), np.uint8)
    patches[0, 4:24, 12:16] = 255
    patches[1, 12:16, 4:24] = 255
    return Labelled(patches, np.array([1, 7], np.uint8), np.arange(2))


@pytest.mark.parametrize("mnist", [None, bars()])
def test_ok__pairs_have_both_names_and_the_rest_none(mnist: Labelled | None) -> None:
    patches, names = draw_touching(600, np.random.default_rng(0), TOUCHING, mnist)
    assert patches.shape == (600, 28, 28) and patches.dtype == np.uint8
    none = (names == NO_PAIR).mean()
    assert 0.45 < none < 0.62
    assert len(np.unique(names)) > 50
    assert (patches > 100).any(axis=(1, 2)).all()


def test_ok__a_pair_of_bars_has_the_names_of_both() -> None:
    alone = replace(TOUCHING, drawn=0.0, non_digits=0.0)
    _, names = draw_touching(300, np.random.default_rng(0), alone, bars())
    assert set(names) == {11, 17, 71, 77, NO_PAIR}


def test_ok__two_marks_meet() -> None:
    bar = np.ones((60, 10), np.float32)
    rng = np.random.default_rng(1)
    for _ in range(40):
        both = joined(bar, bar, rng) > 0.5
        columns = both.any(axis=0)
        assert 10 < len(columns) < 40 and columns.all()  # neither far apart, nor on top


def test_ok__a_seed_gives_the_same_network_and_it_learns() -> None:
    losses: list[float] = []

    def learn(learner: Steps) -> None:
        losses.extend(learner.learn(step) for step in range(learner.steps))

    def train(seed: int) -> Model:
        return train_touching(
            load(weights_path("default"))[0], _SMALL, seed, None, learn, lambda line: None
        )

    one, again, other = train(3), train(3), train(4)
    assert one.outcomes == OUTCOMES and 0.1 < one.temperature < 10
    assert np.mean(losses[24:32]) < np.mean(losses[:8])
    pairs = [zip(one.parameters, model.parameters, strict=True) for model in (again, other)]
    assert all(np.array_equal(*pair) for pair in pairs[0])
    assert not all(np.array_equal(*pair) for pair in pairs[1])
    patches, _ = draw_touching(5, np.random.default_rng(0), TOUCHING, None)
    named = name_pairs(one, patches)
    assert named.shape == (5, 10, 10)
    assert np.all(named.sum(axis=(1, 2)) < 1) and np.all(named > 0)
