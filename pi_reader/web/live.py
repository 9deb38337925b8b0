"""Routes for this moment: the state, what is read, the picture, and news of them as they come."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pi_reader.web.access import PICTURE, PUPIL, READING
from pi_reader.web.answers import Answer, Failed, in_json
from pi_reader.web.calls import Call

FRAME_SECONDS = 8.0  # that a request waits for a newer frame


def state(call: Call) -> Answer:
    """How the box is doing; for guests less of it."""
    return in_json(call.box.watch.state(call.may(PUPIL)))


def numbers(call: Call) -> Answer:
    """The numbers of the settings."""
    return in_json({"numbers": call.box.watch.state(False)["numbers"]})


def reading(call: Call) -> Answer:
    """What was read last; with boxes, while somebody watches."""
    watch = call.box.watch
    with watch.watching(view=True):
        last, facts = watch.status.status.get("last") or {}, watch.view[0]
        is_seen = bool(facts) and facts.get("event") == last.get("event")
        values = {key: last.get(key) for key in ("event", "text", "when", "sure", "confidence")}
        reading = facts["reading"] if is_seen and call.may(PICTURE) else None
        return in_json(values | {"frame": facts["frame"] if is_seen else None, "reading": reading})


def frame(call: Call) -> Answer:
    """The newest frame; or the next after one."""
    watch, after = call.box.watch, int(call.query.get("after", -1))
    with watch.watching(view=True):
        if not watch.status.running:
            raise Failed(503, f"frame: {watch.state(call.may(PUPIL))['problem']}")
        if watch.view[0].get("frame", after) == after:
            watch.wait_for_view(watch.view_seen, FRAME_SECONDS)
        facts, picture = watch.view
    if facts.get("frame", after) == after:
        return Answer(204)
    return Answer(200, picture, "image/jpeg", {"X-Frame": str(facts["frame"])})


def events(call: Call) -> Answer:
    """News as they come."""
    return Answer(200, _news(call), "text/event-stream")


def _news(call: Call) -> Iterator[bytes]:
    """Server-sent events, for ever; a comment now and then shows that somebody still listens."""
    watch, viewing, whole = call.box.watch, call.may(PICTURE), call.may(PUPIL)
    seen = status_seen = view_seen = 0
    yield b"retry: 2000\n\n"
    with watch.watching(viewing):
        while call.box.access.holds(call.session) and call.may(READING):
            if call.may(PICTURE) != viewing:
                break  # the setting of what guests may see has changed
            if watch.status_seen > status_seen:
                status_seen = watch.status_seen
                yield _event("state", status_seen, watch.state(whole))
            if viewing and watch.view[0] and watch.view_seen > view_seen:
                view_seen = watch.view_seen
                yield _event("view", view_seen, watch.view[0])
            before, seen = seen, watch.wait(seen, 10.0)
            if seen == before:
                yield b": still here\n\n"
    yield b'event: bye\ndata: {"why": "session"}\n\n'


def _event(name: str, number: int, values: Any) -> bytes:
    return f"event: {name}\nid: {number}\ndata: {json.dumps(values)}\n\n".encode()


def read(call: Call) -> Answer:
    """Read what lies there now."""
    (line,) = call.box.ask("read")
    return in_json({"text": "\n".join(line.split("  ")), "done": line})


def aim(call: Call) -> Answer:
    """Measure focus and light."""
    return in_json(call.box.ask_values("aim")[0])
