"""Every route of the page with every role, and with a wrong Host, Origin, type, size or query."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from web_box import WebBox

from pi_reader.web import live
from pi_reader.web.access import GUEST_MAY, LEVELS
from pi_reader.web.routes import TABLE, Route, find

ROLES = {"guest": "reading", "pupil": "pupil", "owner": "owner"}  # and the level that each holds
BODIES = {  # one that is right, for each route that takes any
    "POST /api/1/session": {"code": "000000"},
    "POST /api/1/display": {"do": "freeze"},
    "POST /api/1/readings/7/labels": {"place": 0, "digit": 7},
    "POST /api/1/training": {"do": "stop"},
    "PATCH /api/1/samples/7": {"label": 3},
    "PATCH /api/1/settings": {"night.starts": "03:00"},
}
RIGHT = {200, 202, 204, 404, 410, 422, 428, 503}  # what a route itself answers to an empty box
LEVEL_OF = {  # written down a second time, so that a slip in the table shows
    "open": {"GET session", "POST session", "POST pairing"},
    "reading": {"GET state", "GET reading", "GET numbers", "GET events", "GET readings"}
    | {"GET readings.csv", "GET readings/7", "GET /metrics"},
    "picture": {"GET frame.jpg", "GET readings/7/picture.jpg"},
    "pupil": {"DELETE session", "POST read", "POST display", "POST aim", "POST readings/7/labels"}
    | {"GET training", "GET samples", "PATCH samples/7", "GET generations", "GET health"},
    "owner": {"GET sessions", "DELETE sessions", "DELETE sessions/0123abcd", "POST training"}
    | {"DELETE samples/7", "POST generations/7/use", "POST generations/rollback"}
    | {"GET settings", "PATCH settings"},
}


def path_of(route: Route) -> str:
    return route.path.format(number=7, id="0123abcd").replace("\\", "")


def name_of(route: Route) -> str:
    return f"{route.method} {path_of(route)}"


def body_of(route: Route) -> Any:
    if route.method not in ("POST", "PATCH"):
        return None
    return BODIES.get(name_of(route), {})


EVERY = pytest.mark.parametrize("route", TABLE, ids=name_of)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebBox]:
    """A page; what is tried here ends no session and keeps none waiting."""
    made = WebBox(tmp_path_factory.mktemp("web"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live, "FRAME_SECONDS", 0.1)
        yield from serving(made)


def serving(made: WebBox) -> Iterator[WebBox]:
    made.answers |= {"aim": {"aim": {"focus": 1.0}}, "label": {"kept": 1, "read": "7"}}
    made.answers |= {"settings": {"refused": "no", "key": "night.starts"}}
    made.answers |= {"read": {"text": "7"}, "reading": {"error": "not remembered", "exit_code": 65}}
    with made.running():
        made.show(1)
        yield made
    assert made.log == []


def may(role: str, route: Route) -> bool:
    return LEVELS.index(ROLES[role]) >= LEVELS.index(route.level)


def test_ok__each_route_has_the_level_that_was_meant() -> None:

    found: dict[str, set[str]] = {}
    for route in TABLE:
        found.setdefault(route.level, set()).add(name_of(route).replace("/api/1/", ""))
    assert found == LEVEL_OF
    for route in TABLE:
        assert find(route.method, path_of(route))[0] is route, "none hides another"


@EVERY
@pytest.mark.parametrize("role", ROLES)
def test_ok__who_may(box: WebBox, route: Route, role: str) -> None:
    if route.method == "DELETE" and "session" in route.path and role == "owner":
        pytest.skip("would end those who are still to try")
    if route.path == "/api/1/session" and route.method == "DELETE" and role == "pupil":
        pytest.skip("would end those who are still to try")
    answer = box.call(route.method, path_of(route), body_of(route), role)
    if may(role, route):
        assert answer.status in RIGHT | ({401, 410} if "code" in str(body_of(route)) else set())
    else:
        assert answer.status == (401 if role == "guest" else 403)
        assert set(answer.values) == {"error"}
    assert not answer.headers.get("Set-Cookie") or route.path == "/api/1/session"


@EVERY
@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "pi-reader-7f3a.local.evil.example", "127.0.0.1", "127.0.0.1:1", "a b"],
)
def test_fail__another_host(box: WebBox, route: Route, host: str) -> None:
    answer = box.call(route.method, path_of(route), body_of(route), "owner", Host=host)
    assert answer.status == 421, answer.content


WRITES = pytest.mark.parametrize(
    "route", [route for route in TABLE if route.method != "GET"], ids=name_of
)


@WRITES
@pytest.mark.parametrize("origin", ["", "null", "http://evil.example", "https://127.0.0.1:{port}"])
def test_fail__another_origin(box: WebBox, route: Route, origin: str) -> None:
    origin = origin.format(port=box.port)
    answer = box.call(route.method, path_of(route), body_of(route), "owner", Origin=origin)
    assert answer.status == 403 and "Origin" in answer.values["error"]


@WRITES
def test_ok__a_script_with_a_token_needs_no_origin(box: WebBox, route: Route) -> None:
    if route.method == "DELETE":
        pytest.skip("would end those who are still to try")
    answer = box.call(
        route.method,
        path_of(route),
        body_of(route),
        Origin="",
        Authorization=f"Bearer {box.tokens['owner']}",
    )
    assert answer.status in RIGHT | {401}


TAKES = pytest.mark.parametrize(
    "route", [route for route in TABLE if route.method in ("POST", "PATCH")], ids=name_of
)


@TAKES
@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_fail__another_type(box: WebBox, route: Route, kind: str) -> None:
    answer = box.call(route.method, path_of(route), body_of(route), "owner", Content_Type=kind)
    assert answer.status == 415


@TAKES
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{" + b" " * (64 << 10) + b"}", 413),
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'"\\ud800"', 400),
        (b"[" * 60_000, 400),
        (b"\xff\xfe", 400),
        (b'{"no such name": 1}', 422),
    ],
    ids=["large", "empty", "cut", "list", "null", "text", "deep", "binary", "unknown"],
)
def test_fail__another_body(box: WebBox, route: Route, body: bytes, status: int) -> None:
    headers = {"If_Match": '"0123456789abcdef"'}
    answer = box.call(route.method, path_of(route), body, "owner", **headers)
    assert answer.status == status and answer.values["error"]


@TAKES
def test_fail__values_of_the_wrong_kind(box: WebBox, route: Route) -> None:
    for name in route.body or ():
        key = name.rstrip("?")
        for value in ({}, [], -1, 1e300, True, "x" * 300, "\u0667", "'; drop"):
            answer = box.call(route.method, path_of(route), {key: value}, "owner")
            assert answer.status == 422 and answer.values["key"] == key


@EVERY
def test_fail__a_query_that_it_does_not_know(box: WebBox, route: Route) -> None:
    for query in ("?x=1", "?after=-1", "?count=0", "?=", "?&&&&", "?before=%00", "?count=1&x"):
        answer = box.call(route.method, path_of(route) + query, body_of(route), "owner")
        assert answer.status == 400, query


@pytest.mark.parametrize("setting", GUEST_MAY)
def test_ok__what_guests_may_is_a_setting(box: WebBox, setting: str) -> None:
    box.write(guests=setting)
    end = time.monotonic() + 20
    while box.call("GET", "/api/1/session").values["guest"] != setting:  # until it looked
        assert time.monotonic() < end
        time.sleep(0.02)
    try:
        for path, level in (("state", "reading"), ("frame.jpg", "picture"), ("health", "pupil")):
            held = LEVELS.index(GUEST_MAY[setting]) >= LEVELS.index(level)
            assert (box.call("GET", f"/api/1/{path}").status in (200, 204)) is held
    finally:
        box.write(guests="reading")


@pytest.mark.parametrize("method", ["PUT", "TRACE", "OPTIONS", "CONNECT", "FOO", "get"])
def test_fail__methods_that_there_are_not(box: WebBox, method: str) -> None:
    answer = box.call(method, "/api/1/state", b"" if method == "PUT" else None, "owner")
    assert answer.status == 405 and "GET" in answer.headers["Allow"]
    assert box.call(method, "/", b"" if method == "PUT" else None, "owner").status == 404
