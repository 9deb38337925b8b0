"""Settings that were changed at the page: a file of their own, laid over the one that root wrote.

Only keys that cannot keep the box from starting are taken from it: never pins, paths, users or whom
it talks to. Both together pass the same checks as one file does.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from pi_reader.config.folders import Folders
from pi_reader.config.load import load_settings, settings_from, text_of
from pi_reader.config.settings import Settings
from pi_reader.errors import BadSettings, Busy
from pi_reader.hashing import sha256

EDITABLE = {
    "camera": ("rotation", "mirrored", "region", "masked", "focus_metres"),
    "reader": ("sure_at",),
    "segments": ("seconds", "gap"),
    "oled": ("turned", "dim_after_seconds"),
    "button": ("short", "long_seconds"),
    "service": ("seen", "of", "looks_per_second", "fastest"),
    "history": ("on", "most", "pictures", "most_pictures"),
    "samples": ("collect_unsure",),
    "night": ("on", "starts", "hours", "hottest"),
    "web": ("guest",),
}
NUMBERS = "numbers"  # a list of tables, set as a whole
_KEYS = (*(f"{section}.{key}" for section, keys in EDITABLE.items() for key in keys), NUMBERS)
_HIDDEN = ("file", "folder")  # how names end of what is nobody's business at the page
_HEAD = b"# What was set at the page. The next change there replaces this file.\n"


class BadKey(BadSettings):
    """A setting that cannot be changed like this. key: its full name; near: what may be meant."""

    def __init__(self, key: str, words: str, near: tuple[str, ...] = ()) -> None:
        super().__init__(words)
        self.key, self.near = key, near


def load_layered(folders: Folders) -> tuple[Settings, str]:
    """The settings with what was set at the page; and why that is left out, "" if it is not.

    Raises BadSettings for the file itself.
    """
    plain = load_settings(folders.settings)
    try:
        own = _own(folders.own_settings)
        return (_both(folders, own) if own else plain), ""
    except BadSettings as error:
        return plain, f"{folders.own_settings}: is left out, {error}; set it anew at the page"


def version(folders: Folders) -> str:
    """What changes whenever one of the two files does: 16 hexadecimal digits."""
    digest = sha256()
    for path in (folders.settings, folders.own_settings):
        try:
            digest.update(text_of(path).encode() + b"\0")
        except (OSError, BadSettings):
            digest.update(b"\0")
    return digest.hexdigest()[:16]


def changed(folders: Folders, expected: str, changes: Mapping[str, Any]) -> bytes:
    """The page's file with some changes; None takes a key out of it.

    expected: the version that the changes are meant for. Raises Busy if it is another by now,
    BadKey for what may not be set, or not to this value.
    """
    if version(folders) != expected:
        raise Busy("settings: have changed meanwhile; look at them again")
    try:
        own = _own(folders.own_settings)
    except BadSettings:  # a damaged one is made anew
        own = {}
    for name, value in changes.items():
        if name not in _KEYS:
            near = tuple(difflib.get_close_matches(name[:80], _KEYS, 2))
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise BadKey(name[:80], f"{name:.40}: is no setting of the page{hint}", near)
        if name == NUMBERS:
            own.pop(name, None)
            own |= {} if value is None else {name: value}
            continue
        section, _, key = name.partition(".")
        own.setdefault(section, {}).pop(key, None)
        if value is not None:
            own[section][key] = value
    try:
        _both(folders, own)
    except BadSettings as error:
        words = str(error)
        first = words.partition(":")[0].partition(",")[0]
        first = NUMBERS if first.startswith(f"{NUMBERS}.") else first
        raise BadKey(first if first in changes else next(iter(changes)), words) from error
    return _HEAD + _toml(own)


def described(folders: Folders) -> Iterator[dict[str, Any]]:
    """For the page: version and trouble, then each section with its keys, rules and values."""
    settings, trouble = load_layered(folders)
    yield {"version": version(folders), "trouble": trouble}
    file = _tables(folders.settings)
    own = {} if trouble else _own(folders.own_settings)
    for name, table in settings.sections.items():
        default = type(table)()
        keys = [
            _key(name, key, table, default, file, own)
            for key in fields(table)
            if not key.name.endswith(_HIDDEN)
        ]
        yield {"name": name, "keys": keys}
    tables = own.get(NUMBERS, file.get(NUMBERS, []))
    yield {"name": NUMBERS, "tables": tables} | ({"page": True} if NUMBERS in own else {})


def _key(
    section: str,
    key: Any,
    table: Any,
    defaults: Any,
    file: Mapping[str, Any],
    own: Mapping[str, Any],
) -> dict[str, Any]:
    rule, default = key.metadata["rule"], getattr(defaults, key.name)
    values = {
        "name": key.name,
        "value": getattr(table, key.name),
        "default": default,
        "editable": key.name in EDITABLE.get(section, ()),
        "rule": rule.words,
        "type": rule.kind or type(default).__name__,
    }
    for place, tables in (("file", file), ("page", own)):
        if key.name in tables.get(section, {}):
            values[place] = tables[section][key.name]
    return values | dict(rule.limits)


def _tables(path: Path) -> dict[str, Any]:
    """A settings file, unchecked. Raises BadSettings."""
    try:
        return tomllib.loads(text_of(path))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BadSettings(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise BadSettings(f"{path}: is not TOML: {error}") from error


def _own(path: Path) -> dict[str, Any]:
    """What was set at the page; of that only what may be. Raises BadSettings."""
    tables = _tables(path)
    numbers = {NUMBERS: tables[NUMBERS]} if NUMBERS in tables else {}
    return numbers | {
        section: {key: table[key] for key in EDITABLE[section] if key in table}
        for section, table in tables.items()
        if section in EDITABLE and isinstance(table, dict)
    }


def _both(folders: Folders, own: Mapping[str, Any]) -> Settings:
    """The settings with the page's laid over them. Raises BadSettings."""
    return settings_from(_laid(_tables(folders.settings), own), folders.parts)


def _laid(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Tables with others laid over them; a list replaces the other one."""
    both = dict(under)
    for section, keys in over.items():
        table = under.get(section, {})
        merges = isinstance(table, dict) and isinstance(keys, dict)
        both[section] = {**table, **keys} if merges else keys
    return both


def _toml(tables: Mapping[str, Any]) -> bytes:
    """Tables as TOML; numbers, texts, switches and lists of them are written there as in JSON."""
    numbers = tables.get(NUMBERS)
    lines = [f"{NUMBERS} = []"] if numbers == [] else []
    parts = [(f"[{section}]", keys) for section, keys in tables.items() if section != NUMBERS]
    for head, keys in parts + [(f"[[{NUMBERS}]]", one) for one in numbers or []]:
        if keys:
            lines.append(f"\n{head}")
            lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    return "\n".join(lines).encode() + b"\n"
