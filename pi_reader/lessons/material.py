"""Digits to learn from, and the lecture's network taught with them, for several lessons."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pi_reader.handwriting.patches import draw_patches
from pi_reader.lessons.base import Blackboard
from pi_reader.network.classic import ClassicNetwork, scale_inputs
from pi_reader.training import data
from pi_reader.training.download import MNIST_FILES, default_folder

PIXELS = 784  # 28 × 28
_AT_ONCE = 500  # digits between two moves of the progress bar
_DRAWN = 20_000  # digits at most that are drawn where there is no MNIST, to save a pupil's time


@dataclass(frozen=True)
class Digits:
    """Digits to learn from and others to be examined with.

    patches (n, 28, 28) uint8, 0 paper to 255 ink; labels (n,) 0 to 9; source: whose hand it is.
    """

    patches: np.ndarray
    labels: np.ndarray
    test_patches: np.ndarray
    test_labels: np.ndarray
    source: str


def load_digits(board: Blackboard, rng: np.random.Generator, learn: int, test: int) -> Digits:
    """So many digits: MNIST's where the pupil named it or once downloaded it, else drawn ones.

    Raises what reading MNIST raises, if its folder was named.
    """
    folder = find_mnist(board.mnist)
    if folder is not None:
        mnist = data.load_mnist(folder)
        return Digits(
            mnist.train_images[:learn],
            mnist.train_labels[:learn],
            mnist.test_images[:test],
            mnist.test_labels[:test],
            "MNIST",
        )
    learn, test = min(learn, _DRAWN), min(test, _DRAWN // 4)
    labels = rng.integers(0, 10, learn + test)
    patches = draw_patches(labels, rng)
    return Digits(
        patches[:learn],
        labels[:learn],
        patches[learn:],
        labels[learn:],
        "digits drawn by this program",
    )


def find_mnist(named: Path | None) -> Path | None:
    """The folder of MNIST: the one that was named, else a complete download, else None."""
    folder = default_folder()
    if named is None and all((folder / name).is_file() for name in MNIST_FILES):
        return folder
    return named


def teach(
    board: Blackboard,
    digits: Digits,
    rng: np.random.Generator,
    hidden: int,
    rate: float,
    epochs: int,
) -> ClassicNetwork:
    """The lecture's network, taught digit by digit, so many times through all of them."""
    network = ClassicNetwork(PIXELS, hidden, 10, rate, rng)
    starts = range(0, len(digits.labels), _AT_ONCE)
    for number in board.progress(range(epochs * len(starts)), "learning"):
        some = slice(start := starts[number % len(starts)], start + _AT_ONCE)
        network.train_patches(digits.patches[some], digits.labels[some])
    return network


def answers(network: ClassicNetwork, patches: np.ndarray) -> np.ndarray:
    """What its ten outputs say: (n, 28, 28) patches to (n, 10) float32."""
    return np.concatenate(
        [
            network.query(scale_inputs(patches[start : start + 1000]))
            for start in range(0, len(patches), 1000)
        ]
    )
