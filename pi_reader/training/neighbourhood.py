"""Training of what reads a mark's surroundings, beside a network for patches that stays as it is.

Scenes are drawn and read as far as their marks; the neighbourhood network learns to name these.
Then two small models are fitted on other scenes: how likely the digit that was named is right, and
how likely there is a digit at all, by both networks and the page as a whole (`reading.context`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

import numpy as np

from pi_reader.handwriting.scenes import Stamps
from pi_reader.network.base import Array
from pi_reader.network.layers import Dense, ReLU
from pi_reader.network.logistic import FARTHEST, Logistic
from pi_reader.network.model import Model
from pi_reader.network.neighbourhood import KINDS, Context, Neighbourhood, as_windows
from pi_reader.reading.context import choose_wholes, features, told, with_names
from pi_reader.reading.page import FEATURES, HEARD, Page, describe, hear
from pi_reader.training.checkpoint import Stream, random_for
from pi_reader.training.learners import Steps
from pi_reader.training.optimiser import Adam, Average, gather, one_cycle, scatter
from pi_reader.training.recipes import NeighbourhoodRecipe
from pi_reader.training.scenes import Seen, see_scenes
from pi_reader.values import CLASSES

_DRAWN, _FITTED = 0, 1  # which scenes a number belongs to: those learned from, those fitted on
_WEIGHT = {
    "letter": 0.6,
    "other": 0.6,
    "/": 1.6,
    "(": 1.6,
    ")": 1.6,
    "÷": 1.6,
    "%": 3.0,
}  # of a mark in the loss

Say = Callable[[str], None]


def train_context(
    network: Model,
    recipe: NeighbourhoodRecipe,
    seed: int,
    stamps: Stamps | None,
    learn: Callable[[Steps], None],
    say: Say = lambda line: None,
    withheld: Collection[str] = (),
    touching: Model | None = None,
) -> Context:
    """Train all that a reading needs besides `network`, which must have 11 outcomes, and
    `touching`, which names two digits that have grown together.

    stamps: real digits for the scenes, None for drawn ones alone; learn: goes through the steps
    of a learner; withheld: kinds of scenes that are left out. The same seed gives the same arrays
    on the same machine.
    """
    say(f"drawing {recipe.scenes:,} scenes to learn from")
    learner = NeighbourhoodLearner(
        [*see_scenes(network, _numbers(seed, _DRAWN, recipe.scenes), stamps, True, withheld)],
        recipe,
        seed,
    )
    learn(learner)
    neighbourhood = learner.result()
    say(f"drawing {recipe.fitted:,} scenes to calibrate on")
    numbers = _numbers(seed, _FITTED, recipe.fitted)
    seen = see_scenes(network, numbers, stamps, False, withheld, neighbourhood, touching)
    rng = random_for(seed, Stream.SCENES, _FITTED)
    return replace(fit(neighbourhood, seen, recipe, rng), touching=touching)


def _numbers(seed: int, which: int, count: int) -> list[tuple[int, ...]]:
    return [(int(Stream.SCENES), seed, which, number) for number in range(count)]


class NeighbourhoodLearner:
    """Learns to name marks; see `learners.Steps` for what the trainer asks of it."""

    def __init__(self, scenes: list[Seen], recipe: NeighbourhoodRecipe, seed: int) -> None:
        named = [[bool(name) for name in seen.names] for seen in scenes]
        pick = functools.partial(_picked, named)
        self._windows = pick([seen.windows for seen in scenes])
        self._patches = pick([seen.patches for seen in scenes])
        self._features = pick([features(seen.marks) for seen in scenes if seen.marks])
        names = [name for seen in scenes for name in seen.names if name]
        self._labels = np.array([KINDS.index("other" if n == "joined" else n) for n in names])
        self._recipe, self._seed = recipe, seed
        self._network = Neighbourhood.new(
            self._features.shape[1], random_for(seed, Stream.SCENES, _DRAWN)
        )
        self._weight = np.array([_WEIGHT.get(kind, 1.0) for kind in KINDS], np.float32)
        size = sum(array.size for array in self._network.parameters)
        self._weights = gather(self._network.parameters, np.empty(size, np.float32))
        self._gradient = np.empty(size, np.float32)
        self._adam = Adam(size, decay=recipe.decay)
        self._average = Average(self._weights, recipe.keep)
        self.state = {"weights": self._weights, "average": self._average.mean, **self._adam.state}
        self.steps_per_epoch = max(1, len(self._labels) // recipe.batch)
        self.steps = recipe.epochs * self.steps_per_epoch

    def prepare(self, step: int, waiting: Callable[[int, int], None]) -> None:
        """Nothing to wait for: all scenes are drawn."""

    def learn(self, step: int) -> float:
        """One batch: loss, gradient, a step of Adam, and its share of the average."""
        epoch, place = divmod(step, self.steps_per_epoch)
        order = random_for(self._seed, Stream.ORDER, epoch).permutation(len(self._labels))
        rows = np.sort(order[place * self._recipe.batch :][: self._recipe.batch])
        rng = random_for(self._seed, Stream.CHANGES, step)
        scatter(self._weights, self._network.parameters)
        scores = self._network.forward(*self._batch(rows, rng), training=True)
        loss, grad = self._loss(scores, self._labels[rows])
        self._network.backward(grad)
        rate = self._recipe.rate * one_cycle(step / self.steps, self._recipe.warm_up)
        self._adam.step(self._weights, gather(self._network.gradients, self._gradient), rate)
        self._average.update(self._weights, step)
        return loss

    def _batch(self, rows: np.ndarray, rng: np.random.Generator) -> tuple[Array, Array]:
        """Windows, a little shifted and darker or lighter around the mark, and features of which
        a tenth is left out (dropout)."""
        recipe, count = self._recipe, len(rows)
        x = as_windows(self._windows[rows], self._patches[rows])
        x[..., 0] *= rng.uniform(1 - recipe.gain, 1 + recipe.gain, (count, 1, 1))
        np.minimum(x, np.float32(1.2), out=x)
        shift = rng.integers(-recipe.shift, recipe.shift + 1, 2)
        told = self._features[rows]
        kept = rng.random((count, told.shape[1] - CLASSES - 1), np.float32) >= recipe.dropout
        told[:, : kept.shape[1]] *= kept / np.float32(1 - recipe.dropout)
        return np.roll(x, tuple(shift), (1, 2)), told

    def _loss(self, scores: Array, labels: np.ndarray) -> tuple[float, Array]:
        """Mean cross entropy, each mark counted by its kind, and the gradient for the scores."""
        count, spread = len(labels), self._recipe.smoothing
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        target = np.full(p.shape, spread / p.shape[1], np.float32)
        target[np.arange(count), labels] += 1 - spread
        weight = self._weight[labels][:, None] / np.float32(count)
        loss = float(-(weight * target * np.log(np.maximum(p, 1e-12))).sum())
        return loss, (p - target) * weight

    def result(self) -> Neighbourhood:
        """The network with the averaged weights."""
        scatter(self._average.mean, self._network.parameters)
        return self._network

    def close(self) -> None:
        """Nothing to let go of."""


def _picked(named: list[list[bool]], parts: list[np.ndarray]) -> np.ndarray:
    """The rows of all parts that have a name, one below the other."""
    rows = np.array([bool(name) for names in named for name in names], bool)
    picked: np.ndarray = np.concatenate(parts)[rows]
    return picked


def fit(
    neighbourhood: Neighbourhood,
    scenes: Iterator[Seen],
    recipe: NeighbourhoodRecipe,
    rng: np.random.Generator,
) -> Context:
    """Fit the page's models on scenes that the neighbourhood has not learned from."""
    pages, right, present = [], [], []
    for seen in scenes:
        if not seen.marks:
            continue
        kinds = neighbourhood.predict(seen.windows, seen.patches, features(seen.marks))
        marks = told(seen.marks, with_names(kinds, seen.marks))
        name_of = dict(zip(map(id, marks), seen.names, strict=True))
        marks = choose_wholes(marks)
        names = [name_of[id(mark)] for mark in marks]
        known = np.array([bool(name) for name in names])
        page = Page(marks)
        pages.append((page, describe(page, seen.shape), known))
        right += [
            name == str(np.argmax(mark.chances[:CLASSES]))
            for mark, name in zip(marks, names, strict=True)
            if name
        ]
        present += [name.isdecimal() or name == "joined" for name in names if name]
    rows = np.concatenate([x[known] for _, x, known in pages])
    presence = Logistic.fit(FEATURES, rows, np.array(present, np.float64))
    heard = np.concatenate([hear(page, presence(x))[known] for page, x, known in pages])
    rows = np.concatenate([rows, heard], axis=1)
    right_at = fit_hidden(FEATURES + HEARD, rows, np.array(right, np.float32), recipe, rng)
    return Context(
        neighbourhood,
        replace(right_at, threshold=recipe.sure_at),
        replace(presence, threshold=recipe.present_at),
    )


def fit_hidden(
    names: tuple[str, ...],
    x: Array,
    y: Array,
    recipe: NeighbourhoodRecipe,
    rng: np.random.Generator,
) -> Logistic:
    """A model with a hidden layer that makes `y` likely, averaged over some beginnings.

    x: (n, k) numbers; y: (n,) 0 or 1. The mean of the logits of several small networks is that of
    one with all of their units.
    """
    mean, scale = x.mean(axis=0), x.std(axis=0) + np.float32(1e-3)
    z = np.clip((x - mean) / scale, -FARTHEST, FARTHEST).astype(np.float32)
    members = [_hidden_layer(z, y, recipe, rng) for _ in range(recipe.members)]
    hidden = np.concatenate([np.vstack([w, b]) for w, b, _, _ in members], axis=1)
    weights = np.concatenate([w[:, 0] for _, _, w, _ in members] + [sum(b for *_, b in members)])
    return Logistic(
        names,
        mean.astype(np.float32),
        scale.astype(np.float32),
        np.asarray(weights / recipe.members, np.float32),
        hidden=hidden,
    )


def _hidden_layer(
    z: Array, y: Array, recipe: NeighbourhoodRecipe, rng: np.random.Generator
) -> list[Array]:
    """Weights and biases of both layers of one small network, trained by cross entropy."""
    network = Model(
        [Dense(z.shape[1], recipe.units, rng=rng), ReLU(), Dense(recipe.units, 1, rng=rng)],
        (z.shape[1],),
    )
    parameters = network.parameters
    weights = gather(parameters, np.empty(sum(one.size for one in parameters), np.float32))
    gradient = np.empty_like(weights)
    adam = Adam(len(weights), second=0.999, decay=recipe.page_decay)
    batch = min(recipe.batch, len(z))
    per_epoch = len(z) // batch
    steps = recipe.page_epochs * per_epoch
    for step in range(steps):
        if step % per_epoch == 0:
            order = rng.permutation(len(z))
        rows = order[step % per_epoch * batch :][:batch]
        odds = network.forward(z[rows], training=True)[:, 0]
        error = (1 / (1 + np.exp(-odds)) - y[rows]) / np.float32(batch)
        grad = error.astype(np.float32)[:, None]
        for layer in reversed(network.layers):
            grad = layer.backward(grad)
        rate = recipe.page_rate * one_cycle(step / steps, recipe.warm_up)
        adam.step(weights, gather(network.gradients, gradient), rate)
        scatter(weights, parameters)
    return [one.copy() for one in parameters]
