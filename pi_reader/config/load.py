"""From the file to settings, or to one line that says which key is wrong and what it should be."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from pi_reader.config.settings import Settings
from pi_reader.errors import BadSettings

LARGEST_FILE = 64 << 10  # bytes
I2C_PINS = (2, 3)  # what a display on the I2C bus needs for itself


def load_settings(path: Path) -> Settings:
    """The settings in a file; the defaults where there is none, as on a desktop.

    Raises BadSettings for a file that cannot be read, is no TOML, or holds a key that does not
    exist, a value that breaks its rule, or a pin that is used twice.
    """
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise BadSettings(f"{path}: is larger than {LARGEST_FILE >> 10} KB, no settings are")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"{path}: cannot be read ({error}); mend or remove it") from error
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(f"{path}: is not TOML: {error}") from error
    try:
        return settings_from(tables)
    except BadSettings as error:
        raise BadSettings(f"{path}: {error}") from error


def settings_from(tables: Mapping[str, Any]) -> Settings:
    """Settings from tables as TOML gives them. Raises BadSettings that names the key."""
    sections = {section.name: section for section in fields(Settings)}
    chosen = {}
    for name, table in tables.items():
        if name not in sections:
            raise BadSettings(f"[{name}]: there is no such section{_nearest(name, sections)}")
        if not isinstance(table, dict):
            raise BadSettings(f"{name}: is a value, should be a section: [{name}]")
        chosen[name] = _section(name, sections[name].default_factory, table)  # type: ignore
    settings = Settings(**chosen)
    _check_together(settings)
    return settings


def _section(name: str, kind: type, table: Mapping[str, Any]) -> Any:
    """One section of the file as its dataclass."""
    keys = {key.name: key.metadata["rule"] for key in fields(kind)}
    values = {}
    for key, value in table.items():
        if key not in keys:
            raise BadSettings(f"{name}.{key}: there is no such setting{_nearest(key, keys)}")
        rule = keys[key]
        if not rule.holds(value):
            raise BadSettings(f"{name}.{key}: is {value!r:.60}, should be {rule.words}")
        values[key] = _frozen(value)
    return kind(**values)


def _frozen(value: Any) -> Any:
    """Lists as tuples, all the way down."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    """A word on what was probably meant."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"


def pins(settings: Settings) -> Iterator[tuple[int, str]]:
    """Every GPIO line in use, with the full name of the key that asks for it."""
    for section in ("light", "leds", "segments", "button"):
        for key in ("pin", "digits", "sure", "unsure", "heartbeat", "pins", "point"):
            value = getattr(getattr(settings, section), key, None)
            for pin in value if isinstance(value, tuple) else () if value is None else (value,):
                yield pin, f"{section}.{key}"
    if settings.oled.on and settings.oled.port == 1:
        yield from ((pin, "oled.on") for pin in I2C_PINS)


def _check_together(settings: Settings) -> None:
    """What no single key can know. Raises BadSettings."""
    taken: dict[int, str] = {}
    for pin, key in pins(settings):
        if pin in taken:
            raise BadSettings(f"{key}: GPIO{pin} is already used by {taken[pin]}; choose another")
        taken[pin] = key
    service, camera = settings.service, settings.camera
    if service.seen > service.of:
        raise BadSettings(f"service.seen: is {service.seen}, should be at most service.of, which is"
                          f" {service.of}")
    if service.fastest < service.looks_per_second:
        raise BadSettings(f"service.fastest: is {service.fastest:g}, should be at least"
                          f" service.looks_per_second, {service.looks_per_second:g}")
    if camera.kind == "folder" and not camera.folder:
        raise BadSettings('camera.folder: is empty, should name the folder of camera.kind "folder"')
    width, height = camera.width, camera.height
    if camera.rotation in (90, 270):
        width, height = height, width
    for key, boxes in (("region", (camera.region,) if camera.region else ()),
                       ("masked", camera.masked)):
        for x, y, wide, high in boxes:
            if x + wide > width or y + high > height:
                raise BadSettings(f"camera.{key}: [{x}, {y}, {wide}, {high}] reaches beyond the"
                                  f" frame of {width}x{height} pixels")
