"""The clerk: does for the page and for the broker's process what the table of words allows them.

Those two are reached from the network, so they have no power of their own. They ask here, over a
socket that no network reaches; who is at its other end the kernel says (SO_PEERCRED). A request is
one line, `{"words": ["label", "12", "2016"]}`; the answer is any number of `{"line": ...}` and at
the end `{"exit_code": 0}`, or an exit code and an `"error"`. systemd starts this process when it is
first asked, and it ends when nobody has asked for a while.

`python -I -m pi_reader.box.clerk` runs it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import pwd
import select
import socket
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

from pi_reader.box.actions import Session, perform
from pi_reader.box.page_actions import ACTIONS as PAGE_ACTIONS
from pi_reader.client import words
from pi_reader.client.clerk import LARGEST
from pi_reader.config import Folders, find_folders
from pi_reader.errors import Busy, CannotWrite, PiReaderError, UsageError

MOST = 8  # callers at once; more are told to come back
LINE_SECONDS = 10.0  # that a caller may take to say what he wants, or to take an answer
IDLE_SECONDS = 120.0  # without a caller: then the process ends, and the socket starts it anew

_BRIEFLY = 0.2  # seconds for one who is turned away

USERS = {"pi-reader-web": words.PAGE, "pi-reader-link": words.BROKER}


def caller_of(uid: int) -> str:
    """What a user may be to the box, "" if nothing."""
    if uid in (0, os.geteuid()):
        return words.OWNER
    try:
        return USERS.get(pwd.getpwuid(uid).pw_name, "")
    except KeyError:
        return ""


class Clerk:
    """Answers callers on a listening socket, each in a thread of his own.

    session: makes what actions are given, from the caller's connection and what he is to the box;
    caller_of: from a user's number.
    """

    def __init__(
        self,
        listening: socket.socket,
        session: Callable[[socket.socket, str], Session],
        caller_of: Callable[[int], str] = caller_of,
        log: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._listening, self._session, self._caller_of = listening, session, caller_of
        self._log = log

    def run(self, idle_seconds: float = IDLE_SECONDS) -> None:
        """Serve until nobody has come for so long, and nobody is there."""
        served: list[threading.Thread] = []
        while True:
            is_asked = select.select([self._listening], [], [], idle_seconds)[0]
            served = [one for one in served if one.is_alive()]
            if is_asked:
                with contextlib.suppress(OSError):  # he is gone again
                    served += self._welcome(self._listening.accept()[0], len(served) < MOST)
            elif not served:
                return

    def _welcome(self, connection: socket.socket, has_room: bool) -> list[threading.Thread]:
        """Serve a caller in a thread, which is given; without room, tell him to come back."""
        if has_room:
            connection.settimeout(LINE_SECONDS)
            serving = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            with contextlib.suppress(RuntimeError):  # memory is short: then there is no room
                serving.start()
                return [serving]
        with connection:
            connection.settimeout(_BRIEFLY)
            connection.recv(LARGEST)  # what is left unread would break the answer off
            _send(connection, _failure(Busy(f"clerk: {MOST} others are asking; ask again")))
        return []

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):  # he hung up
            _send(connection, self._answer(connection))

    def _answer(self, connection: socket.socket) -> dict[str, Any]:
        """Do what he asks; gives how it ended. Raises OSError when he hangs up."""
        try:
            said = _words_of(connection)
            credentials = connection.getsockopt(
                socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")
            )
            caller = self._caller_of(struct.unpack("3i", credentials)[1])
            if not caller:
                raise UsageError("clerk: this user may not ask for anything")
            perform(said, self._session(connection, caller), PAGE_ACTIONS)
        except PiReaderError as error:
            return _failure(error)
        except OSError:
            raise
        except Exception as error:  # a bug of ours must not take the others' answers with it
            self._log(f"pi-reader: clerk: {error!r}")
            return _failure(PiReaderError("clerk: this is our fault; its journal says more"))
        return {"exit_code": 0}


class Lines:
    """A stream for a `Session`, whose lines go out as messages."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def fileno(self) -> int:
        """Of the connection, by which is seen whether the caller hung up."""
        return self._connection.fileno()

    def write(self, content: bytes) -> int:
        """Send one line. Raises OSError when the caller hung up."""
        _send(self._connection, {"line": content.decode().rstrip("\n")})
        return len(content)

    def flush(self) -> None:
        """Nothing waits."""


def _words_of(connection: socket.socket) -> list[str]:
    """What the caller says; raises UsageError for anything but a line with plain words."""
    with connection.makefile("rb") as incoming:
        content = incoming.readline(LARGEST + 1)
    try:
        said = json.loads(content)["words"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UsageError('clerk: a request is a line such as {"words": ["read"]}') from error
    if not isinstance(said, list) or not all(isinstance(word, str) for word in said):
        raise UsageError("clerk: words are a list of texts")
    return said or ["help"]


def _send(connection: socket.socket, message: dict[str, Any]) -> None:
    connection.sendall(json.dumps(message).encode() + b"\n")


def _failure(error: PiReaderError) -> dict[str, Any]:
    return {"exit_code": error.exit_code, "error": words.harmless(str(error))}


def listen(path: Path) -> socket.socket:
    """The socket that systemd hands over, else one of our own. Raises CannotWrite."""
    if os.environ.get("LISTEN_PID") == str(os.getpid()):
        return socket.socket(fileno=3)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        own.bind(str(path))
        path.chmod(0o600)
        own.listen(MOST)
    except OSError as error:
        raise CannotWrite(f"{path}: cannot be made a socket ({error.strerror})") from error
    return own


def session_of(folders: Folders, connection: socket.socket, caller: str) -> Session:
    """What actions are given; what comes as a file goes over SSH, as the table of words says."""
    return Session(folders, io.BytesIO(), cast(BinaryIO, Lines(connection)), caller=caller)


def main() -> int:
    """Serve the device's own callers."""
    folders = find_folders()
    try:
        Clerk(
            listen(folders.clerk),
            lambda connection, caller: session_of(folders, connection, caller),
            log=lambda line: print(line, file=sys.stderr, flush=True),
        ).run()
    except PiReaderError as error:
        print(f"pi-reader: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
