"""Draws wiring.svg from the lines of the example settings that are marked "wiring".

`python tests/wiring/draw.py` draws it anew. Each wire ends in a tag with the line's number, as the
chip and the settings count them, and the place on the header, as a finger does.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parents[1] / "systemd" / "config.toml"
DRAWING = HERE / "wiring.svg"
MARK = "# wiring"

# What is on the 40 places of the header: pin 1, 2, 3 ... (every Pi since the B+ and the Zero).
HEADER = [
    "3.3 V",
    "5 V",
    2,
    "5 V",
    3,
    "GND",
    4,
    14,
    "GND",
    15,
    17,
    18,
    27,
    "GND",
    22,
    23,
    "3.3 V",
    24,
    10,
    "GND",
    9,
    25,
    11,
    8,
    "GND",
    7,
    "ID",
    "ID",
    5,
    "GND",
    6,
    12,
    13,
    "GND",
    19,
    16,
    26,
    20,
    "GND",
    21,
]
SDA, SCL = 2, 3  # the lines of the I2C bus
PLACE = {line: place for place, line in enumerate(HEADER, 1) if isinstance(line, int)}

OHMS = 330  # before each lamp and segment
PIN_VOLTS, RED_VOLTS = 3.3, 2.0  # of a pin that is high, and across a red lamp (data sheets)
MOST_LIT = 11  # an 8 in seven segments, its lamp, sure, unsure and heartbeat, while correcting
BASE_OHMS, BASE_VOLTS = 1000, 0.7  # before the transistor, and across its base
LIGHT_OHMS, SUPPLY_VOLTS, WHITE_VOLTS = 68, 5.0, 3.2  # a white lamp at the 5 V pin

INK, PALE, PAPER = "#263238", "#90a4ae", "#ffffff"
COLOURS = {
    "digits": "#d84315",
    "sure": "#2e7d32",
    "unsure": "#e08e00",
    "heartbeat": "#c62828",
    "segments": "#6a1b9a",
    "oled": "#1565c0",
    "button": "#00838f",
    "light": "#5d4037",
}
POWER = {"3.3 V": "#ef6c00", "5 V": "#b71c1c", "GND": "#37474f"}


def milliamps(volts: float, across: float, ohms: float) -> float:
    """The current through a lamp and its resistor, by Ohm's law."""
    return 1000 * (volts - across) / ohms


@dataclass(frozen=True)
class Wire:
    """One wire from the header: which part of the settings it is for, and its GPIO line."""

    part: str
    line: int
    colour: str
    name: str


def example(text: str) -> dict[str, dict[str, Any]]:
    """The settings whose lines are marked "wiring", section by section, without their "# "."""
    kept = [
        line.removeprefix("# ")
        for line in text.splitlines()
        if line.startswith("[") or line.endswith(MARK)
    ]
    return tomllib.loads("\n".join(kept))


def wires(settings: dict[str, dict[str, Any]]) -> list[Wire]:
    """All wires to GPIO lines."""
    leds, found = settings["leds"], []
    for label, line in enumerate(leds["digits"]):
        found.append(Wire(f"leds.digits {label}", line, COLOURS["digits"], f"lamp {label}"))
    for name in ("sure", "unsure", "heartbeat"):
        found.append(Wire(f"leds.{name}", leds[name], COLOURS[name], name))
    for letter, line in zip("abcdefg", settings["segments"]["pins"], strict=True):
        found.append(
            Wire(f"segments.pins {letter}", line, COLOURS["segments"], f"segment {letter}")
        )
    found.append(Wire("oled sda", SDA, COLOURS["oled"], "OLED SDA"))
    found.append(Wire("oled scl", SCL, COLOURS["oled"], "OLED SCL"))
    found.append(Wire("button.pin", settings["button"]["pin"], COLOURS["button"], "button"))
    found.append(Wire("light.pin", settings["light"]["pin"], COLOURS["light"], "light"))
    return found


class Sheet:
    """An SVG drawing, piece by piece."""

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._pieces: list[str] = []

    def add(self, piece: str) -> None:
        self._pieces.append(piece)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float = 13,
        colour: str = INK,
        anchor: str = "start",
        weight: str = "normal",
    ) -> None:
        safe = words.replace("&", "&amp;").replace("<", "&lt;")
        self.add(
            f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{colour}" '
            f'text-anchor="{anchor}" font-weight="{weight}">{safe}</text>'
        )

    def line(self, *points: tuple[float, float], colour: str = INK, width: float = 2) -> None:
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        self.add(
            f'<polyline points="{path}" fill="none" stroke="{colour}" '
            f'stroke-width="{width:g}" stroke-linejoin="round" stroke-linecap="round"/>'
        )

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str = PAPER,
        stroke: str = INK,
        corner: float = 0,
        thick: float = 1.5,
    ) -> None:
        self.add(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
            f'rx="{corner:g}" fill="{fill}" stroke="{stroke}" stroke-width="{thick:g}"/>'
        )

    def dot(self, x: float, y: float, radius: float, fill: str, stroke: str = "none") -> None:
        self.add(
            f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{fill}" stroke="{stroke}" '
            f'stroke-width="1.5"/>'
        )

    def shape(self, points: list[tuple[float, float]], fill: str, stroke: str = INK) -> None:
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        self.add(
            f'<polygon points="{path}" fill="{fill}" stroke="{stroke}" stroke-width="1.5" '
            f'stroke-linejoin="round"/>'
        )

    def svg(self) -> str:
        width, height = self._size
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
                f'font-family="DejaVu Sans, Verdana, sans-serif">',
                f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
                *self._pieces,
                "</svg>",
                "",
            ]
        )


def tag(sheet: Sheet, x: float, y: float, wire: Wire) -> None:
    """Where a wire comes from: its GPIO line and its place on the header. x, y: its right end."""
    place = PLACE[wire.line]
    sheet.add(
        f'<g class="wire" data-part="{wire.part}" data-line="{wire.line}" data-place="{place}">'
    )
    sheet.box(x - 116, y - 10, 116, 20, wire.colour, "none", 10)
    sheet.text(x - 58, y + 4.5, f"GPIO{wire.line} · pin {place}", 12, PAPER, "middle", "bold")
    sheet.add("</g>")


def rail(sheet: Sheet, x: float, y: float, name: str, places: str) -> None:
    """A tag for ground or supply; x, y: its left end."""
    sheet.box(x, y - 10, 116, 20, POWER[name], "none", 10)
    sheet.text(x + 58, y + 4.5, f"{name} · {places}", 12, PAPER, "middle", "bold")


def card(
    sheet: Sheet, x: float, y: float, width: float, height: float, title: str, below: str = ""
) -> None:
    sheet.box(x, y, width, height, "#fafafa", "#cfd8dc", 10)
    sheet.text(x + 16, y + 26, title, 16, weight="bold")
    sheet.text(x + 16, y + 45, below, 12, "#546e7a")


def resistor(sheet: Sheet, x: float, y: float, words: str) -> None:
    """A resistor 46 wide; x, y: its left end, in the middle of its height."""
    sheet.box(x, y - 7, 46, 14, "#fff8e1", INK, 2)
    sheet.text(x + 23, y + 4, words, 10, anchor="middle")


def lamp(sheet: Sheet, x: float, y: float, colour: str) -> None:
    """A diode that shines, anode to the left; 22 wide."""
    sheet.shape([(x, y - 8), (x, y + 8), (x + 16, y)], colour)
    sheet.line((x + 17, y - 8), (x + 17, y + 8), width=2.5)
    for shift in (0, 6):
        sheet.line((x + 7 + shift, y - 8), (x + 12 + shift, y - 14), colour=colour, width=1.5)


def header(sheet: Sheet, x: float, y: float, named: dict[int, Wire]) -> None:
    """The header as one sees it with the card slot up: odd places left, even ones right."""
    sheet.box(x + 160, y + 10, 72, 20 * 30 + 12, "#eceff1", INK, 6)
    for place, what in enumerate(HEADER, 1):
        row, right = divmod(place - 1, 2)
        middle = y + 31 + 30 * row
        centre = x + 178 + 36 * right
        wire = named.get(what) if isinstance(what, int) else None
        colour = wire.colour if wire else POWER.get(str(what), PALE)
        if place == 1:
            sheet.box(centre - 11, middle - 11, 22, 22, colour, INK, 2)
        else:
            sheet.dot(centre, middle, 11, colour, INK)
        sheet.text(centre, middle + 4, str(place), 10.5, PAPER, "middle", "bold")
        words = f"GPIO{what}" if isinstance(what, int) else str(what)
        side = "start" if right else "end"
        edge = x + (242 if right else 150)
        if wire:
            sheet.box(edge - (0 if right else 142), middle - 10, 142, 20, wire.colour, "none", 10)
            sheet.text(
                edge + (71 if right else -71),
                middle + 4.5,
                f"{words} · {wire.name}",
                12,
                PAPER,
                "middle",
                "bold",
            )
        else:
            used = colour if str(what) in POWER else PALE
            sheet.text(edge + (4 if right else -4), middle + 4.5, words, 12, used, side)


def lamps(sheet: Sheet, x: float, y: float, all_wires: list[Wire]) -> None:
    card(sheet, x, y, 350, 478, "Lamps (LEDs)", "short leg and flat side to ground")
    for row, wire in enumerate(all_wires):
        middle = y + 72 + 29 * row + (14 if row >= 10 else 0)
        tag(sheet, x + 132, middle, wire)
        sheet.line((x + 132, middle), (x + 240, middle))
        resistor(sheet, x + 152, middle, f"{OHMS} Ω")
        lamp(sheet, x + 216, middle, wire.colour)
        sheet.box(x + 240, middle - 10, 68, 18, "#fafafa", "none")
        sheet.text(x + 274, middle + 4, wire.name, 12, anchor="middle")
        sheet.line((x + 312, middle), (x + 322, middle))
    top, bottom = y + 72, y + 72 + 29 * 12 + 14
    sheet.line((x + 322, top), (x + 322, bottom + 20), colour=POWER["GND"], width=3)
    rail(sheet, x + 216, bottom + 28, "GND", "pin 39")


def segments(sheet: Sheet, x: float, y: float, all_wires: list[Wire]) -> None:
    card(sheet, x, y, 380, 300, "7-segment digit", "common cathode; its decimal point is not used")
    left, top, long = x + 268, y + 92, 56  # the digit
    sheet.box(left - 26, top - 26, long + 62, 2 * long + 52, "#37474f", INK, 6)
    strokes = {
        "a": (0, 0, 1, 0),
        "b": (1, 0, 1, 1),
        "c": (1, 1, 1, 2),
        "d": (0, 2, 1, 2),
        "e": (0, 1, 0, 2),
        "f": (0, 0, 0, 1),
        "g": (0, 1, 1, 1),
    }
    for letter, (x1, y1, x2, y2) in strokes.items():
        ends = (left + x1 * long, top + y1 * long), (left + x2 * long, top + y2 * long)
        middle = (ends[0][0] + ends[1][0]) / 2, (ends[0][1] + ends[1][1]) / 2
        along = (0.86 if x1 != x2 else 0, 0.86 if y1 != y2 else 0)
        (mx, my), (dx, dy) = middle, (along[0] * long / 2, along[1] * long / 2)
        sheet.line((mx - dx, my - dy), (mx + dx, my + dy), colour="#ef5350", width=11)
        sheet.text(mx, my + 4, letter, 11, PAPER, "middle", "bold")
    sheet.dot(left + long + 18, top + 2 * long, 6, "#78909c")
    for row, wire in enumerate(all_wires):
        middle = y + 76 + 27 * row
        tag(sheet, x + 132, middle, wire)
        sheet.line((x + 132, middle), (x + 216, middle))
        resistor(sheet, x + 148, middle, f"{OHMS} Ω")
        sheet.dot(x + 216, middle, 8, wire.colour)
        sheet.text(x + 216, middle + 4, wire.name[-1], 11, PAPER, "middle", "bold")
    sheet.line(
        (left + long / 2, top + 2 * long + 26),
        (left + long / 2, y + 270),
        colour=POWER["GND"],
        width=3,
    )
    rail(sheet, left + long / 2 - 58, y + 276, "GND", "pin 34")


def oled(sheet: Sheet, x: float, y: float, sda: Wire, scl: Wire) -> None:
    card(sheet, x, y, 380, 182, "OLED", "128 × 64 pixels, I2C; check the pin order on your board")
    rows = {"GND": 76, "VCC": 102, "SCL": 128, "SDA": 154}
    sheet.box(x + 196, y + 58, 168, 112, "#1a237e", INK, 8)
    sheet.box(x + 226, y + 72, 124, 84, "#000000", "#5c6bc0", 2)
    sheet.text(x + 288, y + 124, "7", 46, "#e3f2fd", "middle", "bold")
    sheet.box(x + 236, y + 134, 104, 6, "#000000", "#e3f2fd", 0, 1)
    sheet.box(x + 236, y + 134, 96, 6, "#e3f2fd", "none")
    sheet.text(x + 236, y + 151, "98% sure", 9, "#e3f2fd")
    for name, down in rows.items():
        sheet.line(
            (x + 132, y + down),
            (x + 206, y + down),
            colour=POWER.get({"VCC": "3.3 V"}.get(name, name), INK),
        )
        sheet.dot(x + 207, y + down, 4, "#ffd54f")
        sheet.text(x + 164, y + down - 4, name, 11, anchor="middle")
    rail(sheet, x + 16, y + rows["GND"], "GND", "pin 6")
    rail(sheet, x + 16, y + rows["VCC"], "3.3 V", "pin 1")
    tag(sheet, x + 132, y + rows["SCL"], scl)
    tag(sheet, x + 132, y + rows["SDA"], sda)


def button(sheet: Sheet, x: float, y: float, wire: Wire) -> None:
    card(sheet, x, y, 350, 112, "Button", "no resistor: the chip has one inside")
    middle = y + 82
    tag(sheet, x + 132, middle, wire)
    sheet.line((x + 132, middle), (x + 160, middle))
    sheet.line((x + 196, middle), (x + 216, middle), colour=POWER["GND"])
    sheet.line((x + 163, middle - 13), (x + 193, middle - 13), width=3)
    sheet.line((x + 178, middle - 13), (x + 178, middle - 22), width=3)
    for across in (163, 193):
        sheet.dot(x + across, middle, 4, PAPER, INK)
    rail(sheet, x + 216, middle, "GND", "pin 20")


def light(sheet: Sheet, x: float, y: float, wire: Wire) -> None:
    card(
        sheet,
        x,
        y,
        380,
        206,
        "Light over the page (optional)",
        "white lamps at 5 V, switched by an NPN transistor",
    )
    base = y + 134
    tag(sheet, x + 132, base, wire)
    sheet.line((x + 132, base), (x + 238, base))
    resistor(sheet, x + 156, base, f"{BASE_OHMS // 1000} kΩ")
    sheet.dot(x + 254, base, 26, "none", INK)
    sheet.line((x + 240, base - 15), (x + 240, base + 15), width=3)
    sheet.line((x + 240, base - 7), (x + 264, base - 20), (x + 264, y + 98))
    sheet.line((x + 240, base + 7), (x + 264, base + 20), (x + 264, base + 40), colour=POWER["GND"])
    sheet.shape([(x + 262, base + 19), (x + 251, base + 18), (x + 256, base + 10)], INK)
    sheet.text(x + 288, base - 2, "BC337 or", 12)
    sheet.text(x + 288, base + 14, "2N2222", 12)
    sheet.line((x + 264, y + 98), (x + 264, y + 74), (x + 132, y + 74), colour=POWER["5 V"])
    resistor(sheet, x + 150, y + 74, f"{LIGHT_OHMS} Ω")
    lamp(sheet, x + 216, y + 74, "#fff59d")
    rail(sheet, x + 16, y + 74, "5 V", "pin 2")
    rail(sheet, x + 206, y + 182, "GND", "pin 25")
    current = milliamps(SUPPLY_VOLTS, WHITE_VOLTS + 0.2, LIGHT_OHMS)
    sheet.text(x + 276, y + 78, f"{current:.0f} mA", 12)


def drawing(settings: dict[str, dict[str, Any]]) -> str:
    """The whole drawing, as the text of an SVG file."""
    all_wires = wires(settings)
    named = {wire.line: wire for wire in all_wires}
    by_part = {wire.part: wire for wire in all_wires}
    sheet = Sheet(1210, 770)
    sheet.text(24, 40, "pi-reader: what goes where", 24, weight="bold")
    sheet.text(24, 64, "Every part is optional: two lamps are enough.", 13, "#546e7a")
    header(sheet, 10, 92, named)
    sheet.text(206, 92, "the end with the memory card", 12, "#546e7a", "middle")
    sheet.text(
        206, 732, "the end with the USB sockets (3) or the camera (Zero)", 12, "#546e7a", "middle"
    )
    lamps(sheet, 430, 24, [wire for wire in all_wires if wire.part.startswith("leds")])
    button(sheet, 430, 518, by_part["button.pin"])
    segments(sheet, 804, 24, [wire for wire in all_wires if wire.part.startswith("segments")])
    oled(sheet, 804, 340, by_part["oled sda"], by_part["oled scl"])
    light(sheet, 804, 538, by_part["light.pin"])
    each = milliamps(PIN_VOLTS, RED_VOLTS, OHMS)
    card(
        sheet,
        430,
        646,
        350,
        98,
        "Currents",
        f"({PIN_VOLTS} V - {RED_VOLTS} V) / {OHMS} Ω = {each:.1f} mA a lamp;",
    )
    sheet.text(446, 708, "a pin gives up to 16 mA, all together 50 mA:", 12, "#546e7a")
    sheet.text(
        446,
        725,
        f"{MOST_LIT} lit at once, which is the most here, are {MOST_LIT * each:.0f} mA",
        12,
        "#546e7a",
    )
    return sheet.svg()


if __name__ == "__main__":
    DRAWING.write_text(drawing(example(EXAMPLE.read_text(encoding="utf-8"))), encoding="utf-8")
