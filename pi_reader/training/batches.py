"""The training batches: MNIST, drawn digits, and marks that are no digits.

Every batch is a function of only the seed and its step number. That is what makes a resumed
training equal to an uninterrupted one.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event

import numpy as np

from pi_reader.training.augment import Augmenter
from pi_reader.training.checkpoint import Stream, random_for
from pi_reader.training.recipes import Recipe
from pi_reader.values import NO_DIGIT

PIECE = 1024  # patches drawn at a time

_SCANNED = 0.25  # share of the drawn digits that look like small black and white scans
_HANDS = 2  # threads that draw at the same time

# Chunks that a pool holds, and how many of them are replaced in each epoch.
_PIECES = (24, 12)
_PIECES_WITHOUT_MNIST = (48, 24)
_PIECES_OF_MARKS = (8, 4)
_PIECES_OF_PAGES = (8, 1)  # a page takes as long as 500 patches
_MOST_SPARE = 4  # epochs that a pool's patches may last; only short epochs (--limit) come near

# Draws patches (n, 28, 28) uint8 and their labels (n,) uint8 from a random generator.
Draw = Callable[[int, np.random.Generator], tuple[np.ndarray, np.ndarray]]


def draw_digits(
    count: int, rng: np.random.Generator, continental: float = 0.5
) -> tuple[np.ndarray, np.ndarray]:
    """Digits in many hands, `continental` the share of European ones; see `Draw`."""
    from pi_reader.handwriting import draw_patches, scanned

    labels = rng.integers(0, 10, count).astype(np.uint8)
    patches = draw_patches(labels, rng, continental=continental)
    coarse = slice(0, round(count * _SCANNED))
    patches[coarse] = scanned(patches[coarse], rng)
    return patches, labels


def draw_foreign_digits(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Digits to complement MNIST, whose writers are all American; see `Draw`."""
    return draw_digits(count, rng, continental=0.75)


def draw_marks(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Marks that are no digits, labelled NO_DIGIT; see `Draw`."""
    from pi_reader.handwriting import draw_non_digits

    return draw_non_digits(count, rng), np.full(count, NO_DIGIT, np.uint8)


@dataclass
class Drawing:
    """How far the drawing of a stock is, in pieces, and whether nobody wants it any more."""

    done: int = 0
    total: int = 0
    cancelled: Event = field(default_factory=Event)

    def check(self) -> None:
        """Raises CancelledError if nobody wants it: a page or a piece later at most, all ends."""
        if self.cancelled.is_set():
            raise CancelledError


def draw_pages(
    count: int, rng: np.random.Generator, drawing: Drawing
) -> tuple[np.ndarray, np.ndarray]:
    """Crops of drawn pages, digits and others, as a camera and `reading` make them; see `Draw`."""
    from pi_reader.training.pages import draw_from_pages

    return draw_from_pages(count, rng, NO_DIGIT, drawing.check)


@dataclass(frozen=True)
class Labelled:
    """Patches whose labels are known, and which of them to use.

    patches: (n, 28, 28) uint8; labels: (n,) uint8; rows: (k,) indices among them.
    """

    patches: np.ndarray
    labels: np.ndarray
    rows: np.ndarray


class Pool:
    """A pool of drawn patches, part of which is replaced in each epoch, since drawing is slow.

    It holds `pieces` chunks of 1,024 patches as uint8 (0.8 MB each), `fresh` of which are new in
    each epoch. Chunk number k is drawn from the seed and k alone, so that the pool of any epoch
    can be drawn again at any time.
    """

    def __init__(
        self,
        draw: Draw,
        purpose: int,
        seed: int,
        pieces: int,
        fresh: int,
        hands: int = _HANDS,
        drawing: Drawing | None = None,
    ) -> None:
        self._drawing = drawing or Drawing()
        self._draw, self._purpose, self._seed, self._fresh = draw, purpose, seed, fresh
        self._hands = hands  # threads; each needs its own memory, a page's 30 MB
        self._holds = np.full(pieces, -1)  # the number of the chunk in each slot
        self.patches = np.empty((pieces * PIECE, 28, 28), np.uint8)
        self.labels = np.empty(pieces * PIECE, np.uint8)

    def turn_to(self, epoch: int) -> None:
        """Fill the pool for an epoch, counted from 0."""
        places = len(self._holds)
        first = epoch * self._fresh
        missing = [k for k in range(first, first + places) if self._holds[k % places] != k]
        self._drawing.total += len(missing)
        with ThreadPoolExecutor(self._hands) as hands:
            list(hands.map(self._fill, missing))

    def _fill(self, number: int) -> None:
        """Draw a piece into its place, over the one that has served."""
        self._drawing.check()
        place = number % len(self._holds)
        rng = random_for(self._seed, self._purpose, number)
        part = slice(place * PIECE, (place + 1) * PIECE)
        self.patches[part], self.labels[part] = self._draw(PIECE, rng)
        self._holds[place] = number
        self._drawing.done += 1


class Mixture:
    """Augmented batches of MNIST (if available), drawn digits, and marks that are no digits.

    The shares of a batch are the recipe's. An epoch goes once through MNIST, in an order of its
    own. One thread at a time may use it. drawing: how far it is with an epoch's stock.
    """

    def __init__(self, recipe: Recipe, seed: int, mnist: Labelled | None = None) -> None:
        self._seed, self._mnist = seed, mnist
        self.drawing = Drawing()
        marks, pages = round(recipe.batch * recipe.non_digits), round(recipe.batch * recipe.pages)
        digits = round(recipe.batch * recipe.drawn) if mnist else recipe.batch - marks - pages
        self._own = recipe.batch - digits - marks - pages  # patches of MNIST in a batch
        self.steps_per_epoch = max(
            1,
            len(mnist.rows) // self._own if mnist else recipe.epoch_without_mnist // recipe.batch,
        )
        self._pools: list[tuple[int, Pool]] = []  # patches per batch, and their pool
        if digits:
            pieces = self._sizes(digits, *(_PIECES if mnist else _PIECES_WITHOUT_MNIST))
            draw = draw_foreign_digits if mnist else draw_digits
            self._pools.append(
                (digits, Pool(draw, Stream.DIGITS, seed, *pieces, drawing=self.drawing))
            )
        if marks:
            sizes = self._sizes(marks, *_PIECES_OF_MARKS)
            pool = Pool(draw_marks, Stream.NON_DIGITS, seed, *sizes, drawing=self.drawing)
            self._pools.append((marks, pool))
        if pages:
            draw = functools.partial(draw_pages, drawing=self.drawing)
            sizes = self._sizes(pages, *_PIECES_OF_PAGES)
            pool = Pool(draw, Stream.PAGES, seed, *sizes, hands=1, drawing=self.drawing)
            self._pools.append((pages, pool))
        self._augment = Augmenter(recipe.changes, recipe.batch)
        self._epoch = -1
        self._order = np.empty(0, np.intp)

    def _sizes(self, count: int, pieces: int, fresh: int) -> tuple[int, int]:
        """Chunks of a pool with `count` patches in each batch, and how many an epoch replaces:
        fewer than given where an epoch is so short that most would be drawn for nothing."""
        needed = math.ceil(_MOST_SPARE * self.steps_per_epoch * count / PIECE)
        held = min(pieces, needed)
        return held, fresh * held // pieces

    def take(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """The batch of a step: (n, 28, 28, 1) float32, 0 to 1, and labels (n,) uint8."""
        self._turn_to(step // self.steps_per_epoch)
        rng = random_for(self._seed, Stream.CHANGES, step)
        patches, labels = [], []
        if self._mnist:
            start = step % self.steps_per_epoch * self._own
            rows = self._order[start : start + self._own]
            patches.append(self._mnist.patches[rows])
            labels.append(self._mnist.labels[rows])
        for count, pool in self._pools:
            rows = rng.integers(0, len(pool.labels), count)
            patches.append(pool.patches[rows])
            labels.append(pool.labels[rows])
        changed = self._augment(np.concatenate(patches), rng).copy()  # its buffer is reused
        return changed[..., None], np.concatenate(labels)

    def _turn_to(self, epoch: int) -> None:
        """Prepare an epoch: the order of MNIST, and the pools of drawn patches."""
        if epoch == self._epoch:
            return
        if self._mnist:
            self._order = random_for(self._seed, Stream.ORDER, epoch).permutation(self._mnist.rows)
        self.drawing.done = self.drawing.total = 0
        for _, pool in self._pools:
            pool.turn_to(epoch)
        self._epoch = epoch
