"""`pi-reader sweep`: the lecture's network with many settings, on all cores or several machines."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pi_reader.cli.common import fetched_mnist, is_our_weights
from pi_reader.cli.options import FORCE, OneOf, option
from pi_reader.errors import UsageError
from pi_reader.files import check_output

if TYPE_CHECKING:
    import numpy as np

    from pi_reader.training.sweep import Material, Outcome, Trial

HELP = """train the lecture's network with many settings and plot the accuracy

One setting is changed at a time, each value is tried with several seeds, and the accuracy is
measured on held-out digits. Each finished network is recorded in the results file at once: the same
command continues where it was stopped. The results do not depend on the number of processes."""
EXAMPLE = "pi-reader sweep --rates 0.01,0.03,0.1,0.3 --hidden 50,100,200 --seeds 3 --mnist ~/mnist"

_HELD, _DRAWN = 5000, 25_000  # digits held out; digits drawn without MNIST
_Number = TypeVar("_Number", int, float)
Exam = Callable[[], "tuple[np.ndarray, np.ndarray]"]  # gives patches and labels


def run(args: argparse.Namespace) -> int:
    """Run all trials, show the curves, keep the best."""
    _check(args)
    inputs = [args.mnist] if args.mnist else []
    results = check_output(args.results, inputs, lambda _: True)  # what is none of ours is refused
    if args.keep:
        check_output(args.keep, [*inputs, results], is_our_weights, args.force)
    from pi_reader.lessons.base import Blackboard
    from pi_reader.lessons.curves import show
    from pi_reader.training import sweep

    if args.download:
        args.mnist = fetched_mnist()
    board = Blackboard(sys.stdout, "sweep", pictures=args.pictures, force=args.force)
    material, test, source = _material(args)
    trials = sweep.curves(args.rates, args.hidden, args.angles, args.epochs, args.seeds)
    try:
        outcomes = sweep.sweep(
            trials, material, results, _jobs(args), args.cluster, _counter(len(trials))
        )
    except KeyboardInterrupt:
        print(
            f"pi-reader: {args.results} holds what is finished; the same command goes on",
            file=sys.stderr,
        )
        raise
    show(board, outcomes)
    _best(args, sweep.best(outcomes).trial, material, test, source)
    return 0


def _check(args: argparse.Namespace) -> None:
    for name in ("epochs", "seeds", "limit"):
        value = getattr(args, name)
        if value is not None and not 1 <= value <= 100_000:
            raise UsageError(f"--{name} {value}: should be from 1 to 100,000")
    if args.jobs is not None and not 1 <= args.jobs <= 1024:
        raise UsageError(f"--jobs {args.jobs}: should be from 1 to 1,024")


def _material(args: argparse.Namespace) -> tuple[Material, Exam, str]:
    """The training and validation data, the test data for the best, and its description."""
    import numpy as np

    from pi_reader.handwriting.patches import draw_patches
    from pi_reader.lessons.material import find_mnist
    from pi_reader.training import data
    from pi_reader.training.sweep import Material

    folder = None if args.drawn else find_mnist(args.mnist)
    if folder is not None:
        patches, labels = data.load_train(folder)
        test, source = (lambda: data.load_test(folder)), "the test images of MNIST"
    else:
        rng = np.random.default_rng(1)
        count = min(args.limit or _DRAWN, _DRAWN)
        aside = min(_HELD, max(count, 500))
        labels = rng.integers(0, 10, count + 2 * aside)
        patches = draw_patches(labels, rng)
        exam = patches[-aside:], labels[-aside:]
        patches, labels = patches[:-aside], labels[:-aside]
        test, source = (lambda: exam), "drawn digits"
    held = min(_HELD, len(labels) // 2)
    count = min(args.limit or len(labels), len(labels) - held)
    material = Material(patches[:count], labels[:count], patches[-held:], labels[-held:])
    return material, test, source


def _jobs(args: argparse.Namespace) -> int:
    """The number of processes: as requested, by default all cores if joblib is installed."""
    if args.jobs is not None:
        return int(args.jobs)
    if args.cluster or importlib.util.find_spec("joblib"):
        return -1
    print(
        "pi-reader: joblib is not installed, so this uses one core; pip install joblib for all",
        file=sys.stderr,
    )
    return 1


def _counter(wanted: int) -> Callable[[Outcome], None]:
    """A callback that reports each finished network on stderr."""

    def tell(outcome: Outcome) -> None:
        trial = outcome.trial
        print(
            f"rate {trial.rate:g}, {trial.hidden} nodes, turned {trial.turned:g}, seed "
            f"{trial.seed}: {outcome.score:.2%}",
            file=sys.stderr,
            flush=True,
        )

    print(f"{wanted} networks, less those already noted", file=sys.stderr)
    return tell


def _best(
    args: argparse.Namespace, trial: Trial, material: Material, test: Exam, source: str
) -> None:
    """Train the best once more, which gives the same network; test and save it."""
    from pi_reader.training import sweep

    _, network = sweep.try_out(trial, material)
    images, labels = test()
    right = sweep.share_right(network, images, labels)
    print(
        f"examined with {len(labels):,} digits that had no say in choosing it ({source}): "
        f"{right:.2%}"
    )
    if args.keep:
        from pi_reader.network import store
        from pi_reader.network.card import Card

        store.save(
            check_output(args.keep, [args.results], is_our_weights, args.force),
            network.to_model(),
            Card(
                recipe="sweep",
                seed=trial.seed,
                data={"learned": material.digest},
                accuracy=right,
                measured=f"{len(labels):,} digits, {source}",
                notes={
                    "hidden": trial.hidden,
                    "rate": trial.rate,
                    "epochs": trial.epochs,
                    "turned": trial.turned,
                },
            ),
        )
        print(f"kept in {args.keep}")


def _list(kind: type[_Number], low: float, high: float) -> Callable[[str], list[_Number]]:
    """A parser for numbers separated by commas."""

    def numbers(text: str) -> list[_Number]:
        values = [kind(word) for word in text.split(",") if word]
        if not values or not all(low <= value <= high for value in values):
            raise argparse.ArgumentTypeError(
                f"{text}: should be numbers from {low:g} to {high:g}, with commas between them"
            )
        return values

    return numbers


OPTIONS = (
    option(
        "--rates",
        type=_list(float, 1e-6, 10),
        default=[],
        metavar="LIST",
        help="learning rates, as 0.03,0.1,0.3",
    ),
    option(
        "--hidden",
        type=_list(int, 1, 5000),
        default=[],
        metavar="LIST",
        help="numbers of hidden nodes, as 50,100,200",
    ),
    option(
        "--angles",
        type=_list(float, 0, 180),
        default=[],
        metavar="LIST",
        help="degrees that copies are turned both ways, as 5,10,20",
    ),
    option(
        "--epochs",
        type=int,
        default=5,
        metavar="N",
        help="times through the digits; there is a curve over these too (default: %(default)s)",
    ),
    option(
        "--seeds",
        type=int,
        default=3,
        metavar="N",
        help="tries of each setting (default: %(default)s)",
    ),
    OneOf(
        (
            option(
                "--mnist",
                type=Path,
                metavar="DIR",
                help="folder of MNIST's four idx files, or of mnist_train.csv and mnist_test.csv "
                "(else a downloaded MNIST, else drawn digits)",
            ),
            option(
                "--download",
                action="store_true",
                help="fetch MNIST first (11 MB), or use what was fetched before",
            ),
            option("--drawn", action="store_true", help="digits that the program draws"),
        )
    ),
    option("--limit", type=int, metavar="N", help="learn from N digits only"),
    option(
        "--results",
        type=Path,
        default=Path("sweep.json"),
        metavar="FILE",
        help="where results are noted and looked up (default: %(default)s)",
    ),
    option(
        "--jobs",
        type=int,
        metavar="N",
        help="processes at a time (default: one for each core, with joblib)",
    ),
    option(
        "--cluster",
        default="",
        metavar="ADDRESS",
        help="a Dask scheduler to work with, as tcp://10.0.0.7:8786",
    ),
    option("--keep", type=Path, metavar="FILE", help="write the weights of the best network there"),
    option(
        "--pictures",
        type=Path,
        metavar="DIR",
        help="save the curves there (with matplotlib; else as text)",
    ),
    FORCE,
)
