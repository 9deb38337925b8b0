"""Two learners: on batches with a modern optimiser, and digit by digit as in the lecture.

Both have the same interface for the trainer: a number of steps, a method that does one, and
`state`, a dictionary of all arrays that a checkpoint needs, which are only modified in place.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Protocol

import numpy as np

from pi_reader.errors import PiReaderError
from pi_reader.network.classic import ClassicNetwork, make_targets, scale_inputs
from pi_reader.network.loss import cross_entropy, squared_error
from pi_reader.network.model import Model
from pi_reader.network.shards import Shards
from pi_reader.training.augment import turned
from pi_reader.training.batches import Drawing, Labelled
from pi_reader.training.checkpoint import Stream, random_for
from pi_reader.training.optimiser import Adam, Average, gather, one_cycle, scatter
from pi_reader.training.recipes import ClassicRecipe, Recipe

Batch = tuple[np.ndarray, np.ndarray]

_SHARDS = 2
_WAIT = 0.25  # seconds between two looks at how far the drawing is
_RECORDS = 100  # digits that the classic network sees in what counts as one step


class Steps(Protocol):
    """The trainer's view of anything that learns in steps.

    state: its arrays by name, modified in place; steps: of the whole training; steps_per_epoch:
    for one pass through the data.
    """

    state: dict[str, np.ndarray]
    steps: int
    steps_per_epoch: int

    def prepare(self, step: int, waiting: Callable[[int, int], None]) -> None:
        """Make ready for a step, which may take minutes, and may be interrupted at any moment;
        waiting: is told now and then how many pieces are done, of how many."""

    def learn(self, step: int) -> float:
        """Do step number `step`, counted from 0; returns the loss."""

    def close(self) -> None:
        """End any threads."""


class Learner(Steps, Protocol):
    """Learns a network for patches."""

    def result(self) -> Model:
        """The network as it would be used now."""


class Batches(Protocol):
    """A source of batches, each a function of only its step number."""

    steps_per_epoch: int

    def take(self, step: int) -> Batch:
        """What the network is given, as patches (n, 28, 28, 1) float32, 0 to 1, with labels (n,) or
        targets (n, outcomes)."""


class BatchLearner:
    """Learns from batches with Adam, a one-cycle learning rate, and weight averaging.

    Each batch is processed in two parallel halves (`network.shards`) while the next one is being
    prepared. The number of parts determines the order of summation, so it does not depend on the
    number of cores: one core gives the same arrays as four.
    """

    def __init__(self, model: Model, recipe: Recipe, mixture: Batches, epochs: int) -> None:
        self._recipe, self._mixture = recipe, mixture
        self._shards = Shards(model, _SHARDS)
        self._loss = functools.partial(cross_entropy, smoothing=recipe.smoothing)
        self.steps_per_epoch = mixture.steps_per_epoch
        self.steps = epochs * self.steps_per_epoch
        size = sum(array.size for array in model.parameters)
        self._weights = gather(model.parameters, np.empty(size, np.float32))
        self._gradient = np.empty(size, np.float32)
        self._adam = Adam(size, decay=recipe.decay)
        self._average = Average(self._weights, recipe.keep)
        self.state = {"weights": self._weights, "average": self._average.mean, **self._adam.state}
        self._preparing = ThreadPoolExecutor(1, "batch")
        self._coming: tuple[int, Future[Batch]] | None = None  # the step it is for, and the batch

    def prepare(self, step: int, waiting: Callable[[int, int], None]) -> None:
        """Wait until the step's batch is there; a new epoch draws its stock first."""
        drawing: Drawing | None = getattr(self._mixture, "drawing", None)
        batch = self._begun(step)
        while not batch.done():
            wait([batch], _WAIT)
            if drawing and not batch.done():
                waiting(drawing.done, drawing.total)

    def learn(self, step: int) -> float:
        """One batch: loss, gradient, a step of Adam, and an update of the average."""
        model = self._shards.model
        patches, labels = self._batch(step)
        scatter(self._weights, model.parameters)
        loss = self._shards.gradient(patches, labels, self._loss)
        if not math.isfinite(loss):
            raise PiReaderError(f"step {step}: the loss is {loss}; choose a lower learning rate")
        rate = self._recipe.rate * one_cycle(step / self.steps, self._recipe.warm_up)
        self._adam.step(self._weights, gather(model.gradients, self._gradient), rate)
        self._average.update(self._weights, step)
        return loss

    def _batch(self, step: int) -> Batch:
        """The batch of this step, which a thread has begun; it goes on with the next."""
        batch = self._begun(step).result()
        if step + 1 < self.steps:
            self._coming = (step + 1, self._preparing.submit(self._mixture.take, step + 1))
        return batch

    def _begun(self, step: int) -> Future[Batch]:
        """The batch of a step, which a thread prepares."""
        if self._coming is None or self._coming[0] != step:
            self._coming = (step, self._preparing.submit(self._mixture.take, step))
        return self._coming[1]

    def result(self) -> Model:
        """The network with the averaged weights."""
        scatter(self._average.mean, self._shards.model.parameters)
        return self._shards.model

    def close(self) -> None:
        """End the threads, whatever they are drawing; may be called twice."""
        if drawing := getattr(self._mixture, "drawing", None):
            drawing.cancelled.set()
        self._preparing.shutdown(cancel_futures=True)
        self._shards.close()


class ClassicLearner:
    """Shows the lecture's network one digit after the other.

    They come in the order of the data set, each before its turned copies, or shuffled with these,
    by `seed`. What counts as one step here is a hundred digits.
    """

    def __init__(
        self,
        network: ClassicNetwork,
        recipe: ClassicRecipe,
        digits: Labelled,
        epochs: int,
        seed: int = 0,
    ) -> None:
        self._network, self._digits = network, digits
        self._rates = [recipe.rate_in(epoch, epochs) for epoch in range(epochs)]
        self._angles = (0.0, recipe.turned, -recipe.turned) if recipe.turned else (0.0,)
        self._seed, self._shuffled = seed, recipe.shuffled
        self._order = (-1, np.arange(len(digits.rows) * len(self._angles)))  # of which epoch
        self.steps_per_epoch = math.ceil(len(digits.rows) / _RECORDS)
        self.steps = epochs * self.steps_per_epoch
        self.state = {
            "input_to_hidden": network.input_to_hidden,
            "hidden_to_output": network.hidden_to_output,
        }

    def prepare(self, step: int, waiting: Callable[[int, int], None]) -> None:
        """Nothing to wait for."""

    def learn(self, step: int) -> float:
        """A hundred digits, each also turned if the recipe says so; gives the loss afterwards."""
        epoch, place = divmod(step, self.steps_per_epoch)
        self._network.learning_rate = self._rates[min(epoch, len(self._rates) - 1)]
        many = _RECORDS * len(self._angles)
        views = self._in_order(epoch)[place * many : (place + 1) * many]
        which, turn = np.divmod(views, len(self._angles))
        rows = self._digits.rows[which]
        shown, labels = self._digits.patches[rows], self._digits.labels[rows]
        for number, angle in enumerate(self._angles):
            if angle and (turn == number).any():
                shown[turn == number] = turned(shown[turn == number], angle)
        self._network.train_patches(shown, labels)
        return squared_error(self._network.query(scale_inputs(shown)), make_targets(labels))[0]

    def _in_order(self, epoch: int) -> np.ndarray:
        """All views (n,): each digit's number times the number of angles, plus the angle's."""
        if self._shuffled and self._order[0] != epoch:
            shuffled = random_for(self._seed, Stream.ORDER, epoch).permutation(len(self._order[1]))
            self._order = (epoch, shuffled)
        return self._order[1]

    def result(self) -> Model:
        """The network as a `Model`."""
        return self._network.to_model()

    def close(self) -> None:
        """Do nothing: there are no threads."""
