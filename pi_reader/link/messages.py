"""What is said to others, and under which topic: the status file in the form of messages.

All topics of a box begin with `pi-reader/ID`. ID is `pir-` and eight hexadecimal digits.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pi_reader import __version__
from pi_reader.client.status import BoxStatus, is_number, number
from pi_reader.errors import BadSettings

ONLINE, OFFLINE = "online", "offline"
RETAINED = ("availability", "state", "reading", "training")  # what lies at the broker
ALL = "pi-reader/all/command"
NOT_RUNNING = "not running"
LONGEST_TEXT = 250  # characters of a reading or a fault; Home Assistant takes no longer state

_MACHINE = Path("/etc/machine-id")
_STEPS = 20  # of a training's progress that are worth a message


def device_id(wanted: str = "", machine: Path = _MACHINE) -> str:
    """The box's name in topics: as set, else from the machine's, which it does not give away."""
    if wanted:
        return wanted
    try:
        words = machine.read_text().strip()
    except (OSError, ValueError):
        words = ""
    if not words:
        raise BadSettings(f'link.id: is "", and there is no {machine}; set it, as "pir-0000002a"')
    return "pir-" + hmac.new(words.encode(), b"pi-reader", hashlib.sha256).hexdigest()[:8]


def topic(device: str, name: str) -> str:
    """The topic of one of a box's messages."""
    return f"pi-reader/{device}/{name}"


def command_topics(device: str, room: str = "") -> list[str]:
    """Where a box listens."""
    rooms = [f"pi-reader/room/{room}/command"] if room else []
    return [topic(device, "command"), ALL, *rooms]


def as_json(values: Mapping[str, Any]) -> str:
    """The form of all messages but availability; what is infinite or no number is left out."""
    sound = {key: value for key, value in values.items() if value == value}
    return json.dumps(sound, ensure_ascii=False, separators=(",", ":"))


def state_of(known: BoxStatus, room: str = "") -> dict[str, Any]:
    """How the box is doing; faults are told here and not as its absence."""
    status = known.status if known.running else {}
    return {
        "state": str(status.get("state") or "starting") if known.running else NOT_RUNNING,
        "text": _short(status.get("text")),
        "unsure": bool(status.get("text")) and status.get("sure") is not True,
        "fault": _short(status.get("fault")) if known.running else _short(known.problem),
        "message": _short(status.get("message")),
        "frozen": status.get("frozen") is True,
        "generation": status.get("generation"),
        "weights": str(status.get("weights") or "")[:12],
        "address": _short(status.get("address")),
        "room": room,
        "version": __version__,
    }


def measured(known: BoxStatus) -> dict[str, Any]:
    """What changes all the time, and is told now and then."""
    keys = ("temperature", "disk_free_mb", "frames", "reads", "unsure_share", "uptime")
    return {key: known.status[key] for key in keys if is_number(known.status.get(key))}


def reading_of(status: Mapping[str, Any]) -> dict[str, Any] | None:
    """The last reading, None if there was none since the start of the service.

    `number` is what a label names; `time` has the local offset; confidence is in percent.
    """
    last = status.get("last")
    if not isinstance(last, dict) or not is_number(last.get("event")):
        return None
    when = number(last, "when")
    return {
        "text": _short(last.get("text")),
        "number": int(last["event"]),
        "sure": last.get("sure") is True,
        "confidence": round(100 * number(last, "confidence"), 1),
        "when": when or None,
        "time": local_time(when) if when else None,
    }


def training_of(training: Mapping[str, Any]) -> dict[str, Any]:
    """How the training gets on, in steps that are worth a message."""
    return {
        "state": str(training.get("state") or "none"),
        "progress": round(100 * round(_STEPS * number(training, "progress")) / _STEPS),
        "message": _short(training.get("message")),
        "until": number(training, "until") or None,
    }


def local_time(when: float) -> str | None:
    """A time as ISO 8601 has it; None for what is no time."""
    try:
        text = time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(when))
    except (OSError, OverflowError, ValueError):
        return None
    return f"{text[:-2]}:{text[-2:]}"


def _short(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
