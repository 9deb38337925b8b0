"""What systemd hears, through a real socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pi_reader.box.systemd_notifier import SystemdNotifier


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """A socket to listen on, and its name as systemd gives it."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@pi-reader-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name.replace("@", "\0", 1))
        listener.settimeout(5)
        yield listener, name


def test_ok__ready_with_the_first_frame_then_alive(systemd: tuple[socket.socket, str]) -> None:
    listener, name = systemd
    heart = SystemdNotifier({"NOTIFY_SOCKET": name})
    heart.beat()
    heart.beat()
    heart.say("reading:\n12")
    heart.say("reading:\n12")  # nothing new
    heart.stop()
    heard = [listener.recv(1000).decode() for _ in range(4)]
    assert heard == ["READY=1\nWATCHDOG=1", "WATCHDOG=1", "STATUS=reading: 12", "STOPPING=1"]
    listener.setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.recv(1000)


def test_ok__nobody_listens(tmp_path: Path) -> None:
    for environment in ({}, {"NOTIFY_SOCKET": str(tmp_path / "gone")}):
        heart = SystemdNotifier(environment)
        heart.beat()
        heart.stop()


def test_ok__that_it_is_ready_is_said_until_it_is_heard(tmp_path: Path) -> None:
    name = str(tmp_path / "notify")
    heart = SystemdNotifier({"NOTIFY_SOCKET": name})
    heart.beat()
    heart.say("reading: 1")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name)
        listener.settimeout(5)
        heart.beat()
        heart.say("reading: 1")
        assert listener.recv(1000).startswith(b"READY=1")
        assert listener.recv(1000) == b"STATUS=reading: 1"


def test_ok__a_full_socket_never_blocks(systemd: tuple[socket.socket, str]) -> None:
    _, name = systemd
    heart = SystemdNotifier({"NOTIFY_SOCKET": name})
    for _ in range(5000):
        heart.beat()
