"""A class of boxes: what is made for each, and thirty of them with one real broker."""

from __future__ import annotations

import json
import random
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

pytest.importorskip("paho.mqtt.client")

from broker import Broker, Listener, needs_broker, until
from linked_box import Box

from pi_reader.box import clerk as box_clerk
from pi_reader.cli.main import main
from pi_reader.config import load_settings
from pi_reader.config.settings import LinkSettings
from pi_reader.errors import BadData, MissingFile
from pi_reader.link import commands, discovery
from pi_reader.link.broker import Connection
from pi_reader.link.fleet import Fleet, read_list
from pi_reader.link.messages import RETAINED, topic


def school(folder: Path, count: int, port: int = 1883) -> Path:
    """A folder made for so many boxes, every second one in room 3b."""
    table = folder / "boxes.csv"
    rooms = ("3b", "")
    lines = [f"pi-{number},{rooms[number % 2]}" for number in range(count)]
    table.write_text("name,room\n" + "\n".join(lines) + "\n")
    words = ["--broker", "127.0.0.1", "--port", str(port), "--folder", str(folder / "fleet")]
    assert main(["fleet", "init", str(table), *words]) == 0
    return folder / "fleet"


def test_ok__each_card_has_its_own_settings(tmp_path: Path) -> None:
    folder = school(tmp_path, 3)
    ids = set()
    for name in ("pi-0", "pi-1", "pi-2"):
        text = (folder / "cards" / name / "user-data").read_text()
        assert text.startswith("#cloud-config\n") and f"hostname: {name}\n" in text
        inside = text.split("config.toml\n    content: |\n")[1].split("\nruncmd")[0]
        path = tmp_path / "config.toml"
        path.write_text("\n".join(line.strip() for line in inside.splitlines()))
        link = load_settings(path).link
        assert link.on and link.user == link.id and link.room == ("" if name == "pi-1" else "3b")
        ids.add(link.id)
    assert len(ids) == 3
    assert all(path.stat().st_mode & 0o77 == 0 for path in folder.rglob("*") if path.is_file())


def test_ok__a_class_that_grew_keeps_its_boxes(tmp_path: Path) -> None:
    before = Fleet(school(tmp_path, 2)).members
    cards = [path.read_text() for path in sorted(tmp_path.glob("fleet/cards/*/user-data"))]
    after = Fleet(school(tmp_path, 3)).members
    assert after[:2] == before and len({one.password for one in after}) == 3
    assert [p.read_text() for p in sorted(tmp_path.glob("fleet/cards/*/user-data"))][:2] == cards


@pytest.mark.parametrize(
    "text",
    ["", "name,room\n", "name,room\na b,\n", "name,room\npi,3/b\n", "name,room\na,\na,\n",
     "room\n3b\n", "name\nPI\n", "name,room\npi,#\n", "name,room\n-,\n"],
)  # fmt: skip
def test_fail__tables_that_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "boxes.csv").write_text(text)
    with pytest.raises(BadData, match=r"boxes\.csv"):
        read_list(tmp_path / "boxes.csv")
    with pytest.raises(MissingFile):
        read_list(tmp_path / "none.csv")


def guarded(folder: Path, fleet: Path) -> Broker:
    """A broker with the users and rights that were made."""
    made = fleet / "mosquitto"
    return Broker(
        folder,
        "allow_anonymous false",
        f"password_file {made / 'passwords'}",
        f"acl_file {made / 'acl'}",
    )


def at_port(fleet: Path, port: int) -> None:
    """Have the teacher look for the broker there."""
    kept = json.loads((fleet / "fleet.json").read_text())
    (fleet / "fleet.json").write_text(json.dumps(kept | {"port": port}))


def settings_of(fleet: Path, place: int, port: int) -> LinkSettings:
    one = Fleet(fleet).members[place]
    password = fleet.parent / one.id
    password.write_text(one.password)
    return LinkSettings(True, "127.0.0.1", port, one.id, str(password), id=one.id, room=one.room)


@needs_broker
def test_ok__a_box_hears_its_own_commands_and_no_others(tmp_path: Path) -> None:
    fleet = school(tmp_path, 3)
    broker = guarded(tmp_path, fleet)
    try:
        at_port(fleet, broker.port)
        ids = [one.id for one in Fleet(fleet).members]
        kept = json.loads((fleet / "fleet.json").read_text())
        teacher = LinkSettings(
            True, "127.0.0.1", broker.port, kept["user"], str(fleet / "password")
        )
        spy = Listener(settings_of(fleet, 0, broker.port), "#")  # a box that wants to hear all
        ear = Listener(teacher, "pi-reader/#")
        places = [topic(ids[0], "command"), topic(ids[1], "command"), "pi-reader/all/command"]
        places += ["pi-reader/room/3b/command", "pi-reader/room/other/command"]
        for place in places:
            ear.say(place, "read")
            spy.say(place, "train")  # which it may not
        spy.say(topic(ids[1], "state"), "{}")
        spy.say(topic(ids[0], "state"), "{}")
        until(lambda: topic(ids[0], "state") in ear.latest)
        time.sleep(0.3)
        spy.close()
        ear.close()
        mine = {topic(ids[0], "command"), "pi-reader/all/command", "pi-reader/room/3b/command"}
        assert {(place, word) for place, word, _ in spy.heard} == {(one, "read") for one in mine}
        assert all(word != "train" for _, word, _ in ear.heard)
        assert topic(ids[1], "state") not in ear.latest
        with pytest.raises(Exception, match="refuses us"):
            Connection(broker.settings, "nobody").open()
    finally:
        broker.kill()


@needs_broker
def test_ok__thirty_boxes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    thirty(tmp_path, monkeypatch, capsys, 1)


@needs_broker
@pytest.mark.acceptance
def test_ok__thirty_boxes_and_fifty_kills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    thirty(tmp_path, monkeypatch, capsys, 50)


def thirty(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kills: int,
) -> None:
    """Thirty boxes with users and rights; the broker is killed and forgets everything."""

    def ask(path: Path, said: list[str]) -> commands.clerk.Answer:
        time.sleep(random.uniform(0, 1))
        return commands.clerk.Answer((f"{said[0]} in {path.parent.parent.name}",))

    monkeypatch.setattr(commands.clerk, "ask", ask)
    fleet = school(tmp_path, 30)
    broker = guarded(tmp_path, fleet)
    at_port(fleet, broker.port)
    members = Fleet(fleet).members
    boxes = [
        Box(tmp_path / one.name, settings_of(fleet, place, broker.port), 1.0)
        for place, one in enumerate(members)
    ]
    names = set(RETAINED) - {"picture"}  # which nobody wanted
    retained = {topic(one.id, name) for one in members for name in names}
    retained |= {discovery.config_topic(one.id) for one in members}
    kept = json.loads((fleet / "fleet.json").read_text())
    teacher = LinkSettings(True, "127.0.0.1", broker.port, kept["user"], str(fleet / "password"))
    slowest = 0.0
    try:
        with ExitStack() as opened:
            for number, one in enumerate(boxes):
                one.read(str(number))
                opened.enter_context(one.linked())
            ear = Listener(teacher, "pi-reader/#", "homeassistant/#")
            opened.callback(ear.close)

            def all_there() -> bool:
                return retained <= set(ear.latest) and all(
                    ear.latest[topic(one.id, "availability")] == "online" for one in members
                )

            until(all_there, 20)
            for _ in range(kills):
                broker.kill()
                until(lambda: not ear.latest)
                time.sleep(random.uniform(0, 2) if kills > 1 else 0)
                broker.start()
                begun = time.monotonic()
                until(all_there, 20)
                slowest = max(slowest, time.monotonic() - begun)
            capsys.readouterr()
            assert main(["fleet", "status", "--json", "--folder", str(fleet)]) == 0
            rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
            assert [row["text"] for row in rows] == [str(number) for number in range(30)]
            begun = time.monotonic()
            assert main(["fleet", "read", "--folder", str(fleet)]) == 0
            took = time.monotonic() - begun
            lines = capsys.readouterr().out.splitlines()
            assert len(lines) == 31 and all("read in pi-" in line for line in lines[1:])
            assert main(["fleet", "train", "--room", "3b", "--folder", str(fleet)]) == 0
            assert len(capsys.readouterr().out.splitlines()) == 16
        assert main(["fleet", "status", "--folder", str(fleet)]) == 69, "all are away"
        assert slowest < 10 and took < 10
        with capsys.disabled():
            print(f"\n{kills} kills, {len(retained)} retained: all back within {slowest:.1f} s; "
                  f"30 answers in {took:.1f} s")  # fmt: skip
    finally:
        broker.kill()


@pytest.mark.parametrize(
    "boxes",
    [1, [1], [{}], [{"name": "pi-0"}], "x", [{"name": 1, "room": "", "id": "", "password": ""}]],
)
def test_fail__a_list_that_is_damaged_is_not_written_over(
    tmp_path: Path, boxes: object, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = school(tmp_path, 1)
    kept = json.loads((folder / "fleet.json").read_text()) | {"boxes": boxes}
    (folder / "fleet.json").write_text(json.dumps(kept))
    capsys.readouterr()
    words = ["--broker", "127.0.0.1", "--folder", str(folder)]
    assert main(["fleet", "init", str(tmp_path / "boxes.csv"), *words]) == 65
    assert main(["fleet", "status", "--folder", str(folder)]) == 65
    said = capsys.readouterr().err
    assert said.count("is damaged") == 2 and "Traceback" not in said
    for key, value in (("port", "x"), ("broker", None), ("user", 3)):
        (folder / "fleet.json").write_text(json.dumps(kept | {"boxes": [], key: value}))
        assert main(["fleet", "status", "--folder", str(folder)]) == 65
    (folder / "fleet.json").write_text(json.dumps(kept))
    assert json.loads((folder / "fleet.json").read_text())["boxes"] == boxes


def test_fail__words_that_do_not_go_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fleet", "init"]) == 2
    assert main(["fleet", "status", "--folder", str(tmp_path / "none")]) == 66
    assert main(["fleet", "read", "--room", "9z", "--folder", str(school(tmp_path, 1))]) == 2
    capsys.readouterr()
    (tmp_path / "fleet" / "fleet.json").write_text('{"boxes": [1]}')
    assert main(["fleet", "read", "--folder", str(tmp_path / "fleet")]) == 65
    assert capsys.readouterr().err.count("\n") == 1


def test_ok__the_broker_has_no_way_to_root() -> None:
    """What comes over the broker ends at the clerk, who is not root and takes a few words."""
    assert set(box_clerk.USERS) == {"pi-reader-web", "pi-reader-link"}


def test_fail__a_fleet_that_was_never_made_says_how(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fleet", "status", "--folder", str(tmp_path)]) == 66
    assert "fleet.json: there is no such file; `pi-reader fleet init`" in capsys.readouterr().err
