"""How long it takes to know MNIST to 99 %, from random weights, beside PyTorch.

    python tests/bench/to_99.py --malloc [--mnist DIR] [--seeds N] [--epochs 1 1.5 2 2.5]

The same small CNN, batches of 128, Adam under a one-cycle schedule, no augmentation. A one-cycle
schedule reaches its best only at its end, so schedules of so many epochs are tried in turn, each
from new weights, and the first whose median over the seeds is 99.0 % or more counts. Only the
training is timed, not the loading and the testing; numpy and PyTorch take turns seed by seed.
`--malloc` is as in `epoch.py`.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable

from measure import (
    THREADS,
    accuracy,
    add_mnist,
    arguments,
    interleave,
    keep_large_blocks,
    table,
)

# isort: split
import numpy as np
import torch
from torch_side import TorchLearner, numpy_learner, small_cnn

from pi_reader.training.data import MNIST, load_mnist
from pi_reader.training.learners import BatchLearner

GOAL = 0.99
RATE = 1e-2

Train = Callable[[MNIST, float, int], tuple[float, float]]


def main() -> None:
    """Print one row per schedule and side, until both are there, and what each took then."""
    parser = arguments(__doc__)
    add_mnist(parser)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--epochs", type=float, nargs="+", default=[1, 1.5, 1.75, 2, 2.25, 2.5, 3, 4]
    )
    parser.add_argument("--malloc", action="store_true", help="tune glibc's malloc")
    args = parser.parse_args()
    if args.malloc:
        keep_large_blocks()
    torch.set_num_threads(THREADS)
    data = load_mnist(args.mnist)
    missing: dict[str, Train] = {"numpy": with_numpy, "PyTorch": with_torch}
    rows, there = [], {}
    for epochs in args.epochs:
        runs: dict[str, list[tuple[float, float]]] = {who: [] for who in missing}
        for seed in range(args.seeds):
            for who, train in missing.items():
                runs[who].append(train(data, epochs, seed))
        for who, each in runs.items():
            seconds, right = (statistics.median(column) for column in zip(*each, strict=True))
            rows.append((who, epochs, f"{right:.2%}", f"{seconds:.2f}"))
            if right >= GOAL:
                there[who] = seconds
                del missing[who]
    table((f"{THREADS} threads", "epochs", "median accuracy", "median seconds"), rows)
    if not missing:
        print(f"numpy takes {there['numpy'] / there['PyTorch']:.2f} times as long as PyTorch")


def with_numpy(data: MNIST, epochs: float, seed: int) -> tuple[float, float]:
    """Seconds of training and accuracy on the test images, with pi-reader's learner."""
    model = small_cnn(np.random.default_rng(seed))
    learner = numpy_learner(model, data, epochs, RATE, seed)
    seconds = go_through(learner)
    right = accuracy(learner.result().predict(data.test_images), data.test_labels)
    learner.close()
    return seconds, right


def with_torch(data: MNIST, epochs: float, seed: int) -> tuple[float, float]:
    """The same with PyTorch."""
    torch.manual_seed(seed)
    model = small_cnn(np.random.default_rng(seed))
    learner = TorchLearner(model, data, epochs, RATE, seed)
    return go_through(learner), accuracy(learner.predict(data.test_images), data.test_labels)


def go_through(learner: BatchLearner | TorchLearner) -> float:
    """Do all steps; gives the seconds, counted as in `measure.Times`."""
    times = interleave({"": lambda: [learner.learn(step) for step in range(learner.steps)]}, 1, 0)
    return times[""].median


if __name__ == "__main__":
    main()
