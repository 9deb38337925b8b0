"""An epoch of training in numpy beside the same network, batch and optimiser in PyTorch.

    OMP_NUM_THREADS=1 python tests/bench/epoch.py [--mnist DIR] [--rounds N] [--malloc]

60,000 digits in batches of 128, Adam, nothing drawn and nothing augmented, so that both do the
same work. Each round is a slice of an epoch, slices alternate, and times are given for a whole
epoch. With OMP_NUM_THREADS=2 both use two threads. `--malloc` tells glibc to keep large blocks
instead of handing them back, which helps PyTorch most. At last the lecture's own network, a digit
at a time, beside the way it is usually published.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from measure import (
    THREADS,
    Times,
    add_mnist,
    arguments,
    compare,
    interleave,
    keep_large_blocks,
)

# isort: split
import numpy as np
import torch
from torch_side import BATCH, TorchLearner, default_model, numpy_learner, perceptron, small_cnn

from pi_reader.network.classic import ClassicNetwork
from pi_reader.training.data import MNIST, load_mnist
from pi_reader.training.learners import BatchLearner

DIGITS = 60_000


def main() -> None:
    """Print a table for each network."""
    parser = arguments(__doc__)
    add_mnist(parser)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--steps", type=int, default=100, help="batches in a slice")
    parser.add_argument("--malloc", action="store_true", help="tune glibc's malloc")
    args = parser.parse_args()
    if args.malloc:
        keep_large_blocks()
    torch.set_num_threads(THREADS)
    data = load_mnist(args.mnist)
    for name, make in {
        "784-200-10": perceptron,
        "small CNN": small_cnn,
        "default": default_model,
    }.items():
        model = make(np.random.default_rng(1))
        learners: dict[str, BatchLearner | TorchLearner] = {
            "numpy": numpy_learner(model, data, 99, 1e-3),
            "PyTorch": TorchLearner(model, data, 99, 1e-3),
        }
        works = {who: slices(learner, args.steps) for who, learner in learners.items()}
        title = f"{name}, {model.multiply_adds:,} multiply-adds, {THREADS} threads"
        compare(title, per_epoch(interleave(works, args.rounds), args.steps * BATCH), "s")
    lecture(data, args.rounds)


def slices(learner: BatchLearner | TorchLearner, steps: int) -> Callable[[], None]:
    """Work for one round: so many steps, going on where the last round ended."""
    done = count()

    def work() -> None:
        for _ in range(steps):
            learner.learn(next(done))

    return work


def per_epoch(times: dict[str, Times], digits: int) -> dict[str, Times]:
    """Times of slices of so many digits as times of 60,000."""
    return {name: each.scaled(DIGITS / digits) for name, each in times.items()}


def lecture(data: MNIST, rounds: int, digits: int = 2000) -> None:
    """The lecture's class, ours and as published."""
    inputs = data.train_images[:digits].reshape(digits, -1)
    targets = np.full((digits, 10), 0.01)
    targets[np.arange(digits), data.train_labels[:digits]] = 0.99
    scaled = inputs / 255 * 0.99 + 0.01
    ours = ClassicNetwork(784, 200, 10, 0.1, np.random.default_rng(1))
    theirs = Published(784, 200, 10, 0.1)
    single, singles = scaled.astype(np.float32), targets.astype(np.float32)

    def train(network: ClassicNetwork | Published, x: np.ndarray, y: np.ndarray) -> None:
        for row, target in zip(x, y, strict=True):
            network.train(row, target)

    times = interleave(
        {
            "pi-reader": lambda: train(ours, single, singles),
            "as published": lambda: train(theirs, scaled, targets),
        },
        rounds,
    )
    compare("the lecture's network", per_epoch(times, digits), "s")


class Published:
    """The lecture's algorithm the way it is usually written: float64, a column at a time."""

    def __init__(self, inputs: int, hidden: int, outputs: int, rate: float) -> None:
        rng = np.random.default_rng(1)
        self.to_hidden = rng.normal(0.0, inputs**-0.5, (hidden, inputs))
        self.to_output = rng.normal(0.0, hidden**-0.5, (outputs, hidden))
        self.rate = rate

    def train(self, inputs: np.ndarray, targets: np.ndarray) -> None:
        """One digit forwards and its error backwards; both arrays are one-dimensional."""
        x = np.array(inputs, ndmin=2).T
        wanted = np.array(targets, ndmin=2).T
        hidden = 1 / (1 + np.exp(-np.dot(self.to_hidden, x)))
        output = 1 / (1 + np.exp(-np.dot(self.to_output, hidden)))
        error = wanted - output
        hidden_error = np.dot(self.to_output.T, error)
        self.to_output += self.rate * np.dot(error * output * (1 - output), hidden.T)
        self.to_hidden += self.rate * np.dot(hidden_error * hidden * (1 - hidden), x.T)


if __name__ == "__main__":
    main()
