"""Requests: what one process asks, another takes once, and damage never stops the taker."""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path

import pytest

from pi_reader import files
from pi_reader.errors import Busy, CannotWrite
from pi_reader.requests import KINDS, MOST_BYTES, MOST_QUEUED, STALE_AFTER, Request, Requests


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = time.time()  # the age of a file is counted from it

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def heard() -> list[str]:
    return []


@pytest.fixture
def requests(tmp_path: Path, heard: list[str]) -> Requests:
    clock = Clock()
    return Requests(tmp_path / "state" / "requests", heard.append, clock=clock, sleep=clock.sleep)


def test_ok__taken_once_oldest_first(requests: Requests, heard: list[str]) -> None:
    asked = []
    for number in range(3):
        requests._sleep(1)
        asked.append(requests.ask("label", event=number, place=0, label=7))
    requests.ask("cancel")
    assert requests.take("label", "read") == asked
    assert requests.take("label", "read") == []
    assert [request.kind for request in requests.take(*KINDS)] == ["cancel"]
    assert requests.folder.stat().st_mode & 0o7777 == 0o2770
    assert heard == [] and os.listdir(requests.folder) == []


def test_ok__retrain_has_one_name_and_counts_once(requests: Requests) -> None:
    requests.ask("retrain")
    requests.ask("retrain", why="offer")
    assert os.listdir(requests.folder) == ["retrain"]
    (taken,) = requests.take("retrain")
    assert taken.words == {"why": "offer"} and os.listdir(requests.folder) == []
    (requests.folder / "retrain").touch()  # by hand, or by another program
    assert [request.kind for request in requests.take("retrain")] == ["retrain"]


def test_ok__question_and_answer(requests: Requests) -> None:
    other = Requests(requests.folder)
    request = requests.ask("read")

    def serve() -> None:
        (taken,) = other.take("read")
        other.answer(taken, {"text": "2016" * MOST_BYTES, "odd": "\x1b é"})

    helper = threading.Thread(target=serve)
    helper.start()
    helper.join()
    assert requests.wait(request, 2.0) == {"text": "2016" * MOST_BYTES, "odd": "\x1b é"}
    assert os.listdir(requests.folder) == []


def test_fail__nobody_takes_it(requests: Requests) -> None:
    request = requests.ask("read")
    with pytest.raises(Busy, match="nobody took it"):
        requests.wait(request, 3.0)
    assert requests.take("read") == [], "a request that was given up must not be done later"


def test_fail__taken_but_not_answered(requests: Requests) -> None:
    request = requests.ask("read")
    requests.take("read")
    with pytest.raises(Busy, match="not answered"):
        requests.wait(request, 3.0)


def test_fail__too_many_wait(requests: Requests) -> None:
    for _ in range(MOST_QUEUED):
        requests.ask("aim")
    with pytest.raises(Busy, match="is the service running"):
        requests.ask("aim")
    assert len(requests.take("aim", most=2)) == 2
    assert len(requests.take("aim")) == MOST_QUEUED - 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 50_000,
        b'{"kind": "read"}',
        b'{"kind": "label", "when": 1, "words": {}}',
        b'{"kind": "read", "when": "x", "words": {}}',
        b'{"kind": "read", "when": 1, "words": 3}',
        b" " * (MOST_BYTES + 1),
        b'{"kind": "read", "words": {}, "when": 1' + b"0" * 400 + b"}",  # no float is that large
    ],
)
def test_fail__damage_is_thrown_away_and_told(
    requests: Requests, heard: list[str], content: bytes
) -> None:
    good = requests.ask("read")
    (requests.folder / "read-1700000000000000-00000000.json").write_bytes(content)
    assert requests.take("read") == [good]
    assert len(heard) == 1 and "damaged" in heard[0]
    assert os.listdir(requests.folder) == []


def test_fail__what_nobody_knows(requests: Requests, heard: list[str]) -> None:
    requests.ask("cancel")
    for name in ("note.txt", "shell-1700000000000000-00000000.json"):
        (requests.folder / name).write_text("{}")
    assert requests.take("read") == []
    assert len(heard) == 2 and len(os.listdir(requests.folder)) == 1


def test_ok__old_ones_go_but_a_training_is_not_forgotten(
    requests: Requests, heard: list[str]
) -> None:
    stale = requests.ask("label", label=7)
    requests.ask("retrain")
    requests.answer(Request("read", name="read-1-00000000.json"), {})
    (requests.folder / ".read.json.half").touch()
    for name in os.listdir(requests.folder):
        long_ago = time.time() - STALE_AFTER - 10
        os.utime(requests.folder / name, (long_ago, long_ago))
    assert requests.take("label") == []
    assert os.listdir(requests.folder) == ["retrain"]
    assert len(heard) == 1 and stale.name in heard[0]


def test_ok__what_was_handed_in_waits_for_the_end_of_a_training(
    requests: Requests, heard: list[str]
) -> None:
    """A night may take six hours, and the training alone takes it."""
    handed_in = requests.ask_with_file("import", b"samples")
    for hours, is_there in ((10, True), (8 * 24, False)):
        for name in os.listdir(requests.folder):
            os.utime(requests.folder / name, (time.time() - hours * 3600,) * 2)
        requests.take("cancel")
        assert len(os.listdir(requests.folder)) == 2 * is_there
    assert len(heard) == 1 and handed_in.name in heard[0]


def test_ok__a_clock_that_is_set_makes_no_request_stale(tmp_path: Path, heard: list[str]) -> None:
    wall, uptime = Clock(), Clock()
    requests = Requests(tmp_path, heard.append, clock=wall, monotonic=uptime)
    asked = requests.ask("label", label=7)
    wall.now += 30 * 86400  # the network tells the time
    for seconds, is_there in ((1, True), (STALE_AFTER - 2, True), (2, False)):
        wall.now += seconds
        uptime.now += seconds
        requests.take("read")
        assert os.listdir(tmp_path) == [asked.name] * is_there
    assert len(heard) == 1 and asked.name in heard[0]


def test_ok__no_folder_is_nothing_to_do(tmp_path: Path) -> None:
    assert Requests(tmp_path / "none").take(*KINDS) == []
    assert os.listdir(tmp_path) == []


def test_fail__no_place_for_the_folder(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(CannotWrite, match="sudo"):
        Requests(tmp_path / "state" / "requests").ask("retrain")


def test_fail__full_disk(requests: Requests, monkeypatch: pytest.MonkeyPatch) -> None:
    requests.ask("cancel")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(CannotWrite, match="disk is full"):
        requests.ask("retrain")
    assert [request.kind for request in requests.take(*KINDS)] == ["cancel"]


def test_fail__no_such_kind(requests: Requests) -> None:
    with pytest.raises(ValueError, match="shell"):
        requests.ask("shell")
    with pytest.raises(ValueError, match="shell"):
        requests.take("label", "shell")


def test_ok__a_folder_in_a_requests_place_stops_nobody(tmp_path: Path) -> None:
    requests = Requests(tmp_path)
    name = f"label-{1:018d}-{'a' * 8}.json"
    for odd in ("retrain", name, "rubbish"):
        (tmp_path / odd / "full").mkdir(parents=True)
    requests.take("label")
    taken = requests.take("retrain")
    assert [request.kind for request in taken] == ["retrain"]
    assert all(path.name.startswith(".odd-") for path in tmp_path.iterdir())
    requests.ask("retrain")
    assert len(requests.take("retrain")) == 1
