"""`pi-reader status`: how the box is doing, from its status files.

On a Pi Zero it must answer at once, so nothing here imports numpy.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from pi_reader.cli.common import add_state_option, can_draw, counted, folders_of, one_line
from pi_reader.client.status import BoxStatus, is_number, number, read_status, span
from pi_reader.errors import INTERRUPTED, NoHardware

HELP = """how the box is doing: what it sees, what is wrong, what it is learning

Exit code 0 while the service runs, 69 while it does not or hangs."""
EXAMPLE = "pi-reader status --follow"

OFFLINE = NoHardware.exit_code
_FOLLOW_SECONDS = 1.0
_CLEAR = "\x1b[H\x1b[2J"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="one JSON object, for scripts")
    parser.add_argument(
        "--follow", action="store_true", help="go on showing it, whenever it changes, until Ctrl-C"
    )
    add_state_option(parser)


def run(args: argparse.Namespace) -> int:
    """Print the status."""
    folders = folders_of(args)
    said = ""
    try:
        while True:
            known = read_status(folders, time.time())
            text = (
                json.dumps(known.values, ensure_ascii=False)
                if args.json
                else "\n".join(map(one_line, lines(known, time.time())))
            )
            if text != said:
                print(
                    (_CLEAR if args.follow and not args.json and can_draw(sys.stdout) else "")
                    + text,
                    flush=True,
                )
            if not args.follow:
                break
            said = text
            time.sleep(_FOLLOW_SECONDS)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # nobody listens any more; how it is doing is said by the code, too
        pass
    return 0 if known.running else OFFLINE


def lines(known: BoxStatus, now: float) -> Iterator[str]:
    """The status for people, in lines."""
    status = known.status
    if known.problem:
        yield known.problem
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
    """The service's counts and measurements, as far as available."""
    last, view, camera = (_table(status, key) for key in ("last", "conditions", "camera"))
    for fault in _table(status, "faults").values() or filter(None, [status.get("fault")]):
        yield "fault", str(fault)
    if status.get("message"):
        yield "message", "  ".join(str(status["message"]).split("\n"))
    if last.get("text"):
        when = number(last, "when")
        ago = f", {span(now - when)} ago" if when else ""
        name = f" (reading {last['event']})" if is_number(last.get("event")) else ""
        yield "last", f"{'  '.join(str(last['text']).split())}{name}{ago}"
    yield from _joined(
        "view",
        view,
        {
            "mean": "light {:.0f} of 255",
            "clipped": "{:.0%} burnt out",
            "sharpness": "sharpness {:.2f}",
        },
    )
    yield from _joined(
        "camera",
        camera,
        {
            "exposure_ms": "{:.1f} ms",
            "gain": "gain {:.1f}",
            "lux": "{:.0f} lux",
            "focus": "focus {:.0f}",
        },
    )
    yield from _joined(
        "counted",
        status,
        {
            "frames": "{:.0f} frames",
            "reads": "{:.0f} read",
            "looks_per_second": "{:.1f} looks/s",
            "unsure_share": "{:.0%} unsure",
        },
    )
    for name, reason in _table(status, "broken").items():
        yield "broken", f"{name}: {reason}"
    weights = str(status.get("weights") or "")[:12]
    generation = status.get("generation")
    if weights:
        yield "weights", weights + (f", generation {generation}" if generation is not None else "")
    remembered = _table(status, "memory")
    if is_number(remembered.get("keys")):
        changed = int(number(remembered, "changed_today"))
        yield (
            "memory",
            f"{counted(int(remembered['keys']), 'taught digit')}, which changed "
            f"{counted(changed, 'digit')} today",
        )
    yield from _joined(
        "device", status, {"temperature": "{:.0f} °C", "disk_free_mb": "{:.0f} MB free"}
    )
    if status.get("address"):
        yield "address", str(status["address"])
    since_then = max(0.0, now - number(status, "updated", now))  # the file is updated rarely
    yield "up", span(number(status, "uptime") + since_then)


def _joined(
    name: str, values: Mapping[str, Any], forms: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """The available numbers in one line."""
    words = [form.format(values[key]) for key, form in forms.items() if is_number(values.get(key))]
    if words:
        yield name, ", ".join(words)


def _training(training: Mapping[str, Any], now: float) -> str:
    """The training's status in words, "" if there is none."""
    if not training.get("state"):
        return ""
    words = str(training["state"])
    if words in ("training", "judging"):
        words += f" {number(training, 'progress'):.0%}"
    if training.get("message"):
        words += f": {training['message']}"
    return f"{words} ({span(now - number(training, 'updated', now))} ago)"


def _table(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = values.get(key)
    return value if isinstance(value, dict) else {}
