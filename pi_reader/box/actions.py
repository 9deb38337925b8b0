"""The actions that callers from outside may ask for: over SSH, on the page, or through a broker.

`client.words` lists what may be asked. No shell and no other process is started: an action gets
words that have been checked and the caller's stream, and reaches the box through its files. Output
is free of control characters, so that nothing read or offered can tamper with the caller's
terminal.
"""

from __future__ import annotations

import base64
import os
import select
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO

from pi_reader.box.labelling import answer_of, label_reading
from pi_reader.client import training
from pi_reader.client.status import read_training
from pi_reader.client.words import SSH, find, harmless, parse, table_for
from pi_reader.config import Folders, Settings
from pi_reader.errors import BadData, Busy, MissingFile, UsageError
from pi_reader.requests import Requests

if TYPE_CHECKING:
    from pi_reader.history import Past
    from pi_reader.learning.stores import Stores

IDLE_SECONDS = 60.0  # after which a caller who sends nothing is disconnected
CANCEL_SECONDS = 60.0  # for a training to finish its current step

_PIECE = 1 << 16  # bytes read at once
_LINE = 32_000  # characters of a picture in one line; the clerk's callers take 64 KiB
_POLL = 1.0  # seconds between two checks whether a training has ended


Action = Callable[..., None]
"""Takes a session and the words of what was asked for."""


@dataclass(frozen=True)
class Session:
    """One caller, and the box.

    incoming, outgoing: the caller's streams, with file descriptors. clock: seconds since 1970;
    caller: one of the callers in the table of words.
    """

    folders: Folders
    incoming: BinaryIO
    outgoing: BinaryIO
    settings: Settings = field(default_factory=Settings)
    clock: Callable[[], float] = time.time
    caller: str = SSH

    @cached_property
    def stores(self) -> Stores:
        """What the box has learned, and what it was taught."""
        from pi_reader.learning.stores import Stores

        return Stores(self.folders, self.settings)

    @property
    def requests(self) -> Requests:
        """For sending requests to the box's other processes."""
        return Requests(self.folders.requests)

    def say(self, line: str) -> None:
        """Send one line, unbuffered. Raises BrokenPipeError if the caller has hung up."""
        self.outgoing.write(harmless(line).encode("utf-8", "replace") + b"\n")
        self.outgoing.flush()

    def receive(self, most: int, what: str) -> bytes:
        """Everything the caller sends. Raises BadData if that is too much, Busy on a timeout."""
        content = bytearray()
        while True:
            if not select.select([self.incoming], [], [], IDLE_SECONDS)[0]:
                raise Busy(f"{what}: nothing came for {IDLE_SECONDS:.0f} seconds; send it again")
            piece = os.read(self.incoming.fileno(), _PIECE)
            if not piece:
                return bytes(content)
            content += piece
            if len(content) > most:
                raise BadData(f"{what}: is more than {most:,} bytes; send less")

    def wait(self, seconds: float) -> None:
        """Sleep. Raises BrokenPipeError as soon as the caller hangs up."""
        poll = select.poll()
        poll.register(self.outgoing, 0)  # errors are always reported
        if poll.poll(seconds * 1000):
            raise BrokenPipeError


def serve(command: str, session: Session) -> None:
    """Carry out a caller's command line. Raises UsageError if it is not in the table, whatever the
    action raises, and BrokenPipeError when the caller hangs up."""
    perform(parse(command), session)


def perform(
    words: list[str], session: Session, more: Mapping[str, Action] = MappingProxyType({})
) -> None:
    """Carry out a request in words; more: actions beside those below. Raises like `serve`."""
    entry, arguments = find(words, session.caller)
    act = more.get(entry.usage) or ACTIONS[entry.usage]
    act(session, *arguments)


def _help(session: Session) -> None:
    table = table_for(session.caller)
    width = max(len(entry.usage) for entry in table)
    for entry in table:
        session.say(f"{entry.usage:{width}}  {entry.purpose}")
    session.say(
        "N is a number; DAY is as 2026-11-24 or 2026-11-24T08:00; DIGITS are one for each "
        "digit of the reading: 0 to 9, - for a mark that is none, ? to leave one as it is"
    )


def _status(session: Session) -> None:
    for line in training.follow(session.folders, session.clock, session.wait):
        session.say(line)


def _retrain(session: Session) -> None:
    session.requests.ask("retrain")
    session.say("a training was asked for; `status` follows it, hanging up does not stop it")


def _train(session: Session) -> None:
    session.requests.ask("retrain")
    session.say("a training was asked for")


def _cancel(session: Session) -> None:
    session.say(cancel(session.folders, session.requests, session.clock, session.wait))


def cancel(
    folders: Folders, requests: Requests, clock: Callable[[], float], wait: Callable[[float], None]
) -> str:
    """Stop the training; returns its last status line. Raises Busy if it does not stop."""
    if not read_training(folders).is_active(clock()):
        return "no training is running"
    request = requests.ask("cancel")
    try:
        until = clock() + CANCEL_SECONDS
        while clock() < until:
            wait(_POLL)
            said = read_training(folders)
            if not said.is_active(clock()):
                return training.training_line(said)
    finally:
        requests.withdraw(request)  # else the next training would find it
    raise Busy(
        f"cancel: the training has not stopped within {CANCEL_SECONDS:.0f} seconds; ask again"
    )


def _readings(session: Session, last: str = "20") -> None:
    from pi_reader.history import past

    _say_readings(session, deque(past(session.folders.history), maxlen=int(last)))


def _readings_since(session: Session, day: str) -> None:
    from pi_reader.history import past

    try:
        since = datetime.fromisoformat(day).timestamp()
    except (ValueError, OverflowError) as error:
        raise UsageError(f"readings {day}: there is no such day") from error
    _say_readings(session, past(session.folders.history, since))


def _say_readings(session: Session, readings: Iterable[Past]) -> None:
    from pi_reader.learning.generations import table

    none = True
    for one in readings:
        when = table.when(one.when, "%Y-%m-%d %H:%M:%S")
        session.say(f"{one.id:6}  {when:19}  {one.confidence:4.0%}  {'  '.join(one.text.split())}")
        none = False
    if none:
        session.say("no readings")


def _picture(session: Session, number: str) -> None:
    from pi_reader.kept_pictures import kept_picture

    text = base64.b64encode(kept_picture(session.folders.pictures, int(number))).decode()
    for start in range(0, len(text), _LINE):
        session.say(text[start : start + _LINE])


def _label(session: Session, digits: str) -> None:
    session.say(label_reading(session.folders, digits))


def _label_reading(session: Session, number: str, digits: str) -> None:
    session.say(label_reading(session.folders, digits, reading=int(number)))


def _label_one(session: Session, place: str, digit: str) -> None:
    session.say(label_reading(session.folders, digit, int(place) - 1))


def _weights(session: Session) -> None:
    from pi_reader.learning.generations import table

    generations = session.stores.generations()
    for line in (*table.lines(generations.list()), generations.trouble()):
        if line:
            session.say(line)


def _rollback(session: Session) -> None:
    from pi_reader.learning.generations import table

    one = session.stores.generations().rollback()
    session.say(f"generation {one.number} is in use: {table.summary(one)}")


def _offer(session: Session) -> None:
    from pi_reader.learning.generations import LARGEST_OFFER

    one = session.stores.generations().add_file(session.receive(LARGEST_OFFER, "offered weights"))
    session.requests.ask("retrain", why=f"generation {one.number} was offered")
    session.say(
        f"generation {one.number} is whole and waits for the judge; `status` follows, "
        "`weights list` tells what became of it"
    )


def _export(session: Session) -> None:
    if not session.folders.samples.exists():
        raise MissingFile("samples: there are none yet")
    from pi_reader.learning.samples import exchange

    with session.stores.samples() as samples:
        judged = session.stores.judged_by()
        exchange.write(list(samples.all()), session.outgoing, judged)
    session.outgoing.flush()


def _import(session: Session) -> None:
    from pi_reader.learning.samples import exchange

    new = exchange.read(session.receive(exchange.LARGEST, "samples"))
    with session.stores.samples() as samples:
        done = exchange.add(samples, new)
    session.say(f"samples: {done.added} new, {done.labelled} labelled, {done.known} known before")


def _read(session: Session) -> None:
    answer = answer_of(session.folders, "read")
    session.say("  ".join(str(answer.get("text") or "").split()) or "nothing there")


def _display(kind: str, done: str) -> Action:
    """One that does something to the display, and says so."""

    def act(session: Session) -> None:
        answer_of(session.folders, kind)
        session.say(done)

    return act


ACTIONS: Mapping[str, Action] = {
    "help": _help,
    "status": _status,
    "retrain": _retrain,
    "train": _train,
    "cancel": _cancel,
    "readings": _readings,
    "readings N": _readings,
    "readings DAY": _readings_since,
    "picture NUMBER": _picture,
    "label last DIGITS": _label,
    "label last READ=DIGITS": _label,
    "label last N DIGIT": _label_one,
    "label NUMBER DIGITS": _label_reading,
    "weights list": _weights,
    "weights rollback": _rollback,
    "weights offer": _offer,
    "samples export": _export,
    "samples import": _import,
    "read": _read,
    "freeze": _display("freeze", "the display is held"),
    "release": _display("release", "the display goes on"),
    "identify": _display("identify", "the display says that it is this one"),
}
"""What each entry of the table does, by its usage."""
