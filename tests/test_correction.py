"""Correcting with one button, as a table of presses; and what the presses do besides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from box import NOW, last_event, page, reading

from pi_reader.box.button_actions import ButtonActions
from pi_reader.box.correction import PATIENCE, CorrectionDialogue
from pi_reader.box.problems import Problems
from pi_reader.box.reading_log import ReadingLog
from pi_reader.learning.samples import Samples
from pi_reader.values import NO_DIGIT, Correction


@dataclass(frozen=True)
class Press:
    kind: str
    at: float = 0.0


def pressed(text: str, presses: str) -> CorrectionDialogue:
    """A correction after presses, `s` short and `l` long, one a second."""
    correcting = CorrectionDialogue(reading(text), 0.0)
    for second, letter in enumerate(presses):
        correcting.press({"s": "short", "l": "long"}[letter], float(second))
    return correcting


@pytest.mark.parametrize(
    ("text", "presses", "kept", "over"),
    [
        ("12", "", {}, False),
        ("12", "ll", {0: 1, 1: 2}, True),
        ("12", "sl", {0: 2}, False),
        ("12", "lsssl", {0: 1, 1: 5}, True),
        ("8", "ssl", {0: None}, True),  # 8, 9, no digit
        ("8", "sssl", {0: 0}, True),
        ("1\n2", "lsl", {0: 1, 1: 3}, True),
        ("?", "l", {0: 7}, True),  # a doubtful digit begins with the likeliest
        ("8", "l" + "sssl", {0: 8}, True),  # what comes after the end means nothing
    ],
)
def test_ok__presses(text: str, presses: str, kept: dict[int, int | None], over: bool) -> None:
    correcting = pressed(text, presses)
    assert (correcting.kept, correcting.over) == (kept, over)


def test_ok__the_view() -> None:
    assert pressed("4?", "").view == Correction("4?", 0, 4)
    assert pressed("4?", "s").view == Correction("4?", 0, 5)
    assert pressed("4?", "sl").view == Correction("5?", 1, 7)
    assert pressed("97", "sl").view == Correction(" 7", 1, 7)
    assert pressed("97", "s").view == Correction("97", 0, None)


def test_ok__ten_seconds_without_a_press_leave() -> None:
    correcting = pressed("12", "sl")  # the last press came at second 1
    correcting.tick(1 + PATIENCE - 0.01)
    assert not correcting.over
    correcting.tick(1 + PATIENCE)
    assert correcting.over and correcting.kept == {0: 2}


def test_fail__nothing_to_correct() -> None:
    with pytest.raises(ValueError, match="no digits"):
        CorrectionDialogue(reading(""), 0.0)


@pytest.fixture
def reading_log(tmp_path: Path) -> Iterator[ReadingLog]:
    with closing(log_in(tmp_path)) as log:
        yield log


def log_in(folder: Path, collect_unsure: bool = False) -> ReadingLog:
    """A log with samples in a folder."""
    samples = Samples(folder / "samples.db")
    problems = Problems(lambda line: None)
    return ReadingLog(problems, samples=samples, collect_unsure=collect_unsure, wall=lambda: NOW)


def labels(tmp_path: Path) -> list[tuple[int, int, int | None, str]]:
    """Place, what was read, label and source of each sample on the card."""
    with Samples(tmp_path / "samples.db") as samples:
        return [(s.place, s.read, s.label, s.source) for s in last_event(samples)]


def test_ok__on_the_card_before_it_is_said(reading_log: ReadingLog, tmp_path: Path) -> None:
    presses = ButtonActions(reading_log)
    reading_log.enter(reading("123"), page("123"))
    presses.take([Press("long"), Press("short")], 0.0)
    assert presses.correction == Correction("123", 0, 2) and presses.news(0.0) == ""
    presses.take([Press("long"), Press("long")], 1.0)
    presses.take([Press("short")] * 7, 2.0)  # 3 to 9, then no digit
    assert labels(tmp_path) == []
    presses.take([Press("long")], 3.0)
    assert labels(tmp_path) == [
        (0, 1, 2, "button"),
        (1, 2, 2, "button"),
        (2, 3, NO_DIGIT, "button"),
    ]
    assert presses.correction is None and presses.news(3.0) == "kept 3 digits"
    assert presses.news(60.0) == ""


def test_ok__a_second_correction_overrules_the_first(
    reading_log: ReadingLog, tmp_path: Path
) -> None:
    presses = ButtonActions(reading_log)
    reading_log.enter(reading("12"), page("12"))
    presses.take([Press(kind) for kind in ("long", "long", "long")], 0.0)
    presses.take([Press(kind) for kind in ("long", "short", "long")], 1.0)
    presses.take([], 1.0 + PATIENCE)
    assert labels(tmp_path) == [(0, 1, 2, "button"), (1, 2, 2, "button")]


def test_ok__other_presses(reading_log: ReadingLog) -> None:
    presses = ButtonActions(reading_log)
    presses.take([Press("long")], 0.0)
    assert "nothing was read yet" in presses.news(0.0) and presses.correction is None
    presses.take([Press("short"), Press("hold")], 0.0)
    assert presses.read_again and not presses.off
    freezing = ButtonActions(reading_log, "freeze")
    freezing.take([Press("short")], 0.0)
    assert freezing.frozen and not freezing.read_again
    freezing.take([Press("short")], 0.0)
    assert not freezing.frozen


def test_ok__five_seconds_switch_off_and_keep_nothing(
    reading_log: ReadingLog, tmp_path: Path
) -> None:
    called: list[bool] = []
    presses = ButtonActions(reading_log, power_off=lambda: called.append(True))
    reading_log.enter(reading("1"), page("1"))
    presses.take([Press("long"), Press("hold")], 0.0)
    presses.take([], 60.0)
    assert called == [True] and presses.off and labels(tmp_path) == []


def test_fail__a_card_that_takes_nothing_is_not_confirmed(tmp_path: Path) -> None:
    (tmp_path / "samples.db").mkdir()  # no database can be there
    reading_log = log_in(tmp_path)
    reading_log.enter(reading("1"), page("1"))
    presses = ButtonActions(reading_log)
    presses.take([Press("long"), Press("long")], 0.0)
    assert "samples.db" in presses.news(0.0)


def test_ok__doubtful_digits_are_collected_only_if_asked_for(tmp_path: Path) -> None:
    for wanted, kept in ((False, []), (True, [(1, 7, None, "unsure")])):
        with closing(log_in(tmp_path, wanted)) as reading_log:
            reading_log.enter(reading("1?3"), page("1?3"))
        assert labels(tmp_path) == kept


def test_ok__the_cutout_is_what_the_camera_saw(reading_log: ReadingLog, tmp_path: Path) -> None:
    frame = page("1")
    event = reading_log.enter(reading("1"), frame)
    reading_log.keep(event, {0: 1}, "command")
    with Samples(tmp_path / "samples.db") as samples:
        (sample,) = last_event(samples)
    assert sample.cutout is not None and sample.cutout.dtype == np.uint8
    assert (sample.cutout == frame.grey[88:142, 88:132]).all()  # 0.4 of 30 pixels around 20 x 30
    assert sample.when == NOW and sample.patch.shape == (28, 28)
