"""The clerk: who may have what done, whatever is sent to it."""

from __future__ import annotations

import json
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pi_reader.box import clerk
from pi_reader.box.clerk import Clerk, listen, session_of
from pi_reader.client import words
from pi_reader.client.clerk import ask
from pi_reader.config import Folders, find_folders
from pi_reader.errors import Busy
from pi_reader.files import write_json
from pi_reader.requests import Requests


@contextmanager
def running(
    folders: Folders,
    caller: str = words.BROKER,
    log: Callable[[str], None] = print,
    idle: float = 0.3,
) -> Iterator[Path]:
    """A clerk that takes everybody for this caller."""
    listening = listen(folders.clerk)
    server = Clerk(listening, partial(session_of, folders), lambda uid: caller, log)
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():  # as its socket does, when somebody asks after it has ended
            server.run(idle)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield folders.clerk
    finally:
        over.set()
    thread.join(20)
    assert not thread.is_alive(), "it ends when nobody asks"
    listening.close()


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return find_folders(tmp_path)


@contextmanager
def service(folders: Folders, answer: dict[str, Any]) -> Iterator[list[Any]]:
    """A service that runs, and answers each request so; gives what it was asked."""
    folders.runtime.mkdir(parents=True, exist_ok=True)
    write_json(
        folders.status, {"frames": 1, "pid": os.getpid(), "updated": time.time(), "state": "x"}
    )
    asked: list[Any] = []
    requests, over = Requests(folders.requests), threading.Event()

    def answering() -> None:
        while not over.wait(0.01):
            for one in requests.take("read", "label", "freeze", "release", "identify"):
                asked.append((one.kind, dict(one.words)))
                requests.answer(one, answer)

    thread = threading.Thread(target=answering)
    thread.start()
    yield asked
    over.set()
    thread.join()


def test_ok__does_what_the_broker_may_ask(folders: Folders) -> None:
    answer = {"text": "20\n16", "kept": 4, "read": "20\n16"}
    with service(folders, answer) as asked, running(folders) as path:
        assert ask(path, ["read"]).lines == ("20  16",)
        assert ask(path, ["label", "7", "2016"]).lines == ("kept 4 of the digits of 20  16",)
        assert ask(path, ["freeze"]).exit_code == 0
        assert ask(path, ["cancel"]).lines == ("no training is running",)
        assert ask(path, ["train"]).exit_code == 0
        assert "label NUMBER DIGITS" in "\n".join(ask(path, ["help"]).lines)
    kinds = ("read", {}), ("label", {"event": 7, "label": "2016"}), ("freeze", {})
    assert asked == list(kinds)
    assert (folders.requests / "retrain").exists()


def test_fail__says_what_the_service_met(folders: Folders) -> None:
    trouble = {"error": "reading 7: is not remembered", "exit_code": 65}
    with service(folders, trouble), running(folders) as path:
        answer = ask(path, ["label", "7", "2016"])
    assert (answer.exit_code, answer.error) == (65, "reading 7: is not remembered")


def test_fail__without_a_service(folders: Folders) -> None:
    with running(folders) as path:
        answer = ask(path, ["read"])
    assert answer.exit_code == 75 and "not running" in answer.error


@pytest.mark.parametrize("caller", ["", words.BROKER, words.PAGE, words.OWNER])
def test_fail__streams_and_what_is_a_keys_alone(folders: Folders, caller: str) -> None:
    with running(folders, caller) as path:
        for said in (["weights", "offer"], ["samples", "export"], ["weights", "rollback"], ["run"]):
            assert ask(path, said).exit_code == 2
    assert not folders.requests.exists()


def test_ok__knows_users_by_the_system_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert clerk.caller_of(os.geteuid()) == words.OWNER
    assert clerk.caller_of(0) == words.OWNER
    monkeypatch.setattr(os, "geteuid", lambda: 77)
    assert clerk.caller_of(1) == "" and clerk.caller_of(4_000_000) == ""
    monkeypatch.setitem(clerk.USERS, "daemon", words.BROKER)
    assert clerk.caller_of(1) == words.BROKER


HOSTILE = (
    b"",
    b"\n",
    b"{}\n",
    b"[]\n",
    b'{"words": "read"}\n',
    b'{"words": [1]}\n',
    b'{"words": [["read"]]}\n',
    b'{"words": ["read", "x"]}\n',
    b'{"words": ["\\ud800"]}\n',
    b'{"words": ["label", "1", "2\\n"]}\n',
    b'{"words": ["label", "1", "\\u0662"]}\n',
    b"[" * 60_000 + b"\n",
    b"\xff" * 100 + b"\n",
    b"x" * 70_000 + b"\n",
)


def test_fail__hostile_lines_do_nothing(folders: Folders) -> None:
    said: list[str] = []
    rng = random.Random(3)
    garbled = [bytes(rng.randrange(256) for _ in range(40)) + b"\n" for _ in range(200)]
    with running(folders, log=said.append) as path:
        for content in (*HOSTILE, *garbled):
            with socket.socket(socket.AF_UNIX) as caller, caller.makefile("rb") as incoming:
                caller.connect(str(path))
                caller.sendall(content)
                caller.shutdown(socket.SHUT_WR)
                try:
                    answer = json.loads(incoming.readline())
                except ConnectionResetError:  # not all was read of what is too long
                    continue
                assert answer["exit_code"] == 2, content[:80]
    assert said == [] and not folders.requests.exists()


def test_fail__too_many_at_once(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clerk, "LINE_SECONDS", 0.5)
    with running(folders, idle=2.0) as path:
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(clerk.MOST)]
        for one in waiting:
            one.connect(str(path))
        assert ask(path, ["help"]).exit_code == 75
        time.sleep(1.0)  # who says nothing is let go
        assert ask(path, ["help"]).exit_code == 0
        for one in waiting:
            one.close()


def test_fail__memory_that_is_short_for_a_moment(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with running(folders, idle=1.0) as place:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", short)
            answer = ask(place, ["help"], 5)
        assert answer.exit_code == Busy.exit_code and "ask again" in answer.error
        assert ask(place, ["help"], 5).lines


def test_fail__a_clerk_that_is_not_there(folders: Folders) -> None:
    with pytest.raises(Busy, match="cannot be asked"):
        ask(folders.clerk, ["read"])
