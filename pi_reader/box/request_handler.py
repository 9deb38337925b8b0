"""Answers requests from other processes, as the service alone holds the camera."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pi_reader.box.aiming import Aiming
from pi_reader.box.button_actions import ButtonActions
from pi_reader.box.events import Event, labels_from, remembered
from pi_reader.box.number_watch import NumberWatch
from pi_reader.box.problems import TROUBLES, Problems
from pi_reader.box.reading_log import ReadingLog
from pi_reader.config import Folders
from pi_reader.config.own import BadKey, changed
from pi_reader.errors import BadData, BadSettings, Busy, CannotWrite, PiReaderError
from pi_reader.files import durable
from pi_reader.reading.reader import Reader
from pi_reader.requests import Request, Requests
from pi_reader.state import BoxState, plain
from pi_reader.values import NO_DIGIT, Frame, Reading

KINDS: tuple[str, ...] = (
    "read",
    "aim",
    "doctor",
    "label",
    "reload",
    "freeze",
    "release",
    "identify",
)
KINDS += ("code", "reading", "settings", "reference")
SETTLED = 5.0  # seconds that a reading must have stood to be "the last" to whoever types
EVERY = 0.25  # seconds between two looks into the folder
AT_ONCE = 1  # requests between two frames: a Zero takes seconds to read a page, and fifty may wait


Act = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Does what a request's words ask for, and gives its answer. Raises PiReaderError."""


@dataclass(frozen=True)
class Sight:
    """What the service has before it: the newest frame, who reads it, how the box is doing, the
    figures for turning the lens, who shows a code for pairing, and what holds the display."""

    frame: Frame
    reader: Reader
    report: Callable[[], BoxState]
    aiming: Aiming
    show_code: Callable[[str, float], None]
    actions: ButtonActions
    numbers: NumberWatch = field(default_factory=lambda: NumberWatch(()))


class RequestHandler:
    """Takes requests and answers them.

    describe: a reading as `read --json` prints it; check_settings: raises BadSettings for a file
    that would not do; acts: what else may be asked for, by the request's kind; go_on: goes on with
    what these could not do at once; set_settings: takes what is set at the page. wants_reload:
    whether new settings wait.
    """

    def __init__(
        self,
        requests: Requests,
        reading_log: ReadingLog,
        problems: Problems,
        *,
        describe: Callable[[Reading], Mapping[str, Any]],
        check_settings: Callable[[], object],
        acts: Mapping[str, Act] | None = None,
        go_on: Callable[[], None] = lambda: None,
        set_settings: Act | None = None,
    ) -> None:
        self._acts, self._go_on = acts or {}, go_on
        self._set_settings = set_settings
        self.wants_reload = False
        self._requests = requests
        self._reading_log = reading_log
        self._problems = problems
        self._describe = describe
        self._check_settings = check_settings
        self._next = -float("inf")

    def run(self, now: float, sight: Sight) -> None:
        """Handle requests that have arrived; now: seconds, monotonic."""
        try:
            self._go_on()
        except TROUBLES as error:
            self._problems.mention(str(error))
        if now < self._next:
            return
        self._next = now + EVERY
        for request in self._requests.take(*KINDS, *self._acts, most=AT_ONCE):
            try:
                answer = self._do(request, now, sight)
            except TROUBLES as error:
                answer = {"error": str(error), "exit_code": getattr(error, "exit_code", 70)}
            try:
                self._requests.answer(request, plain(answer))
            except CannotWrite as error:  # concerns only this request, and does not last
                self._problems.mention(f"request {request.kind}: was not answered, {error}")

    def reload(self) -> str:
        """Schedule new settings; returns why the old ones stay in use, "" if they do not."""
        try:
            self._check_settings()
        except PiReaderError as error:
            trouble = f"{error}; the old settings stay in use"
            self._problems.set("settings", trouble)
            return trouble
        self._problems.set("settings", "")
        self.wants_reload = True
        return ""

    def _do(self, request: Request, now: float, sight: Sight) -> Mapping[str, Any]:
        if act := self._acts.get(request.kind):
            return act(request.words)
        if request.kind == "read":
            return self._describe(sight.reader.read(sight.frame))
        if request.kind == "label":
            return self._label(request.words, request.when)
        if request.kind == "reload":
            if trouble := self.reload():
                raise BadSettings(trouble)
            return {"done": "the new settings are being taken into use"}
        if request.kind in ("freeze", "release"):
            sight.actions.freeze(request.kind == "freeze")
            return {"frozen": sight.actions.frozen}
        if request.kind == "identify":
            sight.actions.identify(now)
            return {"done": "the display says that it is this one"}
        if request.kind == "code":
            code = request.words.get("code")
            if not isinstance(code, str) or not re.fullmatch("([0-9]{6})?", code):
                raise BadData(f"code: is {code!r:.20}, should be six digits")
            sight.show_code(code, now)
            return {"done": "the code is shown" if code else "no code is shown"}
        if request.kind == "settings" and self._set_settings is not None:
            answer = self._set_settings(request.words)
            if "refused" not in answer:
                self.reload()
            return answer
        if request.kind == "reading":
            return remembered(self._event(request.words.get("event", 0)))
        if request.kind == "reference":
            return {"done": sight.numbers.set_reference(sight.frame)}
        if request.kind == "aim":
            sight.aiming.ask(now)
        return sight.report().to_json()

    def _label(self, words: Mapping[str, Any], asked: float) -> Mapping[str, Any]:
        """Keep a recent reading with what a person says it is.

        words: event, a number or "last"; read, what it was read as, without which "last" must not
        have come just now, since who typed may have meant the one before; label, the whole reading
        or one digit (0 to 9, "-" for no digit); place, which digit is meant, from 0. asked: when,
        in seconds since 1970.
        """
        event = self._event(words.get("event", "last"))
        if "read" in words:
            _check_read(event, str(words["read"]))
        elif words.get("event", "last") == "last" and 0 <= asked - event.when < SETTLED:
            raise Busy(
                f"label last: reading {event.number}, {_in_line(event)}, came only "
                f"{asked - event.when:.0f} s ago; if it is that one, say what was read, "
                f"`last {''.join(event.reading.text.split())}={words.get('label')}`, or its number"
            )
        label = str(words.get("label", ""))
        place = words.get("place")
        if place is None:
            labels = labels_from(label, event)
        elif type(place) is int and re.fullmatch("[0-9-]", label):
            labels = {place: NO_DIGIT if label == "-" else int(label)}
        else:
            raise BadData(
                f"label {label!r:.20} at {place!r:.20}: should be one digit or -, and the"
                " digit's place, from 0"
            )
        self._reading_log.keep(event, labels, "command")
        return {"kept": len(labels), "event": event.number, "read": event.reading.text}

    def _event(self, name: object) -> Event:
        if name == "last":
            if self._reading_log.events.last is None:
                raise BadData("label: nothing was read yet")
            return self._reading_log.events.last
        if type(name) is not int:
            raise BadData(f'label: event is {name!r:.20}, should be a number or "last"')
        return self._reading_log.events.find(name)


def set_at_page(folders: Folders, words: Mapping[str, Any]) -> Mapping[str, Any]:
    """Keep what was set at the page. words: version, that the changes are meant for; changes.

    What is wrong with them is an answer, too: the page shows it beside the key. Raises CannotWrite.
    """
    changes, version = words.get("changes"), str(words.get("version"))
    if not isinstance(changes, dict):
        raise BadData("settings: changes should be a table of keys and values")
    try:
        content = changed(folders, version, changes)
    except BadKey as error:
        return {"refused": str(error), "key": error.key, "did_you_mean": list(error.near)}
    except Busy as error:
        return {"refused": str(error), "changed": True}
    with durable(folders.own_settings, 0o640) as handle:
        handle.write(content)
    return {"done": "the new settings are being taken into use"}


def _in_line(event: Event) -> str:
    return "  ".join(event.reading.text.split("\n"))


def _check_read(event: Event, read: str) -> None:
    """Raises BadData if the reading is not the one that a person had before them."""
    if "".join(event.reading.text.split()) != "".join(read.split()):
        raise BadData(
            f"label: reading {event.number} is {_in_line(event)}, not {read:.40}; nothing was kept"
        )
