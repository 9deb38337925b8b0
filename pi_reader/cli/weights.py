"""`pi-reader weights`: list, inspect, choose, roll back, compare and offer generations."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pi_reader.cli.common import (
    content_of,
    fitted,
    folders_of,
    is_others,
    one_line,
)
from pi_reader.cli.options import STATE, OneOf, actions_of, option
from pi_reader.errors import Busy, UsageError
from pi_reader.library import weights_path
from pi_reader.privileges import as_caller

if TYPE_CHECKING:
    import numpy as np

    from pi_reader.config import Folders
    from pi_reader.learning.generations import Generation, Generations
    from pi_reader.network.model import Model

HELP = """learned weights: list, choose, roll back, compare, offer

Generation 0 came with the software; each accepted training adds the next. The running reader
switches between two frames."""
EXAMPLE = "pi-reader weights compare 0 3"

_MOST_DIGITS = 9  # of a generation's number
_NAME_WIDTH = 12  # columns for the names of facts
_NUMBER = "number of a generation; 0 for the shipped weights"
_WHICH = "number of a generation, the name of shipped weights, or a weights file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions, each with its options."""
    number = option("number", type=int, metavar="N", help=_NUMBER)
    actions_of(
        parser,
        (option("--json", action="store_true", help="print JSON instead"), STATE),
        ("list", "all generations, the one in use among them", _list),
        ("show", "one generation with its whole card", _show, number),
        ("use", "put a generation in use", _use, number),
        ("rollback", "go back to the parent of the one in use", _rollback),
        (
            "compare",
            "read the same digits with two of them and count",
            _compare,
            option("first", metavar="A", help=_WHICH),
            option("second", metavar="B", help=_WHICH),
            OneOf(
                (
                    option("--mnist", type=Path, metavar="DIR", help="on MNIST's test images"),
                    option(
                        "--npz",
                        type=Path,
                        metavar="FILE",
                        help="on x uint8 (N, 28, 28) and y uint8 (N,) (default: on the box's own "
                        "samples that are held out)",
                    ),
                )
            ),
        ),
        (
            "offer",
            "weights from elsewhere, to be judged by the box's own judge",
            _offer,
            option(
                "file",
                nargs="?",
                default="-",
                metavar="FILE",
                help="the weights file, at most 2 MB; - or nothing for standard input",
            ),
        ),
    )


def run(args: argparse.Namespace) -> int:
    """Run the chosen action."""
    from pi_reader.config import load_settings
    from pi_reader.learning.stores import Stores

    folders = folders_of(args)
    stores = Stores(folders, load_settings(folders.settings))
    return int(args.action(args, folders, stores.generations()))


def _list(args: argparse.Namespace, folders: Folders, generations: Generations) -> int:
    from pi_reader.learning.generations import table

    found = generations.list()
    if trouble := generations.trouble():
        print(f"pi-reader: {one_line(trouble)}", file=sys.stderr)
    print(
        json.dumps([_as_json(one) for one in found])
        if args.json
        else "\n".join(fitted(one_line(line)) for line in table.lines(found))
    )
    return 0


def _show(args: argparse.Namespace, folders: Folders, generations: Generations) -> int:
    from pi_reader.learning.generations import table

    one = generations.get(args.number)
    if args.json:
        print(json.dumps(_as_json(one) | {"card": one.card and one.card.to_json()}))
    else:
        print(f"generation {one.number}")
        for name, words in table.facts(one):
            print(one_line(f"  {name:{_NAME_WIDTH}}  {words}"))
    return 0


def _use(args: argparse.Namespace, folders: Folders, generations: Generations) -> int:
    from pi_reader.box.housekeeping import is_learning

    if is_others(folders.state):
        return _ask(args, folders, "use", number=args.number)
    before = generations.get(args.number)
    if before.state == "candidate" and is_learning(folders.state / "night"):
        raise Busy(
            f"generation {args.number}: may be judged at this moment; use it when the training is "
            "over, `pi-reader status` tells"
        )
    if before.state in ("refused", "bad"):
        print(
            f"pi-reader: generation {args.number} was {before.state} "
            f"({one_line(before.why)}); it is put in use because you ask",
            file=sys.stderr,
        )
    return _say_in_use(args, generations.use(args.number))


def _rollback(args: argparse.Namespace, folders: Folders, generations: Generations) -> int:
    if is_others(folders.state):
        return _ask(args, folders, "rollback")
    return _say_in_use(args, generations.rollback())


def _ask(args: argparse.Namespace, folders: Folders, kind: str, **words: Any) -> int:
    """Have the running service do it: a member of its group may not write there."""
    from pi_reader.box.labelling import ask

    done = ask(folders, kind, **words)
    print(json.dumps({"done": done}) if args.json else one_line(done))
    return 0


def _offer(args: argparse.Namespace, folders: Folders, generations: Generations) -> int:
    """Keep it as a candidate, and have it judged."""
    from pi_reader.box.labelling import hand_in
    from pi_reader.learning.generations import LARGEST_OFFER
    from pi_reader.learning.generations.store import check_offer
    from pi_reader.requests import Requests

    content = content_of(args.file, LARGEST_OFFER)
    if is_others(folders.state):
        check_offer(content)
        hand_in(folders, "offer", content)
        done = "handed in for the judge; `pi-reader weights list` tells what becomes of it"
        print(json.dumps({"done": done}) if args.json else done)
        return 0
    one = generations.add_file(content)
    Requests(folders.requests).ask("retrain", why=f"generation {one.number} was offered")
    judged = (
        "`pi-reader weights list` tells what becomes of it"
        if folders.is_device
        else "`pi-reader retrain --now` has it judged, with the same --state if one is given"
    )
    print(
        json.dumps(_as_json(one))
        if args.json
        else f"generation {one.number} is whole and waits for the judge; {judged}"
    )
    return 0


def _compare(args: argparse.Namespace, folders: Folders, generations: Generations) -> int:
    """Count what each of two generations reads right, and what only one of them does."""
    images, labels = _digits(args, folders)
    right = []
    for which in (args.first, args.second):
        model = _model(which, generations)
        right.append(model.predict(images)[:, :10].argmax(axis=1) == labels)
    first, second = right
    counts = {
        "n": len(labels),
        "a": int(first.sum()),
        "b": int(second.sum()),
        "only_a": int((first & ~second).sum()),
        "only_b": int((second & ~first).sum()),
    }
    if args.json:
        print(json.dumps(counts))
    else:
        n = counts["n"]
        print(
            f"digits          {n}\n"
            f"A reads right   {counts['a'] / n:.2%}  ({n - counts['a']} errors)\n"
            f"B reads right   {counts['b'] / n:.2%}  ({n - counts['b']} errors)\n"
            f"only A right    {counts['only_a']}\nonly B right    {counts['only_b']}"
        )
    return 0


def _model(which: str, generations: Generations) -> Model:
    from pi_reader.network import store

    if which.isascii() and which.isdecimal() and len(which) <= _MOST_DIGITS:
        return generations.load(int(which))[0]
    with as_caller():
        return store.load(weights_path(which))[0]


def _digits(args: argparse.Namespace, folders: Folders) -> tuple[np.ndarray, np.ndarray]:
    """(n, 28, 28) uint8 and (n,) uint8."""
    import numpy as np

    from pi_reader.learning.samples import Samples
    from pi_reader.training import data
    from pi_reader.training.npz import load_npz
    from pi_reader.values import NO_DIGIT

    with as_caller():
        if args.mnist:
            return data.load_test(args.mnist)
        if args.npz:
            return load_npz(args.npz)
    held = []
    if folders.samples.exists():
        with Samples(folders.samples) as samples:
            held = [sample for sample in samples.held() if sample.label != NO_DIGIT]
    if not held:
        raise UsageError(
            "weights compare: no sample of the box's own is held out yet; give --npz or --mnist"
        )
    return (
        np.stack([sample.patch for sample in held]),
        np.array([sample.label for sample in held], np.uint8),
    )


def _say_in_use(args: argparse.Namespace, one: Generation) -> int:
    from pi_reader.learning.generations import table

    print(
        json.dumps(_as_json(one))
        if args.json
        else one_line(f"generation {one.number} is in use: {table.summary(one)}")
    )
    return 0


def _as_json(one: Generation) -> dict[str, Any]:
    return {
        "number": one.number,
        "state": one.state,
        "why": one.why,
        "parent": one.parent,
        "since": one.since or None,
        "sha256": one.sha256,
        "path": str(one.path),
        "recipe": one.card.recipe if one.card else None,
        "accuracy": one.card.accuracy if one.card else None,
    }
