"""`pi-reader read`: the digits on photographs."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pi_reader.cli.common import WEIGHTS_HELP, one_line
from pi_reader.errors import BadData, MissingFile

if TYPE_CHECKING:
    from pi_reader.values import Digit, Reading, Sign

HELP = """read the handwritten digits on photographs

Each picture's digits are printed line by line, as they are written; `?` stands for a digit that
the reader does not stand by. A picture that cannot be read is reported, the others still are."""
EXAMPLE = "pi-reader read photo.jpg another.png --annotate /tmp/looked-at"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "images",
        nargs="+",
        type=Path,
        metavar="IMAGE",
        help="a photograph: JPEG, PNG, WEBP, BMP, GIF, TIFF or PPM",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line instead")
    parser.add_argument(
        "--annotate",
        type=Path,
        metavar="DIR",
        help="write each picture there, with boxes, labels and confidences",
    )
    parser.add_argument("--weights", default="default", metavar="W", help=WEIGHTS_HELP)


def run(args: argparse.Namespace) -> int:
    """Read all pictures; 65 if any was bad, else 66 if any was missing, else 0."""
    from pi_reader.camera.files import load
    from pi_reader.cli.common import make_folder, open_reader, save_picture

    if args.annotate:
        make_folder(args.annotate)
    reader = open_reader(args.weights)
    codes = {0}
    names: set[str] = set()
    for path in args.images:
        try:
            frame = load(path)
        except (BadData, MissingFile) as error:
            print(f"pi-reader: {one_line(str(error))}", file=sys.stderr, flush=True)
            codes.add(error.exit_code)
            continue
        reading = reader.read(frame)
        print(json.dumps(as_json(reading)) if args.json else for_people(reading), flush=True)
        if args.annotate:
            from pi_reader.pictures import annotated  # loads Pillow's fonts only if needed

            save_picture(args.annotate / _free_name(path, names), annotated(frame, reading))
    return min(codes - {0}, default=0)  # 65 outranks 66


def as_json(reading: Reading) -> dict[str, Any]:
    """The reading for scripts; README.md describes each key."""
    return {
        "source": reading.source,
        "size": list(reading.size),
        "text": reading.text,
        "lines": [
            {
                "text": line.text,
                "digits": [_digit(digit) for digit in line.digits],
                "signs": [_sign(sign) for sign in line.signs],
            }
            for line in reading.lines
        ],
        "milliseconds": {step: round(time, 3) for step, time in reading.milliseconds.items()},
        "weights": reading.weights,
    }


def for_people(reading: Reading) -> str:
    """The reading for a terminal."""
    digits = reading.digits
    unsure = [digit for digit in digits if not digit.sure]
    lines = [f"{one_line(reading.source)}:"]
    lines += [f"  {line.text}" for line in reading.lines] or ["  (no digits)"]
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


def _free_name(path: Path, names: set[str]) -> str:
    """a.png for a.jpg; a-2.png for the second a.jpg, from another folder."""
    name, number = f"{path.stem}.png", 1
    while name in names:
        number += 1
        name = f"{path.stem}-{number}.png"
    names.add(name)
    return name
