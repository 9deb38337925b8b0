"""The server: HTTP/1.1 as little as the page needs, for a handful of visitors on the local network.

Whatever is sent here, it answers or hangs up: each connection has a deadline, only so many are
open at once, and an error of ours is a line in the log and a 500. Before a route is asked, peer,
Host, Origin, type and size must be right, and then the caller's role.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import re
import select
import socket
import socketserver
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from pi_reader.errors import PiReaderError
from pi_reader.web.access import OWNER, Failed
from pi_reader.web.addresses import host_of, is_near, names_of
from pi_reader.web.calls import Answer, Box, Call
from pi_reader.web.pages import Pages
from pi_reader.web.routes import Route, check_body, find
from pi_reader.web.visitors import COOKIE

LARGEST_BODY = 64 << 10  # bytes
MOST = 96  # connections; browsers open up to six each
MOST_OF_ONE = 24  # of one address
MOST_STREAMS = 32  # that are answered without an end
SECONDS = 10.0  # that a request may take to come, or an answer to go
IDLE_SECONDS = 900.0  # without a visitor; then the process ends, and systemd waits for the next

_POLL = 0.5  # seconds between two looks at deadlines
_STACK = 256 << 10  # bytes of a thread's stack
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_ALWAYS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass
class _Line:
    """An open connection. until: when, on the monotonic clock, a request must have come, or its
    answer have gone; None while the answer may take its time."""

    peer: str
    until: float | None


class Server(ThreadingHTTPServer):
    """Serves a box's page on a listening socket. log: is given one line for each error of ours."""

    daemon_threads = True
    block_on_close = False

    def __init__(
        self,
        listening: socket.socket,
        box: Box,
        pages: Path,
        log: Callable[[str], None] = lambda line: None,
    ) -> None:
        # Not TCPServer's own, which makes a socket: the unit allows none that reaches a network.
        socketserver.BaseServer.__init__(self, listening.getsockname()[:2], Handler)
        self.socket = listening
        self.timeout = _POLL
        self.box, self.pages, self.log = box, Pages(pages), log
        self.port = listening.getsockname()[1]
        self.streams = threading.BoundedSemaphore(MOST_STREAMS)
        self.open: dict[socket.socket, _Line] = {}
        self.stopping = False
        self._lock = threading.Lock()
        self._used = time.monotonic()

    def run(self, idle_seconds: float | None = None) -> None:
        """Serve until told to stop, or until nobody has been here for so long."""
        while not self.stopping:
            self.handle_request()
            now = time.monotonic()
            with self._lock:
                late = [one for one, line in self.open.items() if line.until and line.until < now]
                self._used = now if self.open else self._used
            for connection in late:
                _hang_up(connection)
            if idle_seconds is not None and now - self._used > idle_seconds:
                return

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether a connection comes from near enough, and there is room for it."""
        peer = client_address[0]
        if not is_near(peer):
            return False
        with self._lock:
            peers = Counter(line.peer for line in self.open.values())
            if len(self.open) >= MOST or peers[peer] >= MOST_OF_ONE:
                return False
            self.open[request] = _Line(peer, time.monotonic() + SECONDS)
        return True

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        with self._lock:
            self.open.pop(request, None)
            self._used = time.monotonic()
        super().shutdown_request(request)

    def set_deadline(self, request: Any, seconds: float | None) -> None:
        """Let a connection live for so long from now on, None: as long as it likes."""
        with self._lock:
            if request in self.open:
                self.open[request].until = None if seconds is None else time.monotonic() + seconds

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong in a line; that somebody hung up is nothing."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError | ValueError):
            self.log(f"web: {error!r:.300}")


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "pi-reader", ""
    timeout = SECONDS
    server: Server

    def handle_one_request(self) -> None:
        """Take a request and answer it."""
        self.server.set_deadline(self.connection, SECONDS)
        self.close_connection = True
        try:
            self.raw_requestline = self.rfile.readline(8193)
            if not self.raw_requestline.strip(b"\r\n"):
                return
            self.requestline, self.request_version, self.command = "", "HTTP/1.1", ""
            if len(self.raw_requestline) > 8192:
                return self._send(_failure(Failed(414, "the address is too long")))
            if not self.parse_request():
                return
            answer = self._answer()
            self._send(answer)
        except (OSError, ValueError):  # hung up, or too late
            self.close_connection = True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what http.server itself does not like."""
        self.close_connection, self.request_version = True, "HTTP/1.0"  # else without headers
        self._send(_failure(Failed(int(code), HTTPStatus(int(code)).phrase)))

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the journal is no visitors' book."""

    def _answer(self) -> Answer:
        try:
            return self._routed()
        except Failed as error:
            return _failure(error)
        except PiReaderError as error:  # the card is full, or somebody holds the lock
            return _failure(Failed(503, str(error)))
        except (BrokenPipeError, ConnectionError, TimeoutError):
            raise
        except Exception as error:
            self.server.log(f"web: {self.command} {self.path:.80}: {error!r:.300}")
            return _failure(Failed(500, "this is our fault; the box's journal says more"))

    def _routed(self) -> Answer:
        """Check everything that comes before the route, and have it answer."""
        if self.request_version == "HTTP/0.9" or not self.path.startswith("/"):
            self.request_version, self.close_connection = "HTTP/1.0", True  # else without headers
            raise Failed(400, "request: should be HTTP/1.1 with a path")
        self._check_host()
        path, _, query = self.path.partition("?")
        body = self._body()  # first, so that the connection can go on whatever comes
        if self.command in ("GET", "HEAD"):
            packed = "gzip" in self.headers.get("Accept-Encoding", "")
            page = self.server.pages.answer(path, packed, self.headers.get("If-None-Match", ""))
            if page is not None:
                return page
        route, parts = find(self.command, path)
        if self.command in ("POST", "PATCH", "DELETE"):
            self._check_origin(route)
        call = Call(
            self.server.box,
            parts,
            _query(route, query),
            self.server.box.access.who(secret) if (secret := self._secret()) else None,
            self.headers.get("User-Agent", ""),
            self.headers.get("If-Match", ""),
        )
        if not call.may(route.level):
            if call.session is None:
                raise Failed(401, "pair first: the code stands on the box")
            raise Failed(403, f"only {'an owner' if route.level == OWNER else 'others'} may")
        if self.command in ("POST", "PATCH"):
            call = replace(call, body=self._values(route, body))
        self.server.set_deadline(self.connection, None)  # the clerk may need a while
        return route.do(call)

    def _check_host(self) -> None:
        """Refuse a Host that is not this box: a page elsewhere may have rebound its own name."""
        hosts = self.headers.get_all("Host") or []
        name, port = host_of(hosts[0]) if len(hosts) == 1 else ("", 0)
        here = str(self.connection.getsockname()[0]).partition("%")[0].removeprefix("::ffff:")
        names = {here, *names_of(self.server.box.name)}
        if ipaddress.ip_address(here).is_loopback:
            names.add("localhost")
        if name not in names or port != self.server.port:
            self.close_connection = True
            raise Failed(421, "Host: should be the box's own name or address")

    def _check_origin(self, route: Route) -> None:
        """Refuse what another page has sent. A script with a token comes without an Origin."""
        origin = self.headers.get_all("Origin") or []
        is_script = bool(self.headers.get("Authorization")) and not origin
        if not is_script and origin != [f"http://{self.headers['Host']}"]:
            raise Failed(403, "Origin: should be this page")

    def _secret(self) -> str:
        """The secret of the caller's session or token, "" for a guest."""
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        if kind:
            return token.strip() if kind.lower() == "bearer" else "-"
        for cookie in self.headers.get("Cookie", "").split(";"):
            name, _, value = cookie.strip().partition("=")
            if name == COOKIE:
                return value
        return ""

    def _body(self) -> bytes:
        """What was sent. Raises Failed for what has no length, or too great a one."""
        lengths = self.headers.get_all("Content-Length") or []
        writes = self.command in ("POST", "PATCH", "PUT")
        if self.headers.get("Transfer-Encoding") or (writes and not lengths):
            self.close_connection = True
            raise Failed(411, "Content-Length: is missing")
        if not lengths:
            return b""
        if len(lengths) > 1 or not (lengths[0].isascii() and lengths[0].isdecimal()):
            self.close_connection = True
            raise Failed(400, "Content-Length: should be a number")
        if len(lengths[0]) > 9 or int(lengths[0]) > LARGEST_BODY:
            self.close_connection = True
            raise Failed(413, f"body: is larger than {LARGEST_BODY >> 10} KB")
        body = self.rfile.read(int(lengths[0]))
        if len(body) < int(lengths[0]):
            self.close_connection = True
            raise Failed(400, "body: is shorter than it says")
        return body

    def _values(self, route: Route, body: bytes) -> Mapping[str, Any]:
        if self.headers.get_content_type() != "application/json":
            raise Failed(415, "Content-Type: should be application/json")
        try:
            return check_body(route, json.loads(body))
        except (ValueError, RecursionError) as error:
            raise Failed(400, "body: should be JSON") from error

    def _send(self, answer: Answer) -> None:
        """Send an answer; one in pieces as they come, until they end or nobody listens."""
        pieces = None if isinstance(answer.content, bytes) else answer.content
        self.close_connection = self.close_connection or pieces is not None
        headers = _ALWAYS | {"Cache-Control": "no-store"} | dict(answer.headers)
        if answer.status not in (204, 304):
            headers["Content-Type"] = answer.kind
            if pieces is None:
                headers["Content-Length"] = str(len(answer.content))  # type: ignore[arg-type]
        if self.close_connection:
            headers["Connection"] = "close"
        self.send_response(answer.status)
        for name, value in headers.items():
            self.send_header(name, value)
        if pieces is None:
            self.server.set_deadline(self.connection, SECONDS)
            self.end_headers()
            if self.command != "HEAD" and answer.status not in (204, 304):
                self.wfile.write(answer.content)  # type: ignore[arg-type]
            return
        self.end_headers()
        if self.command != "HEAD":
            self._stream(pieces)

    def _stream(self, pieces: Iterator[bytes]) -> None:
        if not self.server.streams.acquire(blocking=False):
            return
        self.server.set_deadline(self.connection, None)
        try:
            for piece in pieces:
                self.wfile.write(piece)
                if self._is_gone():
                    return
        except Failed as error:
            self.server.log(f"web: {self.path:.80}: {error}")
        finally:
            pieces.close()  # type: ignore[attr-defined]
            self.server.streams.release()

    def _is_gone(self) -> bool:
        """Whether the caller has hung up."""
        can_read = select.select([self.connection], [], [], 0)[0]
        return bool(can_read) and not self.connection.recv(1, socket.MSG_PEEK)


def _failure(error: Failed) -> Answer:
    headers = {}
    more = dict(error.more)
    if allow := more.pop("allow", None):
        headers["Allow"] = ", ".join(allow)
    if error.status == 429:
        headers["Retry-After"] = str(more.get("seconds", 60))
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    said = {"error": str(error)} | {key: value for key, value in more.items() if value != []}
    return Answer(error.status, json.dumps(said).encode(), headers=headers)


def _query(route: Route, query: str) -> Mapping[str, str]:
    """The query's values. Raises Failed for what the route does not know."""
    try:
        found = parse_qsl(query, True, bool(query), max_num_fields=8)
    except ValueError as error:
        raise Failed(400, "query: should be name=value") from error
    for name, value in found:
        if name not in route.query or not re.fullmatch(route.query[name], value):
            raise Failed(400, f"query: {name[:20]} is {value[:20]!r}, which it cannot be")
    return dict(found)


def listen(address: str, port: int) -> socket.socket:
    """The socket that systemd hands over, else one of our own. Raises OSError."""
    if os.environ.get("LISTEN_PID") == str(os.getpid()):
        given = socket.socket(fileno=3)
        given.setblocking(True)
        return given
    return socket.create_server((address, port), backlog=64)


def prepare() -> None:
    """Keep the process small: threads with little stack."""
    threading.stack_size(_STACK)
