"""What the clerk does for the page; its answers are JSON, a value a line."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from pi_reader.box.actions import Action, Session
from pi_reader.box.checkup import checkup_of
from pi_reader.box.labelling import answer_of, ask, label_reading
from pi_reader.config import own
from pi_reader.errors import BadData, Busy, MissingFile
from pi_reader.state import plain
from pi_reader.values import NO_DIGIT

SUSPECT = 0.9  # confidence from which a reading that a label contradicts makes one look twice
_AIM_SECONDS = 1.0  # until the first figures are there
# What the doctor cannot judge from the clerk's cell: devices, other processes, where to write.
_OUT_OF_SIGHT = ("board", "camera", "light", "lamps", "segments", "display", "button", "memory",
                 "power", "temperature", "groups", "blas", "disk")  # fmt: skip


def _say(session: Session, values: Iterable[Mapping[str, Any]]) -> None:
    for one in values:  # a line has no letter that the caller's terminal would obey: DEL is one
        session.say(json.dumps(plain(one)).replace("\x7f", "\\u007f"))


def _named(one: Any, names: str) -> dict[str, Any]:
    """What a value has under these names; None where there is none."""
    return {name: getattr(one, name, None) for name in names.split()}


def _past(one: Any) -> dict[str, Any]:
    return {"number": one.id} | _named(one, "when text sure confidence")


def _readings(session: Session, start: str, count: str, side: str = "before") -> None:
    from pi_reader.history import some

    _say(session, map(_past, some(session.folders.history, int(count), **{side: int(start)})))


def _reading(session: Session, number: str) -> None:
    """One reading, from the history or, until that is written, from the reader's memory; then its
    digits, if the reader remembers them."""
    from pi_reader.history import some

    wanted, digits, values = int(number), [], None
    for one in some(session.folders.history, 1, after=wanted - 1):
        if one.id == wanted:
            values = _past(one) | {"weights": one.weights}
    try:
        answer = dict(answer_of(session.folders, "reading", event=wanted))
        digits = answer.pop("digits", [])
        values = values or answer
    except (BadData, Busy):  # not remembered, or nobody is there to remember
        pass
    if values is None:
        newest = next(iter(some(session.folders.history, 1)), None)
        if newest is None or wanted > newest.id:
            raise MissingFile(f"reading {number}: there is none of that number")
        values = {"gone": True}
    _say(session, [values | {"number": wanted, "remembered": bool(digits)}, *digits])


def _samples(session: Session, before: str, count: str, suspects: bool = False) -> None:
    """How many there are; then some, newest first."""
    from pi_reader.learning.samples import as_png, shown

    found = shown(session.folders.samples, int(before), int(count), SUSPECT if suspects else None)
    _say(session, [found.counts])
    for one in found.samples:
        values = _named(one, "id event when read confidence source held_out")
        values["label"] = "none" if one.label == NO_DIGIT else one.label
        values["suspect"] = one.label not in (None, one.read) and one.confidence >= SUSPECT
        _say(session, [values | {"picture": as_png(one.patch)}])


def _generations(session: Session) -> None:
    """What is wrong with the ledger; then each generation."""
    from pi_reader.learning.generations import table

    generations = session.stores.generations()
    session.say(json.dumps(generations.trouble()))
    for one in generations.list():
        values = _named(one, "number state parent since why")
        values |= {"sha256": one.sha256[:12], "summary": table.summary(one)}
        _say(session, [values | _named(one.card, "recipe accuracy measured date")])


def _settings(session: Session) -> None:
    _say(session, own.described(session.folders))


def _set(session: Session, version: str, changes: str) -> None:
    try:
        wanted = json.loads(changes)
    except (ValueError, RecursionError) as error:
        raise BadData("settings: should be a JSON object of keys and values") from error
    _say(session, [answer_of(session.folders, "settings", version=version, changes=wanted)])


def _health(session: Session) -> None:
    """How old the doctor's findings are, null if there are none yet; then what they say of files
    and figures: parts on pins and ribbon the reader reports."""
    age, found = checkup_of(session.folders).findings()
    blind = _OUT_OF_SIGHT if session.folders.is_device else ()
    _say(session, [{"age": age}, *(one for one in found if one.get("name") not in blind)])


def _aim(session: Session) -> None:
    until = time.monotonic() + _AIM_SECONDS
    while not (figures := answer_of(session.folders, "aim").get("aim")):
        if time.monotonic() > until:
            raise Busy("aim: no figures yet; ask again")
    _say(session, [figures])


def _label_one(session: Session, number: str, place: str, digit: str) -> None:
    session.say(label_reading(session.folders, digit, int(place) - 1, int(number)))


def _label(digit: str) -> int:
    return NO_DIGIT if digit == "-" else int(digit)


def _asks(kind: str, **takes: Callable[[str], Any]) -> Action:
    """One that has the service change something, and says what was done. takes: what becomes of
    each argument."""

    def act(session: Session, *given: str) -> None:
        named = {name: takes[name](word) for name, word in zip(takes, given, strict=True)}
        session.say(ask(session.folders, kind, **named))

    return act


ACTIONS: Mapping[str, Action] = {
    "show readings FROM N": _readings,
    "show readings after FROM N": partial(_readings, side="after"),
    "show reading NUMBER": _reading,
    "show samples FROM N": _samples,
    "show suspects FROM N": partial(_samples, suspects=True),
    "show generations": _generations,
    "show settings": _settings,
    "show health": _health,
    "set VERSION CHANGES": _set,
    "aim": _aim,
    "code CODE": _asks("code", code=lambda code: code if int(code) else ""),
    "label NUMBER N DIGIT": _label_one,
    "relabel NUMBER DIGIT": _asks("relabel", id=int, label=_label),
    "drop NUMBER": _asks("drop", ids=lambda number: [int(number)]),
    "use FROM": _asks("use", number=int),
    "back": _asks("rollback"),
}
"""What each line of the table for the page alone does."""
