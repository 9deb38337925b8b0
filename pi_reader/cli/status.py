"""`pi-reader status`: how the box is doing, from the files that it leaves for others.

On a Pi Zero it must answer at once, so nothing here imports numpy.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pi_reader.cli.common import add_state_option, folders_of, one_line
from pi_reader.errors import NoHardware

if TYPE_CHECKING:
    from pi_reader.config import Folders

HELP = """how the box is doing: what it sees, what is wrong, what it is learning

Exit code 0 while the service runs, 69 while it does not or hangs."""
EXAMPLE = "pi-reader status --follow"

STALE_SECONDS = 30.0  # the service writes every ten
OFFLINE = NoHardware.exit_code
_FOLLOW_SECONDS = 1.0
_LARGEST = 64 << 10  # bytes of a status file
_BEYOND = 1e15  # no time and no count gets there; nor is it infinite or no number at all
_CLEAR = "\x1b[H\x1b[2J"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="one JSON object, for scripts")
    parser.add_argument("--follow", action="store_true",
                        help="go on showing it, whenever it changes, until Ctrl-C")
    add_state_option(parser)


def run(args: argparse.Namespace) -> int:
    """Print how it is doing."""
    folders = folders_of(args)
    said = ""
    try:
        while True:
            known = look(folders, time.time())
            text = json.dumps(known.values, ensure_ascii=False) if args.json else "\n".join(
                map(one_line, lines(known, time.time())))
            if text != said:
                print((_CLEAR if args.follow and not args.json and sys.stdout.isatty() else "")
                      + text, flush=True)
            if not args.follow:
                break
            said = text
            time.sleep(_FOLLOW_SECONDS)
    except KeyboardInterrupt:
        pass
    return 0 if known.running else OFFLINE


@dataclass(frozen=True)
class Known:
    """What can be known of a box from outside.

    problem: why it is not running or may not be, and what to do, "" if all is well.
    status, training: what the service and the training said last, empty if nothing.
    """

    running: bool
    problem: str = ""
    status: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, Any]:
        """The same for scripts."""
        return {"running": self.running, "problem": self.problem,
                "status": self.status or None, "training": self.training or None}


def look(folders: Folders, now: float) -> Known:
    """See how the box is doing; `now` in seconds since 1970. Raises nothing."""
    from pi_reader.errors import BadData, MissingFile
    from pi_reader.files import read_json

    try:
        training = read_json(folders.training, _LARGEST)
    except (MissingFile, BadData):
        training = {}
    try:
        status = read_json(folders.status, _LARGEST)
    except MissingFile:
        return Known(False, f"it is not running: there is no {folders.status}; "
                            f"{_start(folders)}", {}, training)
    except BadData as error:
        return Known(False, f"{error}; {_start(folders)}", {}, training)
    running, problem = _judge(folders, status, now)
    return Known(running, problem, status, training)


def _judge(folders: Folders, status: Mapping[str, Any], now: float) -> tuple[bool, str]:
    """Whether the service that left this status is alive, and what is to be said of it."""
    age = now - number(status, "updated", 0.0)
    if not _is_alive(status.get("pid")):
        ended = ("it was stopped" if status.get("state") == "stopping"
                 else "it ended without a word")
        return False, f"{ended} {span(age)} ago; {_start(folders)}"
    if "frames" not in status:  # the fault lamp's process speaks for the reader, and only once
        return False, f"the reader could not run: {status.get('fault') or 'no reason was given'}"
    if age > STALE_SECONDS:
        return False, (f"it hangs: its last word is {span(age)} old; the watchdog restarts it "
                       "within a minute, else `sudo systemctl restart pi-reader` does")
    return True, ""


def _start(folders: Folders) -> str:
    """What to do about a service that is not there."""
    from pi_reader.config.folders import DEVICE_STATE

    if folders.state == DEVICE_STATE:
        return ("`sudo systemctl start pi-reader` starts it, "
                "`journalctl -u pi-reader -n 30` says why it ended")
    return "`pi-reader run` starts it, with the same --state if one is given"


def _is_alive(pid: object) -> bool:
    """Whether there is such a process."""
    if type(pid) is not int or not 0 < pid < 1 << 31:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is there and belongs to somebody else
        pass
    return True


def lines(known: Known, now: float) -> Iterator[str]:
    """How it is doing, for people."""
    status = known.status
    if known.problem:
        yield f"not running: {known.problem}"
    if known.running:
        held = ", the display is held" if status.get("frozen") is True else ""
        since = span(now - number(status, "since", now))
        yield f"{status.get('state', 'running')} for {since}{_quoted(status)}{held}"
    for name, words in _facts(status, now) if known.running else ():
        yield f"  {name:11} {words}"
    if words := _training(known.training, now):
        yield f"  {'training':11} {words}"


def _quoted(status: Mapping[str, Any]) -> str:
    text = status.get("text")
    return f": {'  '.join(str(text).split())}" if text else ""


def _facts(status: Mapping[str, Any], now: float) -> Iterator[tuple[str, str]]:
    """What the service counts and measures, as far as it is there."""
    last, view, camera = (_table(status, key) for key in ("last", "conditions", "camera"))
    for fault in _table(status, "faults").values() or filter(None, [status.get("fault")]):
        yield "fault", str(fault)
    if status.get("message"):
        yield "message", "  ".join(str(status["message"]).split("\n"))
    if last.get("text"):
        when = number(last, "when", 0.0)
        ago = f", {span(now - when)} ago" if when else ""
        yield "last", f"{'  '.join(str(last['text']).split())}{ago}"
    yield from _joined("view", view, {"mean": "light {:.0f} of 255", "clipped": "{:.0%} burnt out",
                                      "sharpness": "sharpness {:.2f}"})
    yield from _joined("camera", camera, {"exposure_ms": "{:.1f} ms", "gain": "gain {:.1f}",
                                          "lux": "{:.0f} lux", "focus": "focus {:.0f}"})
    yield from _joined("counted", status, {
        "frames": "{:.0f} frames", "reads": "{:.0f} read", "looks_per_second": "{:.1f} looks/s",
        "unsure_share": "{:.0%} unsure"})
    for name, reason in _table(status, "broken").items():
        yield "broken", f"{name}: {reason}"
    weights = str(status.get("weights") or "")[:12]
    generation = status.get("generation")
    if weights:
        yield "weights", weights + (f", generation {generation}" if generation is not None else "")
    yield from _joined("device", status, {"temperature": "{:.0f} °C",
                                          "disk_free_mb": "{:.0f} MB free"})
    if status.get("address"):
        yield "address", str(status["address"])
    yield "up", span(number(status, "uptime", 0.0))


def _joined(name: str, values: Mapping[str, Any], forms: Mapping[str, str]) -> Iterator[
        tuple[str, str]]:
    """Those numbers that are there, in one line."""
    words = [form.format(values[key]) for key, form in forms.items() if is_number(values.get(key))]
    if words:
        yield name, ", ".join(words)


def _training(training: Mapping[str, Any], now: float) -> str:
    """What the training says of itself, "" if it never did."""
    if not training.get("state"):
        return ""
    words = str(training["state"])
    if words in ("training", "judging"):
        words += f" {number(training, 'progress', 0.0):.0%}"
    if training.get("message"):
        words += f": {training['message']}"
    return f"{words} ({span(now - number(training, 'updated', now))} ago)"


def span(seconds: float) -> str:
    """A length of time in the unit that fits: 12 s, 3 min, 5 h, 2 days."""
    seconds = max(0.0, seconds)
    for size, unit, until in ((1, "s", 120), (60, "min", 120 * 60), (3600, "h", 48 * 3600)):
        if seconds < until:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.0f} days"


def is_number(value: object) -> bool:
    """Whether a value from a status file is a number that can be shown."""
    return type(value) in (int, float) and abs(value) < _BEYOND  # type: ignore[arg-type]


def number(values: Mapping[str, Any], key: str, otherwise: float) -> float:
    """A number from a status file, or another if it is not there or none."""
    return float(values[key]) if is_number(values.get(key)) else otherwise


def _table(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = values.get(key)
    return value if isinstance(value, dict) else {}
