"""Ask the running service: it alone holds the camera and remembers what it read.

Whoever asks, at the box, over SSH or from afar, waits as long and is told the same.
"""

from __future__ import annotations

import time
from typing import Any

from pi_reader.client.status import read_status
from pi_reader.config import Folders
from pi_reader.errors import Busy, error_of
from pi_reader.requests import Requests

# Until the service takes it, and as long again to answer: a Zero may be in the middle of a page.
ANSWER_SECONDS = 20.0


def answer_of(folders: Folders, kind: str, **words: Any) -> dict[str, Any]:
    """What the service answers to a request. Raises Busy at once if none runs, what it met."""
    if problem := read_status(folders, time.time()).problem:
        raise Busy(f"{kind}: only the running service can do that; {problem}")
    requests = Requests(folders.requests)
    answer = requests.wait(requests.ask(kind, **words), ANSWER_SECONDS)
    if "error" in answer:
        raise error_of(answer.get("exit_code"), str(answer["error"]))
    return answer


def label_last(folders: Folders, label: str, place: int | None = None) -> str:
    """Store the last reading with its labels; returns a line about what was stored.

    label: one of 0 to 9, - and ? for each digit; place: label only this digit, from 0. Raises Busy
    at once if no service is running, the service's own error, BadData for a label that does not
    fit the reading.
    """
    if problem := read_status(folders, time.time()).problem:
        raise Busy(f"label last: the running service knows what was read last; {problem}")
    words = {} if place is None else {"place": place}
    return _kept(answer_of(folders, "label", event="last", label=label, **words))


def label_event(folders: Folders, number: int, label: str) -> str:
    """The same for the reading of that number, as the status file counts them."""
    return _kept(answer_of(folders, "label", event=number, label=label))


def _kept(answer: dict[str, Any]) -> str:
    read = "  ".join(str(answer.get("read")).split("\n"))
    return f"kept {answer.get('kept')} of the digits of {read}"
