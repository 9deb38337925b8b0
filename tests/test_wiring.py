"""The drawing of the wiring says what the example settings say, and what the header is."""

from __future__ import annotations

import importlib.util
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
DRAWN = (HERE / "wiring" / "wiring.svg").read_text(encoding="utf-8")
SVG = "{http://www.w3.org/2000/svg}"
# The example of the README and of systemd/config.toml.
LINES = {
    "leds.sure": 17,
    "leds.unsure": 27,
    "leds.heartbeat": 22,
    "button.pin": 10,
    "light.pin": 11,
    "oled sda": 2,
    "oled scl": 3,
    **{
        f"leds.digits {label}": line
        for label, line in enumerate([5, 6, 12, 13, 16, 19, 20, 21, 26, 25])
    },
    **{
        f"segments.pins {letter}": line
        for letter, line in zip("abcdefg", [4, 18, 23, 24, 8, 7, 9], strict=True)
    },
}


@pytest.fixture(scope="module")
def draw() -> ModuleType:
    spec = importlib.util.spec_from_file_location("wiring_draw", HERE / "wiring" / "draw.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tags() -> dict[str, ET.Element]:
    """The tags of all wires in the drawing, by what they are for."""
    return {group.attrib["data-part"]: group for group in ET.fromstring(DRAWN).iter(f"{SVG}g")}


def test_ok__the_drawing_is_what_the_example_settings_say(draw: Any) -> None:
    settings = draw.example(draw.EXAMPLE.read_text(encoding="utf-8"))
    assert draw.drawing(settings) == DRAWN, "draw anew: python tests/wiring/draw.py"
    assert {wire.part: wire.line for wire in draw.wires(settings)} == LINES


def test_ok__every_wire_is_drawn_once_with_both_its_numbers() -> None:
    seen = tags()
    assert {part: int(group.attrib["data-line"]) for part, group in seen.items()} == LINES
    assert len(set(LINES.values())) == len(LINES), "a line serves one master"
    for group in seen.values():
        words = "".join(group.itertext()).strip()
        assert words == f"GPIO{group.attrib['data-line']} · pin {group.attrib['data-place']}"


def test_ok__places_on_the_header_are_those_that_gpiozero_knows(draw: Any) -> None:
    gpiozero = pytest.importorskip("gpiozero")
    pins = gpiozero.pi_info("9000c1").headers["J8"].pins  # a Zero W
    for place, what in enumerate(draw.HEADER, 1):
        known = getattr(pins[place], "name", None) or pins[place].function
        expected = {"3.3 V": "3V3", "5 V": "5V", "ID": known}.get(what, what)
        assert known == (f"GPIO{expected}" if isinstance(expected, int) else expected)


def test_ok__currents_stay_below_what_the_pins_can_give(draw: Any) -> None:
    """16 mA a pin and 50 mA together, as the Pi's makers advise."""
    each = draw.milliamps(draw.PIN_VOLTS, draw.RED_VOLTS, draw.OHMS)
    base = draw.milliamps(draw.PIN_VOLTS, draw.BASE_VOLTS, draw.BASE_OHMS)
    assert each == pytest.approx(3.94, abs=0.01) and base == pytest.approx(2.6)
    assert draw.MOST_LIT * each + base < 50
    assert f"{draw.MOST_LIT} lit at once" in DRAWN


def test_ok__ground_and_supply_are_named_where_they_are(draw: Any) -> None:
    named = 0
    for words in (text.text or "" for text in ET.fromstring(DRAWN).iter(f"{SVG}text")):
        for what in ("GND", "3.3 V", "5 V"):
            if words.startswith(f"{what} · pin "):
                assert draw.HEADER[int(words.rpartition(" ")[2]) - 1] == what
                named += 1
    assert named >= 7
