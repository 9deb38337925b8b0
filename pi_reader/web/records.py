"""Routes to what was read, and for saying what it really is."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pi_reader.web.access import PICTURE
from pi_reader.web.answers import Answer, Failed, in_json
from pi_reader.web.calls import Box, Call

CSV_AT_ONCE = 500  # readings of one question to the clerk


def labels(call: Call) -> Answer:
    """Say what a reading, or one of its digits, really is."""
    body, number = call.body, call.path["number"]
    if set(body) == {"label"}:
        (line,) = call.box.ask("label", number, body["label"])
    elif set(body) == {"place", "digit"}:
        digit = "-" if body["digit"] is None else str(body["digit"])
        (line,) = call.box.ask("label", number, str(body["place"] + 1), digit)
    else:
        raise Failed(422, "labels: should be a label, or a place and a digit")
    return in_json({"kept": int(line.split()[1]), "done": line})


def page_of(call: Call, most: int, *words: str) -> tuple[list[Any], int]:
    """Some of a long list with one more, by which is seen whether it goes on; how many are some."""
    count = min(most, int(call.query.get("count", most)))
    return call.box.ask_values(*words, call.query.get("before", "0"), str(count + 1)), count


def readings(call: Call) -> Answer:
    """Some readings, newest first."""
    found, count = page_of(call, 200, "show", "readings")
    return in_json({"readings": found[:count], "more": len(found) > count})


def table(call: Call) -> Answer:
    """All readings, as a table."""
    headers = {"Content-Disposition": 'attachment; filename="readings.csv"'}
    return Answer(200, _rows(call.box), "text/csv; charset=utf-8", headers)


def _rows(box: Box) -> Iterator[bytes]:
    """All readings, oldest first, as a table."""
    names = ("number", "when", "time", "text", "sure", "confidence")
    last = 0
    found: list[dict[str, Any]] = [dict(zip(names, names, strict=True))]
    while found:
        lines = io.StringIO()
        csv.DictWriter(lines, names).writerows(found)
        yield lines.getvalue().encode()
        found = box.ask_values("show", "readings", "after", str(last), str(CSV_AT_ONCE))
        for one in found:
            last, when = one["number"], one["when"]
            one["time"] = datetime.fromtimestamp(when).isoformat(" ", "seconds") if when else ""


def one_reading(call: Call) -> Answer:
    """One reading; while it is remembered, with a picture of each digit."""
    values, *digits = call.box.ask_values("show", "reading", call.path["number"])
    if values.get("gone"):
        raise Failed(410, f"reading {call.path['number']}: is not kept any more")
    if not call.may(PICTURE):
        digits = [{key: one[key] for key in one if key != "picture"} for one in digits]
    return in_json(values | {"digits": digits})


def picture(call: Call) -> Answer:
    """The picture that was kept of a reading, if the settings have pictures kept."""
    content = base64.b64decode("".join(call.box.ask("picture", call.path["number"])))
    return Answer(200, content, "image/jpeg")
