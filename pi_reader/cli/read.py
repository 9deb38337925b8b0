"""`pi-reader read`: the digits on photographs."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pi_reader.cli.common import WEIGHTS_HELP, one_line
from pi_reader.cli.options import FORCE, option
from pi_reader.errors import BadData, MissingFile
from pi_reader.files import make_folder
from pi_reader.values import ADVICE, State

if TYPE_CHECKING:
    from pi_reader.values import Digit, Reading, Sign, Value

HELP = """read the handwritten numbers on photographs

Each picture's digits are printed line by line, as they are written; `?` stands for a digit that
the reader is not sure of. A picture that cannot be read is reported; the others are still read."""
EXAMPLE = "pi-reader read photo.jpg another.png --annotate /tmp/looked-at"

_LONGEST_STEM = 240  # bytes of a file's name; most file systems take 255, with number and ending

OPTIONS = (
    option(
        "images",
        nargs="+",
        type=Path,
        metavar="IMAGE",
        help="a photograph: JPEG, PNG, WEBP, BMP, GIF, TIFF or PPM",
    ),
    option("--json", action="store_true", help="print one JSON object a line instead"),
    option(
        "--annotate",
        type=Path,
        metavar="DIR",
        help="write each picture there, with boxes, labels and confidences",
    ),
    option(
        "--digits-only",
        action="store_true",
        help="leave signs and spaces out of the text, as in 1250 for 12.50",
    ),
    FORCE,
    option("--weights", default="default", metavar="W", help=WEIGHTS_HELP),
)


def run(args: argparse.Namespace) -> int:
    """Read all pictures; 65 if any was bad, else 66 if any was missing, else 0."""
    from pi_reader.camera.files import load
    from pi_reader.cli.common import open_reader, save_picture

    targets = _targets(args)
    reader = open_reader(args.weights)
    codes = {0}
    for number, path in enumerate(args.images):
        try:
            frame = load(path, _warn)
        except (BadData, MissingFile) as error:
            print(f"pi-reader: {one_line(str(error))}", file=sys.stderr, flush=True)
            codes.add(error.exit_code)
            continue
        reading = reader.read(frame)
        try:
            shown = _digits_alone(reading) if args.digits_only else reading
            print(json.dumps(as_json(shown)) if args.json else for_people(shown), flush=True)
        except BrokenPipeError:  # nobody listens any more; what went wrong so far still counts
            break
        if targets:
            from pi_reader.pictures import annotated  # Pillow's fonts, only for who wants them

            picture = annotated(frame, reading)
            save_picture(targets[number], picture, args.images, args.force)
    return min(codes - {0}, default=0)  # 65 outranks 66


def _digits_alone(reading: Reading) -> Reading:
    """The reading without signs."""
    lines = tuple(replace(line, signs=(), spaces=(), doubts=()) for line in reading.lines)
    return replace(reading, lines=lines)


def _warn(line: str) -> None:
    print(f"pi-reader: {one_line(line)}", file=sys.stderr, flush=True)


def as_json(reading: Reading) -> dict[str, Any]:
    """The reading as scripts get it; README.md describes each key."""
    return {
        "source": reading.source,
        "size": list(reading.size),
        "text": reading.text,
        "lines": [
            {
                "text": line.text,
                "digits": [_digit(digit) for digit in line.digits],
                "signs": [_sign(sign) for sign in line.signs],
                **({"values": values} if (values := [*map(_value, line.values)]) else {}),
            }
            for line in reading.lines
        ],
        "milliseconds": {step: round(time, 3) for step, time in reading.milliseconds.items()},
        "weights": reading.weights,
        **({"angle": round(reading.angle, 1)} if reading.angle else {}),
        **({"blurred": True} if reading.blurred else {}),
    }


def for_people(reading: Reading) -> str:
    """The reading for a terminal."""
    digits = reading.digits
    unsure = [digit for digit in digits if not digit.sure]
    lines = [f"{one_line(reading.source)}:"]
    lines += [f"  {line.text}" for line in reading.lines] or ["  (no digits)"]
    lines += [f"  blurred: {ADVICE[State.BLURRED]}"] if reading.blurred else []
    lines += [
        f"  ? at {digit.box.x},{digit.box.y}: perhaps {digit.label} "
        f"({digit.confidence:.0%}), or {digit.runner_up[0]}"
        + (f"; {digit.reason}" if digit.reason else "")
        for digit in unsure
    ]
    return "\n".join(lines)


def _sign(sign: Sign) -> dict[str, Any]:
    box = [sign.box.x, sign.box.y, sign.box.width, sign.box.height]
    return {"sign": sign.sign, "confidence": round(sign.confidence, 4), "box": box}


def _value(value: Value) -> dict[str, Any]:
    box = value.box
    return {
        "kind": value.kind,
        "text": value.text,
        "number": None if value.number is None else format(value.number, "f"),
        "sure": value.sure,
        "box": [box.x, box.y, box.width, box.height],
    }


def _digit(digit: Digit) -> dict[str, Any]:
    box = digit.box
    return {
        "label": digit.label,
        "confidence": round(digit.confidence, 4),
        "runner_up": [digit.runner_up[0], round(digit.runner_up[1], 4)],
        "sure": digit.sure,
        "box": [box.x, box.y, box.width, box.height],
        **({"reason": digit.reason} if digit.reason else {}),
    }


def _targets(args: argparse.Namespace) -> list[Path]:
    """For each image the picture to write, none without --annotate. Raises CannotWrite, if one of
    them may not be written, before any is."""
    from pi_reader.cli.common import is_our_picture
    from pi_reader.files import check_output

    if not args.annotate:
        return []
    make_folder(args.annotate)
    names: set[str] = set()
    targets = [args.annotate / _free_name(path, names) for path in args.images]
    for target in targets:
        check_output(target, args.images, is_our_picture, args.force)
    return targets


def _free_name(path: Path, names: set[str]) -> str:
    """a.png for a.jpg; a-2.png for the second a.jpg, from another folder. Long names are cut."""
    stem = os.fsdecode(os.fsencode(path.stem)[:_LONGEST_STEM])
    name, number = f"{stem}.png", 1
    while name in names:
        number += 1
        name = f"{stem}-{number}.png"
    names.add(name)
    return name
