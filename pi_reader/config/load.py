"""Loads and checks the settings file; an error names the key and what its value should be."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import date, time
from pathlib import Path
from typing import Any

from pi_reader.config.settings import OLED_SIZES, CameraSettings, OledSettings, Settings
from pi_reader.errors import BadSettings

LARGEST_FILE = 64 << 10  # bytes
SMALLEST_REGION = 32  # pixels
I2C_PINS = (2, 3)  # reserved for the I2C bus if a display is used


def load_settings(path: Path) -> Settings:
    """The settings in a file; the defaults if there is none, as on a desktop.

    Raises BadSettings for a file that cannot be read, is no TOML, or holds a key that does not
    exist, a value that breaks its rule, or a pin that is used twice.
    """
    path = Path(path)
    try:
        text = _text_of(path)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise BadSettings(
            f"{path}: cannot be read ({error.strerror}); fix its permissions, or remove"
            " it to use the defaults"
        ) from error
    try:
        return settings_from(tomllib.loads(text))
    except BadSettings as error:
        raise BadSettings(f"{path}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise BadSettings(f"{path}: is not TOML: {error}; fix that line") from error


def _text_of(path: Path) -> str:
    """The text of a settings file. Raises BadSettings if it cannot be one, OSError."""
    if path.exists() and not path.is_file():  # opening a pipe would block
        raise BadSettings(f"{path}: is a folder or a device, should be a file; remove it")
    with open(path, "rb") as file:
        raw = file.read(LARGEST_FILE + 1)
    if len(raw) > LARGEST_FILE:
        raise BadSettings(
            f"{path}: is larger than {LARGEST_FILE >> 10} KB, no settings are;"
            " replace it by the example"
        )
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")  # some editors write a BOM
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadSettings(
            f"{path}: line {line} is not UTF-8 text; save the file as UTF-8"
        ) from error


def settings_from(tables: Mapping[str, Any]) -> Settings:
    """Settings from parsed TOML. Raises BadSettings that names the key."""
    sections = {section.name: section.default_factory for section in fields(Settings)}
    chosen = {}
    for name, table in tables.items():
        if isinstance(table, dict) and name in sections:
            chosen[name] = _section(name, sections[name], table)  # type: ignore[arg-type]
        elif isinstance(table, dict):
            raise BadSettings(f"[{name}]: there is no such section{_nearest(name, sections)}")
        elif name in sections:
            raise BadSettings(f"{name}: is a value, should be a section that begins with [{name}]")
        else:
            raise BadSettings(f"{name}: stands before the first section{_home_of(name)}")
    settings = Settings(**chosen)
    _check_together(settings)
    return settings


def _section(name: str, kind: type, table: Mapping[str, Any]) -> Any:
    """One section of the file as its dataclass."""
    keys = {key.name: key for key in fields(kind)}
    values = {}
    for key, value in table.items():
        if key not in keys:
            raise BadSettings(
                f"{name}.{key}: there is no such setting{_home_of(key) or _nearest(key, keys)}"
            )
        rule = keys[key].metadata["rule"]
        if not rule.holds(value):
            raise BadSettings(f"{name}.{key}: is {_shown(value)}, should be {rule.words}")
        values[key] = float(value) if type(keys[key].default) is float else _frozen(value)
    return kind(**values)


def _frozen(value: Any) -> Any:
    """Lists as tuples, recursively."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _shown(value: Any) -> str:
    """A value for a message, roughly as in the file, cut to a readable length."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) >= 10**30:
        return "a number of many digits"  # Python refuses to print thousands of them
    if isinstance(value, int | float | date | time):
        return str(value)
    if isinstance(value, str):
        return f'"{value:.60}"'
    return (
        "a table"
        if isinstance(value, dict)
        else f"[{', '.join(map(_shown, value[:12]))}{', ...' if len(value) > 12 else ''}]"
    )


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    """A hint at what was probably meant."""
    near = difflib.get_close_matches(name[:80], known, n=2)
    return f"; did you mean {' or '.join(near)}?" if near else f"; there are {', '.join(known)}"


def _home_of(key: str) -> str:
    """A hint at the sections that have a key of that name, "" if none has."""
    homes = [
        f"[{section.name}]"
        for section in fields(Settings)
        if key in {one.name for one in fields(section.default_factory)}  # type: ignore[arg-type]
    ]
    return f"; it belongs to {' or '.join(homes)}" if homes else ""


def pins(settings: Settings) -> Iterator[tuple[int, str]]:
    """Every GPIO line in use, with the full name of the key that uses it."""
    for section in fields(settings):
        table = getattr(settings, section.name)
        for key in fields(table):
            value = getattr(table, key.name)
            if key.metadata["rule"].wires and value is not None:
                for pin in value if isinstance(value, tuple) else (value,):
                    yield pin, f"{section.name}.{key.name}"
    if settings.oled.on and settings.oled.port == 1:
        yield from ((pin, "oled.on") for pin in I2C_PINS)


def _check_together(settings: Settings) -> None:
    """Check what depends on several keys. Raises BadSettings."""
    taken: dict[int, str] = {}
    for pin, key in pins(settings):
        if pin in taken:
            raise BadSettings(f"{key}: GPIO{pin} is already used by {taken[pin]}; choose another")
        taken[pin] = key
    service, camera = settings.service, settings.camera
    if service.seen > service.of:
        raise BadSettings(
            f"service.seen: is {service.seen}, should be at most service.of, which is {service.of}"
        )
    if service.fastest < service.looks_per_second:
        raise BadSettings(
            f"service.fastest: is {service.fastest:g}, should be at least"
            f" service.looks_per_second, {service.looks_per_second:g}"
        )
    if camera.kind == "folder" and not camera.folder:
        raise BadSettings('camera.folder: is empty, should name the folder of camera.kind "folder"')
    link = settings.link
    if link.on and not (link.broker or link.webhook):
        raise BadSettings("link.on: is true, but link.broker and link.webhook are both empty")
    _check_boxes(camera)
    _check_size(settings.oled)


def _check_size(oled: OledSettings) -> None:
    """Check that the chip supports the display's size. Raises BadSettings."""
    sizes = OLED_SIZES[oled.chip]
    if (oled.width, oled.height) not in sizes:
        raise BadSettings(
            f"oled.width, oled.height: are {oled.width}x{oled.height}, should be"
            f" {' or '.join(f'{wide}x{high}' for wide, high in sizes)}, which the"
            f" {oled.chip} has"
        )


def _check_boxes(camera: CameraSettings) -> None:
    """Check that rectangles lie inside the rotated frame. Raises BadSettings."""
    width, height = camera.width, camera.height
    if camera.rotation in (90, 270):
        width, height = height, width
    region = [("region", camera.region)] if camera.region else []
    for key, box in region + [("masked", box) for box in camera.masked]:
        x, y, wide, high = box
        if x + wide > width or y + high > height:
            raise BadSettings(
                f"camera.{key}: {list(box)} reaches beyond the frame of"
                f" {width}x{height} pixels; make it smaller"
            )
    if region and min(camera.region[2:]) < SMALLEST_REGION:
        raise BadSettings(
            f"camera.region: {list(camera.region)} has no room for a digit, should be"
            f" at least {SMALLEST_REGION} pixels wide and high"
        )
