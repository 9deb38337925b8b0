"""Every address of the page's interface, as one table: method, path, who may, and what it takes.

A route gets a checked `Call` and gives an `Answer`. What changes the box, or is not for everybody's
eyes, it asks the clerk for, in words of `client.words`; what the box tells of itself it takes from
`Watch`.
"""

from __future__ import annotations

import base64
import contextlib
import csv
import difflib
import io
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from pi_reader import __version__
from pi_reader.client import clerk, training
from pi_reader.config import Folders
from pi_reader.errors import BadData, BadSettings, MissingFile, PiReaderError, UsageError, error_of
from pi_reader.web import metrics
from pi_reader.web.access import (
    GUEST,
    LEVELS,
    OPEN,
    OWNER,
    PICTURE,
    PUPIL,
    READING,
    Access,
    Failed,
    Session,
    may,
)
from pi_reader.web.watch import Watch

FRAME_SECONDS = 8.0  # that a request waits for a newer frame
CSV_AT_ONCE = 500  # readings of one question to the clerk
COOKIE = "pi-reader"
LONGEST_CHANGES = 4000  # characters of settings that are changed at once

_COOKIE_RULES = "Path=/; HttpOnly; SameSite=Strict"
_YEAR = 365 * 86400
_NONE: Mapping[str, Any] = MappingProxyType({})
_STATUS_OF = ((UsageError, 422), (BadData, 422), (BadSettings, 422), (MissingFile, 404))
_BROWSERS = (("Edg/", "Edge"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Macintosh", "Linux")


@dataclass(frozen=True)
class Answer:
    """What goes back. content: bytes, or pieces of them as they come."""

    status: int = 200
    content: bytes | Iterator[bytes] = b""
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Box:
    """What routes work with; name: of the box in the network."""

    folders: Folders
    access: Access
    watch: Watch
    name: str
    is_demo: bool = False

    def ask(self, *words: str) -> list[str]:
        """The lines that the clerk answers. Raises Failed with what it met."""
        try:
            answer = clerk.ask(self.folders.clerk, words)
            if answer.error:
                raise error_of(answer.exit_code, answer.error)
        except PiReaderError as error:
            found = (status for kind, status in _STATUS_OF if isinstance(error, kind))
            otherwise = 500 if error.exit_code == PiReaderError.exit_code else 503
            raise Failed(next(found, otherwise), str(error)) from error
        return list(answer.lines)

    def ask_values(self, *words: str) -> list[Any]:
        """The same for answers in JSON, a value a line."""
        try:
            return [json.loads(line) for line in self.ask(*words)]
        except ValueError as error:
            raise Failed(503, f"clerk: said what cannot be understood ({error})") from error


@dataclass(frozen=True)
class Call:
    """A request that may be answered. path: the numbers and names in it; session: None for a guest;
    agent: what the browser calls itself; if_match: the version that a change is meant for."""

    box: Box
    path: Mapping[str, str]
    query: Mapping[str, str]
    session: Session | None
    agent: str = ""
    if_match: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)

    def may(self, level: str) -> bool:
        """Whether the caller has this level."""
        role = self.session.role if self.session else GUEST
        return may(level, role, self.box.watch.guests())


Do = Callable[[Call], Answer]
Check = Callable[[Any], bool]


def in_json(values: Any, status: int = 200, headers: Mapping[str, str] = _NONE) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(values, allow_nan=False).encode(), headers=headers)


def _say(*words: str, status: int = 200) -> Do:
    """A route that has the clerk do something; {names} are of the path or the body."""

    def do(call: Call) -> Answer:
        given = {**call.path, **call.body}
        lines = call.box.ask(*(word.format(**given) for word in words))
        return in_json({"done": "\n".join(lines)}, status) if status != 204 else Answer(204)

    return do


# Who am I


def _session(call: Call) -> Answer:
    """Who the caller is, and how to become somebody."""
    box = call.box
    values = {
        "role": call.session.role if call.session else GUEST,
        "guest": box.watch.guests(),
        "can": [level for level in LEVELS[1:] if call.may(level)],
        "pairing": box.access.facts(),
    }
    return in_json(values | {"name": box.name, "version": __version__, "demo": box.is_demo})


def _pairing(call: Call) -> Answer:
    """Show a code on the box; or give its owner one for pupils."""
    box, role = call.box, call.body.get("role", OWNER)
    if role == PUPIL and not call.may(OWNER):
        raise Failed(403, "pairing: only an owner gets a code for pupils")
    code = box.access.new_code(role, unlocked=role == PUPIL)
    facts = box.access.facts()
    if role == PUPIL:
        return in_json({"code": code.code, "role": PUPIL, "seconds": facts["seconds"]})
    box.ask("code", code.code)
    return in_json(facts, 202)


def _pair(call: Call) -> Answer:
    """Take a code for a session, named by browser and system so that people know it again."""
    browser = next((name for mark, name in _BROWSERS if mark in call.agent), "a program")
    system = next((f", {name}" for name in _SYSTEMS if name in call.agent), "")
    secret, role = call.box.access.pair(call.body["code"], browser + system)
    with contextlib.suppress(Failed):  # where nobody shows a code, none need be taken away
        call.box.ask("code", "000000")
    cookie = f"{COOKIE}={secret}; Max-Age={_YEAR}; {_COOKIE_RULES}"
    return in_json({"role": role}, headers={"Set-Cookie": cookie})


def _leave(call: Call) -> Answer:
    if call.session is not None:
        call.box.access.end(call.session.id)
    return Answer(204, headers={"Set-Cookie": f"{COOKIE}=; Max-Age=0; {_COOKIE_RULES}"})


def _sessions(call: Call) -> Answer:
    """All who were let in; never their secrets."""
    names = ("id", "role", "kind", "name", "since", "seen")
    found = [
        {name: getattr(one, name) for name in names} | {"this": one == call.session}
        for one in call.box.access.sessions()
    ]
    return in_json({"sessions": found})


def _end_sessions(call: Call) -> Answer:
    if not call.box.access.end(*call.path.values()) and call.path:
        raise Failed(404, "session: there is none of that name")
    return Answer(204)


# Now


def _state(call: Call) -> Answer:
    return in_json(call.box.watch.state(call.may(PUPIL)))


def _numbers(call: Call) -> Answer:
    return in_json({"numbers": call.box.watch.state(False)["numbers"]})


def _reading(call: Call) -> Answer:
    """What was read last; with boxes, while somebody watches."""
    watch = call.box.watch
    with watch.watching(view=True):
        last, facts = watch.status.status.get("last") or {}, watch.view[0]
        is_seen = bool(facts) and facts.get("event") == last.get("event")
        values = {key: last.get(key) for key in ("event", "text", "when", "sure", "confidence")}
        reading = facts["reading"] if is_seen and call.may(PICTURE) else None
        return in_json(values | {"frame": facts["frame"] if is_seen else None, "reading": reading})


def _frame(call: Call) -> Answer:
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


def _events(call: Call) -> Answer:
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


def _read(call: Call) -> Answer:
    (line,) = call.box.ask("read")
    return in_json({"text": "\n".join(line.split("  ")), "done": line})


def _aim(call: Call) -> Answer:
    return in_json(call.box.ask_values("aim")[0])


# Teach and look back


def _labels(call: Call) -> Answer:
    """Say what a reading, or one of its digits, really is."""
    body, number = call.body, call.path["number"]
    if set(body) == {"label"}:
        (line,) = call.box.ask("label", number, body["label"])
    elif set(body) == {"place", "digit"}:
        digit = "-" if body["digit"] is None else str(body["digit"])
        (line,) = call.box.ask("label", number, str(body["place"] + 1), digit)
    else:
        raise Failed(422, "labels: should be a label, or a place and a digit")
    return in_json({"kept": int(line.split()[1]), "done": line})


def _page_of(call: Call, most: int, *words: str) -> tuple[list[Any], int]:
    """Some of a long list with one more, by which is seen whether it goes on; how many are some."""
    count = min(most, int(call.query.get("count", most)))
    return call.box.ask_values(*words, call.query.get("before", "0"), str(count + 1)), count


def _readings(call: Call) -> Answer:
    found, count = _page_of(call, 200, "show", "readings")
    return in_json({"readings": found[:count], "more": len(found) > count})


def _csv(call: Call) -> Answer:
    headers = {"Content-Disposition": 'attachment; filename="readings.csv"'}
    return Answer(200, _table(call.box), "text/csv; charset=utf-8", headers)


def _table(box: Box) -> Iterator[bytes]:
    """All readings, oldest first, as a table."""
    names = ("number", "when", "time", "text", "sure", "confidence")
    last = 0
    found: list[dict[str, Any]] = [dict(zip(names, names, strict=True))]
    while found:
        lines = io.StringIO()
        csv.DictWriter(lines, names).writerows(found)
        yield lines.getvalue().encode()
        found = box.ask_values("show", "readings", "after", str(last), str(CSV_AT_ONCE))
        for one in found:
            last, when = one["number"], one["when"]
            one["time"] = datetime.fromtimestamp(when).isoformat(" ", "seconds") if when else ""


def _one_reading(call: Call) -> Answer:
    """One reading; while it is remembered, with a picture of each digit."""
    values, *digits = call.box.ask_values("show", "reading", call.path["number"])
    if values.get("gone"):
        raise Failed(410, f"reading {call.path['number']}: is not kept any more")
    if not call.may(PICTURE):
        digits = [{key: one[key] for key in one if key != "picture"} for one in digits]
    return in_json(values | {"digits": digits})


def _picture(call: Call) -> Answer:
    """The picture that was kept of a reading, if the settings have pictures kept."""
    content = base64.b64decode("".join(call.box.ask("picture", call.path["number"])))
    return Answer(200, content, "image/jpeg")


# Learning, settings, health


def _training(call: Call) -> Answer:
    known = call.box.watch.fresh()
    line, active = training.training_line(known.learning), known.learning.is_active(time.time())
    return in_json({"training": dict(known.training) or None, "line": line, "active": active})


def _train(call: Call) -> Answer:
    return _say("train" if call.body["do"] == "start" else "cancel", status=202)(call)


def _samples(call: Call) -> Answer:
    kind = "suspects" if call.query.get("suspect") == "1" else "samples"
    (counts, *found), count = _page_of(call, 60, "show", kind)
    return in_json({"samples": found[:count], "more": len(found) > count, "counts": counts})


def _relabel(call: Call) -> Answer:
    digit = "-" if call.body["label"] is None else str(call.body["label"])
    return _say("relabel", "{number}", digit)(call)


def _generations(call: Call) -> Answer:
    trouble, *found = call.box.ask_values("show", "generations")
    return in_json({"generations": found, "trouble": trouble})


def _settings(call: Call) -> Answer:
    """All settings but secrets, each with its rule and where its value comes from."""
    head, *sections = call.box.ask_values("show", "settings")
    etag = {"ETag": f'"{head["version"]}"'}
    return in_json({"sections": sections, "trouble": head["trouble"]}, headers=etag)


def _set(call: Call) -> Answer:
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
    return _settings(call)


def _health(call: Call) -> Answer:
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


def _metrics(call: Call) -> Answer:
    content = metrics.text(call.box.watch.fresh(), call.may(PUPIL)).encode()
    return Answer(200, content, "text/plain; version=0.0.4; charset=utf-8")


# The table

_PARTS = {"number": "(?P<number>[0-9]{1,12})", "id": "(?P<id>[0-9a-f]{8})"}
_PAGE = {"before": "[0-9]{1,12}", "count": "[1-9][0-9]{0,2}"}


def _one_of(*choices: str) -> Check:
    return lambda value: isinstance(value, str) and value in choices


def _text(pattern: str) -> Check:
    return lambda value: isinstance(value, str) and bool(re.fullmatch(pattern, value))


def _is_digit(value: Any) -> bool:
    return value is None or (type(value) is int and 0 <= value <= 9)


def _is_place(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1000


@dataclass(frozen=True)
class Route:
    """One address. level: who may; body, query: what may be given, with a check or pattern each; a
    name that ends with ? may be missing, a body of None is one of any names."""

    method: str
    path: str
    level: str
    do: Do
    body: Mapping[str, Check] | None = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)

    def matches(self, path: str) -> Mapping[str, str] | None:
        """The numbers and names in a path, None if it is another."""
        found = re.fullmatch(self.path.format(**_PARTS), path)
        return found.groupdict() if found else None


_DISPLAY = {"do": _one_of("freeze", "release", "identify")}
_LABELS = {"label?": _text("[0-9?-]{1,200}"), "place?": _is_place, "digit?": _is_digit}

TABLE: tuple[Route, ...] = (
    Route("GET", "/api/1/session", OPEN, _session),
    Route("POST", "/api/1/session", OPEN, _pair, {"code": _text("[0-9]{6}")}),
    Route("DELETE", "/api/1/session", PUPIL, _leave),
    Route("POST", "/api/1/pairing", OPEN, _pairing, {"role?": _one_of(PUPIL)}),
    Route("GET", "/api/1/sessions", OWNER, _sessions),
    Route("DELETE", "/api/1/sessions", OWNER, _end_sessions),
    Route("DELETE", "/api/1/sessions/{id}", OWNER, _end_sessions),
    Route("GET", "/api/1/state", READING, _state),
    Route("GET", "/api/1/reading", READING, _reading),
    Route("GET", "/api/1/numbers", READING, _numbers),
    Route("GET", r"/api/1/frame\.jpg", PICTURE, _frame, query={"after": "[0-9]{1,12}"}),
    Route("GET", "/api/1/events", READING, _events),
    Route("POST", "/api/1/read", PUPIL, _read),
    Route("POST", "/api/1/display", PUPIL, _say("{do}"), _DISPLAY),
    Route("POST", "/api/1/aim", PUPIL, _aim),
    Route("POST", "/api/1/readings/{number}/labels", PUPIL, _labels, _LABELS),
    Route("GET", "/api/1/readings", READING, _readings, query=_PAGE),
    Route("GET", r"/api/1/readings\.csv", READING, _csv),
    Route("GET", "/api/1/readings/{number}", READING, _one_reading),
    Route("GET", r"/api/1/readings/{number}/picture\.jpg", PICTURE, _picture),
    Route("GET", "/api/1/training", PUPIL, _training),
    Route("POST", "/api/1/training", OWNER, _train, {"do": _one_of("start", "stop")}),
    Route("GET", "/api/1/samples", PUPIL, _samples, query=_PAGE | {"suspect": "[01]"}),
    Route("PATCH", "/api/1/samples/{number}", PUPIL, _relabel, {"label": _is_digit}),
    Route("DELETE", "/api/1/samples/{number}", OWNER, _say("drop", "{number}", status=204)),
    Route("GET", "/api/1/generations", PUPIL, _generations),
    Route("POST", "/api/1/generations/{number}/use", OWNER, _say("use", "{number}")),
    Route("POST", "/api/1/generations/rollback", OWNER, _say("back")),
    Route("GET", "/api/1/settings", OWNER, _settings),
    Route("PATCH", "/api/1/settings", OWNER, _set, None),
    Route("GET", "/api/1/health", PUPIL, _health),
    Route("GET", "/metrics", READING, _metrics),
)


def find(method: str, path: str) -> tuple[Route, Mapping[str, str]]:
    """The route of a request, and the numbers in its path. Raises Failed: 404 or 405."""
    found = [(route, parts) for route in TABLE if (parts := route.matches(path)) is not None]
    for route, parts in found:
        if route.method == ("GET" if method == "HEAD" else method):
            return route, parts
    if not found:
        raise Failed(404, "there is nothing at this address")
    raise Failed(405, f"{method} is not for this address", allow=[one.method for one, _ in found])


def check_body(route: Route, body: Any) -> Mapping[str, Any]:
    """The body if it is as the route says. Raises Failed, naming the key."""
    if not isinstance(body, dict):
        raise Failed(400, "body: should be a JSON object")
    if route.body is None:
        return body
    checks = {name.rstrip("?"): check for name, check in route.body.items()}
    for key, value in body.items():
        if key not in checks:
            near = difflib.get_close_matches(key[:80], checks, 2)
            raise Failed(422, f"{key:.40}: is not known here", key=key[:80], did_you_mean=near)
        if not checks[key](value):
            raise Failed(422, f"{key}: is {value!r:.40}, which it cannot be", key=key)
    for name in route.body:
        if not name.endswith("?") and name not in body:
            raise Failed(422, f"{name}: is missing", key=name)
    return body
