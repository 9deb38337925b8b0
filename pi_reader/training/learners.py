"""Two ways to learn: from batches with a modern optimiser, and digit by digit as in the lecture.

Both look the same to the trainer: they have a number of steps to go, do one when asked, and keep
all that a checkpoint needs in `state`, a dictionary of arrays that are only ever changed in place.
"""

from __future__ import annotations

import functools
import math
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np

from pi_reader.errors import PiReaderError
from pi_reader.network.classic import ClassicNetwork, make_targets, scale_inputs
from pi_reader.network.loss import cross_entropy, squared_error
from pi_reader.network.model import Model
from pi_reader.network.shards import Shards
from pi_reader.training.augment import turned
from pi_reader.training.batches import Labelled
from pi_reader.training.checkpoint import ORDER, random_for
from pi_reader.training.optimiser import Adam, Average, gather, one_cycle, scatter
from pi_reader.training.recipes import Lesson, Recipe

Batch = tuple[np.ndarray, np.ndarray]

_SHARDS = 2
_RECORDS = 100  # digits that the classic network sees in what counts as one step


class Learner(Protocol):
    """What the trainer asks of a learner.

    state: its arrays by name, changed in place; steps: how many make the whole training;
    steps_per_epoch: how many go once through the data.
    """

    state: dict[str, np.ndarray]
    steps: int
    steps_per_epoch: int

    def learn(self, step: int) -> float:
        """Do step number `step`, counted from 0; gives the loss."""

    def result(self) -> Model:
        """The network as it would be used now."""

    def close(self) -> None:
        """Let go of threads."""


class Batches(Protocol):
    """Where batches come from: each is a function of its step alone."""

    steps_per_epoch: int

    def take(self, step: int) -> Batch:
        """Patches (n, 28, 28, 1) float32, 0 to 1, with labels (n,) or targets (n, outcomes)."""


class BatchLearner:
    """Learns from batches, with Adam, a rate that rises and falls, and averaged weights.

    Each batch is worked at in two halves side by side (`network.shards`) while the next one is
    being prepared. How many halves there are decides in which order numbers are added up, so it
    does not follow the number of cores: one core gives the same arrays as four.
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

    def learn(self, step: int) -> float:
        """One batch: loss, gradient, a step of Adam, and its share of the average."""
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
        if self._coming is None or self._coming[0] != step:
            self._coming = (step, self._preparing.submit(self._mixture.take, step))
        batch = self._coming[1].result()
        if step + 1 < self.steps:
            self._coming = (step + 1, self._preparing.submit(self._mixture.take, step + 1))
        return batch

    def result(self) -> Model:
        """The network with the averaged weights."""
        scatter(self._average.mean, self._shards.model.parameters)
        return self._shards.model

    def close(self) -> None:
        """End the threads; may be called twice."""
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
        lesson: Lesson,
        digits: Labelled,
        epochs: int,
        seed: int = 0,
    ) -> None:
        self._network, self._digits = network, digits
        self._rates = [lesson.rate_in(epoch, epochs) for epoch in range(epochs)]
        self._angles = (0.0, lesson.turned, -lesson.turned) if lesson.turned else (0.0,)
        self._seed, self._shuffled = seed, lesson.shuffled
        self._order = (-1, np.arange(len(digits.rows) * len(self._angles)))  # of which epoch
        self.steps_per_epoch = math.ceil(len(digits.rows) / _RECORDS)
        self.steps = epochs * self.steps_per_epoch
        self.state = {
            "input_to_hidden": network.input_to_hidden,
            "hidden_to_output": network.hidden_to_output,
        }

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
            shuffled = random_for(self._seed, ORDER, epoch).permutation(len(self._order[1]))
            self._order = (epoch, shuffled)
        return self._order[1]

    def result(self) -> Model:
        """The network as a model like any other."""
        return self._network.to_model()

    def close(self) -> None:
        """Nothing to let go of."""
