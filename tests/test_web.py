"""The page's server over a real socket: pairing, news, pictures, limits; and what attacks it."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from web_box import PAGE, WebBox

from pi_reader.box.request_handler import set_at_page
from pi_reader.config import find_folders, load_layered, own
from pi_reader.errors import Busy
from pi_reader.files import write_json
from pi_reader.history import History
from pi_reader.kept_pictures import KeptPictures
from pi_reader.learning.samples import New, Samples
from pi_reader.state import NumberState
from pi_reader.web import access, live, routes, server
from pi_reader.web.access import Access, Failed
from pi_reader.web.checks import is_near


@pytest.fixture
def box(tmp_path: Path) -> Iterator[WebBox]:
    made = WebBox(tmp_path)
    with made.running():
        yield made
    assert made.log == []


# Pairing


def cookie_of(answer: Any) -> str:
    found = re.match("pi-reader=([^;]*); ", answer.headers["Set-Cookie"])
    assert found
    return found[1]


def test_ok__who_reads_the_code_is_the_owner(box: WebBox) -> None:
    assert box.call("POST", "/api/1/pairing", {}).values["guesses"] == 5
    ((kind, words),) = box.asked
    assert kind == "code" and re.fullmatch("[0-9]{6}", words["code"])
    firefox = "Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0"
    answer = box.call("POST", "/api/1/session", {"code": words["code"]}, User_Agent=firefox)
    assert answer.values == {"role": "owner"} and box.asked[-1] == ("code", {"code": ""})
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(
        answer.headers["Set-Cookie"].split("; ")
    )
    box.tokens["new"] = cookie_of(answer)
    assert box.call("GET", "/api/1/session", role="new").values["role"] == "owner"
    *_, last = box.call("GET", "/api/1/sessions", role="new").values["sessions"]
    assert last["name"] == "Firefox, Android" and last["this"] and "sha256" not in last
    kept = (box.folders.web_state / "sessions.json").read_text()
    assert box.tokens["new"] not in kept, "the secret itself is not kept"
    assert (box.folders.web_state / "sessions.json").stat().st_mode & 0o777 == 0o600
    again = box.call("POST", "/api/1/session", {"code": words["code"]})
    assert again.status == 410, "a code is good for one"
    assert box.call("DELETE", "/api/1/session", role="new").status == 204
    assert box.call("GET", "/api/1/session", role="new").values["role"] == "guest"


def test_fail__five_guesses_for_the_whole_box(box: WebBox) -> None:
    box.call("POST", "/api/1/pairing", {})
    right = box.access.code.code
    wrong = f"{(int(right) + 1) % 10**6:06}"
    for left in (4, 3, 2, 1, 0):
        answer = box.call("POST", "/api/1/session", {"code": wrong})
        assert (answer.status, answer.values["guesses"]) == (401, left)
    for _ in range(2):
        answer = box.call("POST", "/api/1/session", {"code": right})
        assert answer.status == 429 and int(answer.headers["Retry-After"]) <= 61
    assert box.call("POST", "/api/1/pairing", {}).status == 429
    assert box.call("GET", "/api/1/session").values["pairing"]["locked"] > 50
    by_hand = box.access.new_code(unlocked=True)  # `sudo pi-reader web code`
    assert by_hand.code != right
    assert box.call("POST", "/api/1/session", {"code": by_hand.code}).status == 200


def test_ok__codes_end_and_locks_grow(tmp_path: Path) -> None:
    now = [1000.0]
    here = Access(find_folders(tmp_path), boot=lambda: now[0])
    code = here.new_code().code
    assert here.new_code().code == code, "the same, shown again"
    now[0] += access.CODE_SECONDS + 1
    with pytest.raises(Failed, match="too old"):
        here.pair(code, "x")
    pauses = []
    for _ in range(8):
        code = here.new_code().code
        for _ in range(access.GUESSES):
            with pytest.raises(Failed, match="another one"):
                here.pair("x" + code[1:], "x")
        pauses.append(here.facts()["locked"])
        with pytest.raises(Failed, match="wait"):
            here.new_code()
        now[0] += pauses[-1] + 1
    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    here.pair(here.new_code().code, "x")
    assert here.code == access.Code(), "nothing is left of it"


def test_ok__a_class_pairs_with_one_code(box: WebBox) -> None:
    assert box.call("POST", "/api/1/pairing", {"role": "pupil"}, "pupil").status == 403
    made = box.call("POST", "/api/1/pairing", {"role": "pupil"}, "owner").values
    for _ in range(30):
        answer = box.call("POST", "/api/1/session", {"code": made["code"]})
        assert answer.values == {"role": "pupil"}
    assert len(box.access.sessions()) == 32


def test_ok__sessions_outlive_the_process_and_end_when_unused(tmp_path: Path) -> None:
    now = [1.8e9]
    here = Access(find_folders(tmp_path), clock=lambda: now[0])
    secrets = [here.add("owner", "session", f"{number}") for number in range(70)]
    there = Access(find_folders(tmp_path), clock=lambda: now[0])
    assert len(there.sessions()) == access.MOST_SESSIONS
    assert there.who(secrets[0]) is None and there.who(secrets[-1])
    now[0] += 80 * 86400
    assert there.who(secrets[-1]), "a visit counts"
    now[0] += 80 * 86400
    assert there.who(secrets[-1]) and not there.who(secrets[-2])
    assert there.end() >= 1 and there.who(secrets[-1]) is None


def test_fail__a_class_does_not_put_its_teacher_out(tmp_path: Path) -> None:
    now = [1.8e9]
    here = Access(find_folders(tmp_path), clock=lambda: now[0])
    teacher = here.add("owner", "session", "the teacher's")
    now[0] += 3600
    pupils = [here.add("pupil", "session", f"{number}") for number in range(70)]
    assert here.who(teacher) and here.who(pupils[-1]) and here.who(pupils[0]) is None


ODD = {"role": "owner", "kind": "token", "sha256": "a" * 64, "name": "", "since": 1.0, "seen": 9e11}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"sessions": 1}', b'{"sessions": [{"role": "owner"}]}', b"\xff"]
    + [b'{"sessions": [%s]}' % json.dumps(ODD | {key: []}).encode() for key in ("sha256", "name")],
)
def test_fail__damaged_files_let_nobody_in(tmp_path: Path, content: bytes) -> None:
    here = Access(find_folders(tmp_path))
    secret = here.add("owner", "token", "x")
    here.new_code()
    for path in (tmp_path / "web" / "sessions.json", tmp_path / "run" / "web" / "code.json"):
        path.write_bytes(content)
    assert here.who(secret) is None and here.sessions() == [] and here.code == access.Code()
    assert here.who(here.add("owner", "token", "y")), "it goes on"


# News and pictures


def test_fail__memory_that_is_short_for_a_moment_does_not_stop_the_news(
    box: WebBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def no_room(thread: threading.Thread) -> None:
        if thread.name.endswith("(_run)"):
            raise RuntimeError("can't start new thread")
        start(thread)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_room)
        assert box.call("GET", "/api/1/reading").status == 500
    assert "can't start new thread" in box.log.pop()
    box.write(last={"text": "99", "event": 4, "when": 1.8e9})
    assert box.call("GET", "/api/1/reading").values["text"] == "99"


def stream(box: WebBox, role: str = "owner") -> tuple[socket.socket, Any]:
    connection = socket.create_connection(("127.0.0.1", box.port), 5)
    here = f"127.0.0.1:{box.port}"
    connection.sendall(
        f"GET /api/1/events HTTP/1.1\r\nHost: {here}\r\n"
        f"Cookie: pi-reader={box.tokens[role]}\r\n\r\n".encode()
    )
    return connection, connection.makefile("rb")


def next_event(lines: Any, name: str) -> Any:
    for line in lines:
        if line == f"event: {name}\n".encode():
            number = int(lines.readline().removeprefix(b"id: ") if name != "bye" else 0)
            return number, json.loads(lines.readline().removeprefix(b"data: "))
    raise AssertionError(f"no {name} came")


def test_ok__news_come_as_they_happen(box: WebBox) -> None:
    connection, lines = stream(box)
    with connection, lines:
        first, values = next_event(lines, "state")
        assert values["status"]["text"] == "20" and values["running"]
        box.write(text="2016")
        second, values = next_event(lines, "state")
        assert values["status"]["text"] == "2016" and second > first
        box.show(7, event=3)
        assert next_event(lines, "view")[1]["frame"] == 7
        assert (box.folders.watched).exists()
        box.access.end()
        assert next_event(lines, "bye")[1] == {"why": "session"}
    assert box.call("GET", "/api/1/state").status == 200


def test_ok__a_guests_news_end_when_the_setting_changes(box: WebBox) -> None:
    box.write(guests="picture")
    connection, lines = stream(box, "guest")
    with connection, lines:
        next_event(lines, "state")
        box.write(guests="reading")
        assert next_event(lines, "bye")[1] == {"why": "session"}


def test_ok__guests_get_the_reading_and_no_more(box: WebBox) -> None:
    box.write(faults={"disk": "full"}, address="10.0.0.7", weights="f" * 64)
    connection, lines = stream(box, "guest")
    with connection, lines:
        _, values = next_event(lines, "state")
    assert set(values["status"]) <= {"state", "text", "sure", "since", "updated", "frozen", "last"}
    assert box.call("GET", "/api/1/state").values["status"] == values["status"]
    assert "full" not in str(box.call("GET", "/metrics").content)
    assert "pi_reader_faults 1" in box.call("GET", "/metrics", role="pupil").content.decode()


def test_ok__numbers_as_the_box_writes_them(box: WebBox) -> None:
    meter = NumberState("meter", value="", last="7.25", verdict="falling", unit="kWh")
    kitchen = NumberState("kitchen", value="21.5", verdict="good")
    note = NumberState("note", "text", value="12", verdict="good")
    box.write(numbers=[one.to_json() for one in (meter, kitchen, note)])
    told = box.call("GET", "/api/1/numbers").values["numbers"]
    assert told["meter"]["last"] == "7.25" and told["meter"]["verdict"] == "falling"
    assert told["kitchen"]["value"] == "21.5"
    lines = box.call("GET", "/metrics").content.decode().splitlines()
    assert 'pi_reader_number{name="meter",unit="kWh"} 7.25' in lines
    assert 'pi_reader_number_believed{name="meter",unit="kWh"} 0' in lines
    assert 'pi_reader_number{name="kitchen",unit=""} 21.5' in lines
    assert not any('pi_reader_number{name="note"' in line for line in lines)
    box.write(numbers={"an": "older kind"})
    assert box.call("GET", "/api/1/numbers").values["numbers"] == {}


def test_ok__each_frame_once(box: WebBox) -> None:
    box.show(5, b"\xff\xd8five")
    later = threading.Timer(0.5, box.show, (6, b"\xff\xd8six"))
    later.start()
    answer = box.call("GET", "/api/1/frame.jpg?after=5", role="owner")
    assert answer.content == b"\xff\xd8six" and answer.headers["X-Frame"] == "6"
    assert answer.headers["Content-Type"] == "image/jpeg"


def test_ok__no_frame_is_204_and_no_reader_503(
    box: WebBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "FRAME_SECONDS", 0.2)
    assert box.call("GET", "/api/1/frame.jpg", role="owner").status == 204
    box.write(pid=2**22 + 1)
    time.sleep(0.5)  # it looks ten times a second
    answer = box.call("GET", "/api/1/frame.jpg", role="owner")
    assert answer.status == 503 and "not running" in answer.values["error"]
    box.write(pid=os.getpid())


# What the clerk shows


def test_ok__history_with_pages_and_a_table(box: WebBox) -> None:
    with History(box.folders.history) as history:
        for number in range(1, 1201):
            history.add(f"{number}", True, 0.9, "w" * 64, 1.8e9 + number)
            if number % 500 == 0:
                history.flush()
    first = box.call("GET", "/api/1/readings?count=100").values
    assert [one["number"] for one in first["readings"]] == [*range(1200, 1100, -1)]
    assert first["more"]
    rest = box.call("GET", "/api/1/readings?before=30&count=29").values
    assert len(rest["readings"]) == 29 and not rest["more"]
    lines = box.call("GET", "/api/1/readings.csv").content.decode().split("\r\n")
    assert lines[0] == "number,when,time,text,sure,confidence" and lines[-1] == ""
    assert [line.split(",")[0] for line in lines[1:-1]] == [str(n) for n in range(1, 1201)]


def test_ok__one_reading_with_pictures_while_it_is_remembered(box: WebBox) -> None:
    with History(box.folders.history, most=100) as history:
        for number in range(1, 301):
            history.add(f"{number}", True, 0.9, "w" * 64, 1.8e9)
    picture = "data:image/png;base64,AAAA"
    box.answers["reading"] = {"text": "7", "digits": [{"label": 7, "picture": picture}]}
    pupils = box.call("GET", "/api/1/readings/300", role="pupil").values
    assert pupils["text"] == "300" and pupils["remembered"]
    assert pupils["digits"] == [{"label": 7, "picture": picture}]
    assert "picture" not in box.call("GET", "/api/1/readings/300").values["digits"][0]
    assert box.call("GET", "/api/1/readings/301").values["text"] == "7", "not yet written"
    box.answers["reading"] = {"error": "reading: not remembered", "exit_code": 65}
    assert box.call("GET", "/api/1/readings/300").values["digits"] == []
    assert box.call("GET", "/api/1/readings/7").status == 410
    assert box.call("GET", "/api/1/readings/301").status == 404


def test_ok__a_picture_that_was_kept(box: WebBox) -> None:
    kept = KeptPictures(box.folders.pictures, 10, 1.0)
    kept.add(7, np.random.default_rng(1).integers(0, 256, (480, 640), dtype=np.uint8))
    answer = box.call("GET", "/api/1/readings/7/picture.jpg", role="pupil")
    assert (
        answer.status == 200
        and answer.content == box.folders.pictures.joinpath("7.jpg").read_bytes()
    )
    assert box.call("GET", "/api/1/readings/8/picture.jpg", role="pupil").status == 404
    assert box.call("GET", "/api/1/readings/7/picture.jpg").status == 401


def test_ok__labels_go_to_the_reader(box: WebBox) -> None:
    box.answers["label"] = {"kept": 1, "read": "2016", "event": 12}
    for body in ({"place": 2, "digit": 7}, {"place": 0, "digit": None}, {"label": "20?6"}):
        answer = box.call("POST", "/api/1/readings/12/labels", body, "pupil")
        assert answer.values["kept"] == 1 and "reading 12" in answer.values["done"]
    assert [words for _, words in box.asked] == [
        {"event": 12, "label": "7", "place": 2},
        {"event": 12, "label": "-", "place": 0},
        {"event": 12, "label": "20?6"},
    ]
    answer = box.call("POST", "/api/1/readings/12/labels", {"place": 2}, "pupil")
    assert answer.status == 422


def test_ok__samples_as_a_sheet(box: WebBox) -> None:
    rng = np.random.default_rng(7)
    with Samples(box.folders.samples) as samples:
        for number in range(70):
            patch = rng.integers(0, 256, (28, 28), dtype=np.uint8)
            label = (number % 10, 10, None)[number % 3]
            samples.keep([New(patch, 3, 0.95, label, None, "w", "command")], 1.8e9)
    found = box.call("GET", "/api/1/samples", role="pupil").values
    assert len(found["samples"]) == 60 and found["more"]
    assert found["counts"]["samples"] == 70 and found["counts"]["labelled"] == 47
    newest = found["samples"][0]
    assert newest["id"] == 70 and newest["picture"].startswith("data:image/png;base64,iVBOR")
    assert {one["label"] for one in found["samples"]} <= {*range(10), "none", None}
    rest = box.call("GET", "/api/1/samples?before=11", role="pupil").values
    assert [one["id"] for one in rest["samples"]] == [*range(10, 0, -1)] and not rest["more"]
    suspects = box.call("GET", "/api/1/samples?suspect=1", role="pupil").values["samples"]
    assert suspects and all(one["suspect"] for one in suspects)
    box.call("DELETE", "/api/1/samples/70", role="owner")
    box.call("PATCH", "/api/1/samples/69", {"label": None}, "owner")
    assert box.asked == [("drop", {"ids": [70]}), ("relabel", {"id": 69, "label": 10})]


def test_ok__a_sample_is_a_picture_that_pillow_reads() -> None:
    import base64
    import io

    from PIL import Image

    from pi_reader.learning.samples import as_png

    for shape in ((1, 1), (28, 28), (96, 3)):
        grey = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
        content = base64.b64decode(as_png(grey).removeprefix("data:image/png;base64,"))
        assert (np.asarray(Image.open(io.BytesIO(content))) == grey).all()


def test_ok__no_samples_and_no_history_yet(box: WebBox) -> None:
    assert box.call("GET", "/api/1/samples", role="pupil").values["samples"] == []
    assert box.call("GET", "/api/1/readings").values == {"readings": [], "more": False}
    found = box.call("GET", "/api/1/generations", role="pupil").values
    assert [one["state"] for one in found["generations"]] == ["in use"] and not found["trouble"]


def test_fail__damaged_databases_are_a_line(box: WebBox) -> None:
    for path in (box.folders.history, box.folders.samples):
        path.write_bytes(b"no database at all" * 100)
    for path in ("readings", "samples", "readings/3"):
        answer = box.call("GET", f"/api/1/{path}", role="owner")
        assert answer.status == 422 and "damaged" in answer.values["error"]


# Settings


def test_ok__settings_are_laid_over_the_file(box: WebBox) -> None:
    box.folders.settings.write_text('[night]\nstarts = "01:00"\nhours = 2.0\n')
    before = box.call("GET", "/api/1/settings", role="owner")
    tag = before.headers["ETag"]
    keys = {
        f"{section['name']}.{key['name']}": key
        for section in before.values["sections"]
        for key in section.get("keys", ())
    }
    assert keys["night.starts"] == {
        "name": "starts",
        "value": "01:00",
        "default": "02:00",
        "file": "01:00",
        "editable": True,
        "type": "clock",
        "rule": keys["night.starts"]["rule"],
    }
    assert keys["camera.rotation"]["choices"] == [0, 90, 180, 270]
    assert (keys["night.hours"]["low"], keys["night.hours"]["high"]) == (0.1, 24)
    assert not any(re.search("file|folder", name) for name in keys), "nothing secret is shown"
    assert not any(keys[name]["editable"] for name in keys if "pin" in name or "link." in name)
    reader(box)
    answer = box.call(
        "PATCH", "/api/1/settings", {"night.starts": "03:30", "web.guest": "nothing"}, "owner",
        If_Match=tag,
    )  # fmt: skip
    assert answer.status == 200 and answer.headers["ETag"] != tag
    settings, trouble = load_layered(box.folders)
    assert (settings.night.starts, settings.night.hours, trouble) == ("03:30", 2.0, "")
    assert settings.web.guest == "nothing"
    again = box.call("PATCH", "/api/1/settings", {"night.on": False}, "owner", If_Match=tag)
    assert again.status == 412 and "meanwhile" in again.values["error"]
    tag = answer.headers["ETag"]
    box.call("PATCH", "/api/1/settings", {"night.starts": None}, "owner", If_Match=tag)
    assert load_layered(box.folders)[0].night.starts == "01:00"


def reader(box: WebBox) -> None:
    """Have settings really taken from now on."""

    class Answers(dict[str, Any]):
        def get(self, kind: str, otherwise: Any = None) -> Any:
            if kind == "settings":
                return dict(set_at_page(box.folders, box.asked[-1][1]))
            return super().get(kind, otherwise)

    box.answers = Answers()


@pytest.mark.parametrize(
    ("change", "key", "near"),
    [
        ({"night.start": "03:00"}, "night.start", ["night.starts", "night.hottest"]),
        ({"night.starts": "33:00"}, "night.starts", None),
        ({"night.starts": 3}, "night.starts", None),
        ({"service.seen": 9, "service.of": 4}, "service.seen", None),
        ({"leds.digits": [1, 2, 3, 4]}, "leds.digits", None),
        ({"link.broker": "evil.example"}, "link.broker", None),
        ({"camera.folder": "/etc"}, "camera.folder", None),
        ({"camera.region": [600, 400, 300, 300]}, "camera.region", None),
        ({"night.mnist": "/"}, "night.mnist", None),
    ],
)
def test_fail__settings_that_may_not_be(
    box: WebBox, change: dict[str, Any], key: str, near: list[str] | None
) -> None:
    reader(box)
    tag = box.call("GET", "/api/1/settings", role="owner").headers["ETag"]
    answer = box.call("PATCH", "/api/1/settings", change, "owner", If_Match=tag)
    assert (answer.status, answer.values["key"]) == (422, key)
    assert near is None or answer.values["did_you_mean"] == near
    assert not box.folders.own_settings.exists()


def test_ok__numbers_are_set_at_the_page(box: WebBox) -> None:
    reader(box)
    box.folders.settings.write_text('[[numbers]]\nname = "old"\nline = 1\n')
    meter = {
        "name": "meter",
        "region": [10, 20, 200, 60],
        "unit": "m³",
        "decimals": 3,
        "minimum": -1.5,
    }
    found = box.call("GET", "/api/1/settings", role="owner")
    (numbers,) = (one for one in found.values["sections"] if one["name"] == "numbers")
    assert numbers == {"name": "numbers", "tables": [{"name": "old", "line": 1}]}
    change = {"camera.region": [0, 0, 400, 300], "numbers": [meter, {"name": "room", "line": 2}]}
    tag = found.headers["ETag"]
    answer = box.call("PATCH", "/api/1/settings", change, "owner", If_Match=tag)
    assert answer.status == 200
    assert answer.values["sections"][-1] == {
        "name": "numbers",
        "tables": change["numbers"],
        "page": True,
    }
    settings = load_layered(box.folders)[0]
    assert [one.name for one in settings.numbers] == ["meter", "room"]
    assert (settings.numbers[0].unit, settings.numbers[0].minimum) == ("m³", -1.5)
    for numbers, names in (([], []), (None, ["old"])):
        tag = answer.headers["ETag"]
        change = {"numbers": numbers}
        answer = box.call("PATCH", "/api/1/settings", change, "owner", If_Match=tag)
        assert [one.name for one in load_layered(box.folders)[0].numbers] == names


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        (7, "[[numbers]]"),
        ({"name": "a"}, "[[numbers]]"),
        ([7], "[[numbers]]"),
        ([{"name": "a"}], "has no place"),
        ([{"name": "a", "line": 1}, {"name": "a", "line": 2}], "is there twice"),
        ([{"name": "a", "region": [600, 400, 300, 300]}], "reaches beyond the frame"),
        ([{"name": "a", "line": 1, "pin": 4}], "there is no such setting"),
        ([{"name": "a", "line": 1, "minimum": None}], "numbers.minimum"),
        ([{"name": "a/b", "line": 1}], "letters, digits"),
    ],
)
def test_fail__numbers_that_may_not_be(box: WebBox, numbers: Any, words: str) -> None:
    reader(box)
    tag = box.call("GET", "/api/1/settings", role="owner").headers["ETag"]
    change = {"camera.region": [], "numbers": numbers}
    answer = box.call("PATCH", "/api/1/settings", change, "owner", If_Match=tag)
    assert answer.status == 422 and words in answer.values["error"]
    assert not box.folders.own_settings.exists()


def test_fail__a_damaged_file_of_the_page_is_left_out(tmp_path: Path) -> None:
    folders = find_folders(tmp_path)
    for content in ("[night", "[night]\nstarts = 7\n", "x = 1\n[leds]\ndigits = [1,2,3,4]\n"):
        folders.own_settings.write_text(content)
        settings, trouble = load_layered(folders)
        assert settings.night.starts == "02:00" and settings.parts["leds"].digits == ()
        assert ("left out" in trouble) == ("leds" not in content)
    version = own.version(folders)
    folders.own_settings.write_bytes(
        own.changed(folders, version, {"camera.masked": [[1, 2, 3, 4]]})
    )
    assert load_layered(folders)[0].camera.masked == ((1, 2, 3, 4),)
    with pytest.raises(Busy):
        own.changed(folders, version, {"night.on": True})


# The page's files


def test_ok__files_are_named_by_their_digest(box: WebBox) -> None:
    index = box.call("GET", "/")
    assert index.headers["Cache-Control"] == "no-cache" and b"/s/@/" not in index.content
    assert "default-src 'none'" in index.headers["Content-Security-Policy"]
    assert box.call("GET", "/", If_None_Match=index.headers["ETag"]).status == 304
    version = box.server.pages.version
    for path in PAGE.iterdir():
        answer = box.call("GET", f"/s/{version}/{path.name}", Accept_Encoding="gzip, br")
        if path.name != "index.html":
            assert "immutable" in answer.headers["Cache-Control"]
            assert gzip.decompress(answer.content) == path.read_bytes()
    for path in (
        "/s/@/app.js",
        "/s/0/app.js",
        f"/s/{version}/../server.py",
        f"/s/{version}/",
        "//",
    ):
        assert box.call("GET", path).status in (404, 400) or path == "//"
    head = box.call("HEAD", "/")
    assert head.content == b"" and int(head.headers["Content-Length"]) == len(index.content)


# Limits and attacks


def test_ok__a_host_name_with_its_domain(box: WebBox) -> None:
    box.server.box = replace(box.server.box, name="pi.house.example")
    for host, status in (("pi.house.example", 200), ("pi.local", 200), ("pi", 200),
                         ("pi.evil.example", 421), ("house.example", 421)):  # fmt: skip
        assert box.call("GET", "/", Host=f"{host}:{box.port}").status == status


def test_ok__who_is_near() -> None:
    near = ("127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.178.2", "169.254.7.7", "::1")
    near += ("fe80::1%eth0", "fd00::7", "::ffff:192.168.1.1")
    far = ("8.8.8.8", "172.32.0.1", "193.168.0.1", "2001:db8::1", "::ffff:8.8.8.8", "", "x")
    assert all(map(is_near, near)) and not any(map(is_near, far))


def test_fail__who_says_nothing_or_drips_is_let_go(
    box: WebBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "SECONDS", 0.6)
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", box.port), 30) as silent:
        assert silent.recv(10) == b""
    with socket.create_connection(("127.0.0.1", box.port), 30) as drip:
        try:
            for letter in b"GET / HTTP/1.1\r\nX: " + b"y" * 1000:
                drip.sendall(bytes([letter]))
                time.sleep(0.05)
        except OSError:
            pass
        else:
            raise AssertionError("it drips on")
    assert time.monotonic() - begun < 40  # it would drip for 50


def test_fail__too_many_connections(box: WebBox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SECONDS", 2.0)
    there = (("127.0.0.1", box.port), 10)
    waiting = [socket.create_connection(*there) for _ in range(server.MOST_OF_ONE)]
    time.sleep(0.3)
    with socket.create_connection(*there) as one_more:
        assert one_more.recv(10) == b""
    time.sleep(3.0)
    assert box.call("GET", "/").status == 200, "those who said nothing are gone"
    for one in waiting:
        one.close()


def test_ok__makes_no_socket_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The unit forbids that: the port comes from systemd."""
    box = WebBox(tmp_path)

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(socket, "socket", refuse)
        server.Server(box.listening, box.server.box, PAGE)
    box.listening.close()


def test_ok__ends_when_nobody_comes(tmp_path: Path) -> None:
    box = WebBox(tmp_path)
    thread = threading.Thread(target=box.server.run, args=(1.0,))
    thread.start()
    assert box.call("GET", "/api/1/session").status == 200
    thread.join(10)
    assert not thread.is_alive()
    box.listening.close()


HOSTILE = (
    b"",
    b"\r\n\r\n",
    b"GET /\r\n\r\n",
    b"GET / HTTP/0.9\r\n\r\n",
    b"GET / HTTP/2.0\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET http://evil.example/ HTTP/1.1\r\nHost: {here}\r\n\r\n",
    b"GET /../../etc/passwd HTTP/1.1\r\nHost: {here}\r\n\r\n",
    b"GET /s/%2e%2e/server.py HTTP/1.1\r\nHost: {here}\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: {here}\r\nHost: evil.example\r\n\r\n",
    b"GET / HTTP/1.1\r\n Host: {here}\r\n\r\n",
    b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: {here}\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: {here}\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: {here}\r\nA: " + b"b" * 70_000 + b"\r\n\r\n",
    b"POST /api/1/session HTTP/1.1\r\nHost: {here}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello",
    b"POST /api/1/session HTTP/1.1\r\nHost: {here}\r\nContent-Length: -1\r\n\r\n",
    b"POST /api/1/session HTTP/1.1\r\nHost: {here}\r\nContent-Length: 1_0\r\n\r\n",
    b"POST /api/1/session HTTP/1.1\r\nHost: {here}\r\nContent-Length: 99999999999\r\n\r\n",
    b"POST /api/1/session HTTP/1.1\r\nHost: {here}\r\nContent-Length: 5\r\n\r\nab",
    b"POST /api/1/session HTTP/1.1\r\nHost: {here}\r\nContent-Length: 2\r\n"
    b"Content-Length: 3\r\n\r\n{}",
    b"GET / HTTP/1.1\r\nHost: {here}\r\nCookie: " + b"pi-reader=x; " * 500 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    b"\0" * 1000,
    b"SSH-2.0-x\r\n",
    b"GET / HTTP/1.1\r\nHost: {here}\r\nExpect: 100-continue\r\nUpgrade: websocket\r\n\r\n",
)


def hostile(rng: random.Random, here: bytes, token: bytes) -> bytes:
    """One request as no honest browser sends it."""
    if rng.random() < 0.2:
        return rng.choice(HOSTILE).replace(b"{here}", here)
    route = rng.choice(routes.TABLE)
    path = route.path.format(number=rng.choice((0, 7, 10**11)), id="0123abcd").replace("\\", "")
    bodies = (b"", b"{}", b'{"code": "000000"}', b'{"do": "freeze"}', b"[" * 500, b"null")
    bodies += (b'{"place": 1e999, "digit": NaN}', b'{"label": "' + b"7" * 300 + b'"}')
    body = rng.choice((*bodies, bytes(rng.choices(range(256), k=40))))
    method = route.method if rng.random() < 0.8 else rng.choice(("GET", "PUT", "POST", "X"))
    headers = [b"Host: " + (here if rng.random() < 0.9 else b"evil.example")]
    headers += [b"Origin: http://" + here] * (rng.random() < 0.8)
    headers += [b"Content-Type: application/json"] * (rng.random() < 0.8)
    headers += [b"Content-Length: %d" % (len(body) + rng.choice((0, 0, 0, 1, -1)))]
    headers += [b"Cookie: pi-reader=" + token] * (rng.random() < 0.5)
    headers += [b"If-Match: " + rng.choice((b"*", b'"0123456789abcdef"', b"\xff"))]
    said = f"{method} {path}".encode() + rng.choice((b"", b"?after=1", b"?count=%", b"?a=1&" * 9))
    content = said + b" HTTP/1.1\r\n" + b"\r\n".join(headers) + b"\r\n\r\n" + body
    if rng.random() < 0.5:
        return content
    letters = bytearray(content)
    for _ in range(rng.randint(1, 5)):
        letters[rng.randrange(len(letters))] = rng.randrange(256)
    return bytes(letters)


def attack(box: WebBox, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "FRAME_SECONDS", 0.02)
    monkeypatch.setattr(server, "SECONDS", 2.0)
    box.answers |= {"settings": {"refused": "no"}, "aim": {"aim": {"focus": 1.0}}}
    box.answers |= {"read": {"text": "7"}, "label": {"kept": 1, "read": "7"}}
    here, before = f"127.0.0.1:{box.port}".encode(), 0
    rng = random.Random(18)
    tokens = (box.tokens["pupil"].encode(), b"x")
    for number in range(count):
        if number == count // 5:  # all is warm by then
            before = memory()
        content = hostile(rng, here, rng.choice(tokens))
        if b"/events" in content or b"/health" in content:
            continue  # one has no end, the other starts a doctor
        answer = box.raw(content)
        assert not answer or re.match(rb"HTTP/1\.[01] [1-5]\d\d ", answer), content
        assert b" 500 " not in answer[:20], (content, answer)
    assert box.log == []
    assert memory() - before < 3 << 10, "KiB"
    assert box.call("GET", "/api/1/state").status == 200


def memory() -> int:
    """KiB of this process."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1])  # type: ignore[index]


def test_fail__hostile_requests(box: WebBox, monkeypatch: pytest.MonkeyPatch) -> None:
    attack(box, 2_000, monkeypatch)


@pytest.mark.acceptance
def test_fail__a_hundred_thousand_hostile_requests(
    box: WebBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    attack(box, 100_000, monkeypatch)


def test_fail__without_a_clerk_or_reader(tmp_path: Path) -> None:
    box = WebBox(tmp_path)
    thread = threading.Thread(target=box.server.run)
    thread.start()
    write_json(box.folders.status, {"state": "stopping", "pid": 2**22 + 1, "updated": 1.8e9})
    for path in ("readings", "settings", "health", "samples"):
        answer = box.call("GET", f"/api/1/{path}", role="owner")
        assert answer.status == 503 and "clerk" in answer.values["error"]
    state = box.call("GET", "/api/1/state", role="owner").values
    assert not state["running"] and "not running" in state["problem"]
    box.server.stopping = True
    thread.join(10)
    box.listening.close()
    assert box.log == []
