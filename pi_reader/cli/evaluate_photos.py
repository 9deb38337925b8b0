"""The part of `pi-reader evaluate` that reads labelled photographs."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pi_reader.errors import BadData, MissingFile

if TYPE_CHECKING:
    import numpy as np

    from pi_reader.scoring import Score, Truth
    from pi_reader.values import Digit, Frame, Reading


def evaluate_photos(
    folder: Path,
    weights: str,
    as_json: bool,
    pictures: Path | None,
    by_source: bool = False,
    force: bool = False,
) -> int:
    """Read the folder's photographs, print the score, and collect the errors in a picture.

    by_source: also say how far the score holds for people who were not looked at.

    A photograph that cannot be loaded counts as read empty, and sets the exit code: 65 if one is
    damaged, 66 if one is only missing.
    """
    from pi_reader.camera.files import load
    from pi_reader.cli.common import open_reader, save_picture
    from pi_reader.pictures import sheet
    from pi_reader.scoring import folds, load_labels, scores

    truths = load_labels(folder)
    reader = open_reader(weights)
    readings = {}
    codes = {0}
    errors: list[tuple[np.ndarray, str]] = []
    for truth in truths:
        try:
            frame = load(folder / truth.file, _warn)
        except (BadData, MissingFile) as error:
            print(f"pi-reader: {error}", file=sys.stderr)
            codes.add(error.exit_code)
            continue
        readings[truth.file] = reader.read(frame)
        if pictures:
            errors += _cut_outs(truth, frame, readings[truth.file])
    groups = scores(truths, readings)
    held = folds(truths, readings) if by_source else {}
    print(_as_json(groups, held) if as_json else _table(groups) + _folds(held))
    if pictures:
        save_picture(
            pictures / "errors.png",
            sheet([cut for cut, _ in errors], [caption for _, caption in errors]),
            [folder],
            force,
        )
    return min(codes - {0}, default=0)


def _warn(line: str) -> None:
    print(f"pi-reader: {line}", file=sys.stderr, flush=True)


def _cut_outs(truth: Truth, frame: Frame, reading: Reading) -> list[tuple[np.ndarray, str]]:
    """A crop of the photograph around each error, with a caption."""
    from pi_reader.scoring import mistakes

    found = []
    for digit, label, box in mistakes(truth, reading):
        margin = max(box.width, box.height) // 3
        piece = frame.grey[
            max(0, box.y - margin) : box.bottom + margin,
            max(0, box.x - margin) : box.right + margin,
        ]
        found.append((piece, _caption(digit, label)))
    return found


def _caption(digit: Digit | None, label: int | None) -> str:
    if digit is None:
        return f"{label} missed"
    if label is None:
        return f"no digit: {digit.label}"
    return f"{label} as {digit.label}" + ("" if digit.sure else "?")


def _as_json(groups: dict[str, Score], held: dict[str, Any]) -> str:
    """The scores as JSON, which has no NaN: null instead."""
    figures: dict[str, Any] = {group: score.figures() for group, score in groups.items()}
    return json.dumps(_without_nan(figures | ({"folds": held} if held else {})))


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 6)
    return value


def _folds(held: dict[str, Any]) -> str:
    """The figures by source for people; nothing where they were not asked for."""
    if not held:
        return ""
    lines = [f"\n\nby {held['sources']} sources"]
    for name in ("digit_error_rate", "sure_wrong"):
        one = held[name]
        lines.append(
            f"{name:18}{one['total']:.3f} in all, {one['mean_of_sources']:.3f} mean of sources, "
            f"{one['worst']:.3f} worst ({one['worst_source']}), "
            f"90 % of draws {one['low']:.3f} to {one['high']:.3f}"
        )
    return "\n".join(lines)


def _cell(value: float) -> str:
    if isinstance(value, int):
        return f"{value:10d}"
    return f"{'-':>10}" if math.isnan(value) else f"{value:10.3f}"


def _table(groups: dict[str, Score]) -> str:
    columns = {group: score.figures() for group, score in groups.items()}
    lines = [f"{'':18}" + "".join(f"{group:>10}" for group in columns)]
    for name in columns["all"]:
        cells = (figures[name] for figures in columns.values())
        lines.append(f"{name:18}" + "".join(map(_cell, cells)))
    return "\n".join(lines)
