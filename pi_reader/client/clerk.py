"""Ask the clerk: what the page and the broker's process may have the box do, a line of JSON each.

The clerk is the process that may act. Whoever asks is known to it by the system's word on the other
end of the socket, so nothing here claims to be anybody.
"""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pi_reader.errors import Busy, error_of

LARGEST = 64 << 10  # bytes of a line, either way
WAIT_SECONDS = 90.0  # for the next line; stopping a training may take a minute


@dataclass(frozen=True)
class Answer:
    """What came of a request: what was said, and the exit code a command would have ended with."""

    lines: tuple[str, ...]
    exit_code: int = 0
    error: str = ""


def ask(path: Path, request: Sequence[str], seconds: float = WAIT_SECONDS) -> Answer:
    """Have something done and wait for what comes of it; path: of the clerk's socket.

    Raises Busy if the clerk cannot be reached or breaks off.
    """
    lines: list[str] = []
    try:
        with contextlib.closing(_conversation(path, request, seconds)) as answers:
            for message in answers:
                if "line" in message:
                    lines.append(str(message["line"]))
                else:
                    words = str(message.get("error") or "")
                    code = error_of(message.get("exit_code"), words).exit_code if words else 0
                    return Answer(tuple(lines), code, words)
    except (OSError, ValueError, RecursionError) as error:
        raise Busy(
            f"{path}: the clerk cannot be asked ({error}); "
            "`systemctl status pi-reader-clerk.socket` tells why"
        ) from error
    raise Busy(f"{path}: the clerk broke off; `journalctl -u pi-reader-clerk` tells why")


def _conversation(
    path: Path, words: Sequence[str], seconds: float
) -> Generator[dict[str, object], None, None]:
    """The clerk's messages. Raises OSError, ValueError for what is none."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(seconds)
        connection.connect(str(path))
        connection.sendall(json.dumps({"words": list(words)}).encode() + b"\n")
        with connection.makefile("rb") as incoming:
            while line := incoming.readline(LARGEST):
                message = json.loads(line)
                if not isinstance(message, dict):
                    raise ValueError("no table of names and values")
                yield message
