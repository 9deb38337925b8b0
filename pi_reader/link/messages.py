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
from pi_reader.client.status import BoxStatus
from pi_reader.errors import BadSettings
from pi_reader.state import BoxState, NumberState, TrainingState

ONLINE, OFFLINE = "online", "offline"
RETAINED = ("availability", "state", "reading", "training", "picture")  # what lies at the broker
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
    state = known.state if known.running else BoxState(fault=known.problem)
    return {
        "state": str(state.state) if known.running else NOT_RUNNING,
        "text": _short(state.text),
        "unsure": bool(state.text) and not state.sure,
        "unbelieved": [one.name for one in state.numbers if not one.good],
        "fault": _short(state.fault),
        "message": _short(state.message),
        "frozen": state.frozen,
        "generation": state.generation,
        "samples": (state.memory or {}).get("keys"),
        "weights": state.weights[:12],
        "address": _short(state.address),
        "room": room,
        "version": __version__,
    }


def measured(state: BoxState) -> dict[str, Any]:
    """What changes all the time, and is told now and then."""
    keys = ("temperature", "disk_free_mb", "frames", "reads", "unsure_share", "uptime")
    return {key: value for key in keys if (value := getattr(state, key)) is not None}


def reading_of(state: BoxState) -> dict[str, Any] | None:
    """The last reading, None if there was none since the start of the service.

    `number` is what a label names; `time` has the local offset; confidence is in percent.
    """
    last = state.last
    if last is None or last.event is None:
        return None
    return {
        "text": _short(last.text),
        "number": last.event,
        "sure": last.sure,
        "confidence": round(100 * last.confidence, 1),
        "when": last.when or None,
        "time": local_time(last.when) if last.when else None,
    }


def number_of(number: NumberState) -> dict[str, Any]:
    """A number of the settings: its last good value, and what is thought of what stands there.

    value: a number, or a time or text as it is; None if none was good. when: of that value.
    """
    value: Any = number.amount
    if number.kind != "number":
        value = _short(number.value or number.last) or None
    elif value is not None and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return {
        "value": value,
        "unit": number.unit,
        "verdict": number.verdict,
        "read": _short(number.read),
        "when": number.when or None,
    }


def training_of(training: TrainingState) -> dict[str, Any]:
    """How the training gets on, in steps that are worth a message."""
    return {
        "state": training.state or "none",
        "progress": round(100 * round(_STEPS * training.progress) / _STEPS),
        "message": _short(training.message),
        "until": training.until or None,
    }


def local_time(when: float) -> str | None:
    """A time as ISO 8601 has it; None for what is no time."""
    try:
        text = time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(when))
    except (OSError, OverflowError, ValueError):
        return None
    return f"{text[:-2]}:{text[-2:]}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
