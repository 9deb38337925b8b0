"""What a restricted key may say: the table and nothing else, whatever is typed."""

from __future__ import annotations

import io
import os
import random
import shlex
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile import HONEST, hostile, may_be_said

from pi_reader.box import actions, labelling, page_actions
from pi_reader.box.actions import Session, serve
from pi_reader.client import training, words
from pi_reader.config import Settings, find_folders
from pi_reader.errors import (
    BadData,
    Busy,
    CannotWrite,
    MissingFile,
    PiReaderError,
    UsageError,
)
from pi_reader.files import write_json
from pi_reader.history import History
from pi_reader.learning.generations import LARGEST_OFFER
from pi_reader.learning.samples import New, Samples
from pi_reader.learning.stores import Stores
from pi_reader.network import store
from pi_reader.network.card import Card
from pi_reader.network.layers import Dense, Flatten
from pi_reader.network.model import Model
from pi_reader.requests import Requests

MORNING = time.mktime((2026, 11, 24, 8, 0, 0, 0, 0, -1))


def weights(path: Path, seed: int = 0) -> bytes:
    rng = np.random.default_rng(seed)
    store.save(path, Model([Flatten(), Dense(784, 10, rng=rng)]), Card(recipe="drawn\x1b[2J"))
    return path.read_bytes()


class Caller:
    """A box in a folder, and somebody who calls it."""

    def __init__(self, folder: Path) -> None:
        self.folders = find_folders(folder / "state")
        self.folders.runtime.mkdir(parents=True)
        self.shipped = folder / "shipped.npz"
        weights(self.shipped)
        self.stores = Stores(self.folders, Settings(), shipped=self.shipped)
        self.generations = self.stores.generations()
        self.sent = folder / "sent"

    def session(self, incoming: Any, outgoing: Any) -> Session:
        session = Session(self.folders, incoming, outgoing, clock=lambda: MORNING)
        session.__dict__["stores"] = self.stores
        return session

    def call(self, command: str, sent: bytes = b"") -> bytes:
        self.sent.write_bytes(sent)
        answer = self.sent.with_name("answer")
        with open(self.sent, "rb") as incoming, open(answer, "wb") as outgoing:
            serve(command, self.session(incoming, outgoing))
        return answer.read_bytes()

    def says(self, command: str, sent: bytes = b"") -> str:
        return self.call(command, sent).decode()


@pytest.fixture
def caller(tmp_path: Path) -> Caller:
    return Caller(tmp_path)


def test_ok__help_names_all_that_may_be_said(caller: Caller) -> None:
    text = caller.says("help")
    assert caller.says("") == caller.says("  ") == text
    for entry in words.table_for(words.SSH):
        assert entry.usage in text and entry.purpose in text


def test_ok__readings(caller: Caller) -> None:
    assert caller.says("readings") == "no readings\n"
    with History(caller.folders.history) as history:
        for number in range(30):
            history.add(f"20{number}\n7\x1b[2J", True, 0.98, "ab", MORNING + 60 * number)
    lines = caller.says("readings").splitlines()
    assert len(lines) == 20 and lines[-1] == "    30  2026-11-24 08:29:00   98%  2029  7\\x1b[2J"
    assert len(caller.says("readings 3").splitlines()) == 3
    assert len(caller.says("readings 2026-11-24T08:25").splitlines()) == 5
    assert len(caller.says("readings 2026-11-24").splitlines()) == 30
    with pytest.raises(UsageError, match="no such day"):
        caller.call("readings 2026-19-39")


def runs(caller: Caller) -> None:
    """Leave the status of a service that runs for another hour."""
    write_json(
        caller.folders.status,
        {"state": "reading", "frames": 1, "pid": os.getpid(), "updated": time.time() + 3600},
    )


def test_ok__label_goes_to_the_service(caller: Caller) -> None:
    def serve_one(answer: dict[str, Any], seen: list[Any]) -> None:
        requests = Requests(caller.folders.requests)
        while not (taken := requests.take("label")):
            time.sleep(0.01)
        seen.append(dict(taken[0].words))
        requests.answer(taken[0], answer)

    runs(caller)
    for command, meant in (
        ("label last 20-6", {"event": "last", "label": "20-6"}),
        ("label last 2 7", {"event": "last", "label": "7", "place": 1}),
        ("label last 2?36=2-36", {"event": "last", "label": "2-36", "read": "2?36"}),
        ("label 1234 2016", {"event": 1234, "label": "2016"}),
    ):
        seen: list[Any] = []
        service = threading.Thread(target=serve_one, args=({"kept": 4, "read": "20\n36"}, seen))
        service.start()
        assert caller.says(command) == "kept 4 of the digits of 20  36\n"
        service.join()
        assert seen == [meant]
    for code, kind in ((65, BadData), (73, CannotWrite), (70, PiReaderError), ([], PiReaderError)):
        trouble = {"error": "reading 3: gone", "exit_code": code}
        service = threading.Thread(target=serve_one, args=(trouble, []))
        service.start()
        with pytest.raises(PiReaderError, match="reading 3: gone") as caught:
            caller.call("label last 7")
        service.join()
        assert caught.type is kind


def test_fail__label_without_a_service(caller: Caller) -> None:
    with pytest.raises(Busy, match=r"label last: .* not running"):
        caller.call("label last 7")
    assert not caller.folders.requests.exists(), "nobody is asked, so nobody is waited for"


def test_ok__weights(caller: Caller, tmp_path: Path) -> None:
    content = weights(tmp_path / "new.npz", 1)
    assert "generation 1 is whole" in caller.says("weights offer", content)
    assert (caller.folders.requests / "retrain").exists(), "it has to be judged"
    assert caller.generations.get(1).state == "candidate"
    caller.generations.use(1)
    listed = caller.says("weights list")
    assert "in use" in listed and "drawn\\x1b[2J" in listed and "\x1b" not in listed
    assert "generation 0 is in use" in caller.says("weights rollback")
    with pytest.raises(UsageError):
        caller.call("weights rollback")


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"\0" * 4000, b"x" * (LARGEST_OFFER + 1)])
def test_fail__offers_that_are_none(caller: Caller, content: bytes) -> None:
    with pytest.raises(BadData, match="offered weights"):
        caller.call("weights offer", content)
    assert not caller.folders.weights.exists() and not caller.folders.requests.exists()


def test_ok__samples_there_and_back(caller: Caller, tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="none yet"):
        caller.call("samples export")
    rng = np.random.default_rng(1)
    with Samples(caller.folders.samples) as samples:
        for label in range(5):
            patch = rng.integers(0, 256, (28, 28), np.uint8)
            samples.keep([New(patch, 1, 0.5, label)], MORNING)
    exported = caller.call("samples export")
    assert len(np.load(io.BytesIO(exported))["x"]) == 5
    other = Caller(tmp_path / "other")
    assert other.says("samples import", exported) == "samples: 5 new, 0 labelled, 0 known before\n"
    assert other.says("samples import", exported) == "samples: 0 new, 0 labelled, 5 known before\n"


def test_fail__samples_that_are_none(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    for content in (b"", b"PK", b"\0" * 100_000):
        with pytest.raises(BadData, match="samples"):
            caller.call("samples import", content)
    from pi_reader.learning.samples import exchange

    monkeypatch.setattr(exchange, "LARGEST", 1000)
    with pytest.raises(BadData, match="more than 1,000 bytes"):
        caller.call("samples import", b"\0" * 2000)


def test_fail__a_caller_who_falls_asleep(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "IDLE_SECONDS", 0.1)
    read, write = os.pipe()
    with (
        open(read, "rb") as incoming,
        open(write, "wb"),
        open(caller.sent.with_name("answer"), "wb") as outgoing,
        pytest.raises(Busy, match="nothing came"),
    ):
        serve("weights offer", caller.session(incoming, outgoing))


def test_fail__who_hangs_up_is_noticed_while_nothing_happens(caller: Caller) -> None:
    write_json(caller.folders.training, {"state": "training", "updated": MORNING})
    read, write = os.pipe()
    threading.Timer(0.2, os.close, (read,)).start()
    begun = time.monotonic()
    with open(write, "wb", buffering=0) as outgoing, pytest.raises(BrokenPipeError):
        serve("status", caller.session(io.BytesIO(), outgoing))
    assert time.monotonic() - begun < 5


def follow(caller: Caller, *steps: dict[str, Any] | None) -> list[str]:
    """What `status` says while the training file holds one step after the other."""
    now = [MORNING]
    left = list(steps)

    def step(seconds: float) -> None:
        now[0] += seconds
        if left and (values := left.pop(0)):
            write_json(caller.folders.training, {"updated": now[0]} | values)

    step(0.0)
    return list(training.follow(caller.folders, lambda: now[0], step))


def test_ok__status_follows_a_training_to_its_end(caller: Caller) -> None:
    write_json(
        caller.folders.status,
        {
            "state": "reading",
            "text": "2016\n7",
            "updated": MORNING,
            "fault": "display: is gone",
            "frames": 9,
            "pid": os.getpid(),
        },
    )
    lines = follow(
        caller,
        {"state": "training", "progress": 0.25, "until": MORNING + 3600},
        None,
        {"state": "training", "progress": 0.5},
        {"state": "judging", "progress": 0.9},
        {"state": "done", "message": "learned 34 samples"},
        {"state": "never seen"},
    )
    assert lines == [
        "reader: reading, 2016  7",
        "fault: display: is gone",
        "training: training 25%, until 09:00",
        "training: training 50%",
        "training: judging 90%",
        "training: done: learned 34 samples",
    ]


def test_fail__status_of_a_reader_that_is_gone(caller: Caller) -> None:
    """Who is far away is told the same as `pi-reader status` tells."""
    write_json(caller.folders.status, {"state": "stopping", "updated": MORNING - 300, "pid": -1})
    assert follow(caller, None)[0].startswith("reader: not running: it was stopped 5 min ago; ")


def test_ok__status_waits_for_what_was_asked(caller: Caller) -> None:
    write_json(caller.folders.training, {"state": "done", "updated": MORNING - 1000})
    caller.says("retrain")
    lines = follow(caller, None, None, {"state": "training"}, {"state": "refused"})
    assert lines[1:] == [
        "a training was asked for and is about to begin",
        "training: done",
        "training: training 0%",
        "training: refused",
    ]
    (caller.folders.training).unlink()
    assert "has not begun within 60 seconds" in follow(caller, None)[-1], "waits not for ever"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"state": 5, "progress": "x", "until": 1e300}',
        b'{"state": "training", "updated": []}',
        b"\xff" * 100,
    ],
)
def test_fail__status_files_that_are_damaged(caller: Caller, content: bytes) -> None:
    caller.folders.status.write_bytes(content)
    caller.folders.training.write_bytes(content)
    assert caller.says("status").startswith("reader: ")


def test_ok__a_training_that_was_killed_is_not_followed_for_ever(caller: Caller) -> None:
    lines = follow(caller, {"state": "training", "progress": 0.5})
    assert lines[-1] == "training: training 50%"


def test_ok__cancel(caller: Caller) -> None:
    now = [MORNING]
    requests = Requests(caller.folders.requests, clock=lambda: now[0])

    def stopping(seconds: float) -> None:
        now[0] += seconds
        if now[0] > MORNING + 5 and requests.take("cancel"):
            write_json(
                caller.folders.training,
                {"state": "failed", "message": "stopped", "updated": now[0]},
            )

    def cancel(wait: Any) -> str:
        return actions.cancel(caller.folders, requests, lambda: now[0], wait)

    assert cancel(stopping) == "no training is running"
    write_json(caller.folders.training, {"state": "judging", "updated": MORNING})
    assert cancel(stopping) == "training: failed: stopped"
    write_json(caller.folders.training, {"state": "judging", "updated": now[0]})

    def deaf(seconds: float) -> None:
        now[0] += seconds

    with pytest.raises(Busy, match="has not stopped"):
        cancel(deaf)
    assert requests.take("cancel") == [], "the next training must not find it"


@contextmanager
def watched(events: list[tuple[str, tuple[Any, ...]]]) -> Iterator[None]:
    """Write down everything that Python does to the world around it meanwhile."""
    _watching.append(events)
    try:
        yield
    finally:
        _watching.remove(events)


def _audit(event: str, details: tuple[Any, ...]) -> None:
    for events in _watching:
        events.append((event, details))


_watching: list[list[tuple[str, tuple[Any, ...]]]] = []
sys.addaudithook(_audit)


def test_ok__ten_thousand_requests_start_nothing_but_the_table(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also: words that are looked up open no file, start no process, import nothing."""
    started: list[tuple[str, tuple[str, ...]]] = []

    def recording(usage: str) -> Any:
        return lambda session, *said: started.append((usage, said))

    monkeypatch.setattr(actions, "ACTIONS", {usage: recording(usage) for usage in actions.ACTIONS})
    rng = random.Random(5)
    session = caller.session(io.BytesIO(), io.BytesIO())
    allowed = 0
    events: list[tuple[str, tuple[Any, ...]]] = []
    serve("help", session)  # what a first call compiles is no matter
    for _ in range(10_000):
        command = hostile(rng, "/tmp/mark")
        started.clear()
        with watched(events):
            try:
                serve(command, session)
            except UsageError as error:
                assert not may_be_said(command), command
                assert started == [] and len(str(error)) < 1000
            else:
                assert may_be_said(command), command
                ((usage, given),) = started
                said = shlex.split(command)
                assert given == tuple(said[len(said) - len(given) :]) or usage == "help"
                allowed += 1
    assert events == [] and 300 < allowed < 3000


@pytest.mark.acceptance
def test_ok__ten_thousand_requests_really_done(
    caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the real actions: nothing is started, and nothing is opened but the box's own files."""
    really_done(caller, tmp_path, monkeypatch, 10_000)


def test_ok__requests_really_done(
    caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_done(caller, tmp_path, monkeypatch, 300)


def really_done(caller: Caller, folder: Path, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    runs(caller)
    monkeypatch.setattr(labelling, "ANSWER_SECONDS", 0.0)
    monkeypatch.setattr(training, "START_SECONDS", 0.0)
    offered = weights(folder / "offered.npz", 1)
    mark = folder / "mark"
    for said in HONEST:  # so that all modules are imported before anybody watches
        try_it(caller, said, offered)
    rng = random.Random(7)
    events: list[tuple[str, tuple[Any, ...]]] = []
    for _ in range(times):
        command = hostile(rng, str(mark))
        with watched(events):
            try_it(caller, command, offered)
    assert not mark.exists()
    kinds = {event for event, _ in events}
    assert not {
        kind
        for kind in kinds
        if kind.startswith(
            (
                "subprocess",
                "os.system",
                "os.exec",
                "os.posix_spawn",
                "os.fork",
                "os.spawn",
                "pty",
                "socket",
                "ctypes",
                "compile",
            )
        )
    }, kinds
    opened = {
        str(details[0])
        for event, details in events
        if event == "open" and not isinstance(details[0], int)
    }
    assert opened and not {path for path in opened if not path.startswith(str(folder))}


def try_it(caller: Caller, command: str, sent: bytes) -> None:
    try:
        answer = caller.call(command, sent)
        if command.strip() != "samples export":
            assert all(letter.isprintable() or letter == "\n" for letter in answer.decode())
    except PiReaderError as error:
        assert error.exit_code != 70


def test_ok__each_line_of_the_table_has_its_action() -> None:
    assert {entry.usage for entry in words.TABLE} == {*actions.ACTIONS, *page_actions.ACTIONS}
    assert words.OFFER_MEGABYTES == LARGEST_OFFER >> 20


@pytest.mark.parametrize("said", ["read", "train", "freeze", "release", "identify"])
def test_ok__the_broker_may_say_a_few_words_of_its_own(said: str) -> None:
    asked = words.parse(said)
    for caller in (words.PAGE, words.BROKER, words.OWNER):
        assert words.find(asked, caller)[0].usage.split()[0] == asked[0]
    with pytest.raises(UsageError):
        words.find(asked, words.SSH)


@pytest.mark.parametrize(
    "said", ["weights rollback", "weights offer", "samples export", "retrain", "label last 7"]
)
def test_fail__and_nothing_of_what_a_key_may(said: str) -> None:
    for caller in (words.BROKER, "somebody"):
        with pytest.raises(UsageError, match="may not be said"):
            words.find(words.parse(said), caller)
