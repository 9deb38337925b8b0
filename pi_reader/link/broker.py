"""One connection to a broker, with paho-mqtt of Raspberry Pi OS bookworm (1.6) or newer (2.x).

paho would connect anew by itself and then repeat what was not acknowledged, so that an old reading
could come after a newer one. So a connection that broke is thrown away whole, and whoever uses it
decides what is still worth saying on the next.
"""

from __future__ import annotations

import ssl
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pi_reader.config.settings import LinkSettings
from pi_reader.errors import BadData, BadSettings, NoHardware, opening

KEEPALIVE = 20  # seconds; half as long again without an answer is the end
CONNECT_SECONDS = 5.0
QOS = 1  # delivered at least once

_LARGEST_SECRET = 4096  # bytes


@dataclass(frozen=True)
class Message:
    """What came in; retained: it had lain at the broker, nobody has sent it just now."""

    topic: str
    payload: bytes
    retained: bool


def secret(path: str) -> str:
    """The line in a file of a password. Raises BadData, which does not show it."""
    try:
        with open(path, "rb") as file:
            line = file.read(_LARGEST_SECRET).decode().strip("\r\n")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", "") or "it is no text"
        raise BadData(f"{path}: cannot be read ({why}); put the password there") from error
    if not line or not line.isprintable():
        raise BadData(f"{path}: is empty or more than a line; should be a password")
    return line


class Connection:
    """A connection, from its opening to its end; used by one thread at a time.

    unacknowledged: messages that the broker has not yet confirmed, by number, with the note that
    came with each. Messages that came in wait in `inbox`. name: the client's; will: topic and
    payload that the broker publishes when the connection breaks.
    """

    def __init__(
        self, settings: LinkSettings, name: str, will: tuple[str, str] | None = None
    ) -> None:
        self.place = f"broker {settings.broker}:{settings.port}"
        self.inbox: deque[Message] = deque(maxlen=1000)
        self.unacknowledged: dict[int, Any] = {}
        self._acknowledged: set[int] = set()
        self._settings = settings
        self._answer: Any = None
        self._subscribed: set[int] = set()
        self._client = _client(name)
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_publish
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        if will is not None:
            self._client.will_set(*will, qos=QOS, retain=True)

    def open(self, topics: Sequence[str] = ()) -> None:
        """Connect and listen to these topics. Raises NoHardware, BadData, BadSettings."""
        self._prepare()
        until = time.monotonic() + CONNECT_SECONDS
        try:
            self._client.connect(self._settings.broker, self._settings.port, KEEPALIVE)
        except (OSError, ValueError) as error:
            raise NoHardware(f"{self.place}: cannot be reached ({error})") from error
        while self._answer is None:
            try:
                self._step_until(until, "does not answer")
            except NoHardware:
                if self._answer is None:  # one that refuses us breaks off at once
                    raise
        if getattr(self._answer, "is_failure", self._answer != 0):
            raise NoHardware(
                f"{self.place}: refuses us ({self._answer}); check link.user and the password"
            )
        if topics:
            number = self._client.subscribe([(topic, QOS) for topic in topics])[1]
            while number not in self._subscribed:
                self._step_until(until, "does not let us listen")

    def publish(
        self, topic: str, payload: str | bytes, retain: bool = False, note: Any = None
    ) -> int:
        """Publish a message; returns its number. note: kept until it is confirmed."""
        number = int(self._client.publish(topic, payload, QOS, retain).mid)
        if number not in self._acknowledged:
            self.unacknowledged[number] = note
        self._acknowledged.discard(number)
        return number

    def step(self, seconds: float) -> None:
        """Receive and send for so long at most. Raises NoHardware when the connection is over."""
        code = self._client.loop(seconds)
        if code != 0:
            raise NoHardware(f"{self.place}: the connection broke (code {int(code)})")

    def flush(self, seconds: float) -> None:
        """Wait until all is confirmed. Raises NoHardware."""
        until = time.monotonic() + seconds
        while self.unacknowledged:
            self._step_until(until, "does not confirm")

    def close(self) -> None:
        """End it in good order."""
        self._client.disconnect()
        self._client.loop(0.1)

    def _step_until(self, until: float, trouble: str) -> None:
        if time.monotonic() > until:
            raise NoHardware(f"{self.place}: {trouble} within {CONNECT_SECONDS:.0f} seconds")
        self.step(0.05)

    def _prepare(self) -> None:
        settings = self._settings
        if settings.user:
            self._client.username_pw_set(settings.user, secret(settings.password_file))
        if settings.tls:
            authority = settings.ca_file or None
            if authority and not Path(authority).is_file():
                raise BadSettings(f"link.ca_file: there is no file {authority}")
            try:
                self._client.tls_set_context(ssl.create_default_context(cafile=authority))
            except (OSError, ValueError) as error:
                raise BadSettings(f"link.ca_file: {authority} is no certificate") from error

    # What paho calls; newer versions give more than older ones.

    def _on_connect(self, client: Any, data: Any, flags: Any, reason: Any, *rest: Any) -> None:
        self._answer = reason

    def _on_publish(self, client: Any, data: Any, number: int, *rest: Any) -> None:
        if number not in self.unacknowledged:  # confirmed before `publish` came back
            self._acknowledged.add(number)
        self.unacknowledged.pop(number, None)

    def _on_subscribe(self, client: Any, data: Any, number: int, *rest: Any) -> None:
        self._subscribed.add(number)

    def _on_message(self, client: Any, data: Any, message: Any) -> None:
        self.inbox.append(Message(message.topic, message.payload, bool(message.retain)))


def _client(name: str) -> Any:
    """paho's client. Raises NoHardware where paho is missing."""
    with opening("link", "python3-paho-mqtt", "is it damaged?"):
        from paho.mqtt import client as paho
    if hasattr(paho, "CallbackAPIVersion"):
        return paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=name)
    return paho.Client(client_id=name)
