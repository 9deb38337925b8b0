"""Ask the running service: it alone holds the camera and remembers what it read.

Whoever asks, at the box, over SSH or from afar, waits as long and is told the same.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from pi_reader.client.status import read_status
from pi_reader.config import Folders
from pi_reader.errors import Busy, error_of
from pi_reader.requests import Requests

# Until the service takes it, and as long again to answer: a Zero may be in the middle of a page.
ANSWER_SECONDS = 20.0


def answer_of(folders: Folders, kind: str, **words: Any) -> Mapping[str, Any]:
    """What the service answers to a request. Raises Busy at once if none runs, what it met."""
    if problem := read_status(folders, time.time()).problem:
        raise Busy(f"{kind}: only the running service can do that; {problem}")
    return _answered(folders, kind, words)


def ask(folders: Folders, kind: str, **words: Any) -> str:
    """Have the running service change something; gives in a line what was done.

    Raises Busy at once if no service runs, and what the service met.
    """
    if problem := read_status(folders, time.time()).problem:
        raise Busy(f"{kind}: the running service does it for members of its group; {problem}")
    return str(_answered(folders, kind, words).get("done"))


def hand_in(folders: Folders, kind: str, content: bytes) -> None:
    """Hand in a file for the training, which takes it in, and let that begin.

    Raises Busy if too much waits already, CannotWrite.
    """
    requests = Requests(folders.requests)
    requests.ask_with_file(kind, content)
    requests.ask("retrain", why=f"{kind} was handed in")


def _answered(folders: Folders, kind: str, words: Mapping[str, Any]) -> Mapping[str, Any]:
    requests = Requests(folders.requests)
    answer = requests.wait(requests.ask(kind, **words), ANSWER_SECONDS)
    if "error" in answer:
        raise error_of(answer.get("exit_code"), str(answer["error"]))
    return answer


def label_reading(
    folders: Folders, label: str, place: int | None = None, reading: int | None = None
) -> str:
    """Keep a reading with what a person says it is; gives in a line what was kept.

    label: one of 0 to 9, - and ? for each digit, perhaps behind what was read: 367=361; place:
    which digit alone is meant, from 0; reading: its number, else it is the last one.
    Raises Busy at once if no service runs, what the service met, BadData for a label that the
    reading cannot have.
    """
    if problem := read_status(folders, time.time()).problem:
        raise Busy(f"label last: the running service knows what was read last; {problem}")
    read, _, label = label.rpartition("=")
    words: dict[str, Any] = {"event": "last" if reading is None else reading, "label": label}
    words |= {"place": place} if place is not None else {}
    words |= {"read": read} if read else {}
    answer = _answered(folders, "label", words)
    read = "  ".join(str(answer.get("read")).split("\n"))
    number = f" (reading {answer['event']})" if "event" in answer else ""
    return f"kept {answer.get('kept')} of the digits of {read}{number}"
