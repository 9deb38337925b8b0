"""Routes to what keeps a box going: its learning, its settings, its health."""

from __future__ import annotations

import contextlib
import json
import re
import time

from pi_reader.client.training import training_line
from pi_reader.web.answers import Answer, Failed, in_json
from pi_reader.web.calls import Call, say
from pi_reader.web.records import page_of

LONGEST_CHANGES = 16_000  # characters of settings that are changed at once


def training(call: Call) -> Answer:
    """How the training gets on."""
    known = call.box.watch.fresh()
    line, active = training_line(known.learning), known.learning.is_active(time.time())
    return in_json({"training": dict(known.training) or None, "line": line, "active": active})


def train(call: Call) -> Answer:
    """Start or stop one."""
    return say("train" if call.body["do"] == "start" else "cancel", status=202)(call)


def samples(call: Call) -> Answer:
    """Some samples, newest first, with how many there are."""
    kind = "suspects" if call.query.get("suspect") == "1" else "samples"
    (counts, *found), count = page_of(call, 60, "show", kind)
    return in_json({"samples": found[:count], "more": len(found) > count, "counts": counts})


def relabel(call: Call) -> Answer:
    """Say what a sample really is."""
    digit = "-" if call.body["label"] is None else str(call.body["label"])
    return say("relabel", "{number}", digit)(call)


def generations(call: Call) -> Answer:
    """All generations of weights."""
    trouble, *found = call.box.ask_values("show", "generations")
    return in_json({"generations": found, "trouble": trouble})


def settings(call: Call) -> Answer:
    """All settings but secrets, each with its rule and where its value comes from."""
    head, *sections = call.box.ask_values("show", "settings")
    etag = {"ETag": f'"{head["version"]}"'}
    return in_json({"sections": sections, "trouble": head["trouble"]}, headers=etag)


def change(call: Call) -> Answer:
    """Change settings, all or none of what is asked for."""
    if not call.if_match:
        raise Failed(428, "settings: If-Match is missing, should be the ETag of what was changed")
    version = call.if_match.strip().removeprefix("W/").strip('"')
    changes = json.dumps(call.body)
    if not re.fullmatch("[0-9a-f]{16}", version):
        raise Failed(412, "settings: have changed meanwhile; look at them again")
    if not call.body or len(changes) > LONGEST_CHANGES:
        raise Failed(422, "settings: nothing to change, or too much at once")
    (outcome,) = call.box.ask_values("set", version, changes)
    if refused := outcome.pop("refused", ""):
        raise Failed(412 if outcome.pop("changed", False) else 422, refused, **outcome)
    return settings(call)


def health(call: Call) -> Answer:
    """The doctor's lines with their age, the end of the log, the figures of board and card."""
    box, log = call.box, []
    head, *checks = box.ask_values("show", "health")
    with contextlib.suppress(OSError, ValueError):  # none yet
        log = json.loads((box.folders.view / "log").read_bytes())
    state = box.watch.state(True)
    values = head | {"checks": checks, "log": log}
    values |= {key: state[key] for key in ("running", "problem")}
    keys = ("temperature", "disk_free_mb", "uptime", "address")
    return in_json(values | {key: (state["status"] or {}).get(key) for key in keys})
