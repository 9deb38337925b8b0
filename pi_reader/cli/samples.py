"""`pi-reader samples`: list, label, drop, export and import the owner's samples."""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pi_reader.cli.common import (
    content_of,
    counted,
    fitted,
    folders_of,
    is_others,
    samples_of,
    stores_of,
)
from pi_reader.cli.options import FORCE, STATE, actions_of, option
from pi_reader.cli.samples_drawn import draw_sheet, drawing, list_contradictions
from pi_reader.errors import BadData, MissingFile, UsageError
from pi_reader.privileges import as_caller

if TYPE_CHECKING:
    from pi_reader.config import Folders
    from pi_reader.learning.samples import Sample

HELP = """what the box was taught: list, correct, export or forget it

`samples label last 2016` says what the last reading really was, one label per digit: `-` for a
mark that is not a digit, `?` to leave one as it is. `samples label last 2076=2016` also says what
it was read as, in case it has just changed. `samples label --reading 1234 2016` labels reading
1234 of `pi-reader readings`."""
EXAMPLE = "pi-reader samples label last 2016"

_LISTED = 40  # samples that are shown by default
_LONGEST = 18  # digits of a sample's number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions, each with its options."""
    number = {"type": _number, "metavar": "ID"}
    actions_of(
        parser,
        (STATE,),
        (
            "list",
            "the newest samples, one per line, and how many there are",
            _list,
            option("--all", action="store_true", help="all of them"),
            option("--json", action="store_true", help="one JSON object a line"),
        ),
        ("show", "draw one sample as ASCII art", _show, option("id", **number)),
        (
            "label",
            "say what a sample or the last reading really is",
            _label,
            option("which", metavar="ID|last", help="number of a sample, or `last`"),
            option(
                "label",
                nargs="?",
                metavar="LABEL",
                help="0 to 9, or none (-) for no digit; for a reading one for each digit, or what "
                "was read and what it is: 367=361",
            ),
            option(
                "--reading",
                type=_number,
                metavar="N",
                help="the reading of that number instead of `last`; `pi-reader readings` shows "
                "them",
            ),
            option(
                "--place",
                type=int,
                metavar="N",
                help="with `last`: only its Nth digit, counted from 1",
            ),
        ),
        (
            "drop",
            "forget samples",
            _drop,
            option("id", nargs="*", **number),
            option(
                "--all",
                action="store_true",
                help="forget everything, and what an unfinished training had learned of it; "
                "the weights in use stay",
            ),
        ),
        (
            "export",
            "write all to one file, for another reader or a bigger machine",
            _export,
            option("file", metavar="FILE", help="the npz to write; - for standard output"),
            FORCE,
        ),
        (
            "import",
            "take in a file that `export` wrote",
            _import,
            option("file", metavar="FILE", help="the npz to read; - for standard input"),
        ),
        (
            "sheet",
            "draw them all on one picture, each with what it was read as and its label",
            draw_sheet,
            option("file", type=Path, metavar="FILE", help="the PNG to write"),
            FORCE,
        ),
        (
            "check",
            "find labels that contradict each other: the same shape, two labels",
            list_contradictions,
            option(
                "--sheet",
                type=Path,
                metavar="FILE",
                help="draw the pairs to a PNG instead of as ASCII art",
            ),
            FORCE,
        ),
    )


def run(args: argparse.Namespace) -> int:
    """Run the chosen action."""
    return int(args.action(args, folders_of(args)))


def _list(args: argparse.Namespace, folders: Folders) -> int:
    from pi_reader.learning.samples import Counts

    try:
        with samples_of(folders) as samples:
            counts, found = samples.counts(), list(samples.all())
    except MissingFile:  # nothing was taught yet, which is no mistake
        counts, found = Counts(0, 0, 0, 0, 0.0), []
    for sample in found if args.all or args.json else found[-_LISTED:]:
        print(json.dumps(_as_json(sample)) if args.json else fitted(_line(sample)))
    if not args.json:
        print(
            f"{counted(counts.samples, 'sample')} of {counted(counts.events, 'reading')}, "
            f"{counts.megabytes:.1f} MB; "
            f"{counts.labelled} labelled, of which {counts.held_out} are held out to judge by"
        )
    return 0


def _show(args: argparse.Namespace, folders: Folders) -> int:
    with samples_of(folders) as samples:
        sample = samples.get(args.id)
    print(_line(sample))
    print("\n".join(line.rstrip() for line in drawing(sample.patch)))
    return 0


def _label(args: argparse.Namespace, folders: Folders) -> int:
    if args.reading is not None:
        if args.label is not None:
            raise UsageError("samples label: with --reading, give only what it is")
        args.label = args.which
        return _label_reading(args, folders)
    if args.label is None:
        raise UsageError("samples label: say what it is, after its number or `last`")
    if args.which == "last":
        return _label_reading(args, folders)
    try:
        number = _number(args.which)
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"samples label: {error}, or last") from error
    label = _label_from(args.label)
    if is_others(folders.state):
        from pi_reader.box.labelling import ask

        print(ask(folders, "relabel", id=number, label=label))
        return 0
    with samples_of(folders) as samples:
        print(_line(samples.label(number, label)))
    return 0


def _label_reading(args: argparse.Namespace, folders: Folders) -> int:
    from pi_reader.box.labelling import label_reading

    label = args.label.replace("none", "-")
    if not re.fullmatch(r"([0-9?\s]+=)?[0-9?\s-]+", label):
        raise UsageError(
            f"label {args.label!r:.40}: should be digits, - for what is none, and ? "
            "for one to leave as it is"
        )
    if args.place is not None and not 1 <= args.place < 10**6:
        raise UsageError(f"samples label: --place is {args.place}, digits are counted from 1")
    place = None if args.place is None else args.place - 1
    try:
        print(label_reading(folders, label, place, args.reading))
    except BadData as error:
        if place is None and len(label) == 1:
            raise BadData(f"{error}; --place N labels the Nth alone") from error
        raise
    return 0


def _drop(args: argparse.Namespace, folders: Folders) -> int:
    if args.all == bool(args.id):
        raise UsageError("samples drop: name the samples' numbers, or give --all")
    from pi_reader.box.housekeeping import without_training
    from pi_reader.box.labelling import ask
    from pi_reader.learning import memory
    from pi_reader.learning.samples.database import set_aside

    if is_others(folders.state):
        print(ask(folders, "drop", **({"all": True} if args.all else {"ids": args.id})))
        return 0
    left = args.all and bool(set_aside(folders.samples))  # perhaps where samples.db is gone
    with (
        samples_of(folders, new=left) as samples,
        without_training(folders.state / "night", args.all),
    ):
        gone = samples.drop_all() if args.all else samples.drop(args.id)
        memory.forget(folders.memory)
    if not gone and not args.all:
        raise UsageError(
            "samples drop: there is none of such a number; `pi-reader samples list` shows them"
        )
    print(f"{counted(gone, 'sample')} {'was' if gone == 1 else 'were'} dropped")
    return 0


def _export(args: argparse.Namespace, folders: Folders) -> int:
    from pi_reader.files import check_output, durable
    from pi_reader.learning.samples import exchange

    if args.file != "-":
        inputs = [folders.samples, folders.settings]
        with as_caller():
            target = check_output(Path(args.file), inputs, _is_export, args.force)
    stores = stores_of(folders)
    with stores.samples() as samples:
        found = list(samples.all())
    judged = stores.judged_by()
    if args.file == "-":
        content = io.BytesIO()
        exchange.write(found, content, judged)
        sys.stdout.buffer.write(content.getvalue())
        sys.stdout.buffer.flush()
        return 0
    with as_caller(), durable(target) as handle:
        exchange.write(found, handle, judged)
    print(f"{args.file}: {counted(len(found), 'sample')}")
    return 0


def _is_export(path: Path) -> bool:
    from pi_reader.learning.samples import exchange

    try:
        exchange.read(content_of(str(path), exchange.LARGEST))
    except (BadData, MissingFile):
        return False
    return True


def _import(args: argparse.Namespace, folders: Folders) -> int:
    from pi_reader.box.labelling import hand_in
    from pi_reader.learning.samples import exchange

    content = content_of(args.file, exchange.LARGEST)
    new = exchange.read(content, args.file)
    if is_others(folders.state):
        hand_in(folders, "import", content)
        print(f"{counted(len(new), 'sample')} handed in; `pi-reader samples list` shows them soon")
        return 0
    with samples_of(folders, new=True) as samples:
        came = exchange.add(samples, new)
    print(
        f"{counted(came.added, 'new sample')}, {came.labelled} got a label, {came.known} were known"
    )
    return 0


def _number(text: str) -> int:
    """Parse the number of a sample, within what the database can hold."""
    if re.fullmatch(r"\d+", text, re.ASCII) and len(text) < _LONGEST:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r:.40} should be a sample's number")


def _label_from(text: str) -> int:
    from pi_reader.values import NO_DIGIT

    if text in ("none", "-"):
        return NO_DIGIT
    if len(text) == 1 and text.isascii() and text.isdecimal():
        return int(text)
    raise UsageError(f"label {text!r:.40}: should be one digit, or none")


def _line(sample: Sample) -> str:
    from pi_reader.learning.samples.rows import name_of

    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(sample.when)) if sample.when else "-"
    where = f"reading {sample.event:<5} digit {sample.place + 1:<2}"
    read = f"read {name_of(sample.read):4} {sample.confidence:4.0%}"
    return (
        f"{sample.id:6}  {when:16}  {where}  {read}  is {name_of(sample.label):4}  "
        f"{'held out' if sample.held_out else 'learned':8}  {sample.source}"
    )


def _as_json(sample: Sample) -> dict[str, Any]:
    return {
        "id": sample.id,
        "event": sample.event,
        "key": sample.key,
        "place": sample.place,
        "when": sample.when or None,
        "read": sample.read,
        "confidence": round(sample.confidence, 4),
        "label": sample.label,
        "held_out": sample.held_out,
        "weights": sample.weights,
        "source": sample.source,
    }
