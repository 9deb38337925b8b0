"""`pi-reader aim`: live figures of focus, light and framing for adjusting the camera."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from pi_reader.cli.common import can_draw, counted, folders_of
from pi_reader.cli.options import STATE, option
from pi_reader.client.status import LARGEST, read_status
from pi_reader.errors import INTERRUPTED, BadData, Busy, MissingFile, UsageError
from pi_reader.state import number

if TYPE_CHECKING:
    from pi_reader.config import Folders
    from pi_reader.values import Reading

HELP = """focus and mount the camera: sharpness, light and framing, live, until Ctrl-C

Lay a written page under the camera. The bar shows the sharpness relative to the best so far:
turn the lens until it has passed its peak, then back to it. The box's display shows the same. It
works with the service running, which goes on reading, and without it."""
EXAMPLE = "pi-reader aim --seconds 60"

BAR = 40  # characters
_ANSWER_SECONDS = 5.0  # for the service to take up a request
_ASK_EVERY = 3.0  # seconds; one request keeps the service aiming for five
_POLL = 0.1  # seconds between two checks of its status file
_READ_EVERY = 2.0  # seconds between two readings of our own, at least,
_READ_SHARE = 4  # and at least this many times as long as one takes, to keep the bar moving
_UP = "\x1b[{}A\x1b[J"

Figures = Mapping[str, Any]

OPTIONS = (
    option("--seconds", type=float, metavar="S", help="stop after this many seconds"),
    option("--json", action="store_true", help="one JSON object a frame, for scripts"),
    STATE,
)


def run(args: argparse.Namespace) -> int:
    """Show figures until stopped. Raises NoHardware or Busy if there are no frames."""
    if args.seconds is not None and not args.seconds > 0:
        raise UsageError(f"aim: --seconds is {args.seconds:g}, should be above 0")
    from pi_reader.box.aiming import Best

    folders = folders_of(args)
    served = read_status(folders, time.time()).running
    source = from_service(folders) if served else from_camera(folders)
    end = time.monotonic() + args.seconds if args.seconds else float("inf")
    best, shown = Best(), 0
    try:
        with closing(source):
            for figures in source:
                share = best.share(number(figures, "focus"))
                if args.json:
                    print(json.dumps({**figures, "share": round(share, 4)}), flush=True)
                else:
                    shown = _draw(list(lines(figures, share)), shown)
                if time.monotonic() >= end:
                    break
    except KeyboardInterrupt:
        print()
        return INTERRUPTED
    return 0


def lines(figures: Figures, share: float) -> Iterator[str]:
    """The figures for people; share: focus as a fraction of the best, 0 to 1."""
    from pi_reader.box.aiming import advice

    filled = round(min(1.0, max(0.0, share)) * BAR)
    yield f"focus  [{'#' * filled}{'.' * (BAR - filled)}] {share:4.0%} of the best so far"
    exposure = "".join(
        f", {name} {figures[key]:.3g}"
        for name, key in (("exposure ms", "exposure_ms"), ("gain", "gain"))
        if key in figures
    )
    light, burnt = number(figures, "mean"), number(figures, "clipped")
    yield f"light  {light:.0f} of 255, {burnt:.0%} overexposed{exposure}"
    if figures.get("digits"):
        yield (
            f"page   {counted(figures['digits'], 'digit')}, {figures['smallest']} to "
            f"{figures['largest']} pixels high, {figures['edge']} from the edge"
        )
    else:
        yield "page   no digits"
    yield f"to do  {advice(figures) or 'light and page are fine; turn the lens to the peak'}"


def _draw(text: list[str], shown: int) -> int:
    """Print lines over those that were shown before; on what is no terminal, below them."""
    if shown and can_draw(sys.stdout):
        print(_UP.format(shown), end="")
    print("\n".join(text), flush=True)
    return len(text)


def from_service(
    folders: Folders,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Generator[Figures, None, None]:
    """The figures of each new frame of the running service.

    Raises Busy if it does not answer, CannotWrite if this user may not ask.
    """
    from pi_reader.files import read_json
    from pi_reader.requests import Requests
    from pi_reader.state import BoxState

    requests = Requests(folders.requests)
    seen = 0.0
    while True:
        state = BoxState.from_json(requests.wait(requests.ask("aim"), _ANSWER_SECONDS))
        asked = clock()
        while clock() - asked < _ASK_EVERY:
            if state.aim is not None and state.updated != seen:
                seen = state.updated
                yield {**state.camera, **state.aim}
            sleep(_POLL)
            try:
                state = BoxState.from_json(read_json(folders.status, LARGEST))
            except (MissingFile, BadData) as error:
                raise Busy(
                    f"{folders.status}: the service is gone; `pi-reader status` says why"
                ) from error


def from_camera(
    folders: Folders,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Generator[Figures, None, None]:
    """The figures of each frame of the camera, opened by this process; also shown on the display.

    Raises NoHardware or Busy if the camera cannot be opened, BadSettings.
    """
    from pi_reader.box import aiming
    from pi_reader.box.crop import Crop
    from pi_reader.cli.build import open_camera, open_outputs
    from pi_reader.cli.common import open_reader
    from pi_reader.config import load_layered
    from pi_reader.state import BoxState
    from pi_reader.values import State

    settings, trouble = load_layered(folders)
    if trouble:
        _warn(trouble)
    crop = Crop(settings.camera.region, settings.camera.masked)
    reader, best = open_reader("default"), aiming.Best()
    reading: Reading | None = None
    next_reading = -float("inf")
    with open_camera(settings, _warn) as camera, open_outputs(settings, _warn) as outputs:
        while (frame := camera.capture()) is not None:
            frame = crop.of(frame)
            if (begun := clock()) >= next_reading:
                reading = reader.read(frame)
                next_reading = clock() + max(_READ_EVERY, _READ_SHARE * (clock() - begun))
            figures = aiming.figures(frame.grey, reading)
            outputs.tell(
                BoxState(State.NOTHING, message=aiming.words(figures, best.share(figures["focus"])))
            )
            outputs.tick(clock())
            yield {**getattr(camera, "figures", {}), **figures}
            sleep(max(0.0, begun + 1 / settings.service.fastest - clock()))


def _warn(line: str) -> None:
    print(f"pi-reader: {line}", file=sys.stderr)
