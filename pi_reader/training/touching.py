"""Marks that touch: two digits grown together, and what else looks so.

Patches are cut to their ink, brought to about the same height, pushed together until they touch,
and shrunk to one patch, as `reading` would cut it. Where one of them is no digit, or three were
pushed together, and of single marks, there is no pair.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from pi_reader.handwriting.stamps import Stamps
from pi_reader.network.model import Model
from pi_reader.network.touching import NO_PAIR, OUTCOMES
from pi_reader.reading.patches import EDGE, FINE, centre, shrink, thicken
from pi_reader.training import networks
from pi_reader.training.augment import Augmenter
from pi_reader.training.batches import PIECE, Labelled, draw_digits, draw_marks
from pi_reader.training.calibrate import fit_temperature
from pi_reader.training.checkpoint import Stream, random_for
from pi_reader.training.learners import Batch, BatchLearner, Steps
from pi_reader.training.recipes import Recipe
from pi_reader.training.scenes import see_scenes
from pi_reader.values import CLASSES, SIDE

_HELD = 8192  # marks that the temperature is fitted on
_MARKS_OF_A_SCENE = 13  # of which as many are drawn as give every sixth mark of the stock
_TALL = 60  # pixels: two marks are brought to this height before they meet
_INK = 0.35  # of full ink: what counts for a mark's extent, and where two touch
_ALONE, _THREE = 0.2, 0.06  # shares that are one mark, and three
_DEEP = 0.1, 0.3  # of the height: how far two overlap at the most, mostly and else
_DEEPER = 0.3  # share of those that may overlap that far
_APART, _FAR = 0.12, 0.18  # share that a short stroke joins, and over what share of the height
_THICKER = 2  # steps, at the most, in which strokes are thickened as thin ones are
_GROWN = 0.05  # logarithm: how much two of one hand differ in height,
_OFF = 0.06  # and of the height: how far they stand above or below each other


def train_touching(
    network: Model,
    recipe: Recipe,
    seed: int,
    mnist: Labelled | None,
    learn: Callable[[Steps], None],
    say: Callable[[str], None],
) -> Model:
    """The network that names two digits that have grown together (`network.touching`).

    network: says what a patch shows, with 11 outcomes, as `see_scenes` takes it; mnist: digits of
    people among those that touch, None for drawn ones alone; learn: goes through the steps of a
    learner. The same seed gives the same arrays on the same machine.
    """
    say(f"drawing {recipe.epoch_without_mnist:,} marks that touch, and scenes of others")
    alone = see_alone(network, recipe.epoch_without_mnist // 6, seed, mnist)
    batches = Touching(recipe, seed, mnist, alone)
    model = networks.build(recipe.layers, OUTCOMES, random_for(seed, Stream.TOUCHING, 2))
    learner = BatchLearner(model, recipe, batches, recipe.epochs)
    try:
        learn(learner)
        model = learner.result()
    finally:
        learner.close()
    del batches, learner  # 120 MB
    held = draw_touching(_HELD, random_for(seed, Stream.TOUCHING, 1), recipe, mnist)
    model.temperature = fit_temperature(model.predict(held[0]), held[1])
    return model


class Touching:
    """Batches from a stock of marks that touch, and of `alone`, (n, 28, 28) uint8, that are no
    pairs; see `learners.Batches`.

    The labels are 10 times the left digit and the right one, NO_PAIR for all else.
    """

    def __init__(
        self, recipe: Recipe, seed: int, mnist: Labelled | None, alone: np.ndarray
    ) -> None:
        self._recipe, self._seed = recipe, seed
        count = max(PIECE, recipe.epoch_without_mnist - len(alone))
        self.patches = np.empty((count + len(alone), SIDE, SIDE), np.uint8)
        self.labels = np.full(len(self.patches), NO_PAIR, np.uint8)
        drawn = draw_touching(count, random_for(seed, Stream.TOUCHING), recipe, mnist)
        self.patches[:count], self.labels[:count] = drawn
        self.patches[count:] = alone
        self.steps_per_epoch = len(self.labels) // recipe.batch
        self._augment = Augmenter(recipe.changes, recipe.batch)

    def take(self, step: int) -> Batch:
        """The batch of a step."""
        rng = random_for(self._seed, Stream.TOUCHING, 3, step)
        rows = rng.integers(0, len(self.labels), self._recipe.batch)
        changed = self._augment(self.patches[rows], rng).copy()  # its buffer is reused
        return changed[..., None], self.labels[rows]


def see_alone(network: Model, count: int, seed: int, mnist: Labelled | None) -> np.ndarray:
    """What is no pair of digits on drawn scenes: about so many marks, (n, 28, 28) uint8."""
    stamps = Stamps(mnist.patches[mnist.rows], mnist.labels[mnist.rows]) if mnist else None
    scenes = max(1, count // _MARKS_OF_A_SCENE)
    numbers = [(int(Stream.SCENES), seed, 2, number) for number in range(scenes)]
    seen = see_scenes(network, numbers, stamps, True)
    patches = [
        scene.patches[[name not in ("", "joined") for name in scene.names]]
        for scene in seen
        if scene.marks
    ]
    return np.concatenate([*patches, np.zeros((0, SIDE, SIDE), np.uint8)])


def draw_touching(
    count: int, rng: np.random.Generator, recipe: Recipe, mnist: Labelled | None
) -> Batch:
    """Marks that touch, (n, 28, 28) uint8, and what they are, (n,) uint8; see `Touching`."""
    patches, names = np.empty((count, SIDE, SIDE), np.uint8), np.empty(count, np.uint8)
    for start in range(0, count, PIECE):
        some = slice(start, min(start + PIECE, count))
        patches[some], names[some] = _piece(some.stop - start, rng, recipe, mnist)
    return patches, names


def _piece(count: int, rng: np.random.Generator, recipe: Recipe, mnist: Labelled | None) -> Batch:
    """The same, all at once."""
    marks, drawn = round(count * recipe.non_digits), round(count * recipe.drawn)
    parts = [draw_marks(marks, rng), draw_digits(drawn if mnist else count - marks, rng)]
    if mnist:
        rows = mnist.rows[rng.integers(0, len(mnist.rows), count - marks - drawn)]
        parts.append((mnist.patches[rows], mnist.labels[rows]))
    patches, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = rng.permutation(count)
    single, labels = [cut_to_ink(patch) for patch in patches[order]], labels[order]
    second, third = rng.permutation(count), rng.permutation(count)
    kind = rng.random(count)
    crops, out = [], np.full(count, NO_PAIR, np.uint8)
    for i, left in enumerate(single):
        mark = left
        if kind[i] >= _ALONE:
            mark = joined(left, single[second[i]], rng)
        if _ALONE <= kind[i] < _ALONE + _THREE:
            mark = joined(mark, single[third[i]], rng)
        elif kind[i] >= _ALONE and max(labels[i], labels[second[i]]) < CLASSES:
            out[i] = CLASSES * labels[i] + labels[second[i]]
        crops.append(squeezed(mark))
    fine = np.stack(crops)
    steps = rng.integers(0, _THICKER, count, endpoint=True)
    for step in range(1, _THICKER + 1):
        fine[steps >= step] = thicken(fine[steps >= step])
    return centre(shrink(fine)), out


def cut_to_ink(patch: np.ndarray) -> np.ndarray:
    """A patch (28, 28) uint8 cut to its ink and enlarged: (60, width) float32, 0 to 1."""
    patch = patch.astype(np.float32) / 255
    ink = patch > _INK
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return np.zeros((_TALL, _TALL // 2), np.float32)
    cut = patch[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    width = min(3 * _TALL, max(3, round(_TALL * cut.shape[1] / cut.shape[0])))
    large = np.asarray(Image.fromarray(cut).resize((width, _TALL), Image.Resampling.BICUBIC))
    return np.asarray(np.clip(2.2 * large / max(_INK, large.max()) - 0.6, 0, 1))


def joined(left: np.ndarray, right: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Two marks, (h, w) float32 each, pushed together until they touch, or a little deeper."""
    tall = round(len(right) * float(np.exp(rng.normal(0, _GROWN))))
    if tall != len(right):
        size = max(3, round(right.shape[1] * tall / len(right))), tall
        right = np.asarray(Image.fromarray(right).resize(size, Image.Resampling.BILINEAR))
    down = round(rng.normal(0, _OFF) * _TALL) + (len(left) - tall) // 2
    top, low = min(0, down), max(len(left), down + tall)
    sides = [np.zeros((low - top, mark.shape[1]), np.float32) for mark in (left, right)]
    sides[0][-top : len(left) - top] = left
    sides[1][down - top : down - top + tall] = right
    at, row = _meeting(*(side > _INK for side in sides))
    apart = rng.random() < _APART
    gap = rng.uniform(0, _FAR) if apart else -rng.uniform(0, _DEEP[rng.random() < _DEEPER])
    at = max(at + round(gap * _TALL), left.shape[1] // 4)
    out = np.zeros((low - top, max(left.shape[1], at + right.shape[1])), np.float32)
    out[:, : left.shape[1]] = sides[0]
    part = out[:, at : at + right.shape[1]]
    np.maximum(part, sides[1], out=part)
    if apart:
        column = at + int(sides[1][row].argmax())
        begin = max(0, column - round(gap * _TALL) - _TALL // 8)
        out[row : row + int(rng.integers(3, 7)), begin : column + 1] = 1
    return out


def _meeting(left: np.ndarray, right: np.ndarray) -> tuple[int, int]:
    """How far to the right of the left mark's edge the right one's stands when they just touch, and
    the row where they do.

    Both (h, w) bool.
    """
    both = left.any(axis=1) & right.any(axis=1)
    if not both.any():
        return int(left.shape[1]), len(left) // 2
    end = left.shape[1] - left[:, ::-1].argmax(axis=1)
    reach = np.where(both, end - right.argmax(axis=1), -len(left) - left.shape[1])
    return int(reach.max()), int(reach.argmax())


def squeezed(mark: np.ndarray) -> np.ndarray:
    """A mark as `reading` sees it before it is shrunk: (60, 60) uint8, its longer edge 60."""
    edge = EDGE * FINE
    height, width = mark.shape
    ratio = edge / max(height, width)
    size = max(1, round(width * ratio)), max(1, round(height * ratio))
    small = np.asarray(Image.fromarray(mark).resize(size, Image.Resampling.BILINEAR))
    out = np.zeros((edge, edge), np.uint8)
    out[: size[1], : size[0]] = np.round(255 * small)
    return out
