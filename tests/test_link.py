"""The box tells the house: with a real broker, which is killed at will, and a real web address."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import resource
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("paho.mqtt.client")

import numpy as np
from broker import Broker, Listener, needs_broker, until
from linked_box import ME, Box

from pi_reader.box import clerk
from pi_reader.cli.main import main
from pi_reader.client import words
from pi_reader.client.status import BoxStatus
from pi_reader.config import Folders
from pi_reader.config.settings import LinkSettings
from pi_reader.errors import BadData, BadSettings
from pi_reader.files import write_json
from pi_reader.kept_pictures import KeptPictures, kept_picture
from pi_reader.link import commands, discovery, service
from pi_reader.link.broker import Connection, secret
from pi_reader.link.commands import command_of
from pi_reader.link.messages import as_json, device_id, reading_of, state_of, topic, training_of
from pi_reader.link.spool import Spool
from pi_reader.link.webhook import Webhook, post
from pi_reader.values import State


def at(name: str) -> str:
    return topic(ME, name)


@pytest.fixture
def box(tmp_path: Path, broker: Broker) -> Box:
    return Box(tmp_path / "box", broker.settings)


@needs_broker
def test_ok__tells_all_there_is_and_at_last_that_it_is_there(box: Box, ear: Listener) -> None:
    box.read("2016\n7?")
    box.write(memory={"keys": 31, "changed_today": 2})
    write_json(box.folders.training, {"state": "training", "progress": 0.52, "updated": 1.0})
    with box.linked():
        until(lambda: ear.latest.get(at("availability")) == "online")
    until(lambda: ear.latest.get(at("availability")) == "offline")
    names = [name for name, _, _ in ear.heard]
    assert names[-2:] == [at("availability")] * 2 and len(names) == 7
    assert set(names[:5]) == {
        discovery.config_topic(ME),
        *map(at, ("reading", "state", "training", "picture")),
    }
    assert ear.latest[at("picture")] == "", "none is wanted"
    reading, state = ear.json(at("reading")), ear.json(at("state"))
    assert reading["text"] == "2016\n7?" and reading["number"] == 1 and reading["sure"] is False
    assert reading["confidence"] == 98.7 and reading["when"] == 1_800_000_001.0
    assert state["state"] == "reading" and state["unsure"] is True and state["fault"] == ""
    assert state["samples"] == 31 and ear.json(at("training"))["progress"] == 50


@needs_broker
def test_ok__a_reading_is_there_at_once(box: Box, ear: Listener) -> None:
    took = []
    with box.linked():
        until(lambda: ear.latest.get(at("availability")) == "online")
        for text in ("1", "22", "333", "4444", "5", "6", "7", "8"):
            begun = time.monotonic()
            box.read(text)
            until(lambda text=text: ear.json(at("reading")).get("text") == text)
            took.append(time.monotonic() - begun)
            time.sleep(random.uniform(0, 0.05))
    assert sorted(took)[len(took) // 2] < 0.1, took


@needs_broker
def test_ok__says_nothing_while_nothing_changes(
    box: Box, ear: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    with box.linked():
        until(lambda: ear.latest.get(at("availability")) == "online")
        time.sleep(0.3)
        count = len(ear.heard)
        for temperature in range(40):
            box.write(temperature=40.0 + temperature, frames=temperature)
            time.sleep(0.05)
        assert len(ear.heard) == count
        monkeypatch.setattr(service, "REPEAT", 0.5)
        until(lambda: ear.json(at("state")).get("temperature") == 79.0)


@needs_broker
def test_ok__a_fault_is_told_and_is_no_absence(box: Box, ear: Listener) -> None:
    with box.linked():
        until(lambda: ear.latest.get(at("availability")) == "online")
        box.write(fault="oled: is gone")
        until(lambda: ear.json(at("state")).get("fault") == "oled: is gone")
        box.folders.status.unlink()
        until(lambda: ear.json(at("state")).get("state") == "not running")
        assert "there is no" in ear.json(at("state"))["fault"]
        write_json(box.folders.status, {"state": "stopping", "updated": time.time(), "pid": -1})
        count = len(ear.heard)
        time.sleep(2.5)  # "it was stopped 2 s ago" is no news
        assert len(ear.heard) == count
        assert ear.latest[at("availability")] == "online"


@needs_broker
def test_ok__what_it_read_while_the_broker_was_away_comes_later_and_elsewhere(
    box: Box, ear: Listener, broker: Broker
) -> None:
    with box.linked():
        until(lambda: ear.latest.get(at("availability")) == "online")
        box.read("1")
        until(lambda: ear.json(at("reading")).get("text") == "1")
        broker.kill()
        until(lambda: "broke" in box.log[-1])
        for text in ("2", "3", "4"):
            box.read(text)
            time.sleep(0.2)
        assert (box.folders.link_state / "backlog.jsonl").stat().st_size > 0
        broker.start()
        until(lambda: ear.json(at("backlog")).get("text") == "4", 10)
        until(lambda: ear.latest.get(at("availability")) == "online")
    assert [json.loads(one)["text"] for one in ear.all(at("backlog"))] == ["2", "3", "4"]
    assert {json.loads(one)["text"] for one in ear.all(at("reading"))} == {"1", "4"}
    assert (box.folders.link_state / "backlog.jsonl").read_bytes() == b""


@needs_broker
def test_ok__home_assistant_is_told_again_when_it_starts(box: Box, ear: Listener) -> None:
    with box.linked():
        until(lambda: ear.latest.get(at("availability")) == "online")
        ear.say(discovery.BIRTH, "offline")
        ear.say(discovery.BIRTH, "online")
        until(lambda: len(ear.all(discovery.config_topic(ME))) == 2)


def words_asked(box: Box, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the clerk is asked from now on."""
    asked: list[list[str]] = []

    def ask(path: Path, said: list[str]) -> Any:
        assert path == box.folders.clerk
        asked.append(said)
        return commands.clerk.Answer(("done",), 0, "")

    monkeypatch.setattr(commands.clerk, "ask", ask)
    return asked


@needs_broker
def test_ok__has_done_what_may_be_said(
    box: Box, ear: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = words_asked(box, monkeypatch)
    box.settings = replace(box.settings, room="3b")
    with box.linked():
        until(lambda: ear.latest.get(at("availability")) == "online")
        ear.say(at("command"), "read")
        ear.say("pi-reader/all/command", '{"command": "label 12 2016", "id": "a-1"}')
        ear.say("pi-reader/room/3b/command", "identify")
        until(lambda: len(ear.all(at("answer"))) == 3)
    assert asked == [["read"], ["label", "12", "2016"], ["identify"]]
    answer = json.loads(ear.all(at("answer"))[1])
    assert answer["id"] == "a-1" and answer["lines"] == ["done"] and answer["exit_code"] == 0


MALFORMED = (
    "", " ", "run", "READ", "read\n", "read;read", "weights rollback", "samples export",
    "retrain", "label last 7", "label 1 x", "label 1 2 3", "{", "{}", "[]", '{"command": 1}',
    '{"command": "read", "id": 1}', '{"command": "read", "id": "a b"}', '{"command": ["read"]}',
    '{"command": "run"}', "help" * 300, "\x00read", "re\u200bad", "'read", "status", "readings",
)  # fmt: skip


@needs_broker
def test_fail__a_thousand_commands_that_are_none(
    box: Box, ear: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = words_asked(box, monkeypatch)
    ear.say(at("command"), "read", True)
    ear.say("pi-reader/all/command", "train", True)
    until(lambda: len(ear.heard) == 2)
    rng = random.Random(1)
    with box.linked():
        until(lambda: ear.latest.get(at("availability")) == "online")
        for _ in range(1000):
            place, word = at("command"), rng.choice(MALFORMED)
            if rng.random() < 0.3:
                place, word = rng.choice(
                    ("pi-reader/pir-00000000/command", "pi-reader/room/3b/command",
                     "pi-reader/command", at("commands"), at("state/x"), "read")
                ), "read"  # fmt: skip
            ear.say(place, word)
        ear.say(at("command"), "freeze")
        until(lambda: asked, 30)
        time.sleep(0.3)
    assert asked == [["freeze"]]


def test_ok__only_the_table_is_a_command() -> None:
    assert command_of(b"read") == (["read"], "")
    assert command_of(b'{"command": "train", "id": "x"}') == (["train"], "x")
    for word in MALFORMED:
        assert command_of(word.encode()) is None, word
    rng = random.Random(2)
    for _ in range(3000):
        command_of(bytes(rng.randrange(256) for _ in range(rng.randrange(60))))
    assert command_of(b"\xff\xfe") is None and command_of(b"[" * 999) is None


@needs_broker
def test_ok__the_picture_of_each_reading_if_it_is_wanted(box: Box, ear: Listener) -> None:
    """By a clerk of its own, from the pictures that the box keeps."""
    box.settings = replace(box.settings, picture=True)
    frame = np.zeros((40, 60), np.uint8)
    with a_clerk(box.folders), box.linked():
        until(lambda: ear.latest.get(at("availability")) == "online")
        for number in (1, 2):
            KeptPictures(box.folders.pictures, 9, 1).add(number, frame)
            box.read("7" * number)
            until(lambda number=number: ear.raw(at("picture")) == kept(box, number))
        box.read("777")
        until(lambda: ear.raw(at("picture")) == b"")  # none is kept: the one before is no more
        ear.say(at("command"), "picture 1")
        ear.say(at("command"), "help")
        until(lambda: ear.all(at("answer")))
    (answer,) = ear.all(at("answer"))
    assert json.loads(answer)["command"] == "help"


def kept(box: Box, number: int) -> bytes:
    return kept_picture(box.folders.pictures, number)


@contextmanager
def a_clerk(folders: Folders) -> Iterator[None]:
    socket = clerk.listen(folders.clerk)
    one = clerk.Clerk(
        socket,
        lambda connection, caller: clerk.session_of(folders, connection, caller),
        lambda uid: words.BROKER,
    )
    thread = threading.Thread(target=one.run, args=(1.0,))
    thread.start()
    yield
    thread.join(10)
    socket.close()


@needs_broker
def test_ok__a_broker_killed_again_and_again(box: Box, ear: Listener, broker: Broker) -> None:
    kills(box, ear, broker, 3)


@needs_broker
@pytest.mark.acceptance
def test_ok__a_broker_killed_fifty_times(box: Box, ear: Listener, broker: Broker) -> None:
    kills(box, ear, broker, 50)


def kills(box: Box, ear: Listener, broker: Broker, times: int) -> None:
    """All that is retained comes back each time, though the broker has forgotten everything."""
    retained = {discovery.config_topic(ME), *map(at, ("state", "reading", "training"))}
    box.read("1")
    with box.linked():
        until(lambda: ear.latest.get(at("availability")) == "online")
        for number in range(times):
            broker.kill()
            box.read(str(number))
            broker.start()
            until(lambda: ear.latest.get(at("availability")) == "online")
            assert retained <= set(ear.latest)
            assert ear.json(at("reading"))["text"] == str(number)


def test_ok__the_broker_dead_slow_or_endless_costs_the_look_nothing(tmp_path: Path) -> None:
    """It goes on seeing readings while a broker takes the connection and says nothing."""
    import socket

    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        settings = LinkSettings(True, "127.0.0.1", deaf.getsockname()[1], id=ME)
        box = Box(tmp_path, settings)
        with box.linked() as link:
            time.sleep(0.3)
            for text in "1234":
                box.read(text)
                time.sleep(0.15)
            assert [one["text"] for one in link._backlog.waiting] == list("1234")


# Messages


def test_ok__the_name_gives_the_machine_not_away(tmp_path: Path) -> None:
    (tmp_path / "id").write_text("0123456789abcdef0123456789abcdef\n")
    name = device_id("", tmp_path / "id")
    assert name == device_id("", tmp_path / "id") and len(name) == 12 and name[:4] == "pir-"
    assert device_id("pir-00000001") == "pir-00000001"
    with pytest.raises(BadSettings, match=r"link\.id"):
        device_id("", tmp_path / "missing")


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"last": 5},
        {"last": {"event": "x"}},
        {"last": {"event": 1, "when": 1e300, "text": None, "confidence": []}},
        {"state": [], "text": 7, "fault": {"a": 1}, "temperature": float("nan"), "sure": 3},
        {"text": "1" * 5000, "fault": "x" * 5000},
    ],
)
def test_fail__a_damaged_status_stays_a_message(status: dict[str, Any]) -> None:
    known = BoxStatus(True, "", status, status)
    reading = reading_of(known.state)
    for values in (state_of(known), reading or {}, training_of(known.learning)):
        assert len(as_json(values)) < 2000
        json.loads(as_json(values))


def test_ok__home_assistants_description() -> None:
    about = discovery.description(ME, "3b")
    assert len(as_json(about)) <= 4096 and "~" not in about
    parts = about["components"]
    assert {one["platform"] for one in parts.values()} == {"sensor", "binary_sensor", "button"}
    assert len({one["unique_id"] for one in parts.values()}) == len(parts) == 16
    more = discovery.description(ME, "x" * 32, picture=True)
    assert set(more["components"]) == {*parts, "picture"} and len(as_json(more)) <= 4096
    assert set(parts["state"]["options"]) == {*map(str, State), "not running"}
    presses = [one["payload_press"] for one in parts.values() if one["platform"] == "button"]
    assert all(command_of(press.encode()) for press in presses) and len(presses) == 4


# What waits


def test_ok__what_waits_survives_and_is_bounded(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "a" / "s.jsonl", 10)
    for number in range(35):
        spool.add({"n": number})
        assert len((tmp_path / "a" / "s.jsonl").read_bytes().splitlines()) <= 20
    assert [one["n"] for one in Spool(tmp_path / "a" / "s.jsonl", 10).waiting] == [*range(25, 35)]
    spool.drop(9)
    assert [one["n"] for one in Spool(tmp_path / "a" / "s.jsonl", 10).waiting] == [34]


def test_fail__half_a_line_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(b'{"n": 1}\n[]\n\xff\n{"n": 2')
    spool = Spool(path, 10)
    spool.add({"n": 3})
    assert [one["n"] for one in Spool(path, 10).waiting] == [1, 3]


def test_fail__a_card_that_was_full_for_a_while_costs_no_message(tmp_path: Path) -> None:
    path, log = tmp_path / "s.jsonl", list[str]()
    spool = Spool(path, 10, log.append)
    spool.add({"n": 1})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 4, limits[1]))
    try:
        for number in (2, 3, 4):
            spool.add({"n": number})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    spool.add({"n": 5})
    assert [one["n"] for one in Spool(path, 10).waiting] == [1, 2, 3, 4, 5]
    assert 1 <= len(log) <= 2, "the same trouble is not said for every message"
    path.unlink()
    path.parent.joinpath("s.jsonl").mkdir()
    spool.add({"n": 6})
    path.rmdir()
    spool.add({"n": 7})
    assert [one["n"] for one in Spool(path, 10).waiting] == [1, 2, 3, 4, 5, 6, 7]


# The webhook


class Hook:
    """A web address that answers as it is told."""

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                code = hook.codes.pop(0) if hook.codes else 200
                hook.got.append((dict(self.headers), body))
                self.send_response(code)
                if code == 302:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()


@pytest.fixture
def hook() -> Iterator[Hook]:
    one = Hook()
    yield one
    one.server.shutdown()
    one.server.server_close()
    one.thread.join()


def test_ok__posts_signed_readings(tmp_path: Path, hook: Hook) -> None:
    (tmp_path / "secret").write_text("hush\n")
    settings = LinkSettings(True, webhook=hook.url, secret_file=str(tmp_path / "secret"), id=ME)
    box = Box(tmp_path / "box", settings)
    box.read("old")
    with box.linked():
        time.sleep(0.2)
        box.read("2016")
        until(lambda: hook.got)
    ((headers, body),) = hook.got
    assert json.loads(body)["text"] == "2016" and json.loads(body)["device"] == ME
    digest = hmac.new(b"hush", body, hashlib.sha256).hexdigest()
    assert headers["X-Pi-Reader-Signature"] == f"sha256={digest}"


def test_ok__tries_five_times_and_goes_on(tmp_path: Path, hook: Hook) -> None:
    hook.codes = [500, 302, 404, 200, *[503] * 5]
    log: list[str] = []
    settings = LinkSettings(webhook=hook.url)
    webhook = Webhook(settings, Spool(tmp_path / "w", 100), log.append, (0.01,) * 4)
    for number in range(3):
        webhook.add({"n": number})
    until(lambda: len(hook.got) == 10)
    assert [json.loads(body)["n"] for _, body in hook.got] == [0] * 4 + [1] * 5 + [2]
    until(lambda: not Spool(tmp_path / "w", 100).waiting)
    assert webhook.lost == 1 and webhook.figures["waiting"] == 0 and webhook.trouble == ""


def test_fail__a_secret_that_cannot_be_had(tmp_path: Path, hook: Hook) -> None:
    for content in (b"", b"a\nb\n", b"\xff\xff"):
        (tmp_path / "s").write_bytes(content)
        with pytest.raises(BadData) as caught:
            secret(str(tmp_path / "s"))
        assert "hush" not in str(caught.value)
    with pytest.raises(BadData):
        post(LinkSettings(webhook=hook.url, secret_file=str(tmp_path / "none")), {})
    assert hook.got == []


# The command


def settings_file(folder: Path, text: str) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text(f"[link]\non = true\n{text}\n")
    return str(folder)


@needs_broker
def test_ok__test_says_what_came_of_it(
    tmp_path: Path, broker: Broker, hook: Hook, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f'broker = "127.0.0.1"\nport = {broker.port}\nwebhook = "{hook.url}"\nid = "{ME}"'
    state = settings_file(tmp_path / "box", text)
    assert main(["link", "test", "--state", state]) == 0
    assert capsys.readouterr().out.count(" took a message") == 2
    broker.kill()
    hook.codes = [500]
    assert main(["link", "test", "--state", state]) == 69
    assert capsys.readouterr().out.count("FAILED") == 2
    assert main(["link", "status", "--state", state]) == 69


def test_fail__status_of_what_was_never_switched_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["link", "status", "--state", str(tmp_path)]) == 69
    assert "has no link.on = true" in capsys.readouterr().err


@needs_broker
def test_ok__remove_leaves_nothing_retained(
    tmp_path: Path, box: Box, broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    box.read("7")
    with box.linked():
        until(lambda: "connected as" in "".join(box.log))
        time.sleep(0.2)
        assert main(["link", "status", "--state", str(box.folders.state)]) == 0
        assert ME in capsys.readouterr().out
    text = f'broker = "127.0.0.1"\nport = {broker.port}\nid = "{ME}"'
    assert main(["link", "remove", "--state", settings_file(tmp_path / "box", text)]) == 0
    late = Listener(broker.settings)
    time.sleep(0.3)
    late.close()
    assert late.heard == []


def test_fail__settings_that_name_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["link", "test", "--state", str(tmp_path)]) == 78
    assert "names nobody" in capsys.readouterr().err
    assert main(["link", "run", "--state", settings_file(tmp_path / "b", "")]) == 78
    assert "are both empty" in capsys.readouterr().err


@needs_broker
def test_fail__a_password_that_is_wrong(tmp_path: Path, broker: Broker) -> None:
    broker.kill()
    (tmp_path / "none").write_text("")
    guarded = Broker(tmp_path, f"password_file {tmp_path / 'none'}", "allow_anonymous false")
    (tmp_path / "word").write_text("hush")
    settings = replace(guarded.settings, user="x", password_file=str(tmp_path / "word"))
    try:
        with pytest.raises(Exception, match="refuses us") as caught:
            Connection(settings, "x").open()
        assert "hush" not in str(caught.value)
    finally:
        guarded.kill()
