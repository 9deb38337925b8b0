"""The commands that a restricted SSH key may use, and nothing else.

sshd runs `pi-reader ssh` whatever the caller typed, and passes that in SSH_ORIGINAL_COMMAND. Here
it is split into words and looked up in TABLE; arguments are numbers, digits or dates and must match
their whole pattern. There are no options and no file names, no shell and no other process: an
action gets checked words and the caller's stream, and talks to the box through its own files.
Control characters are removed from the output, so that no text from outside can manipulate the
caller's terminal.
"""

from __future__ import annotations

import os
import re
import select
import shlex
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO

from pi_reader.box.labelling import label_last
from pi_reader.client import training
from pi_reader.config import Folders
from pi_reader.errors import BadData, Busy, MissingFile, UsageError
from pi_reader.learning.generations import LARGEST_OFFER, Generations, table
from pi_reader.requests import Requests

if TYPE_CHECKING:
    from pi_reader.history import Past
    from pi_reader.learning.samples import Samples

LONGEST = 500  # characters of a request: a full page of digits can be labelled
IDLE_SECONDS = 60.0  # after which a caller who sends nothing is disconnected

_PIECE = 1 << 16  # bytes that are read at once


@dataclass(frozen=True)
class Session:
    """One caller, and the box.

    incoming, outgoing: the caller's streams, with file descriptors. open_samples: opens the
    database of samples. clock: seconds since 1970.
    """

    folders: Folders
    generations: Generations
    open_samples: Callable[[], Samples]
    incoming: BinaryIO
    outgoing: BinaryIO
    clock: Callable[[], float] = time.time

    @property
    def requests(self) -> Requests:
        """Requests to other processes of the box."""
        return Requests(self.folders.requests)

    def say(self, line: str) -> None:
        """Send one line, unbuffered. Raises BrokenPipeError if the caller has hung up."""
        self.outgoing.write(harmless(line).encode("utf-8", "replace") + b"\n")
        self.outgoing.flush()

    def receive(self, most: int, what: str) -> bytes:
        """All that the caller sends. Raises BadData if it is too much, Busy on a timeout."""
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


@dataclass(frozen=True)
class Entry:
    """One allowed command: its words, the kinds of its arguments, and its action."""

    words: tuple[str, ...]
    arguments: tuple[str, ...]
    purpose: str
    action: Callable[..., None]

    @property
    def usage(self) -> str:
        """The words of the command with its arguments, for `help`."""
        return " ".join((*self.words, *self.arguments))

    def takes(self, words: list[str]) -> bool:
        """Whether these words match the command exactly."""
        rest = words[len(self.words) :]
        return (
            tuple(words[: len(self.words)]) == self.words
            and len(rest) == len(self.arguments)
            and all(
                PATTERNS[kind].fullmatch(word)
                for kind, word in zip(self.arguments, rest, strict=True)
            )
        )


PATTERNS = {
    "N": re.compile("[1-9][0-9]{0,5}"),
    "DAY": re.compile(r"2[0-9]{3}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-5][0-9])?"),
    "DIGITS": re.compile("[0-9?-]{1,200}"),
    "DIGIT": re.compile("[0-9-]"),
}


def serve(command: str, session: Session) -> None:
    """Run the caller's command. Raises UsageError if it is not in the table, and what the action
    raises; BrokenPipeError if the caller hangs up."""
    words = parse(command)
    find(words).action(session, *words[len(find(words).words) :])


def parse(command: str) -> list[str]:
    """The words of a command line. Raises UsageError if it is too long or malformed."""
    if len(command) > LONGEST:
        raise UsageError(f"request: has {len(command)} characters, should have {LONGEST} at most")
    if not all(letter.isascii() and letter.isprintable() for letter in command):
        raise UsageError("request: has characters that no request needs; say `help`")
    try:
        return shlex.split(command) or ["help"]
    except ValueError as error:  # an unclosed quote
        raise UsageError(f"request: {error}; say `help`") from error


def find(words: list[str]) -> Entry:
    """The entry that matches these words. Raises UsageError if none does."""
    for entry in TABLE:
        if entry.takes(words):
            return entry
    near = [entry.usage for entry in TABLE if entry.words[0] == words[0]]
    raise UsageError(
        f"request {' '.join(words):.60}: is not allowed; "
        + (f"say {' or '.join(f'`{usage}`' for usage in near)}" if near else "`help` lists what is")
    )


def harmless(text: str) -> str:
    """A line with control characters escaped as in Python."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def _help(session: Session) -> None:
    width = max(len(entry.usage) for entry in TABLE)
    for entry in TABLE:
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


def _cancel(session: Session) -> None:
    session.say(training.cancel(session.folders, session.requests, session.clock, session.wait))


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
    none = True
    for one in readings:
        when = table.when(one.when, "%Y-%m-%d %H:%M:%S")
        session.say(f"{when:19}  {one.confidence:4.0%}  {'  '.join(one.text.split())}")
        none = False
    if none:
        session.say("no readings")


def _label(session: Session, digits: str) -> None:
    session.say(label_last(session.folders, digits))


def _label_one(session: Session, place: str, digit: str) -> None:
    session.say(label_last(session.folders, digit, int(place) - 1))


def _weights(session: Session) -> None:
    for line in (*table.lines(session.generations.list()), session.generations.trouble()):
        if line:
            session.say(line)


def _rollback(session: Session) -> None:
    one = session.generations.rollback()
    session.say(f"generation {one.number} is in use: {table.summary(one)}")


def _offer(session: Session) -> None:
    one = session.generations.add_file(session.receive(LARGEST_OFFER, "offered weights"))
    session.requests.ask("retrain", why=f"generation {one.number} was offered")
    session.say(
        f"generation {one.number} is whole and waits for the judge; `status` follows, "
        "`weights list` tells what became of it"
    )


def _export(session: Session) -> None:
    if not session.folders.samples.exists():
        raise MissingFile("samples: there are none yet")
    from pi_reader.learning.samples import exchange

    with session.open_samples() as samples:
        exchange.write(list(samples.all()), session.outgoing)
    session.outgoing.flush()


def _import(session: Session) -> None:
    from pi_reader.learning.samples import exchange

    new = exchange.read(session.receive(exchange.LARGEST, "samples"))
    with session.open_samples() as samples:
        done = exchange.add(samples, new)
    session.say(f"samples: {done.added} new, {done.labelled} labelled, {done.known} known before")


TABLE = (
    Entry(("help",), (), "this list", _help),
    Entry(("status",), (), "how the box is doing; follows a training until it ends", _status),
    Entry(("retrain",), (), "learn now instead of tonight", _retrain),
    Entry(("cancel",), (), "stop the training; what it reached is kept for the next", _cancel),
    Entry(("readings",), (), "the last 20 readings", _readings),
    Entry(("readings",), ("N",), "the last N", _readings),
    Entry(("readings",), ("DAY",), "all from a day, or a minute, on", _readings_since),
    Entry(("label", "last"), ("DIGITS",), "what the last reading really is", _label),
    Entry(("label", "last"), ("N", "DIGIT"), "what its digit number N is", _label_one),
    Entry(("weights", "list"), (), "the generations of weights", _weights),
    Entry(("weights", "rollback"), (), "go back to the one before", _rollback),
    Entry(
        ("weights", "offer"),
        (),
        f"weights from another machine, sent after it: at most {LARGEST_OFFER >> 20} MB",
        _offer,
    ),
    Entry(("samples", "export"), (), "all samples, as one npz", _export),
    Entry(("samples", "import"), (), "samples of another reader, sent after it", _import),
)
