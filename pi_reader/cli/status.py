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

from pi_reader.cli.common import can_draw, counted, folders_of, one_line
from pi_reader.cli.options import STATE, option
from pi_reader.client.status import BoxStatus, read_status, span
from pi_reader.errors import INTERRUPTED, NoHardware
from pi_reader.state import BoxState, is_number, number

HELP = """what the box sees, what is wrong, what it is learning

Exit code 0 while the service runs, 69 if it does not run or hangs."""
EXAMPLE = "pi-reader status --follow"

OFFLINE = NoHardware.exit_code
_FOLLOW_SECONDS = 1.0
_VIEW = {
    "mean": "light {:.0f} of 255",
    "clipped": "{:.0%} overexposed",
    "sharpness": "sharpness {:.2f}",
}
_CAMERA = {
    "exposure_ms": "{:.1f} ms",
    "gain": "gain {:.1f}",
    "lux": "{:.0f} lux",
    "focus": "focus {:.0f}",
}
_COUNTED = {
    "frames": "{:.0f} frames",
    "reads": "{:.0f} read",
    "looks_per_second": "{:.1f} looks/s",
    "unsure_share": "{:.0%} unsure",
}
_DEVICE = {"temperature": "{:.0f} °C", "disk_free_mb": "{:.0f} MB free"}
_CLEAR = "\x1b[H\x1b[2J"

OPTIONS = (
    option("--json", action="store_true", help="one JSON object, for scripts"),
    option(
        "--follow", action="store_true", help="go on showing it, whenever it changes, until Ctrl-C"
    ),
    STATE,
)


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
    state, training = known.state, known.learning
    if known.problem:
        yield known.problem
    if known.running:
        text = f": {_in_line(state.text)}" if state.text else ""
        held = ", the display is held" if state.frozen else ""
        yield f"{state.state} for {span(now - state.since)}{text}{held}"
    for name, words in _facts(state, now) if known.running else ():
        yield f"  {name:11} {words}"
    if training.state:
        words = training.words + (f": {training.message}" if training.message else "")
        yield f"  {'training':11} {words} ({span(now - training.updated)} ago)"


def _in_line(text: str) -> str:
    return "  ".join(text.split())


def _facts(state: BoxState, now: float) -> Iterator[tuple[str, str]]:
    """The service's counts and measurements, as far as available."""
    for fault in state.faults.values() or filter(None, [state.fault]):
        yield "fault", fault
    if state.message:
        yield "message", "  ".join(state.message.split("\n"))
    if (last := state.last) and last.text:
        ago = f", {span(now - last.when)} ago" if last.when else ""
        name = f" (reading {last.event})" if last.event is not None else ""
        yield "last", f"{_in_line(last.text)}{name}{ago}"
    for one in state.numbers:
        yield "number", one.words
    for name, values, forms in (
        ("view", state.conditions or {}, _VIEW),
        ("camera", state.camera, _CAMERA),
        ("counted", vars(state), _COUNTED),
    ):
        yield from _joined(name, values, forms)
    for name, reason in state.broken.items():
        yield "broken", f"{name}: {reason}"
    if state.weights:
        which = "" if state.generation is None else f", generation {state.generation}"
        yield "weights", state.weights[:12] + which
    if state.memory is not None:
        taught = counted(int(number(state.memory, "keys")), "taught digit")
        changed = counted(int(number(state.memory, "changed_today")), "digit")
        yield "memory", f"{taught}, which changed {changed} today"
    yield from _joined("device", vars(state), _DEVICE)
    if state.address:
        yield "address", state.address
    since_then = max(0.0, now - state.updated)  # the file is updated rarely
    yield "up", span(state.uptime + since_then)


def _joined(
    name: str, values: Mapping[str, Any], forms: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """The available numbers in one line."""
    words = [form.format(values[key]) for key, form in forms.items() if is_number(values.get(key))]
    if words:
        yield name, ", ".join(words)
