"""Every address of the page's interface, as one table: method, path, who may, and what it takes.

A route gets a checked `Call` and gives an `Answer`. What changes the box, or is not for everybody's
eyes, it asks the clerk for, in words of `client.words`; what the box tells of itself it takes from
`Watch`.
"""

from __future__ import annotations

import csv
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
from pi_reader.client.status import read_training
from pi_reader.config import Folders
from pi_reader.errors import (
    BadData,
    BadSettings,
    Busy,
    CannotWrite,
    MissingFile,
    NoHardware,
    PiReaderError,
    UsageError,
    error_of,
)
from pi_reader.web import metrics
from pi_reader.web.access import GUEST, OPEN, OWNER, PICTURE, PUPIL, READING, Access, Session, may
from pi_reader.web.watch import Watch

FRAME_SECONDS = 8.0  # that a request waits for a newer frame
CSV_AT_ONCE = 500  # readings of one question to the clerk
COOKIE = "pi-reader"

STATUS_OF = {  # what HTTP calls the errors of the box
    UsageError: 422,
    BadData: 422,
    BadSettings: 422,
    MissingFile: 404,
    NoHardware: 503,
    CannotWrite: 503,
    Busy: 503,
    PiReaderError: 500,
}


class Failed(Exception):
    """An answer other than the one that was asked for: HTTP's status, a line, more for the page."""

    def __init__(self, status: int, line: str, **more: Any) -> None:
        super().__init__(line)
        self.status, self.more = status, more


@dataclass(frozen=True)
class Answer:
    """What goes back. content: bytes, or pieces of them."""

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
            raise Failed(STATUS_OF.get(type(error), 500), str(error)) from error
        return list(answer.lines)

    def ask_values(self, *words: str) -> list[Any]:
        """The same for answers in JSON, a value a line."""
        return [json.loads(line) for line in self.ask(*words)]


@dataclass(frozen=True)
class Call:
    """A request that may be answered. path: the numbers and names in it; session: None for a guest;
    agent: what the browser calls itself; if_match: the version that a change is meant for."""

    box: Box
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]
    session: Session | None
    agent: str = ""
    if_match: str = ""

    @property
    def role(self) -> str:
        """guest, pupil or owner."""
        return self.session.role if self.session else GUEST

    def may(self, level: str) -> bool:
        """Whether the caller has this level."""
        return may(level, self.role, self.box.watch.guests())


Check = Callable[[Any], bool]


@dataclass(frozen=True)
class Route:
    """One address. level: who may; query, body: what may be given, with a check for each; free:
    whether the body may have any names; stream: answered piece by piece by the server itself."""

    method: str
    path: str
    level: str
    do: Callable[[Call], Answer]
    body: Mapping[str, Check] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    free: bool = False
    stream: bool = False

    def matches(self, path: str) -> Mapping[str, str] | None:
        """The numbers and names in a path, None if it is another."""
        found = re.fullmatch(_PART.sub(_pattern, self.path), path)
        return found.groupdict() if found else None


_PART = re.compile("{([a-z]+)}")
_PARTS = {"number": "[0-9]{1,12}", "id": "[0-9a-f]{8}"}
_NUMBER, _COUNT = "[0-9]{1,12}", "[1-9][0-9]{0,2}"


def _pattern(found: re.Match[str]) -> str:
    return f"(?P<{found[1]}>{_PARTS[found[1]]})"


def one_of(*choices: str) -> Check:
    """One of these words."""
    return lambda value: isinstance(value, str) and value in choices


def text(pattern: str) -> Check:
    """A text of this form."""
    return lambda value: isinstance(value, str) and bool(re.fullmatch(pattern, value))


def is_digit(value: Any) -> bool:
    """A digit, or None for a mark that is none."""
    return value is None or (type(value) is int and 0 <= value <= 9)


def is_place(value: Any) -> bool:
    """A digit's place in a reading, from 0."""
    return type(value) is int and 0 <= value < 1000


def in_json(
    values: Any, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})
) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(values, allow_nan=False).encode(), headers=headers)


# Who am I


def get_session(call: Call) -> Answer:
    """Who the caller is, and how to become somebody."""
    box = call.box
    values = {
        "role": call.role,
        "guest": box.watch.guests(),
        "can": [level for level in (READING, PICTURE, PUPIL, OWNER) if call.may(level)],
        "name": box.name,
        "version": __version__,
        "demo": box.is_demo,
        "pairing": box.access.facts(),
    }
    return in_json(values)


def post_pairing(call: Call) -> Answer:
    """Show a code on the box; or give its owner one for pupils."""
    box = call.box
    if call.body.get("role") == PUPIL:
        if not call.may(OWNER):
            raise Failed(403, "pairing: only an owner gets a code for pupils")
        code = box.access.new_code(PUPIL, unlocked=True)
        seconds = box.access.facts()["seconds"]
        return in_json({"code": code.code, "role": PUPIL, "seconds": seconds})
    code = box.access.new_code()
    facts = box.access.facts()
    box.ask("code", code.code)
    return in_json(facts, 202)


def post_session(call: Call) -> Answer:
    """Pair: take a code for a session."""
    secret, role = call.box.access.pair(call.body["code"], name_of(call.agent))
    age = 86400 * 365
    cookie = f"{COOKIE}={secret}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict"
    return in_json({"role": role}, headers={"Set-Cookie": cookie})


def delete_session(call: Call) -> Answer:
    """End the caller's own session."""
    if call.session is not None:
        call.box.access.end(call.session.id)
    gone = f"{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"
    return Answer(204, headers={"Set-Cookie": gone})


def get_sessions(call: Call) -> Answer:
    """All who were let in; never their secrets."""
    return in_json(
        {
            "sessions": [
                {"id": one.id, "role": one.role, "kind": one.kind, "name": one.name}
                | {"since": one.since, "seen": one.seen, "this": one == call.session}
                for one in call.box.access.sessions()
            ]
        }
    )


def delete_sessions(call: Call) -> Answer:
    """End one of them, or all."""
    ids = call.path.values()
    if not call.box.access.end(*ids) and ids:
        raise Failed(404, "session: there is none of that name")
    return Answer(204)


def name_of(agent: str) -> str:
    """A browser's own name, short enough to be known again."""
    known = (("Edg/", "Edge"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
    browser = next((name for mark, name in known if mark in agent), "a program")
    systems = ("Android", "iPhone", "iPad", "Windows", "Macintosh", "Linux")
    system = next((name for name in systems if name in agent), "")
    return f"{browser}, {system}" if system else browser


# Now


def get_state(call: Call) -> Answer:
    """How the box is doing."""
    return in_json(call.box.watch.state(call.may(PUPIL)))


def get_numbers(call: Call) -> Answer:
    """The named numbers of the page before it."""
    return in_json({"numbers": call.box.watch.state(False)["numbers"]})


def get_reading(call: Call) -> Answer:
    """What was read last; with boxes, while somebody watches."""
    watch = call.box.watch
    with watch.watching(view=True):
        last = watch.status.status.get("last") or {}
        facts = watch.view[0]
        is_seen = bool(facts) and facts.get("event") == last.get("event")
        return in_json(
            {key: last.get(key) for key in ("event", "text", "when", "sure", "confidence")}
            | {"frame": facts["frame"] if is_seen else None}
            | {"reading": facts.get("reading") if is_seen and call.may(PICTURE) else None}
        )


def get_frame(call: Call) -> Answer:
    """The newest frame; or the next after one."""
    watch, after = call.box.watch, call.query.get("after")
    with watch.watching(view=True):
        if not watch.status.running:
            raise Failed(503, f"frame: {watch.state(call.may(PUPIL))['problem']}")
        begun = watch.view_seen
        facts, picture = watch.view
        if after is None or facts.get("frame") in (None, int(after)):
            watch.wait_for_view(begun, FRAME_SECONDS)
            facts, picture = watch.view
        if not picture or facts.get("frame") == (after and int(after)):
            return Answer(204)
    return Answer(200, picture, "image/jpeg", {"X-Frame": str(facts["frame"])})


def get_events(call: Call) -> Answer:
    """All news as they come: the status, and with the picture's level what is seen."""
    return Answer(200, events(call), "text/event-stream")


def events(call: Call) -> Iterator[bytes]:
    """Server-sent events, for ever; a comment now and then shows that somebody still listens."""
    watch, viewing, whole = call.box.watch, call.may(PICTURE), call.may(PUPIL)
    status_seen = view_seen = seen = 0
    yield b"retry: 2000\n\n"
    with watch.watching(viewing):
        while True:
            if not call.box.access.holds(call.session):
                yield b'event: bye\ndata: {"why": "session"}\n\n'
                return
            if watch.status_seen > status_seen:
                status_seen = watch.status_seen
                yield _event("state", status_seen, watch.state(whole))
            if viewing and watch.view_seen > view_seen:
                view_seen = watch.view_seen
                yield _event("view", view_seen, watch.view[0])
            before, seen = seen, watch.wait(max(seen, status_seen, view_seen), 10.0)
            if seen == before:
                yield b": still here\n\n"


def _event(name: str, number: int, values: Any) -> bytes:
    return f"event: {name}\nid: {number}\ndata: {json.dumps(values)}\n\n".encode()


def post_read(call: Call) -> Answer:
    """Read what lies there now."""
    (line,) = call.box.ask("read")
    return in_json({"text": "\n".join(line.split("  ")), "done": line})


def post_display(call: Call) -> Answer:
    """Hold what is shown, let it go on, or say on it which box this is."""
    return _done(call.box.ask(call.body["do"]))


def post_aim(call: Call) -> Answer:
    """Measure focus and light for the next seconds."""
    (values,) = call.box.ask_values("aim")
    return in_json(values)


# Teach


def post_labels(call: Call) -> Answer:
    """Say what a reading, or one of its digits, really is."""
    body, number = call.body, call.path["number"]
    if "label" in body and len(body) == 1:
        return _kept(call.box.ask("label", number, body["label"]))
    if set(body) != {"place", "digit"}:
        raise Failed(422, "labels: should be a label, or a place and a digit")
    digit = "-" if body["digit"] is None else str(body["digit"])
    return _kept(call.box.ask("label", number, str(body["place"] + 1), digit))


def _kept(lines: list[str]) -> Answer:
    (line,) = lines
    return in_json({"kept": int(line.split()[1]), "done": line})


def _done(lines: list[str], status: int = 200) -> Answer:
    return in_json({"done": "\n".join(lines)}, status)


# History


def get_readings(call: Call) -> Answer:
    """Readings, newest first."""
    count = min(200, int(call.query.get("count", "50")))
    found = call.box.ask_values("show", "readings", call.query.get("before", "0"), str(count + 1))
    return in_json({"readings": found[:count], "more": len(found) > count})


def get_csv(call: Call) -> Answer:
    """All readings, oldest first, as a table."""
    headers = {"Content-Disposition": 'attachment; filename="readings.csv"'}
    return Answer(200, _table(call.box), "text/csv; charset=utf-8", headers)


def _table(box: Box) -> Iterator[bytes]:
    names = ("number", "when", "time", "text", "sure", "confidence")
    lines = io.StringIO()
    table = csv.writer(lines, lineterminator="\r\n")
    table.writerow(names)
    last = 0
    while True:
        found = box.ask_values("show", "readings", "after", str(last), str(CSV_AT_ONCE))
        for one in found:
            when = one["when"]
            spelled = datetime.fromtimestamp(when).isoformat(" ", "seconds") if when else ""
            table.writerow(({**one, "time": spelled})[name] for name in names)
        yield lines.getvalue().encode()
        lines.seek(0)
        lines.truncate()
        if len(found) < CSV_AT_ONCE:
            return
        last = found[-1]["number"]


def get_one_reading(call: Call) -> Answer:
    """One reading; while it is remembered, with a picture of each digit."""
    values, *digits = call.box.ask_values("show", "reading", call.path["number"])
    if values.get("gone"):
        raise Failed(410, f"reading {call.path['number']}: is not kept any more")
    if not call.may(PICTURE):
        digits = [{key: one[key] for key in one if key != "picture"} for one in digits]
    return in_json(values | {"digits": digits})


# Learning


def get_training(call: Call) -> Answer:
    """The training's progress, or the last one's verdict."""
    said = read_training(call.box.folders)
    return in_json(
        {
            "training": said or None,
            "line": training.training_line(said),
            "active": training.is_active(said, time.time()),
        }
    )


def post_training(call: Call) -> Answer:
    """Learn now, or stop it."""
    return _done(call.box.ask("train" if call.body["do"] == "start" else "cancel"), 202)


def get_samples(call: Call) -> Answer:
    """What the box was taught, newest first, with pictures."""
    count = min(60, int(call.query.get("count", "60")))
    kind = "suspects" if call.query.get("suspect") == "1" else "samples"
    before = call.query.get("before", "0")
    counts, *found = call.box.ask_values("show", kind, before, str(count + 1))
    return in_json({"samples": found[:count], "more": len(found) > count, "counts": counts})


def patch_sample(call: Call) -> Answer:
    """Say what a sample is."""
    digit = "-" if call.body["label"] is None else str(call.body["label"])
    return _done(call.box.ask("relabel", call.path["number"], digit))


def delete_sample(call: Call) -> Answer:
    """Forget a sample."""
    call.box.ask("drop", call.path["number"])
    return Answer(204)


def get_generations(call: Call) -> Answer:
    """The generations of weights."""
    trouble, *found = call.box.ask_values("show", "generations")
    return in_json({"generations": found, "trouble": trouble})


def post_use(call: Call) -> Answer:
    """Put a generation in use."""
    return _done(call.box.ask("use", call.path["number"]))


def post_rollback(call: Call) -> Answer:
    """Go back to the generation before."""
    return _done(call.box.ask("back"))


# Settings


def get_settings(call: Call) -> Answer:
    """All settings but secrets, each with its rule and where its value comes from."""
    return _settings(call.box.ask_values("show", "settings"))


def _settings(found: list[Any]) -> Answer:
    head, *sections = found
    values = {"sections": sections, "trouble": head["trouble"]}
    return in_json(values, headers={"ETag": f'"{head["version"]}"'})


def patch_settings(call: Call) -> Answer:
    """Change settings, all or none of what is asked for."""
    if not call.if_match:
        raise Failed(428, "settings: If-Match is missing, should be the ETag of what was changed")
    version = call.if_match.strip().removeprefix("W/").strip('"')
    if not re.fullmatch("[0-9a-f]{16}", version):
        raise Failed(412, "settings: have changed meanwhile; look at them again")
    changes = json.dumps(call.body)
    if not call.body or len(changes) > 4000:
        raise Failed(422, "settings: nothing to change, or too much at once")
    outcome = call.box.ask_values("set", version, changes)[-1]
    if refused := outcome.pop("refused", ""):
        raise Failed(412 if outcome.pop("changed", False) else 422, refused, **outcome)
    return get_settings(call)


# Health


def get_health(call: Call) -> Answer:
    """The doctor's lines, the end of the log, and the figures of board and card."""
    box = call.box
    checks = box.ask_values("show", "health")
    try:
        with open(box.folders.view / "log", "rb") as file:
            log = json.loads(file.read(64 << 10))
    except (OSError, ValueError):
        log = []
    state = box.watch.state(True)
    known = state["status"] or {}
    keys = ("temperature", "disk_free_mb", "uptime", "address")
    return in_json(
        {"running": state["running"], "problem": state["problem"], "checks": checks, "log": log}
        | {key: known.get(key) for key in keys}
    )


def get_metrics(call: Call) -> Answer:
    """The figures of the box in Prometheus' text format."""
    content = metrics.text(call.box.watch.fresh(), call.may(PUPIL)).encode()
    return Answer(200, content, "text/plain; version=0.0.4; charset=utf-8")


_API = "/api/1"

TABLE: tuple[Route, ...] = (
    Route("GET", f"{_API}/session", OPEN, get_session),
    Route("POST", f"{_API}/pairing", OPEN, post_pairing, {"role?": one_of(PUPIL)}),
    Route("POST", f"{_API}/session", OPEN, post_session, {"code": text("[0-9]{6}")}),
    Route("DELETE", f"{_API}/session", PUPIL, delete_session),
    Route("GET", f"{_API}/sessions", OWNER, get_sessions),
    Route("DELETE", f"{_API}/sessions", OWNER, delete_sessions),
    Route("DELETE", f"{_API}/sessions/{{id}}", OWNER, delete_sessions),
    Route("GET", f"{_API}/state", READING, get_state),
    Route("GET", f"{_API}/reading", READING, get_reading),
    Route("GET", f"{_API}/numbers", READING, get_numbers),
    Route("GET", f"{_API}/frame.jpg", PICTURE, get_frame, query={"after": _NUMBER}),
    Route("GET", f"{_API}/events", READING, get_events, stream=True),
    Route("POST", f"{_API}/read", PUPIL, post_read),
    Route(
        "POST",
        f"{_API}/display",
        PUPIL,
        post_display,
        {"do": one_of("freeze", "release", "identify")},
    ),
    Route("POST", f"{_API}/aim", PUPIL, post_aim),
    Route(
        "POST",
        f"{_API}/readings/{{number}}/labels",
        PUPIL,
        post_labels,
        {"label?": text("[0-9?-]{1,200}"), "place?": is_place, "digit?": is_digit},
    ),
    Route(
        "GET", f"{_API}/readings", READING, get_readings, query={"before": _NUMBER, "count": _COUNT}
    ),
    Route("GET", f"{_API}/readings.csv", READING, get_csv, stream=True),
    Route("GET", f"{_API}/readings/{{number}}", READING, get_one_reading),
    Route("GET", f"{_API}/training", PUPIL, get_training),
    Route("POST", f"{_API}/training", OWNER, post_training, {"do": one_of("start", "stop")}),
    Route(
        "GET",
        f"{_API}/samples",
        PUPIL,
        get_samples,
        query={"before": _NUMBER, "count": _COUNT, "suspect": "[01]"},
    ),
    Route("PATCH", f"{_API}/samples/{{number}}", PUPIL, patch_sample, {"label": is_digit}),
    Route("DELETE", f"{_API}/samples/{{number}}", OWNER, delete_sample),
    Route("GET", f"{_API}/generations", PUPIL, get_generations),
    Route("POST", f"{_API}/generations/{{number}}/use", OWNER, post_use),
    Route("POST", f"{_API}/generations/rollback", OWNER, post_rollback),
    Route("GET", f"{_API}/settings", OWNER, get_settings),
    Route("PATCH", f"{_API}/settings", OWNER, patch_settings, free=True),
    Route("GET", f"{_API}/health", PUPIL, get_health),
    Route("GET", "/metrics", READING, get_metrics),
)


def find(method: str, path: str) -> tuple[Route, Mapping[str, str]]:
    """The route of a request, and the numbers in its path. Raises Failed: 404 or 405."""
    found = [(route, parts) for route in TABLE if (parts := route.matches(path)) is not None]
    for route, parts in found:
        if route.method == method or (method == "HEAD" and route.method == "GET"):
            return route, parts
    if not found:
        raise Failed(404, "there is nothing at this address")
    raise Failed(405, f"{method} is not for this address", allow=[one.method for one, _ in found])


def check_body(route: Route, body: Any) -> Mapping[str, Any]:
    """The body if it is as the route says. Raises Failed, naming the key."""
    if not isinstance(body, dict):
        raise Failed(400, "body: should be a JSON object")
    if route.free:
        return body
    names = {name.rstrip("?"): check for name, check in route.body.items()}
    for key, value in body.items():
        if key not in names:
            import difflib

            near = difflib.get_close_matches(key[:80], names, 2)
            raise Failed(422, f"{key:.40}: is not known here", key=key[:80], did_you_mean=near)
        if not names[key](value):
            raise Failed(422, f"{key}: is {value!r:.40}, which it cannot be", key=key)
    for name in route.body:
        if not name.endswith("?") and name not in body:
            raise Failed(422, f"{name}: is missing", key=name)
    return body
