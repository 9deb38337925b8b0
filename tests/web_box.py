"""A box in a folder with a page over a real socket, for tests; a thread plays the reader."""

from __future__ import annotations

import http.client
import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from pi_reader import web
from pi_reader.box.clerk import Clerk, listen, session_of
from pi_reader.client import words
from pi_reader.config import find_folders
from pi_reader.files import write_json
from pi_reader.requests import Requests
from pi_reader.web.access import Access
from pi_reader.web.calls import Box
from pi_reader.web.server import Server
from pi_reader.web.watch import Watch

PAGE = Path(web.__file__).parent / "page"
KINDS = ("read", "label", "freeze", "release", "identify", "aim", "code", "reading", "settings")
KINDS += ("relabel", "drop", "use", "rollback", "doctor")


class Answered:
    """An HTTP answer."""

    def __init__(self, answer: http.client.HTTPResponse, content: bytes) -> None:
        self.status, self.headers, self.content = answer.status, answer.headers, content

    @property
    def values(self) -> Any:
        return json.loads(self.content)


class WebBox:
    """The page of a box. asked: what the reader was asked; answers: what it answers, by kind."""

    def __init__(self, folder: Path) -> None:
        self.folders = find_folders(folder)
        self.folders.runtime.mkdir(parents=True, exist_ok=True)
        self.access = Access(self.folders)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.log: list[str] = []
        box = Box(self.folders, self.access, Watch(self.folders), "pi-reader-7f3a")
        self.server = Server(self.listening, box, PAGE, self.log.append)
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.answers: dict[str, dict[str, Any]] = {}
        self.tokens = {"guest": ""} | {
            role: self.access.add(role, "token", "test") for role in ("pupil", "owner")
        }
        self.status: dict[str, Any] = {"state": "reading", "frames": 1, "pid": os.getpid()}
        self.write(guests="reading", text="20", last={"text": "20", "event": 3, "when": 1.8e9})

    def write(self, **more: Any) -> None:
        """Leave a status, as the reader does."""
        self.status |= more | {"updated": time.time()}
        write_json(self.folders.status, self.status, sync=False)

    def show(self, number: int, picture: bytes = b"\xff\xd8", **more: Any) -> None:
        """Leave a frame, as the reader does."""
        self.folders.view.mkdir(exist_ok=True)
        facts = {"frame": number, "size": [640, 480], "reading": None, "event": None} | more
        path = self.folders.view / "latest"
        path.with_name("new").write_bytes(json.dumps(facts).encode() + b"\n" + picture)
        os.replace(path.with_name("new"), path)

    @contextmanager
    def running(self) -> Iterator[WebBox]:
        """Serve; with a clerk, and a reader that answers what it is asked."""
        over = threading.Event()
        with listen(self.folders.clerk) as at_clerk:
            clerk = Clerk(
                at_clerk, partial(session_of, self.folders), lambda uid: words.PAGE, self.log.append
            )
            threads = [
                threading.Thread(target=self.server.run),
                threading.Thread(target=self._read, args=(over,)),
                threading.Thread(target=_serve_until, args=(clerk, over)),
            ]
            for thread in threads:
                thread.start()
            try:
                yield self
            finally:
                self.server.stopping = True
                over.set()
                for thread in threads:
                    thread.join(60)
                    assert not thread.is_alive()
        self.listening.close()

    def _read(self, over: threading.Event) -> None:
        requests = Requests(self.folders.requests)
        while not over.wait(0.01):
            for one in requests.take(*KINDS):
                self.asked.append((one.kind, dict(one.words)))
                requests.answer(one, self.answers.get(one.kind, {"done": "done"}))

    def call(
        self, method: str, path: str, body: Any = None, role: str = "guest", **headers: str
    ) -> Answered:
        """Ask as somebody; a header of "" is left out."""
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body)
        sent = {"Host": f"127.0.0.1:{self.port}", "Origin": f"http://127.0.0.1:{self.port}"}
        if body is not None:
            sent["Content-Type"] = "application/json"
        if self.tokens[role]:
            sent["Cookie"] = f"pi-reader={self.tokens[role]}"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                if value:
                    connection.putheader(name, value)
            if content is not None and "Content-Length" not in sent:
                connection.putheader("Content-Length", str(len(content)))
            connection.endheaders(content.encode() if isinstance(content, str) else content)
            answer = connection.getresponse()
            if answer.headers.get_content_type() == "text/event-stream":
                return Answered(answer, answer.read(30))
            return Answered(answer, answer.read())
        finally:
            connection.close()

    def raw(self, content: bytes, seconds: float = 12.0) -> bytes:
        """Send bytes, and give all that comes back until the box hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), seconds) as connection:
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
            pieces = []
            try:
                while piece := connection.recv(65536):
                    pieces.append(piece)
            except ConnectionResetError:
                pass
            return b"".join(pieces)


def _serve_until(clerk: Clerk, over: threading.Event) -> None:
    while not over.is_set():
        clerk.run(0.2)
