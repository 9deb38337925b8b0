"""The box's pulse: tells systemd that it started, that it still looks, and what it is doing.

The watchdog is fed by whoever has just seen a fresh frame, and by nobody else: a program that
runs but no longer sees must be started anew. What is sent is described in sd_notify(3).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

_LONGEST = 200  # characters of a status line; systemctl shows one line


class SystemdNotifier:
    """Speaks to the socket that systemd named; says nothing where it named none.

    environment: where NOTIFY_SOCKET is looked up. A beat that cannot be delivered is let go, the
    watchdog then does what it is for; that the box is ready is said again until it is heard.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):  # Linux's abstract names begin with a zero byte
            self._address = "\0" + self._address[1:]
        self._is_ready = False
        self._status = ""

    def beat(self) -> None:
        """A fresh frame was seen. The first beat also says that the box is ready."""
        if self._is_ready:
            self._send("WATCHDOG=1")
        else:
            self._is_ready = self._send("READY=1\nWATCHDOG=1")

    def say(self, status: str) -> None:
        """A line for `systemctl status`; sent only when it has changed."""
        line = " ".join(status.split())[:_LONGEST]
        if line != self._status and self._send(f"STATUS={line}"):
            self._status = line

    def stop(self) -> None:
        """The box is on its way out, as it was told to."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> bool:
        """Whether it was delivered, or there is nobody to deliver it to."""
        if not self._address:
            return True
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
                sender.sendto(message.encode(), self._address)
        except OSError:
            return False
        return True
