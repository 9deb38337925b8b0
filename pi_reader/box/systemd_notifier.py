"""Notifies systemd: readiness, the watchdog heartbeat, and a status line; see sd_notify(3).

The watchdog is fed only after a fresh frame: a process that runs but no longer gets frames must be
restarted.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

_LONGEST = 200  # characters of a status line; systemctl shows one line


class SystemdNotifier:
    """Sends to the socket named by systemd; does nothing if there is none.

    environment: where NOTIFY_SOCKET is looked up. A heartbeat that cannot be delivered is dropped,
    which is what the watchdog is for; READY=1 is repeated until it has been delivered.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):  # an abstract socket: its name starts with a zero byte
            self._address = "\0" + self._address[1:]
        self._is_ready = False
        self._status = ""

    def beat(self) -> None:
        """Feed the watchdog after a fresh frame. The first call also reports readiness."""
        if self._is_ready:
            self._send("WATCHDOG=1")
        else:
            self._is_ready = self._send("READY=1\nWATCHDOG=1")

    def say(self, status: str) -> None:
        """Set the line in `systemctl status`; sent only when it has changed."""
        line = " ".join(status.split())[:_LONGEST]
        if line != self._status and self._send(f"STATUS={line}"):
            self._status = line

    def stop(self) -> None:
        """Report that the service is stopping as requested."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> bool:
        """Send a message; whether it was delivered, or there is no socket."""
        if not self._address:
            return True
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
                sender.sendto(message.encode(), self._address)
        except OSError:
            return False
        return True
