"""`pi-reader numbers`: the named numbers of the page, and the picture that tells where they are."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pi_reader.cli.common import counted, folders_of, one_line
from pi_reader.cli.options import STATE, option
from pi_reader.errors import BadData, BadSettings, UsageError

if TYPE_CHECKING:
    from pi_reader.config import Folders, Settings
    from pi_reader.state import NumberState
    from pi_reader.values import Frame

HELP = """the named numbers of the page ([[numbers]] in the settings)

`list` shows what each is now; `test PICTURE` what each would be on a picture, by its limits alone;
`set` keeps what the camera sees now, or a PICTURE, as the reference: from then on the page may move
and turn a little. `check` checks the settings.

Exit code 0; 78 if the settings are wrong, 66 or 65 if the picture is missing or none, 75 if the box
does not answer; `test` gives 65 too if not every number is good."""
EXAMPLE = "pi-reader numbers test photo.jpg"

_ACTS = ("list", "test", "set", "check")

OPTIONS = (
    option("act", choices=_ACTS, metavar="ACT", help=f"one of {', '.join(_ACTS)}"),
    option("picture", nargs="?", type=Path, metavar="PICTURE", help="for test and set"),
    option("--json", action="store_true", help="one JSON object a number, for scripts"),
    STATE,
)


def run(args: argparse.Namespace) -> int:
    """Do one of the acts. Raises BadSettings, UsageError, BadData, MissingFile, Busy."""
    from pi_reader.config import load_layered

    if args.picture is not None and args.act not in ("test", "set"):
        raise UsageError(f"numbers {args.act}: takes no picture; `test` and `set` do")
    if args.picture is None and args.act == "test":
        raise UsageError("numbers test: names no picture; give one, as `numbers test photo.jpg`")
    folders = folders_of(args)
    settings, trouble = load_layered(folders)
    if trouble:
        print(f"pi-reader: {one_line(trouble)}", file=sys.stderr)
    if args.act == "check":
        print(f"{counted(len(settings.numbers), 'number')} in {folders.settings}, all well")
        return 0
    if not settings.numbers:
        none = f"no numbers in {folders.settings}; each begins with a line [[numbers]]"
        if args.act != "list":
            raise BadSettings(none)
        print(none)
        return 0
    if args.act == "set":
        return _set(args, folders, settings)
    known = args.act == "list"
    numbers = _now(folders, settings) if known else _tested(args.picture, folders, settings)
    _print(numbers, args.json)
    return 0 if args.act == "list" or all(one.good for one in numbers) else BadData.exit_code


def _print(numbers: tuple[NumberState, ...], as_json: bool) -> None:
    for one in numbers:
        print(json.dumps(one.to_json(), ensure_ascii=False) if as_json else one_line(one.words))


def _now(folders: Folders, settings: Settings) -> tuple[NumberState, ...]:
    """What the box says of each; missing where it does not run, or nothing lies there."""
    from pi_reader.client.status import read_status
    from pi_reader.state import NumberState

    known = read_status(folders, time.time())
    there = {one.name: one for one in known.state.numbers} if known.running else {}
    return tuple(
        there.get(one.name, NumberState(one.name, one.kind, unit=one.unit))
        for one in settings.numbers
    )


def _tested(picture: Path, folders: Folders, settings: Settings) -> tuple[NumberState, ...]:
    """What each number would be on a picture, with nothing known from before."""
    from pi_reader.box.number_watch import NumberWatch
    from pi_reader.cli.build import choose_weights
    from pi_reader.learning.stores import Stores

    frame = _frame(picture, settings)
    watch = NumberWatch(settings.numbers, None, folders.reference)
    reading = choose_weights(Stores(folders, settings)).open().read(frame)
    watch.see(reading, frame, 0.0, 0.0)
    if not watch.now:
        raise BadData(f"{picture}: shows no digits; write larger or darker, or look at the camera")
    return watch.now


def _frame(picture: Path, settings: Settings) -> Frame:
    """A picture as the box would see it. Raises MissingFile, BadData."""
    from pi_reader.box.crop import Crop
    from pi_reader.camera.files import load
    from pi_reader.privileges import as_caller

    with as_caller():
        frame = load(picture)
    if (frame.grey.shape[1], frame.grey.shape[0]) == settings.camera.upright:
        frame = Crop(settings.camera.region, settings.camera.masked).of(frame)
    return frame


def _set(args: argparse.Namespace, folders: Folders, settings: Settings) -> int:
    """Keep a reference picture, of the camera or a file."""
    if args.picture is None:
        from pi_reader.box.labelling import answer_of

        print(answer_of(folders, "reference").get("done", "done"))
        return 0
    from pi_reader.box.number_watch import save_reference

    frame = _frame(args.picture, settings)
    size = frame.grey.shape[1], frame.grey.shape[0]
    if size != settings.camera.frame:
        wide, high = settings.camera.frame
        raise BadData(
            f"{args.picture}: has {size[0]}x{size[1]} pixels, should have the {wide}x{high} that "
            "the box reads; take one with its own camera: `pi-reader numbers set`"
        )
    save_reference(folders.reference, frame)
    print(f"{folders.reference}: is the reference; restart the box, or reload its settings")
    return 0
