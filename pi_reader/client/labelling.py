"""Have the last reading labelled: the running service alone remembers it, so it is asked.

Whoever asks, at the box or over SSH, waits as long and is told the same.
"""

from __future__ import annotations

import time

from pi_reader.client.status import read_status
from pi_reader.config import Folders
from pi_reader.errors import Busy, error_of
from pi_reader.requests import Requests

# For the service to take it up, and as long again to answer: a Zero may be in the middle of a page.
ANSWER_SECONDS = 20.0


def label_last(folders: Folders, label: str, place: int | None = None) -> str:
    """Keep the last reading with what a person says it is; gives in a line what was kept.

    label: one of 0 to 9, - and ? for each digit; place: which digit alone is meant, from 0.
    Raises Busy at once if no service runs, what the service met, BadData for a label that the
    reading cannot have.
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
