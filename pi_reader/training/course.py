"""A whole training, from the name of a recipe to calibrated weights with a card."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pi_reader.errors import BadData
from pi_reader.handwriting.scenes import Stamps
from pi_reader.network.card import Card
from pi_reader.network.classic import ClassicNetwork
from pi_reader.network.model import Model
from pi_reader.network.neighbourhood import Context
from pi_reader.training import batches, calibrate, data, networks, recipes
from pi_reader.training.batches import Labelled, Mixture
from pi_reader.training.checkpoint import Stream, random_for
from pi_reader.training.learners import BatchLearner, ClassicLearner, Learner, Steps
from pi_reader.training.measure import measure
from pi_reader.training.recipes import ClassicRecipe, Recipe
from pi_reader.values import CLASSES

# Every thirteenth of MNIST's training images is held out for validation: 4,616 of them. The number
# is odd because two groups of writers alternate there, and those at even places are harder to read.
HELD_EVERY = 13
_DRAWN = 60_000  # digits drawn for the classic network where there is no MNIST
_HELD_DRAWN = 4_000  # digits drawn for validation without MNIST
_HELD_MARKS = 2_000  # marks that are no digits, for validation
_FINGERPRINT = 256  # drawn digits whose sha256 shows whether the drawing code has changed


@dataclass(frozen=True)
class Course:
    """One fully specified training: the same course gives the same weights.

    name: the recipe's; epochs: times through the data; seed: of all its random numbers.
    learned: the training patches, None for a recipe that draws its own as it goes.
    held: patches and labels for calibration. tested: patches and labels for the stated accuracy,
    and `tested_on` what they are. origin: the data sets, each with its sha256.
    limit: of training digits, for a quick look.
    """

    name: str
    recipe: ClassicRecipe | Recipe
    epochs: int
    seed: int
    learned: Labelled | None
    held: tuple[np.ndarray, np.ndarray]
    tested: tuple[np.ndarray, np.ndarray]
    tested_on: str
    origin: dict[str, str] = field(default_factory=dict)
    limit: int | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What a checkpoint must match to belong to this course."""
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
    """Specify a course: with MNIST from a folder, or only with drawn digits (None).

    epochs: instead of the recipe's; limit: train on only that many digits, for a quick look.
    Raises UsageError for an unknown recipe, and whatever reading MNIST raises.
    """
    recipe = recipes.find(name)
    epochs = epochs or recipe.epochs
    if mnist is not None:
        course = _with_mnist(name, recipe, epochs, seed, mnist, limit)
    else:
        course = _with_drawn(name, recipe, epochs, seed, limit)
    return dataclasses.replace(course, limit=limit)


def _with_mnist(
    name: str,
    recipe: ClassicRecipe | Recipe,
    epochs: int,
    seed: int,
    folder: Path,
    limit: int | None,
) -> Course:
    """A course on MNIST's training images; the lecture's network uses all of them."""
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
    name: str, recipe: ClassicRecipe | Recipe, epochs: int, seed: int, limit: int | None
) -> Course:
    """A course on drawn digits only, for a device without internet access."""
    held = batches.draw_digits(
        min(_HELD_DRAWN, limit or _HELD_DRAWN), random_for(seed, Stream.VALIDATION)
    )
    learned = None
    if isinstance(recipe, ClassicRecipe):
        count = min(_DRAWN, limit or _DRAWN)
        patches, labels = batches.draw_digits(count, random_for(seed, Stream.DIGITS))
        learned = Labelled(patches, labels, np.arange(len(labels)))
    elif limit:
        recipe = dataclasses.replace(recipe, epoch_without_mnist=limit)
    origin = {"drawn": _fingerprint()}
    what = f"{len(held[1]):,} digits drawn for the purpose"
    return Course(name, recipe, epochs, seed, learned, held, held, what, origin)


def learner_for(course: Course) -> Learner:
    """A learner at step 0."""
    rng = random_for(course.seed, Stream.WEIGHTS)
    if isinstance(course.recipe, ClassicRecipe):
        assert course.learned is not None
        recipe = course.recipe
        network = ClassicNetwork(784, recipe.hidden, 10, recipe.rate, rng)
        return ClassicLearner(network, recipe, course.learned, course.epochs, course.seed)
    outcomes = 11 if course.recipe.non_digits else 10
    model = networks.build(course.recipe.layers, outcomes, rng)
    mixture = Mixture(course.recipe, course.seed, course.learned)
    return BatchLearner(model, course.recipe, mixture, course.epochs)


def context_for(
    course: Course,
    model: Model,
    go: Callable[[Steps], None],
    say: Callable[[str], None],
    touching: Model | None = None,
) -> Context | None:
    """Train what a reading needs beside a network that knows marks that are no digits.

    go: goes through the steps of a learner; touching: what names two digits that have grown
    together, None to train that, too. None for other networks, which read without.
    """
    from pi_reader.training.neighbourhood import train_context

    if model.outcomes <= CLASSES:
        return None
    recipe, stamps = recipes.NEIGHBOURHOOD, None
    if course.limit:
        recipe = dataclasses.replace(
            recipe, scenes=max(24, course.limit // 6), fitted=max(12, course.limit // 40)
        )
    if course.learned is not None:
        rows = course.learned.rows
        stamps = Stamps(course.learned.patches[rows], course.learned.labels[rows])
    touching = touching or touching_for(course, model, go, say)
    return train_context(model, recipe, course.seed, stamps, go, say, touching=touching)


def touching_for(
    course: Course, model: Model, go: Callable[[Steps], None], say: Callable[[str], None]
) -> Model:
    """Train what names two digits that have grown together; arguments as for `context_for`."""
    from pi_reader.training.touching import train_touching

    recipe = recipes.TOUCHING
    if course.limit:
        recipe = dataclasses.replace(recipe, epoch_without_mnist=course.limit, epochs=2)
    return train_touching(model, recipe, course.seed, course.learned, go, say)


def epochs_within(course: Course, hours: float, steps: int = 30) -> int:
    """How many epochs fit into `hours`, at least one, estimated from `steps` trial steps."""
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


def calibrate_and_card(course: Course, model: Model) -> Card:
    """Calibrate a trained network, in place, and write its card."""
    patches, labels = course.held
    model.temperature = calibrate.fit_temperature(model.predict(patches), labels)
    marks, _ = batches.draw_marks(_HELD_MARKS, random_for(course.seed, Stream.VALIDATION, 1))
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
    """sha256 of a few drawn digits and marks, which changes with the drawing code."""
    digits = batches.draw_digits(_FINGERPRINT, random_for(0, Stream.VALIDATION, 2))
    marks = batches.draw_marks(_FINGERPRINT, random_for(0, Stream.VALIDATION, 3))
    return data.digest(*digits, *marks)


def _today() -> str:
    """The date for the card; from SOURCE_DATE_EPOCH if set (reproducible-builds.org)."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    seconds = int(epoch) if epoch.isdecimal() else time.time()
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))
