"""`pi-reader demo`: the whole appliance with a simulated camera and front panel."""

from __future__ import annotations

import argparse
import functools
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pi_reader.cli.common import WEIGHTS_HELP, counted, save_picture
from pi_reader.cli.options import FORCE, option
from pi_reader.errors import INTERRUPTED, CannotWrite, UsageError
from pi_reader.files import make_folder

if TYPE_CHECKING:
    from PIL.Image import Image

    from pi_reader.cli.referee import Referee

HELP = """watch a simulated box read drawn pages

A simulated camera looks at a desk where hands bring and remove pages, each in another handwriting
on other paper. Display, 7-segment digit and lamps are drawn in the terminal. As the camera knows
what it drew, a summary says how much was right. Nothing is kept.

With --web it is shown in a browser, as on a Raspberry Pi."""
EXAMPLE = "pi-reader demo --pages 3 --seed 7"

_LOOKS = 24  # captures of each page: three seconds at the fastest rate
_FASTEST = 8.0  # looks a second

OPTIONS = (
    option(
        "--pages", type=int, default=6, metavar="N", help="how many pages (default: %(default)s)"
    ),
    option("--forever", action="store_true", help="go on until Ctrl-C"),
    option(
        "--seed",
        type=int,
        default=2016,
        metavar="N",
        help="the same seed draws the same pages (default: %(default)s)",
    ),
    option(
        "--difficulty",
        type=float,
        default=0.2,
        metavar="D",
        help="0 a fair copy in good light, 1 anything (default: %(default)s)",
    ),
    option("--weights", default="default", metavar="W", help=WEIGHTS_HELP),
    option(
        "--pictures",
        type=Path,
        metavar="DIR",
        help="write a picture of the front panel for each page: display, digit and lamps",
    ),
    FORCE,
    option("--web", action="store_true", help="show the page at http://127.0.0.1, until Ctrl-C"),
    option(
        "--port", type=int, default=8080, metavar="N", help="of the page (default: %(default)s)"
    ),
    option(
        "--stay",
        type=float,
        default=12.0,
        metavar="S",
        help="with --web: seconds that each page lies still (default: %(default)g)",
    ),
    option(
        "--state", type=Path, metavar="DIR", help="with --web: keep what is learned in this folder"
    ),
    option("--no-open", action="store_true", help="with --web: do not open the browser"),
    option(
        "--values",
        action="store_true",
        help="with --web: show prices, temperatures, dates, times and sums",
    ),
)


def run(args: argparse.Namespace) -> int:
    """Show the pages, then the summary."""
    if args.web:
        from pi_reader.cli.demo_web import run as run_web

        return run_web(args)
    if args.values:
        raise UsageError("demo: --values goes with --web")
    if args.pages < 1 or args.seed < 0 or not 0 <= args.difficulty <= 1:
        raise UsageError("demo: needs at least one page, a seed from 0 up, a difficulty of 0 to 1")
    import numpy as np

    from pi_reader.box.appliance import Appliance
    from pi_reader.box.services import Clocks, Services
    from pi_reader.box.weights import Fixed
    from pi_reader.camera.desk import DeskCamera
    from pi_reader.cli.referee import Referee
    from pi_reader.config import Settings
    from pi_reader.config.settings import ServiceSettings
    from pi_reader.library import weights_path
    from pi_reader.outputs import OUTPUTS
    from pi_reader.outputs.base import Output
    from pi_reader.outputs.front import FrontPictures
    from pi_reader.outputs.together import Outputs
    from pi_reader.parts import PartContext

    panel = OUTPUTS["console"].open(None, PartContext())
    clock = _Clock(sys.stdout)
    clocks = Clocks(clock, sleep=clock.sleep)
    service = ServiceSettings(looks_per_second=_FASTEST, fastest=_FASTEST)
    pages = None if args.forever else args.pages
    desk = DeskCamera(np.random.default_rng(args.seed), pages, args.difficulty, looks=_LOOKS)
    referee = Referee(desk, panel.say)
    services = Services.bare(panel.say, clocks)
    shown: dict[str, Callable[[], Output]] = {"panel": lambda: panel, "referee": lambda: referee}
    if args.pictures is not None:
        make_folder(args.pictures)
        shown["pictures"] = lambda: FrontPictures(functools.partial(_save, args))
    with desk, Outputs(shown, panel.say) as outputs:
        weights = Fixed(weights_path(args.weights))
        settings = Settings(service=service)
        appliance = Appliance(referee, weights, outputs, services, settings, clocks)
        interrupted = False
        try:
            appliance.run()
        except KeyboardInterrupt:
            interrupted = True
            print()
    referee.judge()
    print(_summary(referee, appliance.reads))
    if "pictures" in outputs.broken:
        raise CannotWrite(outputs.broken["pictures"])
    return INTERRUPTED if interrupted else 0


def _save(args: argparse.Namespace, picture: Image, number: int) -> None:
    """Write the picture of one page."""
    save_picture(args.pictures / f"page-{number}.png", picture, force=args.force)


class _Clock:
    """The clock; without a terminal it runs as fast as the pages are drawn."""

    def __init__(self, stream: TextIO) -> None:
        self._watched = stream.isatty()
        self._skipped = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self._skipped

    def sleep(self, seconds: float) -> None:
        if self._watched:
            time.sleep(seconds)
        else:
            self._skipped += seconds


def _summary(referee: Referee, reads: int) -> str:
    total = referee.total
    if not total.photos:
        return "no page was shown"
    missed, invented = total.true - total.paired - total.unsure, total.predicted - total.paired
    return (
        f"\n{total.exact} of {counted(total.photos, 'page')} without a mistake; "
        f"{total.right} of {total.true} digits right, {total.unsure} unsure (?), "
        f"{total.paired - total.right} wrong, {missed} missed"
        + (f", {invented} read where none was" if invented else "")
        + "; "
        f"{reads} looks read, {referee.milliseconds / max(1, referee.said):.1f} ms each"
    )
