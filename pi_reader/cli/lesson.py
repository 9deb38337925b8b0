"""`pi-reader lesson`: the lecture behind this project, one idea at a time."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pi_reader.cli.common import WEIGHTS_HELP, fetched_mnist
from pi_reader.cli.options import FORCE, OneOf, declare, option
from pi_reader.errors import UsageError
from pi_reader.lessons.course import LESSONS
from pi_reader.library import weights_path

if TYPE_CHECKING:
    from pi_reader.lessons.watch import WatchedFolder

_LIST = "\n".join(f"  {name:10} {title}" for name, title in LESSONS.items())

HELP = f"""learn how a network learns, one idea at a time

Without a name the lessons are listed, in the order in which they follow from each other:

{_LIST}

Each one explains itself, shows its numbers and drawings, and ends with things to try. In a terminal
it waits for Enter between its parts. A lesson's settings are given as NAME=VALUE after it."""
EXAMPLE = "pi-reader lesson miles guess=0.9 --fast"

_OPTIONS = (
    option("name", nargs="?", metavar="NAME", help="which lesson"),
    option(
        "settings",
        nargs="*",
        metavar="SETTING=VALUE",
        help="what to change in it; each lesson lists its settings at its end",
    ),
    option("--fast", action="store_true", help="do less of everything, and do not wait for Enter"),
    option(
        "--pictures",
        type=Path,
        metavar="DIR",
        help="save its pictures there (with matplotlib; else as text)",
    ),
    FORCE,
    option(
        "--code",
        action="store_true",
        help="also show the lines of Python that it speaks of; each runs by itself",
    ),
    OneOf(
        (
            option(
                "--mnist",
                type=Path,
                metavar="DIR",
                help="MNIST's four idx files or mnist_train.csv and mnist_test.csv, for the "
                "lessons that learn digits (else a downloaded MNIST, else drawn digits)",
            ),
            option(
                "--download",
                action="store_true",
                help="fetch MNIST first (11 MB), or use what was fetched before",
            ),
        )
    ),
    option("--weights", default="default", metavar="W", help=WEIGHTS_HELP),
    option(
        "--watch",
        type=Path,
        metavar="FOLDER",
        help="with the lesson own: read each photograph that is put into this folder, until Ctrl-C",
    ),
    option(
        "--handout",
        type=Path,
        metavar="DIR",
        help="write a sheet to print for each lesson (or the one that is named), and the solutions",
    ),
    option(
        "--seed",
        type=int,
        default=2016,
        metavar="N",
        help="the same seed gives the same numbers (default: %(default)s)",
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    _anywhere(parser)
    declare(parser, _OPTIONS)


def run(args: argparse.Namespace) -> int:
    """List the lessons, or give one."""
    if args.name is None and args.handout is None:
        print(f"{_LIST}\n\nBegin with: pi-reader lesson faces")
        return 0
    if args.seed < 0:
        raise UsageError(f"--seed {args.seed}: should be 0 or more")
    import numpy as np

    from pi_reader.lessons import course
    from pi_reader.lessons.base import Blackboard

    watched = _watched(args)
    if args.name is not None:
        course.chosen(course.find(args.name), args.settings)  # before a folder is made
    if args.download:
        args.mnist = fetched_mnist()
    if args.handout is not None:
        return _handout(args)
    waits = not args.fast and sys.stdin.isatty() and sys.stdout.isatty()
    board = Blackboard(
        sys.stdout,
        course.current(args.name),
        args.fast,
        args.pictures,
        args.mnist,
        lambda: weights_path(args.weights),
        _enter if waits else None,
        _ask if waits else None,
        args.code,
        watched,
        args.force,
    )
    course.give(args.name, board, np.random.default_rng(args.seed), args.settings)
    return 0


def _handout(args: argparse.Namespace) -> int:
    """Write the sheets."""
    from pi_reader.lessons import course, handout
    from pi_reader.lessons.base import Blackboard

    if args.settings:
        raise UsageError(f"{args.settings[0]}: sheets show the lessons with their usual settings")
    names = list(LESSONS) if args.name is None else [course.current(args.name)]
    board = Blackboard(sys.stdout, mnist=args.mnist, weights=lambda: weights_path(args.weights))
    written = handout.write(args.handout, names, board, args.seed)
    print(f"written to {args.handout}: {', '.join(path.name for path in written)}")
    print("Open them in a browser and print; solutions.html is for the teacher.")
    return 0


def _watched(args: argparse.Namespace) -> WatchedFolder | None:
    """The folder of --watch, which only one lesson knows what to do with."""
    if args.watch is None:
        return None
    if args.name != "own":
        raise UsageError(f"--watch {args.watch}: is for the lesson own alone")
    from pi_reader.lessons.watch import WatchedFolder

    return WatchedFolder(args.watch)


def _anywhere(parser: argparse.ArgumentParser) -> None:
    """Allow settings before, between and after the options."""
    own = vars(parser)

    def mixed(args: Any = None, namespace: Any = None) -> Any:
        del own["parse_known_args"]  # which this uses in turn, in its plain form
        try:
            return parser.parse_known_intermixed_args(args, namespace)
        finally:
            own["parse_known_args"] = mixed

    own["parse_known_args"] = mixed


def _ask(question: str) -> str:
    try:
        return input(f"{question} ")
    except EOFError:
        print()
        return ""


def _enter() -> None:
    try:
        input("[Enter] ")
    except EOFError:
        print()
