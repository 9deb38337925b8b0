"""`pi-reader retrain`: train on the owner's samples, tonight or now, here or for another box."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pi_reader.cli.common import (
    content_of,
    folders_of,
    is_others,
    is_our_weights,
)
from pi_reader.cli.options import FORCE, STATE, OneOf, option
from pi_reader.errors import INTERRUPTED, BadData, Busy, UsageError
from pi_reader.library import weights_path

if TYPE_CHECKING:
    from pi_reader.config import Folders, Settings

HELP = """train on what the owner taught, and use the result if it is better

Without options it trains only in the hours set for it; the box starts it twice an hour. Progress is
kept: after a power cut, or when the time is up, the next training continues from there.
Weights that are no better on the owner's own digits are refused, with the figures.

On a faster machine: take the box's samples (`samples export`), train with --samples, and give the
weights back with `weights offer`; the box judges them as it judges its own. Exit code 65
says that the box would refuse them."""
EXAMPLE = "pi-reader retrain --samples taught.npz --mnist mnist --from in-use.npz --out better.npz"
BLAS_THREADS = "1"  # the training uses its own threads

_MOST_HOURS = 24.0

OPTIONS = (
    OneOf(
        (
            option("--now", action="store_true", help="whatever the hour"),
            option(
                "--ask",
                action="store_true",
                help="let the box's own training begin, and do not wait for it",
            ),
            option(
                "--samples",
                type=Path,
                metavar="FILE",
                help="learn from exported samples instead of the box's; needs --out",
            ),
        )
    ),
    option("--hours", type=float, metavar="H", help="take no longer than that"),
    option(
        "--mnist",
        type=Path,
        metavar="DIR",
        help="folder of MNIST's four files (default: night.mnist of the settings)",
    ),
    option(
        "--from",
        dest="start",
        default="default",
        metavar="W",
        help="with --samples: weights to start from (default: %(default)s)",
    ),
    option("--out", type=Path, metavar="FILE", help="with --samples: the weights file to write"),
    FORCE,
    STATE,
)


def run(args: argparse.Namespace) -> int:
    """Learn, or say why not."""
    from pi_reader.config import load_layered
    from pi_reader.requests import Requests

    if args.hours is not None and not 0 < args.hours <= _MOST_HOURS:
        raise UsageError(
            f"retrain: --hours is {args.hours}, should be above 0 and at most {_MOST_HOURS:g}"
        )
    if bool(args.samples) != bool(args.out):
        raise UsageError("retrain: --samples and --out belong together; give both or none")
    if args.samples and args.hours:
        raise UsageError(
            "retrain: --hours is for the box's own nights; leave it out, a bigger "
            "machine takes as long as it takes"
        )
    if args.samples:
        return _for_elsewhere(args)
    folders = folders_of(args)
    settings = load_layered(folders)[0]
    if args.ask or is_others(folders.state, os.getuid()):
        Requests(folders.requests).ask("retrain")
        print(
            "a training was asked for; "
            + (
                "`pi-reader status` tells how it gets on"
                if folders.is_device
                else "no service begins it here: `pi-reader retrain` does, with the same --state "
                "if one is given"
            )
        )
        return 0
    seconds = args.hours * 3600 if args.hours else None
    if not args.now and not (folders.requests / "retrain").exists():
        found = _tonight(folders, settings)
        if not found:
            return 0
        seconds = min(seconds or found, found)
    elif seconds is None and not args.now:
        seconds = settings.night.hours * 3600
    return _learn(args, folders, settings, seconds)


def _tonight(folders: Folders, settings: Settings) -> float:
    """How many seconds of the night are left; 0, with a message, if it is not night."""
    import time

    from pi_reader.client.status import read_status
    from pi_reader.learning.night.hours import hours

    found = hours(settings.night, time.time(), read_status(folders, time.time()).state)
    if not found.seconds:
        print(found.why)
    return found.seconds


def _learn(
    args: argparse.Namespace, folders: Folders, settings: Settings, seconds: float | None
) -> int:
    """Run the nightly training."""
    from pi_reader.box.host_sensors import temperature
    from pi_reader.cli.train import share_memory
    from pi_reader.files import make_folder
    from pi_reader.learning.night.job import Night
    from pi_reader.learning.stores import Stores
    from pi_reader.training import trainer

    share_memory()
    make_folder(folders.state)
    with trainer.told_to_stop() as told:
        night = Night(
            folders,
            settings,
            Stores(folders, settings, _say).generations(),
            seconds=seconds,
            mnist=args.mnist,
            log=_say,
            told=told,
            temperature=temperature,
        )
        night.run()
        return INTERRUPTED if told() == trainer.INTERRUPTED else 0


def _for_elsewhere(args: argparse.Namespace) -> int:
    """Learn from exported samples, write weights to be offered to the box that they came from."""
    from pi_reader.files import check_output, sha256
    from pi_reader.learning.night.elsewhere import learn_for_elsewhere
    from pi_reader.learning.samples import exchange
    from pi_reader.network import store
    from pi_reader.training import trainer

    path = weights_path(args.start)
    inputs = [args.samples, path, *([args.mnist] if args.mnist else [])]
    check_output(args.out, inputs, is_our_weights, args.force)
    parent, card = store.load(path)
    content = content_of(str(args.samples), exchange.LARGEST)
    try:
        with trainer.told_to_stop() as told:
            outcome, its = learn_for_elsewhere(
                content, args.samples.name, parent, card, sha256(path), args.mnist, told, _say
            )
    except trainer.Stopped as stopped:
        if str(stopped) == trainer.INTERRUPTED:
            raise KeyboardInterrupt from None
        raise Busy(f"retrain: {stopped}, nothing is written") from None
    if outcome.model is None:
        raise BadData(f"{args.samples}: {outcome.state}: {outcome.why}; nothing is written")
    out = check_output(args.out, inputs, is_our_weights, args.force)  # hours have passed
    store.save(out, outcome.model, its)
    if outcome.state != "accepted":
        raise BadData(
            f"{args.out}: is written to be looked at, but {outcome.state}: {outcome.why};"
            " the box would refuse it, too, and goes on as it is: teach it more digits"
        )
    print(f"{args.out}: {outcome.state}, {outcome.why}")
    print(f"`pi-reader weights offer {args.out}` on the box has them judged there")
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
