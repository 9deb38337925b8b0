"""Labels the last reading through a request, as only the running service remembers it.

Used by the command line and over SSH, with the same timeout and the same messages.
"""

from __future__ import annotations

import time

from pi_reader.client.status import read_status
from pi_reader.config import Folders
from pi_reader.errors import Busy, error_of
from pi_reader.requests import Requests

# Until the service takes it, and as long again to answer: a Zero may be in the middle of a page.
ANSWER_SECONDS = 20.0


def label_last(folders: Folders, label: str, place: int | None = None) -> str:
    """Store the last reading with its labels; returns a line about what was stored.

    label: one of 0 to 9, - and ? for each digit; place: label only this digit, from 0. Raises Busy
    at once if no service is running, the service's own error, BadData for a label that does not
    fit the reading.
    """
    if problem := read_status(folders, time.time()).problem:
        raise Busy(f"label last: the running service knows what was read last; {problem}")
    words = {"event": "last", "label": label} | ({} if place is None else {"place": place})
    requests = Requests(folders.requests)
    answer = requests.wait(requests.ask("label", **words), ANSWER_SECONDS)
    if "error" in answer:
        raise error_of(answer.get("exit_code"), str(answer["error"]))
    read = "  ".join(str(answer.get("read")).split("\n"))
    return f"kept {answer.get('kept')} of the digits of {read}"
