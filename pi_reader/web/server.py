"""The server: HTTP/1.1 as little as the page needs, for a handful of visitors on the local network.

Whatever is sent here, it answers or hangs up: each connection has a deadline, only so many are
open at once, and an error of ours is a line in the log and a 500. Before a route is asked, peer,
Host, Origin, type and size must be right, and then the caller's role.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import socketserver
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from pi_reader.errors import PiReaderError
from pi_reader.web import checks
from pi_reader.web.access import OWNER
from pi_reader.web.answers import Answer, Failed
from pi_reader.web.calls import Box, Call
from pi_reader.web.pages import Pages
from pi_reader.web.routes import find
from pi_reader.web.visitors import COOKIE

LONGEST_LINE = 8192  # bytes of a request's first
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
        if not checks.is_near(peer):
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
            self.raw_requestline = self.rfile.readline(LONGEST_LINE + 1)
            if not self.raw_requestline.strip(b"\r\n"):
                return
            self.requestline, self.request_version, self.command = "", "HTTP/1.1", ""
            if len(self.raw_requestline) > LONGEST_LINE:
                self._send(Failed(414, "the address is too long").answer)
            elif self.parse_request():
                self._send(self._answer())
        except (OSError, ValueError):  # hung up, or too late
            self.close_connection = True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what http.server itself does not like."""
        self.close_connection, self.request_version = True, "HTTP/1.0"  # else without headers
        self._send(Failed(int(code), HTTPStatus(int(code)).phrase).answer)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the journal is no visitors' book."""

    def _answer(self) -> Answer:
        """What comes of a request, whatever it meets. Raises OSError when the caller hangs up."""
        try:
            return self._routed()
        except Failed as error:
            failed = error
        except PiReaderError as error:  # no clerk, a full card, or somebody holds the lock
            failed = Failed(503, str(error))
        except (BrokenPipeError, ConnectionError, TimeoutError):
            raise
        except Exception as error:
            self.server.log(f"web: {self.command} {self.path:.80}: {error!r:.300}")
            failed = Failed(500, "this is our fault; the box's journal says more")
        self.close_connection = self.close_connection or failed.hangs_up
        return failed.answer

    def _routed(self) -> Answer:
        """Check everything that comes before the route, and have it answer."""
        if self.request_version == "HTTP/0.9" or not self.path.startswith("/"):
            self.request_version = "HTTP/1.0"  # else without headers
            raise Failed(400, "request: should be HTTP/1.1 with a path", hangs_up=True)
        headers, box, writes = self.headers, self.server.box, self.command in ("POST", "PATCH")
        here = str(self.connection.getsockname()[0])
        checks.check_host(headers, here, self.server.port, box.name)
        path, _, query = self.path.partition("?")
        body = self._body()  # first, so that the connection can go on whatever comes
        if self.command in ("GET", "HEAD"):
            packed = "gzip" in headers.get("Accept-Encoding", "")
            page = self.server.pages.answer(path, packed, headers.get("If-None-Match", ""))
            if page is not None:
                return page
        route, parts = find(self.command, path)
        if writes or self.command == "DELETE":
            checks.check_origin(headers)
        secret = self._secret()
        session = box.access.who(secret) if secret else None
        about = headers.get("User-Agent", ""), headers.get("If-Match", "")
        call = Call(box, parts, checks.query_of(route, query), session, *about)
        if not call.may(route.level):
            if session is None:
                raise Failed(401, "pair first: the code stands on the box")
            raise Failed(403, f"only {'an owner' if route.level == OWNER else 'others'} may")
        if writes:
            call = replace(call, body=checks.body_of(route, headers, body))
        self.server.set_deadline(self.connection, None)  # the clerk may need a while
        return route.do(call)

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
        length = checks.length_of(self.headers, self.command in ("POST", "PATCH", "PUT"))
        body = self.rfile.read(length)
        if len(body) < length:
            raise Failed(400, "body: is shorter than it says", hangs_up=True)
        return body

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
        except (Failed, PiReaderError) as error:
            self.server.log(f"web: {self.path:.80}: {error}")
        finally:
            pieces.close()  # type: ignore[attr-defined]
            self.server.streams.release()

    def _is_gone(self) -> bool:
        """Whether the caller has hung up."""
        can_read = select.select([self.connection], [], [], 0)[0]
        return bool(can_read) and not self.connection.recv(1, socket.MSG_PEEK)


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
