"""The loop: looks at the status file, tells what changed, and has done what others may ask for.

Everything happens in one thread but three things that may take long: to open a connection, to have
the clerk do something, and to post. A connection that breaks is replaced by a new one, and all that
is retained is said again. Readings that nobody confirmed go to `backlog`, never to `reading`, where
they would set those back who look at it.
"""

from __future__ import annotations

import base64
import contextlib
import json
import queue
import random
import re
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pi_reader.client import clerk, words
from pi_reader.client.status import BoxStatus, read_status
from pi_reader.config import Folders
from pi_reader.config.settings import LinkSettings
from pi_reader.errors import CannotWrite, PiReaderError
from pi_reader.files import write_json
from pi_reader.link import discovery
from pi_reader.link.broker import Connection, Message
from pi_reader.link.messages import (
    NOT_RUNNING,
    OFFLINE,
    ONLINE,
    as_json,
    command_topics,
    measured,
    reading_of,
    state_of,
    topic,
    training_of,
)
from pi_reader.link.spool import Spool

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
MOST_COMMANDS = 20  # that wait
LONGEST_COMMAND = 1000  # bytes

_OURS = "the link's own"  # in the place of a tag: no tag has spaces
_TAG = re.compile("[A-Za-z0-9_-]{1,64}")


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
        self._backlog = Spool(folders.link_state / "backlog.jsonl", MOST_BACKLOG)
        self._webhook: Webhook | None = None
        if settings.webhook:
            from pi_reader.link.webhook import MOST, Webhook  # its libraries take 3 MB

            self._webhook = Webhook(
                settings, Spool(folders.link_state / "webhook.jsonl", MOST), log
            )
        self._commands: queue.Queue[tuple[list[str], str]] = queue.Queue(MOST_COMMANDS)
        self._answers: queue.Queue[tuple[str, str | bytes, bool]] = queue.Queue()  # to be said
        self._connection: Connection | None = None
        self._opening: threading.Thread | None = None
        self._opened: Connection | None = None
        self._trouble = "not yet connected"
        self._tries, self._try_at = 0, time.monotonic() + random.uniform(0, birth_seconds)
        self._said: dict[str, str] = {}  # what lies retained at the broker, by topic
        self._state_at = 0.0
        self._birth_at: float | None = None
        self._reading_numbers: dict[int, dict[str, Any]] = {}  # unconfirmed, by message
        self._backlog_numbers: set[int] = set()
        self._known, self._is_news = BoxStatus(False), True
        self._stamp: object = None
        self._judge_at = 0.0
        self._last: dict[str, Any] | None = None  # the last reading
        self._stopping = False
        self._reported: dict[str, Any] = {}
        threading.Thread(target=self._work, daemon=True).start()

    def stop(self) -> None:
        """End after this look; may be called from a signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Tell and listen until stopped."""
        self._look()  # what was read before we came is no news
        while not self._stopping:
            for reading in self._look():
                self._tell_reading(reading)
            if self._settings.broker:
                self._talk()
            else:
                time.sleep(LOOK)
            self._report()
        if self._connection is not None:
            self._retain("availability", OFFLINE)
            with contextlib.suppress(PiReaderError):
                self._connection.flush(FAREWELL_SECONDS)
            self._settle(self._connection)
            self._drop("stopped")

    # What the box does

    def _look(self) -> Sequence[dict[str, Any]]:
        """See how the box is doing; gives the reading that is new, if there is one."""
        now, stamp = time.monotonic(), _stamps(self._folders.status, self._folders.training)
        if stamp == self._stamp and now < self._judge_at:
            return ()
        self._stamp, self._judge_at = stamp, now + JUDGE
        self._known, self._is_news = read_status(self._folders, time.time()), True
        reading = reading_of(self._known.state)
        if reading is None or reading == self._last:
            return ()
        self._last = reading
        return (reading,)

    def _tell_reading(self, reading: dict[str, Any]) -> None:
        if self._webhook is not None:
            self._webhook.add({"device": self._device, "room": self._settings.room} | reading)
        if not self._settings.broker:
            return
        if self._connection is None:
            self._keep(reading)
            return
        number = self._retain("reading", as_json(reading))
        if number is not None:
            self._reading_numbers[number] = reading
        if self._settings.picture:
            self._ask_for_picture()

    def _ask_for_picture(self) -> None:
        """Have the last reading's picture told; where none is wanted, none stays at the broker."""
        if not self._settings.picture:
            self._answers.put(("picture", b"", True))
        elif self._last is not None:
            with contextlib.suppress(queue.Full):
                self._commands.put_nowait((["picture", str(self._last["number"])], _OURS))

    def _keep(self, reading: dict[str, Any]) -> None:
        """Let a reading wait for the broker."""
        try:
            self._backlog.add(reading)
        except CannotWrite as error:
            self._log(f"backlog: {error}")

    # The broker

    def _talk(self) -> None:
        """Receive and send for a moment, or try to get a connection."""
        if self._connection is None:
            self._try()
            time.sleep(LOOK)
            return
        try:
            self._tell_states()
            self._connection.step(LOOK)
            while self._connection.inbox:
                self._hear(self._connection.inbox.popleft())
            self._settle(self._connection)
            if len(self._connection.unacknowledged) > MOST_UNCONFIRMED + MOST_BACKLOG:
                self._drop(f"{self._connection.place}: confirms nothing")
        except PiReaderError as error:
            self._drop(str(error))

    def _try(self) -> None:
        """Open a connection in a thread of its own, one try at a time."""
        if self._opening is None and time.monotonic() >= self._try_at:
            self._opening = threading.Thread(target=self._open, daemon=True)
            self._opening.start()
        elif self._opening is not None and not self._opening.is_alive():
            self._opening = None
            if self._opened is None:
                self._drop(self._trouble)
            else:
                self._connection = self._opened
                self._greet(self._connection)

    def _open(self) -> None:
        self._opened = None
        will = (topic(self._device, "availability"), OFFLINE)
        connection = Connection(self._settings, self._device, will)
        topics = command_topics(self._device, self._settings.room)
        try:
            connection.open([*topics, discovery.BIRTH])
            self._opened = connection
        except PiReaderError as error:
            self._trouble = str(error)
        except Exception as error:  # paho's own, or the network's: the next try may go better
            self._trouble = f"{connection.place}: {error!r}"

    def _greet(self, connection: Connection) -> None:
        """Say all that lies retained, and at last that we are there."""
        self._tries, self._trouble, self._said, self._is_news = 0, "", {}, True
        self._log(f"{connection.place}: connected as {self._device}")
        self._describe()
        if self._last is not None:
            self._retain("reading", as_json(self._last))
        self._ask_for_picture()
        self._tell_states()
        self._retain("availability", ONLINE)
        place = topic(self._device, "backlog")
        self._backlog_numbers = {
            connection.publish(place, as_json(reading)) for reading in self._backlog.waiting
        }

    def _drop(self, why: str) -> None:
        """Let go of the connection; readings that nobody confirmed will go to the backlog."""
        connection, self._connection = self._connection, None
        if connection is not None:
            for number, reading in self._reading_numbers.items():
                if number in connection.unacknowledged:
                    self._keep(reading)
            connection.close()
        if why != self._trouble or connection is not None:
            self._log(why)
        self._trouble = why
        self._reading_numbers, self._backlog_numbers = {}, set()
        pause = PAUSES[min(self._tries, len(PAUSES) - 1)]
        self._tries += 1
        self._try_at = time.monotonic() + pause * random.uniform(0.7, 1)

    def _settle(self, connection: Connection) -> None:
        """Forget readings that were confirmed."""
        waiting = connection.unacknowledged
        self._reading_numbers = {n: r for n, r in self._reading_numbers.items() if n in waiting}
        if self._backlog_numbers and not self._backlog_numbers & waiting:
            count, self._backlog_numbers = len(self._backlog_numbers), set()
            try:
                self._backlog.drop(count)
            except CannotWrite as error:
                self._log(f"backlog: {error}")

    def _describe(self) -> None:
        self._birth_at = None
        if self._settings.home_assistant and self._connection is not None:
            settings = self._settings
            about = discovery.description(self._device, settings.room, settings.picture)
            self._connection.publish(discovery.config_topic(self._device), as_json(about), True)

    def _tell_states(self) -> None:
        """Say what has changed; the rest once a minute. Answers go out, too."""
        now = time.monotonic()
        if self._birth_at is not None and now >= self._birth_at:
            self._describe()
        while self._connection is not None and not self._answers.empty():
            name, payload, retain = self._answers.get()
            self._connection.publish(topic(self._device, name), payload, retain)
        if not self._is_news:
            return
        self._is_news = False
        state = state_of(self._known, self._settings.room)
        core = as_json(state | {"fault": ""} if state["state"] == NOT_RUNNING else state)  # its age
        if core != self._said.get("core") or now - self._state_at >= REPEAT:
            self._said["core"], self._state_at = core, now
            self._retain("state", as_json(state | measured(self._known.state)))
        training = as_json(training_of(self._known.learning))
        if training != self._said.get("training"):
            self._retain("training", training)

    def _retain(self, name: str, payload: str) -> int | None:
        self._said[name] = payload
        if self._connection is None:
            return None
        return self._connection.publish(topic(self._device, name), payload, True)

    # What others ask for

    def _hear(self, message: Message) -> None:
        """Take a command; what lay at the broker, or is no command, is let go."""
        if message.topic == discovery.BIRTH:
            if message.payload == ONLINE.encode() and not message.retained:
                self._birth_at = time.monotonic() + random.uniform(0, self._birth_seconds)
        elif not message.retained and (command := command_of(message.payload)):
            try:
                self._commands.put_nowait(command)
            except queue.Full:
                self._log(f"a command was let go: {MOST_COMMANDS} wait already")

    def _work(self) -> None:
        """Have commands done, one after the other."""
        while True:
            said, tag = self._commands.get()
            try:
                done = clerk.ask(self._folders.clerk, said)
            except PiReaderError as error:
                done = clerk.Answer((), error.exit_code, str(error))
            if tag is _OURS:
                content = b"" if done.exit_code else base64.b64decode("".join(done.lines))
                self._answers.put(("picture", content, True))
                continue
            answer = {"id": tag, "command": " ".join(said), "exit_code": done.exit_code}
            answer |= {"lines": list(done.lines), "error": done.error}
            self._answers.put(("answer", as_json(answer), False))

    def _report(self) -> None:
        """Leave word for `pi-reader link status`, when something has changed."""
        report = {
            "device": self._device,
            "connected": self._connection is not None,
            "trouble": self._trouble,
            "backlog": len(self._backlog.waiting),
            "webhook": None
            if self._webhook is None
            else {"trouble": self._webhook.trouble, "lost": self._webhook.lost}
            | {"waiting": self._webhook.waiting},
        }
        if report != self._reported:
            self._reported = report
            try:
                self._folders.link.parent.mkdir(parents=True, exist_ok=True)
                write_json(self._folders.link, report, 0o644, sync=False)
            except (OSError, CannotWrite) as error:
                self._log(f"{self._folders.link}: cannot be written ({error})")


def command_of(payload: bytes) -> tuple[list[str], str] | None:
    """The words of a command and the tag that its answer bears; None if it may not be said.

    Either the words alone, `label 12 2016`, or `{"command": "label 12 2016", "id": "a tag"}`.
    """
    if len(payload) > LONGEST_COMMAND:
        return None
    tag: object = ""
    try:
        text: object = payload.decode()
        if payload.startswith(b"{"):
            values = json.loads(payload)
            text, tag = values["command"], values.get("id", "")
        if not isinstance(text, str) or not text.strip():
            return None
        said = words.parse(text)
        words.find(said, words.BROKER)
        if said[0] == "picture":  # goes to its own topic, if it is wanted there
            return None
    except (PiReaderError, ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(tag, str) or not (tag == "" or _TAG.fullmatch(tag)):
        return None
    return said, tag


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
