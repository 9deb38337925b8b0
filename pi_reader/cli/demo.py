"""`pi-reader demo`: the whole way from camera to reading, with a camera that draws its pages."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from pi_reader.cli.common import WEIGHTS_HELP
from pi_reader.errors import UsageError

if TYPE_CHECKING:
    from pi_reader.handwriting.page import Page
    from pi_reader.scoring import Score, Truth

HELP = """watch the reader at work on drawn pages

A simulated camera shows pages of handwriting, each by another person on other paper. The digits
are found, cut out and read; since the camera knows what it drew, a summary says what was right."""
EXAMPLE = "pi-reader demo --pages 3 --seed 7"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--pages", type=int, default=6, metavar="N",
                        help="how many pages (default: %(default)s)")
    parser.add_argument("--forever", action="store_true", help="go on until Ctrl-C")
    parser.add_argument("--seed", type=int, default=2016, metavar="N",
                        help="the same seed draws the same pages (default: %(default)s)")
    parser.add_argument("--difficulty", type=float, default=0.2, metavar="D",
                        help="0 a fair copy in good light, 1 anything (default: %(default)s)")
    parser.add_argument("--weights", default="default", metavar="W", help=WEIGHTS_HELP)


def run(args: argparse.Namespace) -> int:
    """Show the pages, then the summary."""
    if args.pages < 1 or args.seed < 0 or not 0 <= args.difficulty <= 1:
        raise UsageError("demo: needs at least one page, a seed from 0 up, a difficulty of 0 to 1")
    import numpy as np

    from pi_reader.camera.desk import DeskCamera
    from pi_reader.cli.common import open_reader
    from pi_reader.outputs.console import Console
    from pi_reader.scoring import Score, count

    reader = open_reader(args.weights)
    pages = None if args.forever else args.pages
    total = Score()
    milliseconds = 0.0
    rng = np.random.default_rng(args.seed)
    with DeskCamera(rng, pages, args.difficulty) as camera, Console(sys.stdout) as console:
        try:
            while (frame := camera.capture()) is not None and camera.page is not None:
                reading = reader.read(frame)
                console.show(reading, frame)
                truth = _truth(camera.page)
                one = count(truth, reading)
                total += one
                milliseconds += reading.milliseconds.get("total", 0.0)
                print("   right" if one.exact else f"   written: {'  '.join(truth.reading or ())}")
        except KeyboardInterrupt:
            print()
    print(_summary(total, milliseconds))
    return 0


def _truth(page: Page) -> Truth:
    from pi_reader.scoring import Truth

    return Truth("", tuple(digit for line in page.lines for digit in line),
                 tuple("".join(str(label) for label, _ in line) for line in page.lines))


def _summary(total: Score, milliseconds: float) -> str:
    if not total.photos:
        return "no page was shown"
    return (f"\n{total.exact} of {total.photos} pages without a mistake; "
            f"{total.right} of {total.true} digits right, {total.unsure} unsure (?), "
            f"{total.predicted - total.right} wrong; "
            f"{milliseconds / total.photos:.1f} ms a page")
