"""The model card in every weights file: where the weights come from and how accurate they are."""

from __future__ import annotations

import json
import math
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from pi_reader.errors import BadData
from pi_reader.files import check_file

LARGEST_CARD = 256 << 10  # bytes of JSON

PREPROCESSING = {"size": 28, "longer_edge": 20, "centred_by": "mass", "full_ink": 255}
"""How patches are made, in pixels and grey levels, for every network of this format."""

_DEEPEST = 20  # tables within tables of the notes
_LONE = re.compile("[\ud800-\udfff]")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ][0-9:.+Z-]{1,30})?", re.ASCII)


@dataclass(frozen=True)
class Card:
    """The facts about one weights file.

    recipe: the name of the recipe that trained it; seed: of its random numbers, None if unknown.
    data: the training sets, each name with the sha256 of its content.
    parent: sha256 of the weights file that training started from, "" if from random weights.
    accuracy: share read right, 0 to 1, None if not measured; measured: on what, and how.
    reject_below: a guess less likely than this, 0 to 1, is shown as "?".
    temperature: what scores are divided by before they become probabilities, above 0.
    date: when it was trained, ISO 8601, "" if the clock could not be trusted.
    preprocessing: how its patches were made; notes: any further facts, fit for JSON.
    """

    recipe: str = ""
    seed: int | None = None
    data: Mapping[str, str] = field(default_factory=dict)
    parent: str = ""
    accuracy: float | None = None
    measured: str = ""
    reject_below: float = 0.0
    temperature: float = 1.0
    date: str = ""
    preprocessing: Mapping[str, Any] = field(default_factory=lambda: dict(PREPROCESSING))
    notes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises ValueError for an invalid field."""
        for name, (is_right, should_be) in _RULES.items():
            value = getattr(self, name)
            if not is_right(value):
                raise ValueError(f"{name} is {value!r:.60}, should be {should_be}")

    def to_json(self) -> dict[str, Any]:
        """The fields as plain values, fit for JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Card:
        """The card with these fields; ValueError if one is unknown, missing or wrong."""
        known = {item.name for item in fields(cls)}
        if wrong := sorted(known ^ set(values)):
            raise ValueError(f"{wrong[0]} is {'missing' if wrong[0] in known else 'unknown'}")
        card = cls(**values)
        if not is_finite_json(values):
            raise ValueError("a number is not finite")
        return card


def read_card(path: Path) -> Card:
    """Read only the card, as for a list of weights: quick and without numpy, but nothing else is
    checked.

    Raises BadData if the file is missing or has no valid card.
    """
    check_file(path)
    try:
        with zipfile.ZipFile(path) as archive, archive.open("card.npy") as member:
            content = member.read(LARGEST_CARD + 1)
        text = content.partition(b"\n")[2]  # an .npy file begins with one line on what follows
        return Card.from_json(json.loads(text)["card"])
    except (
        zipfile.BadZipFile,
        zlib.error,
        AttributeError,
        EOFError,
        KeyError,
        OSError,
        NotImplementedError,
        RecursionError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        raise BadData(f"{path}: its card cannot be read ({error})") from error


def _is_text(value: object) -> bool:
    """Text that can be written: JSON may hold halves of signs that no encoding knows."""
    return isinstance(value, str) and len(value) < 10_000 and not _LONE.search(value)


def _is_date(value: object) -> bool:
    return value == "" or (isinstance(value, str) and bool(_DATE.fullmatch(value)))


def _is_number(low: float, high: float) -> Callable[[object], bool]:
    """A check for a plain Python number: numpy's scalars do not go into JSON."""

    def check(value: object) -> bool:
        return type(value) in (int, float) and low <= value <= high  # type: ignore[operator]

    return check


def _is_seed(value: object) -> bool:
    return value is None or (type(value) is int and 0 <= value < 1 << 64)


def _is_share_or_none(value: object) -> bool:
    return value is None or _is_number(0, 1)(value)


def _is_plain(value: object, depth: int = 0) -> bool:
    """Whether a value is what JSON can hold and a person can look at: plain, not too deep."""
    if isinstance(value, Mapping):
        if not all(map(_is_text, value)):
            return False
        value = list(value.values())
    if isinstance(value, list | tuple):
        return depth < _DEEPEST and all(_is_plain(one, depth + 1) for one in value)
    if isinstance(value, str):
        return _is_text(value)
    return value is None or type(value) in (bool, int, float)


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping) and _is_plain(value)


def _is_text_table(value: object) -> bool:
    return _is_table(value) and all(_is_text(text) for text in value.values())  # type: ignore


def _is_settings(value: object) -> bool:
    """Names with one value each: text, or a plain number."""
    return _is_table(value) and all(
        type(one) in (str, int, float)
        for one in value.values()  # type: ignore[attr-defined]
    )


def is_finite_json(value: object) -> bool:
    """Whether JSON can hold a value: the standard has no infinity, though Python writes one."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):
        return all(map(is_finite_json, value.values()))
    if isinstance(value, list | tuple):
        return all(map(is_finite_json, value))
    return True


_RULES: dict[str, tuple[Callable[[object], bool], str]] = {
    "recipe": (_is_text, "text"),
    "seed": (_is_seed, "a whole number from 0 up, or nothing"),
    "data": (_is_text_table, "names with their sha256"),
    "parent": (_is_text, "text"),
    "accuracy": (_is_share_or_none, "from 0 to 1, or nothing"),
    "measured": (_is_text, "text"),
    "reject_below": (_is_number(0, 1), "from 0 to 1"),
    "temperature": (_is_number(0.01, 100), "from 0.01 to 100"),
    "date": (_is_date, "a date, as 2025-12-31, or nothing"),
    "preprocessing": (_is_settings, "names with numbers or words"),
    "notes": (_is_table, "names with plain values"),
}
