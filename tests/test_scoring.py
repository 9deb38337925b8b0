"""The score of readings: worked examples by hand, and the same figures as the outside scorer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pi_reader.errors import BadData, MissingFile
from pi_reader.scoring import (
    Score,
    Truth,
    count,
    edit_distance,
    folds,
    load_labels,
    match,
    mistakes,
    scores,
)
from pi_reader.values import Box, Digit, Line, Reading


def digit(label: int, x: int, sure: bool = True, width: int = 10) -> Digit:
    return Digit(label, 0.9, ((label + 1) % 10, 0.05), sure, Box(x, 0, width, 20))


def reading(*digits: Digit, source: str = "a.jpg") -> Reading:
    return Reading(source, (200, 100), (Line(digits),) if digits else ())


TRUTH = Truth(
    "a.jpg",
    ((1, Box(0, 0, 10, 20)), (2, Box(20, 0, 10, 20)), (3, Box(40, 0, 10, 20))),
    ("123",),
    "normal",
)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (Box(0, 0, 10, 10), Box(0, 0, 10, 10), 1.0),
        (Box(0, 0, 10, 10), Box(5, 0, 10, 10), 50 / 150),
        (Box(0, 0, 10, 10), Box(10, 0, 10, 10), 0.0),
        (Box(0, 0, 0, 0), Box(0, 0, 0, 0), 0.0),
    ],
)
def test_ok__iou(a: Box, b: Box, expected: float) -> None:
    assert a.overlap(b) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("got", "want", "cost"),
    [
        ("123", "123", 0),
        ("", "123", 3),
        ("123", "", 3),
        ("13", "123", 1),
        ("1923", "123", 1),
        ("321", "123", 2),
        ("23", "12", 2),
    ],
)
def test_ok__edit_distance(got: str, want: str, cost: int) -> None:
    assert edit_distance(got, want) == cost == edit_distance(want, got)


def test_ok__best_overlap_is_paired_first() -> None:
    found = [Box(4, 0, 10, 10), Box(1, 0, 10, 10)]
    assert match(found, [Box(0, 0, 10, 10)]) == {1: 0}


def test_ok__all_right() -> None:
    score = count(TRUTH, reading(digit(1, 0), digit(2, 20), digit(3, 40)))
    figures = score.figures()
    assert figures["f1"] == figures["read_exactly"] == 1.0
    assert figures["digit_error_rate"] == figures["sure_wrong"] == figures["unsure"] == 0.0


def test_ok__wrong_unsure_and_invented() -> None:
    score = count(TRUTH, reading(digit(7, 0), digit(2, 20, sure=False), digit(3, 40), digit(9, 90)))
    assert (score.true, score.predicted, score.paired, score.right) == (3, 3, 2, 1)
    assert score.unsure == 1
    assert score.edits == 3  # 7?39 for 123: one changed, one missing, one too many
    assert score.figures()["sure_wrong"] == pytest.approx(2 / 3)


def test_ok__mistakes_name_what_and_where() -> None:
    doubted = digit(2, 20, sure=False)
    wrong = mistakes(TRUTH, reading(digit(7, 0), doubted, digit(9, 90)))
    assert [(d.label if d else None, label) for d, label, _ in wrong] == [
        (7, 1),
        (9, None),
        (2, 2),
        (None, 3),
    ]
    assert mistakes(TRUTH, reading(digit(1, 0), digit(2, 20), digit(3, 40))) == []


def test_ok__scores_add_up_by_difficulty() -> None:
    hard = Truth("b.jpg", TRUTH.digits, None, "hard")
    groups = scores([TRUTH, hard], {"a.jpg": reading(digit(1, 0))})
    assert groups["all"].true == 6
    assert groups["hard"] == Score(photos=1, true=3)
    assert groups["normal"].right == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "[" * 100_000,
        "{}x",
        "[]",
        "[1]",
        '[{"file": "a"}]',
        '[{"file": "a", "digits": [{"label": 1, "box": [1, 2]}]}]',
    ],
)
def test_fail__labels_that_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "labels.json").write_text(text)
    with pytest.raises(BadData, match=r"labels\.json"):
        load_labels(tmp_path)


def test_fail__no_labels(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"labels\.json"):
        load_labels(tmp_path)


def test_ok__agrees_with_the_outside_scorer(shared: Path, tmp_path: Path) -> None:
    """Readings made from the truth and then spoiled at random score the same both ways."""
    rng = np.random.default_rng(5)
    truths = load_labels(shared / "photos")
    readings = {truth.file: spoiled(truth, rng) for truth in truths[:-2]}
    lines = tmp_path / "readings.jsonl"
    lines.write_text("\n".join(as_line(one) for one in readings.values()))
    result = subprocess.run(
        [
            sys.executable,
            shared / "score_photos.py",
            lines,
            shared / "photos" / "labels.json",
            "--by",
            "difficulty",
            "--json",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    outside = json.loads(result.stdout)
    ours = {group: score.figures() for group, score in scores(truths, readings).items()}
    assert ours.keys() == outside.keys()
    for group, figures in ours.items():
        assert figures == pytest.approx(outside[group], abs=5e-4, nan_ok=True)
    assert 0.1 < ours["all"]["f1"] < 0.95


def spoiled(truth: Truth, rng: np.random.Generator) -> Reading:
    digits = []
    for label, box in truth.digits:
        shift = int(rng.integers(-box.width // 2, box.width // 2 + 1))
        moved = Box(box.x + shift, box.y, box.width, box.height)
        label = int(rng.integers(10)) if rng.random() < 0.2 else label
        if rng.random() < 0.9:
            digits.append(Digit(label, 0.9, (0, 0.1), bool(rng.random() < 0.8), moved))
    return reading(*digits, source=truth.file)


def as_line(one: Reading) -> str:
    return json.dumps(
        {
            "source": one.source,
            "lines": [
                {
                    "text": line.text,
                    "digits": [
                        {
                            "label": d.label,
                            "sure": d.sure,
                            "box": [d.box.x, d.box.y, d.box.width, d.box.height],
                        }
                        for d in line.digits
                    ],
                }
                for line in one.lines
            ],
        }
    )


def test_ok__folds_tell_of_the_mean_and_of_the_worst_source() -> None:
    written = tuple((1, Box(20 * x, 0, 10, 20)) for x in range(40))
    read = tuple(Digit(1, 0.99, (7, 0.0), True, box) for _, box in written)
    truths = [
        Truth(name, written, ("1" * 40,), source=name) for name in ("good", "bad", "also good")
    ]
    truths.append(Truth("few", written[:5], ("1" * 5,), source="few"))
    readings = {
        "good": Reading("good", (0, 0), (Line(read),)),
        "also good": Reading("also good", (0, 0), (Line(read),)),
        "bad": Reading("bad", (0, 0), (Line(read[:20]),)),
    }
    held = folds(truths, readings)
    errors = held["digit_error_rate"]
    assert held["sources"] == 4 and errors["worst_source"] == "bad" and errors["worst"] == 0.5
    assert errors["total"] == 25 / 125 and errors["mean_of_sources"] == (0 + 0 + 0.5 + 1) / 4
    assert errors["low"] <= errors["total"] <= errors["high"] and held["sure_wrong"]["total"] == 0
    assert folds(truths, readings) == held
