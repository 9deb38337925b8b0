"""`pi-reader train`: train weights on MNIST, or only on drawn digits."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pi_reader.cli.common import is_our_weights
from pi_reader.cli.options import FORCE, OneOf, option
from pi_reader.errors import INTERRUPTED, BadData, Busy, CannotWrite, PiReaderError, UsageError
from pi_reader.files import check_output
from pi_reader.training.recipes import BESIDE, RECIPES

if TYPE_CHECKING:
    from pi_reader.training.course import Course
    from pi_reader.training.learners import Learner, Steps
    from pi_reader.training.trainer import Run

_PURPOSES = {
    **{name: recipe.purpose for name, recipe in RECIPES.items()},
    **{name: f"{recipe.purpose}, beside the network of --from" for name, recipe in BESIDE.items()},
}
_RECIPES = "\n".join(f"  {name:<16} {purpose}" for name, purpose in _PURPOSES.items())
HELP = f"""train a network and write its weights

The recipes:
{_RECIPES}

Ctrl-C saves a checkpoint beside the weights; --resume continues from there, and gives exactly the
weights that an uninterrupted training would have given. What stands beside the network of --from
is trained in one go."""
EXAMPLE = "pi-reader train default --download --out default.npz"

_MOST_EPOCHS, _MOST_HOURS = 100_000, 10_000.0

OPTIONS = (
    option("recipe", nargs="?", metavar="RECIPE", help=", ".join(_PURPOSES)),
    OneOf(
        (
            option(
                "--mnist",
                type=Path,
                metavar="DIR",
                help="folder of MNIST's four idx files, or of mnist_train.csv and mnist_test.csv",
            ),
            option(
                "--download",
                action="store_true",
                help="fetch MNIST first (11 MB), or use what was fetched before",
            ),
            option(
                "--drawn",
                action="store_true",
                help="no MNIST: only digits the program draws; needs no network",
            ),
        )
    ),
    option(
        "--samples",
        type=Path,
        metavar="FILE",
        help="what a box was taught is not learned here: see `pi-reader retrain`",
    ),
    option(
        "--from",
        dest="start",
        default="default",
        metavar="FILE",
        help="with neighbourhood or touching: the weights that it stands beside (default: default)",
    ),
    option("--out", type=Path, metavar="FILE", help="the weights file to write"),
    option(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="of all random numbers: same seed, same weights (default: 0)",
    ),
    OneOf(
        (
            option(
                "--epochs",
                type=int,
                metavar="N",
                help="times through the data (default: the recipe's)",
            ),
            option(
                "--hours",
                type=float,
                metavar="H",
                help="as many epochs as fit into H hours on this machine",
            ),
        )
    ),
    option("--limit", type=int, metavar="N", help="learn from N digits only, for a quick look"),
    option(
        "--resume",
        action="store_true",
        help="go on where an earlier run of this command was stopped",
    ),
    FORCE,
)


def run(args: argparse.Namespace) -> int:
    """Train, calibrate, write."""
    _check(args)
    share_memory()
    if args.recipe in BESIDE:
        return _beside(args)
    from pi_reader.training import course as courses
    from pi_reader.training import trainer

    _, kept = _targets(args)
    course = _course(args, kept)
    began = time.monotonic()
    learner = courses.learner_for(course)
    try:
        start = _resume(args, kept, course, learner)
        with trainer.told_to_stop() as told:  # what interrupts elsewhere finds nothing to save
            stop = _with_deadline(told, args.hours, began)
            result = _train(learner, start, kept, course, stop)
        if result.stopped:
            return _stopped(result, learner, kept)
        return _finish(args, kept, course, learner, result)
    except trainer.Stopped as stopped:
        _say(f"train: {stopped} before a step was done, so there is nothing to keep")
        return INTERRUPTED
    finally:
        learner.close()


def share_memory() -> None:
    """Make all threads use one malloc arena, if the C library is glibc.

    By default each thread gets an arena of its own, whose memory is not returned: drawing and
    training in parallel then peak at 280 MB instead of 215, and a Zero has 512.
    """
    arenas_at_most = -8  # M_ARENA_MAX of mallopt(3)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(arenas_at_most, 1)


def _check(args: argparse.Namespace) -> None:
    """Check the options before anything is downloaded or computed."""
    from pi_reader.training.recipes import find

    if args.samples:
        words = [
            "--samples",
            str(args.samples),
            "--out",
            str(args.out or "better.npz"),
            *(["--mnist", str(args.mnist)] if args.mnist else []),
        ]
        raise UsageError(
            f"train: begins from nothing; `pi-reader retrain {shlex.join(words)}` "
            "learns from what a box was taught, on top of the weights that it has "
            "(--from)"
        )
    if not args.recipe:
        raise UsageError(f"train: name a recipe: {', '.join(_PURPOSES)}")
    if not args.out:
        raise UsageError("train: --out should name the weights file to write")
    if args.recipe not in BESIDE:
        find(args.recipe)
    elif given := [name for name in ("epochs", "hours", "resume") if getattr(args, name)]:
        raise UsageError(
            f"train: --{given[0]} is not for {args.recipe}, which is trained in one go"
        )
    for name, most in (("epochs", _MOST_EPOCHS), ("hours", _MOST_HOURS), ("limit", 1_000_000)):
        value = getattr(args, name)
        if value is not None and not 0 < value <= most:
            raise UsageError(f"train: --{name} is {value}, should be above 0 and at most {most:g}")
    if args.seed < 0:
        raise UsageError(f"train: --seed is {args.seed}, should be 0 or more")
    _targets(args)
    folder = args.out.absolute().parent
    if not folder.is_dir():
        raise CannotWrite(f"{args.out}: its folder does not exist; create it first")
    if not os.access(folder, os.W_OK):
        raise CannotWrite(f"{args.out}: may not be written; choose another place")


def _targets(args: argparse.Namespace) -> tuple[Path, Path]:
    """The weights file and the checkpoint to write. Raises CannotWrite if we may not."""
    inputs = [args.mnist] if args.mnist else []
    kept = args.out.with_name(args.out.name + ".checkpoint")
    return (
        check_output(args.out, inputs, is_our_weights, args.force),
        check_output(kept, inputs, _is_checkpoint, args.force),
    )


def _is_checkpoint(path: Path) -> bool:
    from pi_reader.training import checkpoint

    try:
        checkpoint.facts_of(path)
    except PiReaderError:
        return False
    return True


def _beside(args: argparse.Namespace) -> int:
    """Train anew what sees a mark's surroundings, or what names touching digits, beside the
    networks of `--from`."""
    from pi_reader.library import weights_path
    from pi_reader.network import store
    from pi_reader.training import course as courses

    path = weights_path(args.start)
    weights = store.load_all(path)
    model, context = weights.model, weights.context
    if args.recipe == "touching" and context is None:
        raise BadData(
            f"{path}: has no neighbourhood network to stand beside;"
            f" `pi-reader train neighbourhood --from {path}` gives it one"
        )
    course = courses.plan("default", args.seed, _mnist(args), limit=args.limit)
    if context is not None and args.recipe == "touching":
        context = replace(context, touching=courses.touching_for(course, model, _go, _say))
    else:
        touching = context.touching if context is not None else None
        context = courses.context_for(course, model, _go, _say, touching)
    if context is None:
        raise BadData(f"{path}: knows digits alone; choose weights with 11 outcomes")
    sha256 = store.save(_targets(args)[0], model, weights.card, context)  # the network's card
    beside = context.touching if args.recipe == "touching" else context.neighbourhood
    assert beside is not None
    print(f"{args.out}: {beside.multiply_adds:,} multiply-adds a mark beside")
    print(f"sha256 {sha256}")
    return 0


def _course(args: argparse.Namespace, kept: Path) -> Course:
    """The course; a resumed run keeps the number of epochs that it was started with."""
    from pi_reader.training import checkpoint
    from pi_reader.training import course as courses

    epochs = args.epochs
    mnist = _mnist(args)
    resumed = args.resume and kept.exists()
    if resumed and epochs is None:
        epochs = int(checkpoint.facts_of(kept).get("epochs", 0)) or None
    course = courses.plan(args.recipe, args.seed, mnist, epochs, args.limit)
    if args.hours is None or resumed:
        return course
    epochs = courses.epochs_within(course, 0.9 * args.hours)  # margin for other load, calibration
    _say(f"{args.hours:g} hours are enough for {epochs} epochs here")
    return courses.plan(args.recipe, args.seed, mnist, epochs, args.limit)


def _mnist(args: argparse.Namespace) -> Path | None:
    """The folder of MNIST, downloaded if requested; None for drawn digits only."""
    from pi_reader.training import download

    if args.drawn:
        return None
    if args.mnist is not None:
        return Path(args.mnist)
    folder = download.default_folder()
    if args.download:
        return download.download_mnist(folder, progress=_say)
    if not folder.is_dir():
        raise UsageError("train: say where the digits come from: --mnist, --download or --drawn")
    return folder


def _resume(args: argparse.Namespace, kept: Path, course: Course, learner: Learner) -> int:
    """Load the checkpoint if resuming; returns the number of steps already done."""
    from pi_reader.training import checkpoint

    if args.resume and kept.exists():
        start = checkpoint.load(kept, course.facts, learner.state)
        _say(f"{kept}: goes on after step {start} of {learner.steps}")
        return start
    if args.resume:
        _say(f"{kept}: there is none, so it starts from the beginning")
    elif kept.exists():
        _say(f"{kept}: an earlier run is unfinished; this one starts anew and will replace it")
    return 0


def _train(
    learner: Learner, start: int, kept: Path, course: Course, stop: Callable[[], str]
) -> Run:
    """Do the steps, with checkpoints; continues even if they cannot be written."""
    from pi_reader.training import checkpoint, trainer

    def keep(steps: int) -> None:
        try:
            checkpoint.save(kept, steps, course.facts, learner.state)
        except CannotWrite as error:
            if stop():
                raise
            _say(f"no checkpoint: {error}")

    with trainer.Progress(learner, start) as shown:
        result = trainer.train(learner, start, keep, stop, shown)
    if not result.stopped:
        keep(result.steps)  # in case the weights cannot be written, the work is not lost
    return result


def _with_deadline(told: Callable[[], str], hours: float | None, began: float) -> Callable[[], str]:
    """A stop function that also stops when the time is up."""

    def stop() -> str:
        late = hours is not None and time.monotonic() - began > hours * 3600
        return told() or ("the time is up" if late else "")

    return stop


def _stopped(result: Run, learner: Learner, kept: Path) -> int:
    """Print how to resume; returns the exit code."""
    said = (
        f"{kept}: {result.stopped} after step {result.steps} of {learner.steps}; "
        "the same command with --resume goes on"
    )
    if result.stopped == "the time is up":
        raise Busy(said)
    _say(said)
    return INTERRUPTED


def _finish(
    args: argparse.Namespace, kept: Path, course: Course, learner: Learner, result: Run
) -> int:
    """Calibrate, write weights and card, and print the result."""
    from pi_reader.network import store
    from pi_reader.training import course as courses
    from pi_reader.training.trainer import minutes

    model = learner.result()
    card = courses.calibrate_and_card(course, model)
    context = courses.context_for(course, model, _go, _say)
    sha256 = store.save(_targets(args)[0], model, card, context)  # hours have passed
    kept.unlink(missing_ok=True)
    print(
        f"{args.out}: {card.accuracy:.2%} right on {card.measured}, "
        f"{model.multiply_adds:,} multiply-adds a digit, trained in {minutes(result.seconds)}"
    )
    print(f"sha256 {sha256}")
    return 0


def _go(learner: Steps) -> None:
    """Go through the steps of a learner, with a progress bar."""
    from pi_reader.training import trainer

    with trainer.Progress(learner) as shown:
        trainer.train(learner, shown=shown)


def _say(line: str) -> None:
    """Print information for people on stderr."""
    print(line, file=sys.stderr, flush=True)
