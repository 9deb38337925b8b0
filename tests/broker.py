"""A real broker on loopback for tests, to be killed and started at will, and one who listens."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pi_reader.config.settings import LinkSettings

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
needs_broker = pytest.mark.skipif(not MOSQUITTO, reason="needs mosquitto (apt)")


def until(holds: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Wait for something; gives what it was, fails if it does not come."""
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, f"nothing within {seconds:g} seconds"
        time.sleep(0.005)
    return found


class Broker:
    """Mosquitto in a folder; what is retained it forgets when it is killed, like one that lost
    its card, unless `persistent`."""

    def __init__(self, folder: Path, *lines: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.config = folder / "mosquitto.conf"
        anonymous = [] if any("password_file" in line for line in lines) else ["true"]
        self.config.write_text(
            "\n".join(
                [
                    f"listener {self.port} 127.0.0.1",
                    *(f"allow_anonymous {word}" for word in anonymous),
                    "user root",
                    *lines,
                ]
            )
            + "\n"
        )
        self.settings = LinkSettings(on=True, broker="127.0.0.1", port=self.port, id="pir-0000002a")
        self.start()

    def start(self) -> None:
        assert MOSQUITTO
        self.process = subprocess.Popen(
            [MOSQUITTO, "-c", self.config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(self._listens)

    def _listens(self) -> bool:
        assert self.process.poll() is None, "mosquitto does not start"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Listener:
    """Hears everything at the broker, from a thread of its own; connects anew when it must."""

    def __init__(self, settings: LinkSettings, *topics: str) -> None:
        from pi_reader.link.broker import Connection

        self.heard: list[tuple[str, str, bool]] = []
        self.latest: dict[str, str] = {}
        self._over = threading.Event()
        self._settings, self._topics = settings, topics or ("#",)
        self._name = f"listener-{os.urandom(4).hex()}"  # of two with one name, one is thrown out
        self._connection = Connection(settings, self._name)
        self._connection.open(self._topics)
        self._outbox: list[tuple[str, str, bool]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        from pi_reader.errors import NoHardware
        from pi_reader.link.broker import Connection

        while not self._over.is_set():
            try:
                while self._outbox:
                    self._connection.publish(*self._outbox.pop(0))
                self._connection.step(0.01)
            except NoHardware:
                self.latest.clear()
                self._connection = Connection(self._settings, self._name)
                try:
                    self._connection.open(self._topics)
                except NoHardware:
                    time.sleep(0.05)
            while self._connection.inbox:
                one = self._connection.inbox.popleft()
                payload = one.payload.decode(errors="surrogateescape")
                self.heard.append((one.topic, payload, one.retained))
                self.latest[one.topic] = payload
        self._connection.close()

    def say(self, topic: str, payload: str, retain: bool = False) -> None:
        self._outbox.append((topic, payload, retain))

    def json(self, topic: str) -> dict[str, Any]:
        values: dict[str, Any] = json.loads(self.latest.get(topic) or "{}")
        return values

    def raw(self, topic: str) -> bytes | None:
        payload = self.latest.get(topic)
        return None if payload is None else payload.encode(errors="surrogateescape")

    def all(self, topic: str) -> list[str]:
        return [payload for name, payload, _ in list(self.heard) if name == topic]

    def close(self) -> None:
        self._over.set()
        self._thread.join(10)
