"""The box tells the house each number of the settings, with a real broker."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("paho.mqtt.client")

from broker import Broker, Listener, needs_broker, until
from linked_box import ME, Box

from pi_reader.cli.main import main
from pi_reader.link import discovery
from pi_reader.link.messages import as_json, number_of, state_of, topic
from pi_reader.numbers.settings import MOST, NumberSettings
from pi_reader.state import NumberState


@pytest.fixture
def box(tmp_path: Path, broker: Broker) -> Box:
    return Box(tmp_path / "box", broker.settings)


def name_numbers(box: Box, *names: str) -> None:
    tables = (
        f'[[numbers]]\nname = "{name}"\nline = {line}\nunit = "°C"\n'
        for line, name in enumerate(names, 1)
    )
    path = box.folders.settings
    path.with_suffix(".new").write_text("".join(tables))
    path.with_suffix(".new").replace(path)


def lies_there(box: Box, **values: str) -> None:
    """What the box says of its numbers; "" for one that is not good, whose last value was 7."""
    box.write(
        numbers=[
            NumberState(
                name, "number", value or "9", value, "good" if value else "too fast", last="7"
            ).to_json()
            for name, value in values.items()
        ]
    )


def at(name: str) -> str:
    return discovery.number_topics(ME, name)[0]


def described(name: str) -> str:
    return discovery.number_topics(ME, name)[1]


def online(ear: Listener) -> None:
    until(lambda: ear.latest.get(topic(ME, "availability")) == "online")


@needs_broker
def test_ok__each_number_with_its_last_good_value_and_the_verdict(box: Box, ear: Listener) -> None:
    name_numbers(box, "kitchen", "meter")
    lies_there(box, kitchen="21.5", meter="7", unnamed="3")
    with box.linked():
        online(ear)
        assert ear.json(at("kitchen"))["value"] == 21.5
        assert ear.json(described("meter"))["unit_of_measurement"] == "°C"
        assert at("unnamed") not in ear.latest
        lies_there(box, kitchen="21.5", meter="")
        until(lambda: ear.json(at("meter")).get("verdict") == "too fast")
        assert ear.json(at("meter"))["value"] == 7 and ear.json(at("meter"))["read"] == "9"
        until(lambda: ear.json(topic(ME, "state"))["unbelieved"] == ["meter"])
        assert len(ear.all(at("kitchen"))) == 1, "nothing had changed"
        box.write(numbers=[])  # the page is gone: what was said stands
        until(lambda: ear.json(topic(ME, "state"))["unbelieved"] == [])
        assert ear.json(at("meter"))["value"] == 7


@needs_broker
def test_ok__comes_back_with_a_broker_that_forgot(box: Box, ear: Listener, broker: Broker) -> None:
    name_numbers(box, "kitchen")
    lies_there(box, kitchen="21.5")
    with box.linked():
        online(ear)
        box.write(numbers=[])
        broker.kill()
        until(lambda: not ear.latest)
        broker.start()
        online(ear)
        assert ear.json(at("kitchen"))["value"] == 21.5 and described("kitchen") in ear.latest


@needs_broker
def test_ok__numbers_that_are_named_no_more_are_cleared(box: Box, ear: Listener) -> None:
    """While the link runs, and also what an earlier one left at the broker."""
    name_numbers(box, "a", "b", "c")
    lies_there(box, a="1", b="2", c="3")
    with box.linked():
        online(ear)
        name_numbers(box, "b", "c")
        until(lambda: ear.latest.get(described("a")) == "" == ear.latest.get(at("a")))
        box.folders.settings.write_text("[[numbers]")  # is bad: they are as they were
        lies_there(box, a="1", b="5", c="3")
        until(lambda: ear.json(at("b")).get("value") == 5)
        assert ear.latest[at("a")] == ""
    with box.linked():  # nobody knows which there are: all stay
        until(lambda: len(ear.all(topic(ME, "availability"))) == 3)
        ear.say(topic(ME, "command"), "help")
        until(lambda: ear.all(topic(ME, "answer")))
    assert ear.json(at("b"))["value"] == 5
    name_numbers(box, "c")
    count = len(ear.all(at("c")))
    with box.linked():
        until(lambda: ear.latest.get(described("b")) == "" == ear.latest.get(at("b")))
        until(lambda: len(ear.all(at("c"))) > count)
    assert ear.json(at("c"))["value"] == 3


@needs_broker
def test_ok__numbers_that_were_set_at_the_page(box: Box, ear: Listener) -> None:
    """The link may not read what was set there; the box tells."""
    name_numbers(box, "old")
    about = {"kind": "number", "unit": "m³", "may_fall": False}
    seen = [NumberState("meter", value="7", verdict="good").to_json()]
    box.write(named={"meter": about}, numbers=seen)
    with box.linked():
        online(ear)
        assert ear.json(at("meter"))["value"] == 7 and described("old") not in ear.latest
        assert ear.json(described("meter"))["state_class"] == "total_increasing"
        box.write(named={"meter": {"kind": 7}, "a/b": {}}, numbers=seen)  # no names: they stay
        box.write(named={"room": about}, numbers=[])
        until(lambda: ear.latest.get(described("meter")) == "" and described("room") in ear.latest)


@needs_broker
def test_ok__until_the_box_speaks_its_numbers_stay(box: Box, ear: Listener) -> None:
    """After a power cut the link is up first; what was set at the page the box alone knows."""
    about, seen = {"kind": "number"}, [NumberState("meter", value="7", verdict="good").to_json()]
    box.write(named={"meter": about, "gone": about}, numbers=seen)
    with box.linked():
        online(ear)
        assert described("meter") in ear.latest and described("gone") in ear.latest
    box.folders.status.unlink()
    with box.linked():
        until(lambda: len(ear.all(topic(ME, "availability"))) == 3)
        box.status = {"state": "fault", "fault": "no camera"}  # said in the reader's place
        box.write()
        until(lambda: ear.json(topic(ME, "state"))["state"] == "not running")
        ear.say(topic(ME, "command"), "help")
        until(lambda: ear.all(topic(ME, "answer")))
        assert "" not in ear.all(described("meter")) + ear.all(at("meter"))
        box.write(frames=1, named={"meter": about}, numbers=seen, pid=os.getpid())
        until(lambda: ear.latest.get(described("gone")) == "")  # it was there from before
    assert ear.json(at("meter"))["value"] == 7
    assert "" not in ear.all(described("meter")) + ear.all(at("meter"))


@needs_broker
def test_ok__remove_takes_the_numbers_along(box: Box, broker: Broker) -> None:
    name_numbers(box, "kitchen")
    lies_there(box, kitchen="1")
    with box.linked():
        until(lambda: "connected as" in "".join(box.log))
    path = box.folders.settings
    path.write_text(f'[link]\nbroker = "127.0.0.1"\nport = {broker.port}\nid = "{ME}"\n')
    assert main(["link", "remove", "--state", str(path.parent)]) == 0
    late = Listener(broker.settings)
    late.say("end", "")
    until(lambda: "end" in late.latest)
    late.close()
    assert set(late.latest) == {"end"}


@pytest.mark.parametrize(
    ("unit", "may_fall", "name", "device_class", "state_class"),
    [
        ("°C", True, "kitchen", "temperature", "measurement"),
        ("kWh", False, "meter", "energy", "total_increasing"),
        ("kWh", True, "meter", "energy", "total"),
        ("m³", False, "cellar", "water", "total_increasing"),
        ("m³", False, "Gas_1", "gas", "total_increasing"),
        ("L", True, "gas", "water", "total"),
        ("°C", False, "fever", "temperature", "measurement"),
        ("h", False, "pump", "duration", "total_increasing"),
        ("apples", True, "tree", None, "measurement"),
        ("", False, "guests", None, "total_increasing"),
    ],
)
def test_ok__units_tell_what_it_is(
    unit: str, may_fall: bool, name: str, device_class: str | None, state_class: str
) -> None:
    number = NumberSettings(name, line=1, unit=unit, may_fall=may_fall)
    about = discovery.number_description(ME, number)
    assert about.get("device_class") == device_class and about["state_class"] == state_class
    assert about.get("unit_of_measurement", "") == unit
    text = discovery.number_description(ME, replace(number, kind="time"))
    assert not {"device_class", "state_class", "unit_of_measurement"} & text.keys()


def test_ok__however_many_numbers_no_message_is_large() -> None:
    names = [f"{place:032d}" for place in range(MOST)]
    abouts = [
        discovery.number_description(
            ME, NumberSettings(name, line=1, unit="µ" * 12, may_fall=False)
        )
        for name in names
    ]
    assert max(len(as_json(about).encode()) for about in abouts) <= 1024
    assert len({about["unique_id"] for about in abouts}) == MOST
    for name in names:
        places = discovery.number_topics(ME, name)
        assert [discovery.number_in(ME, place) for place in places] == [name, name]
    others = (
        topic(ME, "number/"),
        topic(ME, "state"),
        discovery.config_topic(ME),
        "",
        at("a")[:-1],
    )
    assert not any(discovery.number_in(ME, place) for place in others)


@pytest.mark.parametrize(
    ("number", "value"),
    [
        (NumberState("a", value="007", verdict="good"), 7),
        (NumberState("a", value="-2.50", verdict="good"), -2.5),
        (NumberState("a", last="3"), 3),
        (NumberState("a"), None),
        (NumberState("a", value="x", last="1"), None),
        (NumberState("a", value="9" * 400), None),
        (NumberState("a", value="nan"), None),
        (NumberState("a", "time", value="12:30"), "12:30"),
        (NumberState("a", "text", last="7" * 999), "7" * 249 + "…"),
        (NumberState("a", "text"), None),
    ],
)
def test_ok__values_are_numbers_where_they_can_be(number: NumberState, value: Any) -> None:
    assert json.loads(as_json(number_of(number)))["value"] == value


def test_ok__unbelieved_says_which() -> None:
    from pi_reader.client.status import BoxStatus

    numbers = [{"name": "a", "verdict": "good"}, {"name": "b", "verdict": "low"}, 7]
    assert state_of(BoxStatus(True, "", {"numbers": numbers}))["unbelieved"] == ["b"]
    assert state_of(BoxStatus(False, "", {"numbers": numbers}))["unbelieved"] == []
