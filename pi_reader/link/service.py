"""The loop: watches the status file, publishes what changed, and hears commands.

Everything happens in one thread except for three things that may take long: opening a connection,
asking the clerk, and posting. A connection that breaks is replaced by a new one, and all retained
messages are published again. Readings that the broker never confirmed go to `backlog`, never to
`reading`, where they would replace a newer one.
"""

from __future__ import annotations

import contextlib
import math
import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pi_reader.client.status import BoxStatus, read_status
from pi_reader.config import Folders, load_settings
from pi_reader.config.load import settings_from
from pi_reader.config.settings import LinkSettings
from pi_reader.errors import CannotWrite, NoHardware, PiReaderError
from pi_reader.files import write_json
from pi_reader.link import discovery
from pi_reader.link.broker import Connection, Message
from pi_reader.link.commands import Commands
from pi_reader.link.messages import (
    NOT_RUNNING,
    OFFLINE,
    ONLINE,
    as_json,
    command_topics,
    measured,
    number_of,
    reading_of,
    state_of,
    topic,
    training_of,
)
from pi_reader.link.spool import Spool
from pi_reader.numbers.settings import NumberSettings

if TYPE_CHECKING:
    from pi_reader.link.webhook import Webhook

LOOK = 0.07  # seconds between two looks at the status file
JUDGE = 1.0  # seconds after which it is read even if it has not changed: the service may be gone
REPEAT = 60.0  # seconds after which the state is said although nothing has changed
PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds between two tries to connect
BIRTH_SECONDS = 5.0  # thirty boxes do not speak all at once when Home Assistant starts
FAREWELL_SECONDS = 2.0  # for the broker to confirm what was said last
MOST_BACKLOG = 1000  # readings
MOST_UNCONFIRMED = 200  # messages; a broker that confirms nothing is taken for gone


class Link:
    """Tells a broker and a webhook what the box reads, until it is stopped.

    device: the box's name in topics; log: for what a person should know.
    """

    def __init__(
        self,
        settings: LinkSettings,
        folders: Folders,
        device: str,
        log: Callable[[str], None] = lambda line: None,
        birth_seconds: float = BIRTH_SECONDS,
    ) -> None:
        self._settings, self._folders, self._device, self._log = settings, folders, device, log
        self._birth_seconds = birth_seconds
        self._backlog = Spool(folders.link_state / "backlog.jsonl", MOST_BACKLOG, log)
        self._webhook: Webhook | None = None
        if settings.webhook:
            from pi_reader.link.webhook import MOST, Webhook  # its libraries take 3 MB

            spool = Spool(folders.link_state / "webhook.jsonl", MOST, log)
            self._webhook = Webhook(settings, spool, log)
        self._commands = Commands(folders.clerk, log)
        self._connection: Connection | None = None
        self._opening: Future[Connection] | None = None
        self._trouble = "not yet connected"
        self._tries, self._try_at = 0, time.monotonic() + random.uniform(0, birth_seconds)
        self._said: dict[str, str] = {}  # the states published last
        self._numbers: dict[str, NumberSettings] = {}
        self._numbers_said: dict[str, str] = {}  # by topic, also of those not there now
        self._named: object = None  # what was taken in of the numbers' names
        self._left: set[str] = set()  # numbers that the broker kept from before that
        self._state_at = 0.0
        self._birth_at = math.inf
        self._sent_backlog: set[int] = set()  # messages
        self._known, self._is_news = BoxStatus(False), True
        self._stamp: object = None
        self._judge_at = 0.0
        self._last: dict[str, Any] | None = None  # the last reading
        self._stopping = False
        self._reported: dict[str, Any] = {}

    def stop(self) -> None:
        """End after this look; may be called from a signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Publish and listen until stopped."""
        self._look()  # what was read before the start is no news
        while not self._stopping:
            if reading := self._look():
                self._tell_reading(reading)
            self._talk()
            self._report()
        if self._connection is not None:
            self._publish("availability", OFFLINE)
            with contextlib.suppress(PiReaderError):
                self._connection.flush(FAREWELL_SECONDS)
            self._drop("stopped")

    # What the box does

    def _look(self) -> dict[str, Any] | None:
        """See how the box is doing; returns the last reading if it is new."""
        now, stamp = time.monotonic(), _stamps(self._folders.status, self._folders.training)
        if stamp == self._stamp and now < self._judge_at:
            return None
        self._stamp, self._judge_at = stamp, now + JUDGE
        self._known, self._is_news = read_status(self._folders, time.time()), True
        self._see_numbers()
        before, reading = self._last, reading_of(self._known.state)
        self._last = reading or before
        return None if reading == before else reading

    def _see_numbers(self) -> None:
        """Take in what numbers are named, whenever they change, and what the box says of them."""
        named, stamp = self._known.state.named, _stamps(self._folders.settings)
        speaks = "frames" in self._known.status  # the reader itself, not one in its place
        if speaks and (said := (named, stamp)) != self._named:
            with contextlib.suppress(PiReaderError):  # the reader tells of settings that are bad
                if named is None:  # a box that does not tell
                    found = load_settings(self._folders.settings).numbers
                else:  # what was set at the page is read by the box alone
                    found = settings_from({"numbers": _tables(named)}).numbers
                self._named = said
                before, self._numbers = self._numbers, {one.name: one for one in found}
                for name in (before.keys() | self._left) - self._numbers.keys():
                    self._forget(name)
                self._left.clear()
                if before != self._numbers:
                    self._birth_at = 0.0
        for one in self._known.state.numbers:
            if one.name in self._numbers:
                self._numbers_said[f"number/{one.name}"] = as_json(number_of(one))

    def _forget(self, name: str) -> None:
        """Take away what lies at the broker of a number that the settings name no more."""
        for said in (self._numbers_said, self._said):
            said.pop(f"number/{name}", None)
        if self._connection is not None:
            for place in discovery.number_topics(self._device, name):
                self._connection.publish(place, b"", True)

    def _tell_reading(self, reading: dict[str, Any]) -> None:
        if self._webhook is not None:
            self._webhook.add({"device": self._device, "room": self._settings.room} | reading)
        if self._connection is not None:
            self._publish("reading", as_json(reading), note=reading)
            if self._settings.picture:
                self._ask_for_picture()
        elif self._settings.broker:
            self._backlog.add(reading)

    def _ask_for_picture(self) -> None:
        """Have the last reading's picture published; where none is wanted, none stays."""
        if not self._settings.picture:
            self._publish("picture", b"")
        elif self._last is not None:
            self._commands.ask_for_picture(self._last["number"])

    # The broker

    def _talk(self) -> None:
        """Receive and send for a moment, or try to get a connection."""
        try:
            if self._connection is None:
                self._connect()
                time.sleep(LOOK)
                return
            self._tell_states()
            self._connection.step(LOOK)
            while self._connection.inbox:
                self._hear(self._connection.inbox.popleft())
            self._settle(self._connection)
            if len(self._connection.unacknowledged) > MOST_UNCONFIRMED + MOST_BACKLOG:
                self._drop(f"{self._connection.place}: confirms nothing")
        except PiReaderError as error:
            self._drop(str(error))

    def _connect(self) -> None:
        """Open a connection in a thread of its own, one attempt at a time. Raises PiReaderError."""
        if self._opening is None:
            if self._settings.broker and time.monotonic() >= self._try_at:
                self._opening = Future()
                threading.Thread(target=self._open, args=(self._opening,), daemon=True).start()
        elif self._opening.done():
            opening, self._opening = self._opening, None
            self._greet(opening.result())

    def _open(self, opening: Future[Connection]) -> None:
        will = (topic(self._device, "availability"), OFFLINE)
        connection = Connection(self._settings, self._device, will)
        topics = command_topics(self._device, self._settings.room)
        try:
            numbers = discovery.number_topics(self._device, "+")
            connection.open([*topics, discovery.BIRTH, *numbers])
            opening.set_result(connection)
        except PiReaderError as error:
            opening.set_exception(error)
        except Exception as error:  # paho's own, or the network's: the next try may go better
            opening.set_exception(NoHardware(f"{connection.place}: {error!r}"))

    def _greet(self, connection: Connection) -> None:
        """Publish everything that is retained, and at last that we are there."""
        self._connection = connection
        self._tries, self._trouble, self._said, self._is_news = 0, "", {}, True
        self._log(f"{connection.place}: connected as {self._device}")
        self._birth_at = 0.0
        if self._last is not None:
            self._publish("reading", as_json(self._last))
        self._ask_for_picture()
        self._tell_states()
        self._publish("availability", ONLINE)
        place = topic(self._device, "backlog")
        self._sent_backlog = {
            connection.publish(place, as_json(reading)) for reading in self._backlog.waiting
        }

    def _drop(self, why: str) -> None:
        """Let go of the connection; readings that were not confirmed go to the backlog."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._settle(connection)
            for reading in filter(None, connection.unacknowledged.values()):
                self._backlog.add(reading)
            connection.close()
        if why != self._trouble or connection is not None:
            self._log(why)
        self._trouble, self._sent_backlog = why, set()
        pause = PAUSES[min(self._tries, len(PAUSES) - 1)]
        self._tries += 1
        self._try_at = time.monotonic() + pause * random.uniform(0.7, 1)

    def _settle(self, connection: Connection) -> None:
        """Forget the backlog once all of it is confirmed."""
        if self._sent_backlog and not self._sent_backlog & connection.unacknowledged.keys():
            self._backlog.drop(len(self._sent_backlog))
            self._sent_backlog = set()

    def _tell_states(self) -> None:
        """Publish what has changed, once a minute everything; answers, too."""
        now, settings = time.monotonic(), self._settings
        if now >= self._birth_at:
            self._birth_at = math.inf
            if settings.home_assistant and self._connection is not None:
                about = discovery.description(self._device, settings.room, settings.picture)
                abouts = {discovery.config_topic(self._device): about}
                for name, number in self._numbers.items():
                    place = discovery.number_topics(self._device, name)[1]
                    abouts[place] = discovery.number_description(self._device, number)
                for place, about in abouts.items():
                    self._connection.publish(place, as_json(about), True)
        for name, payload, retain in self._commands.outcomes():
            self._publish(name, payload, retain)
        if not self._is_news:
            return
        self._is_news = False
        state = state_of(self._known, settings.room)
        lasting = state | {"fault": ""} if state["state"] == NOT_RUNNING else state  # its age
        lasts = as_json(lasting)
        if lasts != self._said.get("state") or now - self._state_at >= REPEAT:
            self._state_at = now
            self._publish("state", as_json(state | measured(self._known.state)))
        said = {"training": as_json(training_of(self._known.learning))} | self._numbers_said
        for name, payload in said.items():
            if payload != self._said.get(name):
                self._publish(name, payload)
        self._said = {"state": lasts} | said

    def _publish(
        self,
        name: str,
        payload: str | bytes,
        retain: bool = True,
        note: dict[str, Any] | None = None,
    ) -> None:
        """Publish one of the box's own messages; note: a reading that must not be lost."""
        if self._connection is not None:
            self._connection.publish(topic(self._device, name), payload, retain, note)

    def _hear(self, message: Message) -> None:
        """Take a command; retained ones are ignored.

        What the broker has kept of numbers that the settings do not name (any more) is taken away.
        """
        if message.topic == discovery.BIRTH:
            if message.payload == ONLINE.encode() and not message.retained:
                self._birth_at = time.monotonic() + random.uniform(0, self._birth_seconds)
        elif name := discovery.number_in(self._device, message.topic):
            if message.retained and self._named is None:
                self._left.add(name)
            elif message.retained and name not in self._numbers:
                self._forget(name)
        elif not message.retained:
            self._commands.hear(message.payload)

    def _report(self) -> None:
        """Leave word for `pi-reader link status` when something has changed."""
        report = {
            "device": self._device,
            "connected": self._connection is not None,
            "trouble": self._trouble,
            "backlog": len(self._backlog.waiting),
            "webhook": self._webhook.figures if self._webhook is not None else None,
        }
        if report != self._reported:
            self._reported = report
            try:
                self._folders.link.parent.mkdir(parents=True, exist_ok=True)
                write_json(self._folders.link, report, 0o644, sync=False)
            except (OSError, CannotWrite) as error:
                self._log(f"{self._folders.link}: cannot be written ({error})")


def _tables(named: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Numbers that the box names, as the settings have them; where they stand it does not say."""
    return [
        {"name": name, "line": line, **(about if isinstance(about, dict) else {})}
        for line, (name, about) in enumerate(named.items(), 1)
    ]


def _stamps(*paths: Path) -> tuple[object, ...]:
    """What changes when one of these files is replaced."""
    found = []
    for path in paths:
        try:
            about = path.stat()
            found.append((about.st_ino, about.st_mtime_ns))
        except OSError:
            found.append((0, 0))
    return tuple(found)
