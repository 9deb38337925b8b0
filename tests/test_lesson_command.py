"""`pi-reader lesson` as a pupil sees it: the list, the mistakes, and everything it says to try."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pi_reader.cli.main import main
from pi_reader.handwriting.page import draw_page
from pi_reader.handwriting.patches import draw_patches
from pi_reader.lessons import course, material
from pi_reader.lessons.base import Blackboard

TRIES = [(name, words) for name in course.LESSONS for words, _ in course.find(name).TRY]


def test_ok__without_a_name_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lesson"]) == 0
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in printed.splitlines() if line.startswith("  ")] == list(
        course.LESSONS
    )


@pytest.mark.parametrize(("name", "words"), TRIES, ids=[words for _, words in TRIES])
def test_ok__what_a_lesson_says_to_try_can_be_tried(
    name: str,
    words: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program, *arguments = shlex.split(words)
    assert program == "pi-reader"
    monkeypatch.chdir(tmp_path)
    if arguments[0] == "sweep":  # as printed, with less of everything behind it
        assert (
            main(
                [
                    *arguments,
                    *["--drawn", "--limit", "60", "--epochs", "1", "--seeds", "1", "--jobs", "1"],
                ]
            )
            == 0
        )
        assert "The best" in capsys.readouterr().out
        return
    assert arguments[0] == "lesson"
    _few_digits(monkeypatch)
    Image.fromarray(draw_page(np.random.default_rng(3)).frame.grey).save("photo.jpg")
    monkeypatch.setattr("pi_reader.lessons.watch.time.sleep", lambda seconds: True)
    assert main([*arguments, "--fast"]) == 0
    printed = capsys.readouterr().out
    assert f"{name}: {course.LESSONS[name]}" in printed
    assert "\nTry\n" in printed


def _few_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lessons get no more digits than they need to run."""
    labels = np.arange(2400) % 10
    patches = draw_patches(labels[:100], np.random.default_rng(1))[np.arange(2400) % 100]

    def load(board: Blackboard, rng: np.random.Generator, learn: int, test: int) -> material.Digits:
        learn = 100 + 1000 * (test == 1000) + 2000 * (test == 0)  # some lessons hold so many back
        return material.Digits(patches[:learn], labels[:learn], patches[:60], labels[:60], "drawn")

    for lesson in ("digits", "curves", "rotations", "minds", "features"):
        monkeypatch.setattr(f"pi_reader.lessons.{lesson}.load_digits", load)


@pytest.mark.parametrize(
    "arguments",
    [
        ["miles", "guess=0.9", "tries=2", "--fast"],
        ["miles", "--fast", "guess=0.9", "tries=2"],
        ["--fast", "miles", "guess=0.9", "--seed", "3", "tries=2"],
    ],
)
def test_ok__settings_may_stand_anywhere(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lesson", *arguments]) == 0
    printed = capsys.readouterr().out
    assert "1   0.9000         90.000   -27.863" in printed and "The number is now 0.66" in printed


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["mile"], 2, "did you mean miles?"),
        (["xylophone"], 2, "there are faces, miles"),
        (["miles", "guess=much"], 2, "guess=much: should be a number"),
        (["miles", "gues=1"], 2, "did you mean guess?"),
        (["miles", "--seed", "-1"], 2, "should be 0 or more"),
    ],
)
def test_fail__asked_for_what_is_not_there(
    arguments: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lesson", *arguments]) == code
    captured = capsys.readouterr()
    assert says in captured.err and len(captured.err.splitlines()) == 1
    assert captured.out == ""


def test_fail__pictures_where_a_file_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "taken"
    path.write_text("")
    assert main(["lesson", "miles", "--fast", "--pictures", str(path)]) == 73
    assert "taken" in capsys.readouterr().err


def test_ok__pictures_or_drawings_are_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lesson", "miles", "--fast", "--pictures", str(tmp_path / "new")]) == 0
    saved = list((tmp_path / "new").iterdir())
    assert [path.stem for path in saved] == ["miles-errors"]
    assert f"[saved {saved[0]}]" in capsys.readouterr().out


@pytest.mark.parametrize(("old", "new"), course.OLD_NAMES.items())
def test_ok__old_names_still_work(old: str, new: str) -> None:
    assert course.find(old) is course.find(new)
    assert old not in course.LESSONS
