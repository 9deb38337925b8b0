"""A whole training from a recipe's name to weights with a card: what is learned, judged, noted."""

from __future__ import annotations

import dataclasses
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pi_reader.errors import BadData
from pi_reader.network.card import Card
from pi_reader.network.classic import ClassicNetwork
from pi_reader.network.model import Model
from pi_reader.training import batches, calibrate, data, networks, recipes
from pi_reader.training.batches import Labelled, Mixture
from pi_reader.training.checkpoint import DIGITS, VALIDATION, WEIGHTS, random_for
from pi_reader.training.learners import BatchLearner, ClassicLearner, Learner
from pi_reader.training.measure import measure
from pi_reader.training.recipes import Lesson, Recipe

# Each thirteenth of MNIST's training images is held back to judge by: 4,616 of them. The number is
# odd because two groups of writers take turns there, and those at even places are harder to read.
HELD_EVERY = 13
_DRAWN = 60_000  # digits drawn for the classic network where there is no MNIST
_HELD_DRAWN = 4_000  # digits drawn to judge by where there is no MNIST
_HELD_MARKS = 2_000  # marks that are no digits, to judge by
_FINGERPRINT = 256  # drawn digits whose sha256 tells whether the drawing has changed


@dataclass(frozen=True)
class Course:
    """One training, settled in every detail: the same course gives the same weights.

    name: the recipe's; epochs: times through the data; seed: of all its random numbers.
    learned: the patches it learns from, None for a recipe that draws its own as it goes.
    held: patches and labels to calibrate with. tested: patches and labels to state an accuracy
    on, and `tested_on` what they are. origin: the data sets, each with its sha256.
    """

    name: str
    recipe: Lesson | Recipe
    epochs: int
    seed: int
    learned: Labelled | None
    held: tuple[np.ndarray, np.ndarray]
    tested: tuple[np.ndarray, np.ndarray]
    tested_on: str
    origin: dict[str, str] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, Any]:
        """What a checkpoint must have in common with this course to belong to it."""
        return {
            "recipe": self.name,
            "settings": recipes.describe(self.recipe),
            "epochs": self.epochs,
            "seed": self.seed,
            "data": self.origin,
        }


def plan(
    name: str,
    seed: int,
    mnist: Path | None,
    epochs: int | None = None,
    limit: int | None = None,
) -> Course:
    """Settle a course: with MNIST from a folder, or with nothing but drawn digits (None).

    epochs: other than the recipe's; limit: learn from so many digits only, for a quick look.
    Raises UsageError for an unknown recipe, and whatever reading MNIST raises.
    """
    recipe = recipes.find(name)
    epochs = epochs or recipe.epochs
    if mnist is not None:
        return _with_mnist(name, recipe, epochs, seed, mnist, limit)
    return _with_drawn(name, recipe, epochs, seed, limit)


def _with_mnist(
    name: str, recipe: Lesson | Recipe, epochs: int, seed: int, folder: Path, limit: int | None
) -> Course:
    """Learn from MNIST's training images; the lecture's network from all of them."""
    patches, labels = data.load_train(folder, mapped=True)
    count = min(len(labels), limit or len(labels))
    rows = np.arange(count)
    held = rows[::HELD_EVERY]
    if isinstance(recipe, Recipe):
        rows = np.setdiff1d(rows, held)
    if not len(rows):
        raise BadData(f"{folder}: holds too few images to learn from and to judge by")
    origin = {"mnist": data.digest(patches[:count], labels[:count])}
    if isinstance(recipe, Recipe) and (recipe.drawn or recipe.non_digits):
        origin["drawn"] = _fingerprint()
    tested = data.load_test(folder, mapped=True)
    return Course(
        name,
        recipe,
        epochs,
        seed,
        Labelled(patches, labels, rows),
        (patches[held], labels[held]),
        tested,
        f"the {len(tested[1]):,} test images of MNIST",
        origin,
    )


def _with_drawn(
    name: str, recipe: Lesson | Recipe, epochs: int, seed: int, limit: int | None
) -> Course:
    """Learn from digits that the program draws, for a device that never sees a network."""
    held = batches.draw_digits(min(_HELD_DRAWN, limit or _HELD_DRAWN), random_for(seed, VALIDATION))
    learned = None
    if isinstance(recipe, Lesson):
        count = min(_DRAWN, limit or _DRAWN)
        patches, labels = batches.draw_digits(count, random_for(seed, DIGITS))
        learned = Labelled(patches, labels, np.arange(len(labels)))
    elif limit:
        recipe = dataclasses.replace(recipe, epoch_without_mnist=limit)
    origin = {"drawn": _fingerprint()}
    what = f"{len(held[1]):,} digits drawn for the purpose"
    return Course(name, recipe, epochs, seed, learned, held, held, what, origin)


def learner_for(course: Course) -> Learner:
    """A learner at its very beginning."""
    rng = random_for(course.seed, WEIGHTS)
    if isinstance(course.recipe, Lesson):
        assert course.learned is not None
        lesson = course.recipe
        network = ClassicNetwork(784, lesson.hidden, 10, lesson.rate, rng)
        return ClassicLearner(network, lesson, course.learned, course.epochs, course.seed)
    outcomes = 11 if course.recipe.non_digits else 10
    model = networks.build(course.recipe.layers, outcomes, rng)
    mixture = Mixture(course.recipe, course.seed, course.learned)
    return BatchLearner(model, course.recipe, mixture, course.epochs)


def epochs_within(course: Course, hours: float, steps: int = 30) -> int:
    """How many epochs fit into so many hours here and now, at least one; a trial tells."""
    trial = learner_for(course)
    try:
        trial.learn(0)
        start = time.monotonic()
        for step in range(1, 1 + steps):
            trial.learn(step)
        epoch = (time.monotonic() - start) / steps * trial.steps_per_epoch
    finally:
        trial.close()
    return max(1, int(hours * 3600 / epoch))


def judge(course: Course, model: Model) -> Card:
    """Calibrate a trained network, in place, and write its card."""
    patches, labels = course.held
    model.temperature = calibrate.fit_temperature(model.predict(patches), labels)
    marks, _ = batches.draw_marks(_HELD_MARKS, random_for(course.seed, VALIDATION, 1))
    curve = calibrate.reject_curve(model.predict(patches), labels, model.predict(marks))
    chosen = calibrate.choose(curve)
    held = measure(model.predict(patches), labels, chosen.threshold)
    tested = measure(model.predict(course.tested[0]), course.tested[1], chosen.threshold)
    return Card(
        recipe=course.name,
        seed=course.seed,
        data=course.origin,
        accuracy=round(tested.accuracy, 6),
        measured=course.tested_on,
        reject_below=chosen.threshold,
        date=_today(),
        notes={
            "settings": recipes.describe(course.recipe),
            "epochs": course.epochs,
            "held_out": {"n": held.n, "accuracy": round(held.accuracy, 6)},
            "reject_curve": [point.describe() for point in curve],
        },
    )


def _fingerprint() -> str:
    """sha256 of a few drawn digits and marks: other drawing code, other fingerprint."""
    digits = batches.draw_digits(_FINGERPRINT, random_for(0, VALIDATION, 2))
    marks = batches.draw_marks(_FINGERPRINT, random_for(0, VALIDATION, 3))
    return data.digest(*digits, *marks)


def _today() -> str:
    """The date for the card, of SOURCE_DATE_EPOCH if that is set (reproducible-builds.org)."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    seconds = int(epoch) if epoch.isdecimal() else time.time()
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))
