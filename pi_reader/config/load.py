"""Loads and checks the settings file; an error names the key and what its value should be."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import date, time
from pathlib import Path
from typing import Any

from pi_reader.config.settings import Settings
from pi_reader.errors import BadSettings
from pi_reader.numbers.settings import NumberSettings, check_numbers
from pi_reader.numbers.settings import section as each_of

LARGEST_FILE = 64 << 10  # bytes


def load_settings(path: Path, parts: Path | None = None) -> Settings:
    """The settings in a file; the defaults if there is none, as on a desktop.

    parts: the folder of the owner's own outputs, if it does not lie beside the file.

    Raises BadSettings for a file that cannot be read, is no TOML, or holds a key that does not
    exist, a value that breaks its rule, or a pin that is used twice.
    """
    path = Path(path)
    try:
        text = text_of(path)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise BadSettings(
            f"{path}: cannot be read ({error.strerror}); fix its permissions, or remove"
            " it to use the defaults"
        ) from error
    try:
        return settings_from(tomllib.loads(text), parts or path.parent / "parts")
    except BadSettings as error:
        raise BadSettings(f"{path}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise BadSettings(f"{path}: is not TOML: {error}; fix that line") from error


def text_of(path: Path) -> str:
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


def settings_from(tables: Mapping[str, Any], parts: Path | None = None) -> Settings:
    """Settings from parsed TOML; parts: see `load_settings`. Raises BadSettings that names the key.

    An output of the owner's own is loaded only where the settings have a section for it.
    """
    defaults = Settings()
    known, chosen, own = defaults.sections, {}, {}
    numbers: list[NumberSettings] = []
    for name, table in tables.items():
        if name == "numbers":
            numbers = [_section(name, NumberSettings, one) for one in each_of(table)]
            continue
        if parts is not None and name not in known and isinstance(table, dict):
            from pi_reader.parts.own import Unread, own_part

            if (part := own_part(parts, name)) is not None:
                kind = part.settings or Unread
                own[name] = part
                known[name] = kind() if kind is Unread else _section(name, kind, table)
                continue
        if isinstance(table, dict) and name in known:
            chosen[name] = _section(name, type(known[name]), table)
        elif isinstance(table, dict):
            raise BadSettings(f"[{name}]: there is no such section{_nearest(name, known)}")
        elif name in known:
            raise BadSettings(f"{name}: is a value, should be a section that begins with [{name}]")
        else:
            raise BadSettings(f"{name}: stands before the first section{_home_of(name)}")
    sections = {name: chosen.pop(name, section) for name, section in defaults.parts.items()}
    sections |= {name: known[name] for name in own}
    settings = Settings(**chosen, parts=sections, own=own, numbers=tuple(numbers))
    check_numbers(settings.numbers, settings.camera.frame)
    _check_pins(settings)
    if settings.link.on and not (settings.link.broker or settings.link.webhook):
        raise BadSettings("link.on: is true, but link.broker and link.webhook are both empty")
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
        is_float = type(keys[key].default) is float or "float" in str(keys[key].type)
        values[key] = float(value) if is_float else _frozen(value)
    return kind(**values)


def _frozen(value: Any) -> Any:
    """Lists as tuples, recursively."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _shown(value: Any) -> str:
    """A value for a message, roughly as in the file, cut to a readable length."""
    if isinstance(value, bool | None):
        return str(value).lower()  # nothing is in no file, but in what a page sends
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
    homes = [f"[{name}]" for name, section in Settings().sections.items() if key in vars(section)]
    return f"; it belongs to {' or '.join(homes)}" if homes else ""


def pins(settings: Settings) -> Iterator[tuple[int, str]]:
    """Every GPIO line in use, with the full name of the key that uses it."""
    for name, section in settings.sections.items():
        wired = {
            key.name: getattr(section, key.name)
            for key in fields(section)
            if key.metadata["rule"].wires
        }
        for key, value in (wired | getattr(section, "bus_lines", {})).items():
            if value is not None:
                for pin in value if isinstance(value, tuple) else (value,):
                    yield pin, f"{name}.{key}"


def _check_pins(settings: Settings) -> None:
    """Check that nothing is wired to a line twice. Raises BadSettings."""
    taken: dict[int, str] = {}
    for pin, key in pins(settings):
        if pin in taken:
            raise BadSettings(f"{key}: GPIO{pin} is already used by {taken[pin]}; choose another")
        taken[pin] = key
