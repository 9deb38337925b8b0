"""Home Assistant's own core with a real broker: what appears there, and that presses arrive.

It needs Home Assistant (2026.2.3 was tried, with Python 3.13) and a program that runs its core with
the MQTT integration alone, on `--port` with an empty folder as `--config`, takes `dump`, `press
ENTITY`, `wait SECONDS` and `quit`, a line each, and answers each with a line of JSON:

    PI_READER_HOME_ASSISTANT="HA/bin/python core.py" \\
        python -m pytest -m emulated -s tests/test_home_assistant.py
"""

from __future__ import annotations

import base64
import json
import os
import shlex
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("paho.mqtt.client")

from broker import Broker, needs_broker, until
from linked_box import Box

from pi_reader.link import commands
from pi_reader.state import NumberState

COMMAND = os.environ.get("PI_READER_HOME_ASSISTANT", "")
pytestmark = [
    pytest.mark.emulated,
    needs_broker,
    pytest.mark.skipif(not COMMAND, reason="PI_READER_HOME_ASSISTANT is not set"),
]

UNITS = {  # of each sensor: unit, device class, state class
    "reading": (None, None, None),
    "confidence": ("%", None, "measurement"),
    "state": (None, "enum", None),
    "fault": (None, None, None),
    "temperature": ("°C", "temperature", "measurement"),
    "generation": (None, None, None),
    "samples": (None, None, None),
    "training": (None, None, None),
    "training_progress": ("%", None, "measurement"),
}
BUTTONS = ("read_again", "learn_now", "stop_learning", "identify")


class Core:
    """Home Assistant, spoken to over its standard input."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert json.loads(self._line()) == {"ready": True}

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def say(self, words: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()
        values: dict[str, Any] = json.loads(self._line())
        return values

    def entities(self) -> dict[str, dict[str, Any]]:
        """Those of the box, by kind and name without the device's."""
        found: dict[str, dict[str, Any]] = self.say("dump")["entities"]
        return {
            name.replace("pi_reader_0000002a_", ""): about
            for name, about in found.items()
            if "pi_reader_0000002a" in name
        }


@contextmanager
def core(folder: Path, port: int) -> Iterator[Core]:
    folder.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [*shlex.split(COMMAND), "--port", str(port), "--config", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            yield Core(process)
            assert process.stdin is not None
            process.stdin.write("quit\n")
            process.stdin.flush()
            process.wait(30)
        finally:
            process.kill()


def test_ok__all_that_the_box_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def ask(path: Path, said: list[str]) -> commands.clerk.Answer:
        asked.append(said)
        return commands.clerk.Answer(("done",))

    monkeypatch.setattr(commands.clerk, "ask", ask)
    broker = Broker(tmp_path)
    box = Box(tmp_path / "box", broker.settings)
    box.write(temperature=48.25, generation=3, memory={"keys": 31})
    box.read("2016")
    try:
        with core(tmp_path / "first", broker.port) as home, box.linked():
            until(lambda: len(home.entities()) == 16, 30)
            home.say("wait 1")
            found = home.entities()
            for name, words in UNITS.items():
                about = found[f"sensor.{name}"]
                keys = ("unit_of_measurement", "device_class", "state_class")
                assert tuple(about["attributes"].get(key) for key in keys) == words, name
                assert about["state"] not in ("unavailable", "unknown"), name
            assert found["sensor.reading"]["state"] == "2016"
            assert found["sensor.confidence"]["state"] == "98.7"
            assert found["sensor.temperature"]["state"] == "48.25"
            assert found["sensor.fault"]["state"] == "none"
            assert found["binary_sensor.faulty"]["state"] == "off"
            for name in BUTTONS:
                home.say(f"press button.pi_reader_0000002a_{name}")
            until(lambda: len(asked) == 4)
            assert asked == [["read"], ["train"], ["cancel"], ["identify"]]
            box.read("7?")
            box.write(state="unsure", fault="oled: is gone")
            until(lambda: home.entities()["sensor.reading"]["state"] == "7?")
            home.say("wait 0.5")
            found = home.entities()
            assert found["binary_sensor.unsure"]["state"] == "on"
            assert found["sensor.fault"]["state"] == "oled: is gone"
            broker.kill()
            until(lambda: home.entities()["sensor.reading"]["state"] == "unavailable", 30)
            broker.start()
            until(lambda: home.entities()["sensor.reading"]["state"] == "7?", 60)
        with box.linked():
            for number in range(5):
                with core(tmp_path / f"again{number}", broker.port) as home:
                    until(
                        lambda: home.entities().get("sensor.reading", {}).get("state") == "7?", 30
                    )
                    time.sleep(0.1)
    finally:
        broker.kill()


def test_ok__the_picture_is_an_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(path: Path, said: list[str]) -> commands.clerk.Answer:
        return commands.clerk.Answer((base64.b64encode(b"\xff\xd8\xff\xd9").decode(),))

    monkeypatch.setattr(commands.clerk, "ask", ask)
    broker = Broker(tmp_path)
    box = Box(tmp_path / "box", replace(broker.settings, picture=True))
    box.read("2016")
    try:
        with core(tmp_path / "first", broker.port) as home, box.linked():
            until(lambda: "image.picture" in home.entities(), 30)
            until(
                lambda: home.entities()["image.picture"]["state"] not in ("unavailable", "unknown")
            )
            assert len(home.entities()) == 17
    finally:
        broker.kill()


def test_ok__numbers_are_sensors(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    box = Box(tmp_path / "box", broker.settings)
    tables = (
        f'[[numbers]]\nname = "{name}"\nline = {line}\nunit = "{unit}"\nmay_fall = false\n'
        for line, (name, unit) in enumerate({"kitchen": "°C", "meter": "kWh"}.items(), 1)
    )
    box.folders.settings.write_text("".join(tables))
    good = NumberState("kitchen", "number", "21.5", "21.5", "good", unit="°C", last="21.5")
    lost = NumberState("meter", "number", "9999", "", "too fast", unit="kWh", last="4711")
    box.write(numbers=[good.to_json(), lost.to_json()])
    box.read("215")
    wanted = {
        "sensor.kitchen": ("21.5", "°C", "temperature", "measurement"),
        "sensor.meter": ("4711", "kWh", "energy", "total_increasing"),
    }
    try:
        with core(tmp_path / "first", broker.port) as home, box.linked():
            until(lambda: wanted.keys() <= home.entities().keys(), 30)
            home.say("wait 1")
            found = home.entities()
            for name, (state, *words) in wanted.items():
                keys = ("unit_of_measurement", "device_class", "state_class")
                assert [found[name]["attributes"].get(key) for key in keys] == words, name
                assert found[name]["state"] == state, name
            assert found["binary_sensor.value_not_believed"]["state"] == "on"
    finally:
        broker.kill()
