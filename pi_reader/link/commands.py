"""What others may have the box do through the broker; the clerk does it, one after the other."""

from __future__ import annotations

import base64
import contextlib
import json
import queue
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from pi_reader.client import clerk, words
from pi_reader.errors import PiReaderError
from pi_reader.link.messages import as_json

MOST = 20  # that wait
LONGEST = 1000  # bytes

_OURS = "the link's own"  # in the place of a tag: no tag has spaces
_TAG = re.compile("[A-Za-z0-9_-]{1,64}")

Outcome = tuple[str, str | bytes, bool]  # the message's name, its payload, whether it is retained


class Commands:
    """Has commands carried out in a thread of its own. place: of the clerk's socket."""

    def __init__(self, place: Path, log: Callable[[str], None]) -> None:
        self._place, self._log = place, log
        self._waiting: queue.Queue[tuple[list[str], str]] = queue.Queue(MOST)
        self._done: queue.Queue[Outcome] = queue.Queue()
        threading.Thread(target=self._work, daemon=True).start()

    def hear(self, payload: bytes) -> None:
        """Queue a command; what is none is ignored."""
        if command := command_of(payload):
            try:
                self._waiting.put_nowait(command)
            except queue.Full:
                self._log(f"a command was let go: {MOST} wait already")

    def ask_for_picture(self, number: int) -> None:
        """Have the picture of a reading told, unless there is enough to do."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait((["picture", str(number)], _OURS))

    def outcomes(self) -> Iterator[Outcome]:
        """What is to be told by now."""
        while not self._done.empty():
            yield self._done.get()

    def _work(self) -> None:
        while True:
            said, tag = self._waiting.get()
            try:
                done = clerk.ask(self._place, said)
            except PiReaderError as error:
                done = clerk.Answer((), error.exit_code, str(error))
            if tag is _OURS:
                content = b"" if done.exit_code else base64.b64decode("".join(done.lines))
                self._done.put(("picture", content, True))
                continue
            answer = {"id": tag, "command": " ".join(said), "exit_code": done.exit_code}
            answer |= {"lines": list(done.lines), "error": done.error}
            self._done.put(("answer", as_json(answer), False))


def command_of(payload: bytes) -> tuple[list[str], str] | None:
    """The words of a command and the tag that its answer bears; None if it may not be said.

    Either the words alone, `label 12 2016`, or `{"command": "label 12 2016", "id": "a tag"}`.
    """
    if len(payload) > LONGEST:
        return None
    tag: object = ""
    try:
        text: object = payload.decode()
        if payload.startswith(b"{"):
            values = json.loads(payload)
            text, tag = values["command"], values.get("id", "")
        if not isinstance(text, str) or not text.strip():
            return None
        said = words.parse(text)
        words.find(said, words.BROKER)
        if said[0] == "picture":  # goes to its own topic, if it is wanted there
            return None
    except (PiReaderError, ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(tag, str) or not (tag == "" or _TAG.fullmatch(tag)):
        return None
    return said, tag
