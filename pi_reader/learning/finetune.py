"""Fine-tuning to one person's handwriting: their few samples, mixed with rehearsal data.

Training starts from the weights in use. A quarter of each batch are the owner's digits, strongly
augmented since there are so few; the rest is rehearsal data, barely augmented, whose targets are
mostly what the parent said of them, asked once before the training. So the network changes only
where the owner's digits pull it, and the layers below the last convolution stay as they are.
("Distillation": Hinton, Vinyals and Dean, 2015; against forgetting: Li and Hoiem, "Learning without
forgetting", 2016.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pi_reader.learning.rehearsal import Rehearsal
from pi_reader.network.base import Array
from pi_reader.network.layers import Conv2D
from pi_reader.network.loss import one_hot, softmax
from pi_reader.network.model import Model
from pi_reader.training.augment import Augmenter
from pi_reader.training.batches import draw_foreign_digits
from pi_reader.training.checkpoint import Stream, random_for
from pi_reader.training.learners import BatchLearner
from pi_reader.training.recipes import Augmentation, Recipe
from pi_reader.values import NO_DIGIT

OWN = 0.25  # share of the owner's digits in a batch
_TAUGHT = 0.9  # weight of the parent's prediction in a rehearsed patch's target; the rest: label
_REPLAYED = 24_000  # images of MNIST that one training replays, 19 MB of the mapped file
_HARD = 10  # one in so many of these is a hard one
ALL_KINDS = 6  # from this many taught classes on they have their full share
_MOST_DRAWN = 3  # times as many drawn digits as usual, if a single class was taught
_DRAWN, _NEAR = 16_384, 600  # drawn digits, and how many of them look most like the taught classes
_AT_ONCE = 1024  # patches classified at a time
_OWN_CHANGES = Augmentation()  # the owner's few digits are augmented as in training from scratch
NIGHT = Recipe(
    "a night: what the owner taught, and what must not be forgotten",
    layers=(),
    drawn=0.16,
    non_digits=0.05,
    rate=0.001,
    decay=0.0,
    keep=0.98,
    changes=Augmentation(
        turn=3,
        shear=0.05,
        zoom=0.03,
        shift=0.4,
        bend=0.3,
        pen_share=0.1,
        blur_share=0.05,
        noise_share=0.05,
        hole_share=0.0,
    ),
)


@dataclass(frozen=True)
class LabelledDigits:
    """The owner's labelled digits as arrays.

    patches: (n, 28, 28) uint8; labels: (n,) uint8, 0 to 9 or NO_DIGIT; events: (n,) int, the same
    for all digits of a reading; held_out: (n,) bool, for evaluation only.
    """

    patches: np.ndarray
    labels: np.ndarray
    events: np.ndarray
    held_out: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: np.ndarray) -> LabelledDigits:
        """Some of them; rows: (m,) int or (n,) bool."""
        return LabelledDigits(
            self.patches[rows], self.labels[rows], self.events[rows], self.held_out[rows]
        )


class Rehearsed(NamedTuple):
    """Drawn patches (n, 28, 28) uint8, their labels (n,) uint8, and the parent's opinions of them
    (n, outcomes) float32."""

    patches: np.ndarray
    labels: np.ndarray
    opinions: Array

    def take(self, rows: np.ndarray) -> Rehearsed:
        """Some of them; rows: (m,) int."""
        return Rehearsed(self.patches[rows], self.labels[rows], self.opinions[rows])


@dataclass(frozen=True)
class Replay:
    """The rehearsal data selected for one training, and what the parent says of it.

    rows: (n,) of MNIST's images; hard: where in these the hard ones stand. drawn, near and marks:
    all drawn digits, those most easily confused with the taught ones, and marks that are no digits.
    opinions: (n, outcomes) float32, how likely the parent holds each outcome for MNIST's images.
    looked: how many patches the parent classified.
    """

    rows: np.ndarray
    hard: np.ndarray
    opinions: Array
    drawn: Rehearsed
    near: Rehearsed
    marks: Rehearsed
    looked: int


class RehearsalMixture:
    """Batches of the owner's digits and of rehearsal data, each a function of the seed and its
    step; takes the place of `batches.Mixture`."""

    def __init__(
        self,
        parent: Model,
        taught: LabelledDigits,
        rehearsal: Rehearsal,
        replay: Replay,
        steps: int,
        seed: int,
    ) -> None:
        self.steps_per_epoch = steps
        self._seed, self._taught, self._rehearsal = seed, taught, rehearsal
        self._outcomes = parent.outcomes
        self._lower = parent.copy().layers[: lower_layers(parent)]
        self._own, self._rest = shares(parent, rehearsal, len(np.unique(taught.labels)))
        self._chances = _chances(taught.labels)
        self._replay = replay
        self._change_own = Augmenter(_OWN_CHANGES, self._own)
        self._change = Augmenter(NIGHT.changes, sum(self._rest))

    def take(self, step: int) -> tuple[Array, Array]:
        """The batch of a step: what the upper layers are given, float32, in the shipped network
        (n, 5, 5, 64), and targets (n, outcomes)."""
        rng = random_for(self._seed, Stream.CHANGES, step)
        rows = rng.choice(len(self._taught), self._own, p=self._chances)
        own = self._change_own(self._taught.patches[rows], rng)
        patches, labels, opinions = self._remembered(rng)
        kept = self._change(patches, rng)
        x = np.concatenate([own, kept])[..., None]  # (n, 28, 28, 1)
        for layer in self._lower:
            x = layer.forward(x)
        targets = one_hot(
            np.concatenate([self._taught.labels[rows], labels]), self._outcomes, NIGHT.smoothing
        )
        targets[self._own :] *= np.float32(1 - _TAUGHT)
        targets[self._own :] += np.float32(_TAUGHT) * opinions
        return x.copy(), targets  # the last layer uses its own again

    def _remembered(self, rng: np.random.Generator) -> Rehearsed:
        """Rehearsal data of one batch."""
        mnist, replay, (images, digits, marks) = self._rehearsal.mnist, self._replay, self._rest
        doubles = digits // 2 if len(replay.near.labels) else 0
        near = rng.integers(0, len(replay.near.labels), doubles)
        drawn = rng.integers(0, len(replay.drawn.labels), digits - doubles)
        parts = [replay.drawn.take(drawn), replay.near.take(near)]
        if mnist is not None:
            places = np.concatenate(
                [
                    rng.choice(replay.hard, images // 2),
                    rng.integers(0, len(replay.rows), images - images // 2),
                ]
            )
            places.sort()  # in their order on the disk
            rows = replay.rows[places]
            parts.append(
                Rehearsed(mnist.patches[rows], mnist.labels[rows], replay.opinions[places])
            )
        parts.append(replay.marks.take(rng.integers(0, len(replay.marks.labels), marks)))
        return Rehearsed(*map(np.concatenate, zip(*parts, strict=True)))


def shares(model: Model, rehearsal: Rehearsal, kinds: int) -> tuple[int, tuple[int, int, int]]:
    """How many of a batch are the owner's, and how many are MNIST's, drawn, and no digits.

    kinds: how many classes were taught. If only 1s were, a quarter of 1s would bias the prior, so
    few classes have a smaller share, and more of the rest is drawn, where the digits are that are
    easily confused with them.
    """
    whole = min(1.0, kinds / ALL_KINDS)
    own = round(NIGHT.batch * OWN * whole)
    marks = round(NIGHT.batch * NIGHT.non_digits) if model.outcomes > NO_DIGIT else 0
    rest = NIGHT.batch - own - marks
    drawn = round(NIGHT.batch * NIGHT.drawn / max(whole, 1 / _MOST_DRAWN))
    if rehearsal.mnist is None:
        drawn = rest
    return own, (rest - drawn, drawn, marks)


def learner_for(
    parent: Model,
    taught: LabelledDigits,
    rehearsal: Rehearsal,
    replay: Replay,
    steps: int,
    seed: int,
) -> BatchLearner:
    """A learner at step 0 of one night's training; `parent` is not modified."""
    if parent.outcomes <= NO_DIGIT:
        taught = taught.take(taught.labels < NO_DIGIT)
    mixture = RehearsalMixture(parent, taught, rehearsal, replay, steps, seed)
    return BatchLearner(upper_of(parent.copy()), NIGHT, mixture, epochs=1)


def upper_of(model: Model) -> Model:
    """The layers that a night trains, with the parameters of `model` itself."""
    lower = lower_layers(model)
    return Model(model.layers[lower:], model.shapes[lower], model.temperature)


def with_upper(parent: Model, upper: Model) -> Model:
    """The parent with other upper layers, as `upper_of` gives them; independent of both."""
    child = parent.copy()
    for mine, learned in zip(upper_of(child).state, upper.state, strict=True):
        mine[...] = learned
    return child


def lower_layers(model: Model) -> int:
    """How many layers a night leaves as they are: those below the last convolution see strokes,
    and people's strokes are alike."""
    convolutions = [i for i, layer in enumerate(model.layers) if isinstance(layer, Conv2D)]
    return convolutions[-1] if convolutions else 0


def step_work(model: Model) -> float:
    """The matrix work of one step in FLOP: forward through all layers, and backwards twice as much
    through those that learn, but for the gradient of what the first of them is given."""
    upper = upper_of(model)
    first = upper.layers[0].multiply_adds(upper.input_shape)
    backwards = 2 * upper.multiply_adds - first
    return 2.0 * (model.multiply_adds + backwards) * NIGHT.batch


def look_work(model: Model, patches: int) -> float:
    """The matrix work of classifying `patches` patches, in FLOP."""
    return 2.0 * model.multiply_adds * patches


def blend(parent: Model, child: Model, share: float) -> Model:
    """Interpolate the weights of parent and child, which keeps more of what the parent knew.

    Wortsman et al., "Robust fine-tuning of zero-shot models" (2022).
    """
    model = parent.copy()
    for mine, old, new in zip(model.state, parent.state, child.state, strict=True):
        mine[...] = old + np.float32(share) * (new - old)
    return model


def replayed(parent: Model, rehearsal: Rehearsal, kinds: np.ndarray, seed: int) -> Replay:
    """Select the rehearsal data, and ask the parent about it. kinds: the labels that were taught,
    each once.

    The hardest tenth of MNIST's images makes half of what is shown of them: where the parent is
    unsure, the child's label would flip first. If few labels were taught, half of the drawn digits
    are those most easily confused with them: teaching only open 4s would otherwise make 9s be read
    as 4s.
    """
    rows, opinions = _of_mnist(parent, rehearsal, seed)
    second, first = np.sort(opinions, axis=1)[:, -2:].T
    hard = np.argsort(first - second, kind="stable")[: -(-len(rows) // _HARD)]
    drawn = _rehearsed(parent, rehearsal.digits, rehearsal.digit_labels)
    none = np.full(len(rehearsal.marks), NO_DIGIT, np.uint8)
    marks = (
        _rehearsed(parent, rehearsal.marks, none)
        if parent.outcomes > NO_DIGIT
        else drawn.take(rows[:0])
    )
    looked = len(rows) + len(drawn.labels) + len(marks.labels)
    if len(kinds) >= ALL_KINDS:
        return Replay(rows, np.sort(hard), opinions, drawn, drawn.take(rows[:0]), marks, looked)
    near = _near(parent, kinds, seed)
    return Replay(rows, np.sort(hard), opinions, drawn, near, marks, looked + _DRAWN)


def _near(parent: Model, kinds: np.ndarray, seed: int) -> Rehearsed:
    """Drawn digits of other classes that the parent most nearly confuses with these."""
    pieces = _DRAWN // _AT_ONCE
    near = []
    for piece in range(pieces):
        patches, labels = draw_foreign_digits(_AT_ONCE, random_for(seed, Stream.DIGITS, piece))
        asked = _rehearsed(parent, patches, labels)
        alike = asked.opinions[:, kinds].max(axis=1)
        alike[np.isin(labels, kinds)] = -1
        near.append(asked.take(np.argsort(-alike, kind="stable")[: _NEAR // pieces]))
    return Rehearsed(*map(np.concatenate, zip(*near, strict=True)))


def _of_mnist(parent: Model, rehearsal: Rehearsal, seed: int) -> tuple[np.ndarray, Array]:
    """Contiguous rows, since only the touched pages of a mapped file take memory, and the parent's
    opinions of them; other nights replay other writers."""
    if rehearsal.mnist is None:
        return np.empty(0, np.intp), np.empty((0, parent.outcomes), np.float32)
    rows = rehearsal.mnist.rows
    start = int(random_for(seed, Stream.ORDER).integers(0, max(1, len(rows) - _REPLAYED)))
    rows = rows[start : start + _REPLAYED]
    return rows, _opinions(parent, rehearsal.mnist.patches, rows)


def _rehearsed(parent: Model, patches: np.ndarray, labels: np.ndarray) -> Rehearsed:
    """Patches with the parent's opinions of them."""
    return Rehearsed(patches, labels, _opinions(parent, patches, np.arange(len(labels))))


def _opinions(parent: Model, patches: np.ndarray, rows: np.ndarray) -> Array:
    """What the parent says of some rows of patches, (n, outcomes) float32, before its temperature:
    the child learns without one."""
    out = np.empty((len(rows), parent.outcomes), np.float32)
    for first in range(0, len(rows), NIGHT.batch):
        some = slice(first, first + NIGHT.batch)
        x = patches[rows[some]][..., None] / np.float32(255)
        out[some] = softmax(parent.forward(x))
    return out


def _chances(labels: np.ndarray) -> np.ndarray:
    """The sampling probability of each sample, by the square root of its class's frequency: a
    digit that was taught four times as often is shown only twice as often."""
    counts = np.bincount(labels, minlength=NO_DIGIT + 1)
    chances = 1 / np.sqrt(counts[labels])
    return np.asarray(chances / chances.sum())
