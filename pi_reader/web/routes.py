"""Every address of the page's interface, as one table: method, path, who may, and what it takes.

A route gets a checked `Call` and gives an `Answer`. What changes the box, or is not for everybody's
eyes, it asks the clerk for, in words of `client.words`; what the box tells of itself it takes from
`Watch`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pi_reader.web import live, metrics, records, upkeep, visitors
from pi_reader.web.access import OPEN, OWNER, PICTURE, PUPIL, READING
from pi_reader.web.answers import Failed
from pi_reader.web.calls import Do, say

Check = Callable[[Any], bool]

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
    Route("GET", "/api/1/session", OPEN, visitors.session),
    Route("POST", "/api/1/session", OPEN, visitors.pair, {"code": _text("[0-9]{6}")}),
    Route("DELETE", "/api/1/session", PUPIL, visitors.leave),
    Route("POST", "/api/1/pairing", OPEN, visitors.pairing, {"role?": _one_of(PUPIL)}),
    Route("GET", "/api/1/sessions", OWNER, visitors.sessions),
    Route("DELETE", "/api/1/sessions", OWNER, visitors.end_sessions),
    Route("DELETE", "/api/1/sessions/{id}", OWNER, visitors.end_sessions),
    Route("GET", "/api/1/state", READING, live.state),
    Route("GET", "/api/1/reading", READING, live.reading),
    Route("GET", "/api/1/numbers", READING, live.numbers),
    Route("GET", r"/api/1/frame\.jpg", PICTURE, live.frame, query={"after": "[0-9]{1,12}"}),
    Route("GET", "/api/1/events", READING, live.events),
    Route("POST", "/api/1/read", PUPIL, live.read),
    Route("POST", "/api/1/display", PUPIL, say("{do}"), _DISPLAY),
    Route("POST", "/api/1/aim", PUPIL, live.aim),
    Route("POST", "/api/1/readings/{number}/labels", PUPIL, records.labels, _LABELS),
    Route("GET", "/api/1/readings", READING, records.readings, query=_PAGE),
    Route("GET", r"/api/1/readings\.csv", READING, records.table),
    Route("GET", "/api/1/readings/{number}", READING, records.one_reading),
    Route("GET", r"/api/1/readings/{number}/picture\.jpg", PICTURE, records.picture),
    Route("GET", "/api/1/training", PUPIL, upkeep.training),
    Route("POST", "/api/1/training", OWNER, upkeep.train, {"do": _one_of("start", "stop")}),
    Route("GET", "/api/1/samples", PUPIL, upkeep.samples, query=_PAGE | {"suspect": "[01]"}),
    Route("PATCH", "/api/1/samples/{number}", PUPIL, upkeep.relabel, {"label": _is_digit}),
    Route("DELETE", "/api/1/samples/{number}", OWNER, say("drop", "{number}", status=204)),
    Route("GET", "/api/1/generations", PUPIL, upkeep.generations),
    Route("POST", "/api/1/generations/{number}/use", OWNER, say("use", "{number}")),
    Route("POST", "/api/1/generations/rollback", OWNER, say("back")),
    Route("GET", "/api/1/settings", OWNER, upkeep.settings),
    Route("PATCH", "/api/1/settings", OWNER, upkeep.change, None),
    Route("GET", "/api/1/health", PUPIL, upkeep.health),
    Route("GET", "/metrics", READING, metrics.answer),
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
