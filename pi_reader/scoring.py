"""Scores readings of labelled photographs: detection, labels, and false positives.

A digit counts as found where a sure box overlaps the true one (intersection over union at least
0.3), pairs being made best overlap first. A `?` is never right: it counts as missed. The digit
error rate is the edit distance (Levenshtein) between what was read and what is written, divided by
the number of digits written.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pi_reader.errors import BadData, MissingFile
from pi_reader.values import Box, Digit, Reading

OVERLAP = 0.3
MANY = 30  # digits of a source that is worth naming
DRAWS = 1000  # of the bootstrap


@dataclass(frozen=True)
class Truth:
    """The ground truth of one photograph.

    file: its name, relative to the folder of the labels; digits: (label, box) of each digit.
    reading: the lines as a person would copy them, or None if that is debatable.
    difficulty: a word to group by, as "normal" or "hard"; source: who took it.
    """

    file: str
    digits: tuple[tuple[int, Box], ...]
    reading: tuple[str, ...] | None
    difficulty: str = ""
    source: str = ""


@dataclass
class Score:
    """Counts over any number of photographs; the sum of two scores is the score of both."""

    photos: int = 0
    true: int = 0
    predicted: int = 0
    paired: int = 0
    right: int = 0
    unsure: int = 0
    read_photos: int = 0
    read_digits: int = 0
    edits: int = 0
    exact: int = 0

    def __iadd__(self, other: Score) -> Score:
        for count in fields(self):
            setattr(self, count.name, getattr(self, count.name) + getattr(other, count.name))
        return self

    def figures(self) -> dict[str, float | int]:
        """The metrics to report; NaN for a ratio with a denominator of 0."""
        return {
            "photos": self.photos,
            "digits": self.true,
            "predicted": self.predicted,
            "precision": _share(self.right, self.predicted),
            "recall": _share(self.right, self.true),
            "f1": _share(2 * self.right, self.predicted + self.true),
            "f1_loc": _share(2 * self.paired, self.predicted + self.true),
            "found": _share(self.paired, self.true),
            "label_accuracy": _share(self.right, self.paired),
            "digit_error_rate": _share(self.edits, self.read_digits),
            "read_exactly": _share(self.exact, self.read_photos),
            "false_per_photo": _share(self.predicted - self.paired, self.photos),
            "sure_wrong": _share(self.predicted - self.right, self.true),
            "unsure": _share(self.unsure, self.true),
        }


def load_labels(folder: Path) -> tuple[Truth, ...]:
    """The ground truth of a folder of photographs, from its labels.json.

    That is a list of {"file", "digits": [{"label", "box": [x, y, w, h]}], "reading", "difficulty"};
    the last two may be missing. Raises MissingFile and BadData.
    """
    path = Path(folder) / "labels.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        truths = tuple(_truth(entry) for entry in entries)
    except FileNotFoundError as error:
        raise MissingFile(f"{path}: there is no such file; photographs are scored by it") from error
    except OSError as error:
        raise BadData(f"{path}: cannot be read ({error.strerror})") from error
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise BadData(f"{path}: is no list of labelled photographs ({error!r})") from error
    if not truths:
        raise BadData(f"{path}: names no photographs; there is nothing to score")
    return truths


def count(truth: Truth, reading: Reading, overlap: float = OVERLAP) -> Score:
    """Compare one reading with the truth."""
    sure = [digit for digit in reading.digits if digit.sure]
    pairs = match([digit.box for digit in sure], [box for _, box in truth.digits], overlap)
    found = set(pairs.values())
    missed = [box for index, (_, box) in enumerate(truth.digits) if index not in found]
    doubted = match([digit.box for digit in reading.digits if not digit.sure], missed, overlap)
    score = Score(
        photos=1,
        true=len(truth.digits),
        predicted=len(sure),
        paired=len(pairs),
        right=sum(sure[i].label == truth.digits[j][0] for i, j in pairs.items()),
        unsure=len(doubted),
    )
    if truth.reading is not None:
        want = "".join(truth.reading)
        got = "".join(letter for letter in reading.text if letter.isdigit())
        score.read_photos, score.read_digits = 1, len(want)
        score.edits = edit_distance(got, want)
        score.exact = int(score.edits == 0)
    return score


def scores(truths: Iterable[Truth], readings: Mapping[str, Reading]) -> dict[str, Score]:
    """Scores by difficulty, and under "all"; a photograph without a reading counts as empty."""
    groups = {"all": Score()}
    for truth in truths:
        one = count(truth, readings.get(truth.file, Reading(truth.file, (0, 0))))
        groups["all"] += one
        if truth.difficulty:
            groups.setdefault(truth.difficulty, Score())
            groups[truth.difficulty] += one
    return groups


def folds(truths: Sequence[Truth], readings: Mapping[str, Reading]) -> dict[str, Any]:
    """How far the score holds for photographs of people who were not looked at.

    The digit error rate and the share of sure digits that are wrong: over all, as the mean over
    sources, of the worst source with MANY digits or more, and the middle 90 % of what other draws
    of as many sources would have given (bootstrap; Efron, 1979).
    """
    by_source: dict[str, Score] = {}
    for truth in truths:
        one = count(truth, readings.get(truth.file, Reading(truth.file, (0, 0))))
        by_source.setdefault(truth.source, Score())
        by_source[truth.source] += one
    sources = list(by_source.values())
    rng = random.Random(0)
    result: dict[str, Any] = {"sources": len(sources)}
    for name in ("digit_error_rate", "sure_wrong"):
        shares = {
            source: share
            for source, score in by_source.items()
            if not math.isnan(share := float(score.figures()[name]))
        }
        large = {source: shares[source] for source in shares if by_source[source].true >= MANY}
        worst = max(large, key=large.__getitem__, default="")
        draws = sorted(
            float(_sum(rng.choices(sources, k=len(sources))).figures()[name]) for _ in range(DRAWS)
        )
        result[name] = {
            "total": float(_sum(sources).figures()[name]),
            "mean_of_sources": sum(shares.values()) / max(1, len(shares)),
            "worst_source": worst,
            "worst": large.get(worst, math.nan),
            "low": draws[DRAWS // 20],
            "high": draws[-DRAWS // 20],
        }
    return result


def _sum(parts: Iterable[Score]) -> Score:
    total = Score()
    for part in parts:
        total += part
    return total


def mistakes(truth: Truth, reading: Reading) -> list[tuple[Digit | None, int | None, Box]]:
    """What went wrong on one photograph: (the digit read, the label written, where).

    A sure digit with another label; a sure digit where none is written (label None); a written
    digit that no sure one overlaps (digit None, or the unsure one that stands there).
    """
    sure = [digit for digit in reading.digits if digit.sure]
    unsure = [digit for digit in reading.digits if not digit.sure]
    boxes = [box for _, box in truth.digits]
    pairs = match([digit.box for digit in sure], boxes)
    doubted = {j: i for i, j in match([digit.box for digit in unsure], boxes).items()}
    found = set(pairs.values())
    wrong: list[tuple[Digit | None, int | None, Box]] = []
    for i, digit in enumerate(sure):
        if i not in pairs:
            wrong.append((digit, None, digit.box))
        elif truth.digits[pairs[i]][0] != digit.label:
            wrong.append((digit, truth.digits[pairs[i]][0], digit.box))
    wrong += [
        (unsure[doubted[j]] if j in doubted else None, label, box)
        for j, (label, box) in enumerate(truth.digits)
        if j not in found
    ]
    return wrong


def match(found: Sequence[Box], true: Sequence[Box], overlap: float = OVERLAP) -> dict[int, int]:
    """One-to-one pairs, index of found -> index of true, the best overlap taken first."""
    candidates = sorted(
        (-a.overlap(b), i, j) for i, a in enumerate(found) for j, b in enumerate(true)
    )
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for negative, i, j in candidates:
        if -negative >= overlap and i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return pairs


def edit_distance(got: str, want: str) -> int:
    """Insertions, deletions and substitutions that turn one text into the other (Levenshtein)."""
    costs = list(range(len(want) + 1))
    for row, letter in enumerate(got, 1):
        diagonal, costs[0] = costs[0], row
        for column, wanted in enumerate(want, 1):
            diagonal, costs[column] = (
                costs[column],
                min(costs[column] + 1, costs[column - 1] + 1, diagonal + (letter != wanted)),
            )
    return costs[-1]


def _truth(entry: Mapping[str, Any]) -> Truth:
    digits = tuple((int(digit["label"]), Box(*map(int, digit["box"]))) for digit in entry["digits"])
    reading = entry.get("reading")
    return Truth(
        str(entry["file"]),
        digits,
        None if reading is None else tuple(map(str, reading)),
        str(entry.get("difficulty", "")),
        str(entry.get("source", "")),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
