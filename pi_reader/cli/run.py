"""`pi-reader run`: the appliance, until it is stopped. systemd starts this on a Pi."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pi_reader.cli.common import one_line
from pi_reader.cli.options import STATE, option
from pi_reader.errors import INTERRUPTED, CannotWrite, MissingFile, UsageError
from pi_reader.privileges import work_as_owner_of

if TYPE_CHECKING:
    from types import FrameType

    from pi_reader.box.appliance import Appliance
    from pi_reader.config import Folders, Settings

HELP = """run the box: look, read, show and learn, until stopped

Everything is set in the settings file; without one, a Raspberry Pi camera is expected, and no
lamps. `--camera desk` tries the box without any hardware. SIGTERM or Ctrl-C stops it, SIGHUP
reloads the settings."""
EXAMPLE = "pi-reader run --camera desk --state /tmp/box --seconds 20"

STOP_WITHIN = 3  # seconds after which a hanging capture, and the camera, is abandoned
_NOTICE = "<5>"  # journald's priority "notice"


class _Stopped(BaseException):
    """Told to stop while the camera hangs."""


OPTIONS = (
    STATE,
    option("--config", type=Path, metavar="FILE", help="another settings file than the usual one"),
    option(
        "--camera", choices=("desk", "folder", "pi"), help="another camera than the settings name"
    ),
    option("--seconds", type=float, metavar="S", help="stop after this many seconds"),
)


def run(args: argparse.Namespace) -> int:
    """Run until stopped; 69 if there is no camera, 78 if the settings are wrong."""
    from pi_reader.cli.build import build
    from pi_reader.config import find_folders

    if args.seconds is not None and not args.seconds > 0:
        raise UsageError("--seconds: must be above 0")
    if args.config is not None and not args.config.exists():
        raise MissingFile(f"{args.config}: there is no such settings file")
    folders = find_folders(args.state, args.config)
    work_as_owner_of(folders.state)  # `sudo pi-reader run` must not leave root's files behind
    until = None if args.seconds is None else time.monotonic() + args.seconds
    again = True
    with _alone(folders):
        while again:
            settings = _settings(args, folders)
            with ExitStack() as opened:
                appliance = build(settings, folders, log, opened)
                with _signals(appliance) as interrupted:
                    appliance.run(until)
                again = appliance.wants_reload
    return INTERRUPTED if interrupted else 0


@contextmanager
def _alone(folders: Folders) -> Iterator[None]:
    """Lock the folders against a second box. Raises Busy.

    Folders that cannot be written need no lock.
    """
    from pi_reader.files import locked

    with ExitStack() as held:
        with suppress(CannotWrite, OSError):
            folders.runtime.mkdir(parents=True, exist_ok=True)
            held.enter_context(locked(folders.lock, 0.0))
        yield


def log(line: str) -> None:
    """Write a line to stderr, with a priority if that is the journal."""
    priority = _NOTICE if "JOURNAL_STREAM" in os.environ else "pi-reader: "
    print(f"{priority}{one_line(line)}", file=sys.stderr, flush=True)


def _settings(args: argparse.Namespace, folders: Folders) -> Settings:
    """The settings with the command line's overrides. Raises BadSettings."""
    from pi_reader.config import load_layered

    settings, trouble = load_layered(folders)
    if trouble:
        log(trouble)
    if args.camera is not None:
        settings = replace(settings, camera=replace(settings.camera, kind=args.camera))
    return settings


@contextmanager
def _signals(appliance: Appliance) -> Iterator[list[int]]:
    """Let SIGTERM and SIGINT end the loop, and SIGHUP reload, for as long as the block lasts.

    Gives a list that is not empty once it was SIGINT.
    """
    interrupted: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            interrupted.append(number)
        appliance.stop()
        signal.alarm(STOP_WITHIN)

    def give_up(number: int, frame: FrameType | None) -> None:
        if appliance.is_capturing:
            raise _Stopped
        signal.alarm(1)  # a slow board is still reading or writing, which must not be interrupted

    def reload(number: int, frame: FrameType | None) -> None:
        appliance.reload()

    handlers = {
        signal.SIGTERM: stop,
        signal.SIGINT: stop,
        signal.SIGALRM: give_up,
        signal.SIGHUP: reload,
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield interrupted
    except _Stopped:
        log("the camera did not answer in time; stopped without it")
    finally:
        signal.alarm(0)
        for number, handler in before.items():
            signal.signal(number, handler)
