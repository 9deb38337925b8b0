"""`pi-reader numbers`, `readings --values` and `read --digits-only`, as a shell sees them."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
import time
import tracemalloc
from contextlib import closing, redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pi_reader.cli.main import main
from pi_reader.config import find_folders
from pi_reader.handwriting.values import KINDS, draw_values
from pi_reader.history import History, numbers_beside
from pi_reader.state import NumberState

WALL = 1_800_000_000.0  # seconds since 1970, some day in 2027
FIELD = '[[numbers]]\nname = "kitchen"\nline = 1\nunit = "°C"\n'
KITCHEN = NumberState("kitchen", "number", "21.5", "21.5", "good", False, "°C", WALL)
CELLAR = NumberState("cellar", "number", "91.5", "", "too fast", False, "°C", WALL)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fair copy of temperatures, and of nothing else."""
    path = tmp_path_factory.mktemp("page") / "page.png"
    drawn = draw_values(np.random.default_rng(8), "temperatures", difficulty=0.0)
    Image.fromarray(drawn.frame.grey).save(path)
    return path


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("blank") / "blank.png"
    Image.fromarray(np.full((480, 640), 200, np.uint8)).save(path)
    return path


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """The state folder of a box with one number."""
    settle(tmp_path, FIELD)
    return tmp_path


def settle(box: Path, text: str) -> None:
    find_folders(box).settings.write_text(text)


def asked(
    box: Path | None, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str, str]:
    code = main([*words, *(["--state", str(box)] if box else [])])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_ok__numbers_are_checked(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = asked(box, capsys, "numbers", "check")
    assert code == 0 and out.startswith("1 number in ") and out.endswith(", all well\n")


@pytest.mark.parametrize("words", [["check"], ["list"], ["set"], ["test", "nowhere.png"]])
def test_fail__settings_that_are_wrong(
    box: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    settle(box, FIELD + "minimum = 9\nmaximum = 1\n")
    code, out, err = asked(box, capsys, "numbers", *words)
    assert (code, out) == (78, "")
    assert "numbers.kitchen: minimum is 9, should be at most the maximum, 1" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["test"], "numbers test: names no picture"),
        (["list", "a.png"], "numbers list: takes no picture"),
        (["check", "a.png"], "numbers check: takes no picture"),
    ],
)
def test_fail__acts_that_were_misused(
    box: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    code, out, err = asked(box, capsys, "numbers", *words)
    assert (code, out) == (2, "") and said in err


def test_fail__an_act_that_there_is_not(box: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["numbers", "forget", "--state", str(box)])
    assert ended.value.code == 2


@pytest.mark.parametrize("act", ["test", "set"])
def test_fail__a_picture_that_is_none(
    box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], act: str
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n cut off")
    for picture, wanted in ((tmp_path / "nowhere.png", 66), (broken, 65)):
        code, out, err = asked(box, capsys, "numbers", act, str(picture))
        assert (code, out) == (wanted, "") and picture.name in err
    assert not find_folders(box).reference.exists()


def test_ok__a_picture_is_tried(box: Path, page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = draw_values(np.random.default_rng(8), "temperatures", difficulty=0.0).entries[0]
    code, out, _ = asked(box, capsys, "numbers", "test", str(page), "--json")
    said = json.loads(out)
    assert (code, said["name"], said["verdict"]) == (0, "kitchen", "good")
    assert float(said["value"]) == float(truth.number or 0)
    settle(box, FIELD + "minimum = 500\n")
    code, out, _ = asked(box, capsys, "numbers", "test", str(page))
    assert code == 65 and out.rstrip().endswith(", low")


def test_fail__a_picture_without_digits(
    box: Path, blank: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = asked(box, capsys, "numbers", "test", str(blank))
    assert code == 65 and "shows no digits" in err


def test_ok__a_reference_is_set(box: Path, page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reference = find_folders(box).reference
    assert asked(box, capsys, "numbers", "set", str(page))[0] == 0
    with Image.open(page) as one, Image.open(reference) as other:
        assert np.array_equal(one, other)


def test_ok__what_was_set_at_the_page_counts(
    box: Path, page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A reference is cut as the box's own frames are; what is left out is said."""
    folders = find_folders(box)
    folders.own_settings.write_text("[camera]\nregion = [0, 0, 320, 240]\n")
    assert asked(box, capsys, "numbers", "set", str(page))[0] == 0
    with Image.open(folders.reference) as picture:
        assert picture.size == (320, 240)
    folders.own_settings.write_text("[camera\n")
    code, _, err = asked(box, capsys, "numbers", "list")
    assert code == 0 and "own.toml: is left out" in err


def test_fail__a_reference_without_anything_on_it(
    box: Path, page: Path, blank: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With it no page would be known again, and no number with a region be found."""
    assert asked(box, capsys, "numbers", "set", str(page))[0] == 0
    before = find_folders(box).reference.read_bytes()
    code, _, err = asked(box, capsys, "numbers", "set", str(blank))
    assert code == 65 and "nothing is written there" in err
    assert find_folders(box).reference.read_bytes() == before


def test_fail__a_reference_of_another_size(
    box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = tmp_path / "small.png"
    Image.fromarray(np.full((100, 120), 200, np.uint8)).save(small)
    code, _, err = asked(box, capsys, "numbers", "set", str(small))
    assert code == 65 and "has 120x100 pixels, should have the 640x480" in err
    assert not find_folders(box).reference.exists()


def test_ok__without_numbers_it_says_how_they_begin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(tmp_path, "")
    code, out, _ = asked(tmp_path, capsys, "numbers", "list")
    assert code == 0 and "each begins with a line [[numbers]]" in out
    code, _, err = asked(tmp_path, capsys, "numbers", "set")
    assert code == 78 and "each begins with a line [[numbers]]" in err


def leave_status(box: Path, *numbers: NumberState) -> None:
    """The status file of a box that runs as this very process."""
    runtime = find_folders(box).runtime
    runtime.mkdir(exist_ok=True)
    now = time.time()
    said: dict[str, object] = {
        "state": "reading",
        "since": now,
        "updated": now,
        "frames": 1,
        "pid": os.getpid(),
    }
    said["numbers"] = [one.to_json() for one in numbers]
    (runtime / "status.json").write_text(json.dumps(said))


def test_ok__what_each_is_now(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(box, capsys, "numbers", "list")[:2] == (0, "kitchen, missing\n")
    leave_status(box, KITCHEN, CELLAR)  # the cellar is no longer in the settings
    assert asked(box, capsys, "numbers", "list")[:2] == (0, "kitchen 21.5 °C, good\n")
    out = asked(box, capsys, "numbers", "list", "--json")[1]
    assert json.loads(out)["value"] == "21.5"


def test_ok__the_status_names_them(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    leave_status(box, KITCHEN, CELLAR)
    code, out, _ = asked(box, capsys, "status")
    shown = [line for line in out.splitlines() if "number" in line]
    assert code == 0
    assert shown == [
        "  number      kitchen 21.5 °C, good",
        "  number      cellar 91.5 °C, too fast",
    ]


def test_ok__values_of_the_past(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(box, capsys, "readings", "--values")[1].startswith("no numbers yet in ")
    with History(find_folders(box).history) as history:
        number = history.add("21.5 91.5", True, 0.9, "x", WALL)
        history.add_numbers(number, [KITCHEN, CELLAR], WALL)
    code, out, _ = asked(box, capsys, "readings", "--values", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert [(row["reading"], row["name"], row["value"], row["read"]) for row in rows] == [
        ("1", "kitchen", "21.5", "21.5"),
        ("1", "cellar", "", "91.5"),  # read, but not believed
    ]
    assert [row["verdict"] for row in rows] == ["good", "too fast"]
    assert {float(row["when"]) for row in rows} == {WALL} and rows[0]["unit"] == "°C"
    people = asked(box, capsys, "readings", "--values", "--last", "1")[1]
    assert people.rstrip().endswith("cellar  91.5 °C  too fast")


@pytest.mark.parametrize("words", [["--csv"], ["--json"], ["--since", "2020-01-01"]])
def test_ok__a_long_past_is_not_held_in_memory(box: Path, words: list[str]) -> None:
    path = find_folders(box).history
    with History(path) as history:
        history.add_numbers(history.add("21.5", True, 0.9, "x", WALL), [KITCHEN], WALL)
    with closing(sqlite3.connect(numbers_beside(path))) as database, database:
        for _ in range(14):  # doubles them: 16,384
            columns = 'reading, "when", name, read, value, unit, verdict'
            database.execute(f"INSERT INTO numbers ({columns}) SELECT {columns} FROM numbers")
    tracemalloc.start()
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        assert main(["readings", "--values", *words, "--state", str(box)]) == 0
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2e6


def test_ok__digits_alone(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole, alone = (
        json.loads(asked(None, capsys, "read", str(page), "--json", *more)[1])
        for more in ([], ["--digits-only"])
    )
    assert any(line["signs"] for line in whole["lines"]) and "." in whole["text"].replace(",", ".")
    assert not any(line["signs"] for line in alone["lines"])
    assert set(alone["text"]) <= set("0123456789?\n")
    assert [line["digits"] for line in alone["lines"]] == [
        line["digits"] for line in whole["lines"]
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_ok__drawn_values_stand_where_the_truth_says(kind: str) -> None:
    for seed in range(3):
        drawn = draw_values(np.random.default_rng([7, seed]), kind, difficulty=0.0)
        grey = drawn.frame.grey
        paper = float(np.median(grey))
        assert drawn.entries
        for at, entry in enumerate(drawn.entries):
            box = entry.box
            assert 0 <= box.x < box.right <= grey.shape[1]
            assert 0 <= box.y < box.bottom <= grey.shape[0]
            contrast = np.abs(grey[box.y : box.bottom, box.x : box.right] - paper)  # or a board's
            ink = contrast > 0.3 * contrast.max()
            assert ink.any(axis=1).mean() > 0.85, "its rows show ink from top to bottom"
            side = max(3, box.height // 4)
            assert ink[:, :side].any() and ink[:, -side:].any(), "and it reaches to both sides"
            assert (entry.number is not None) == (entry.kind == "number")
            for other in drawn.entries[at + 1 :]:
                assert box.common(other.box) < 0.2 * box.width * box.height


def test_ok__drawn_values_repeat() -> None:
    one, other = (draw_values(np.random.default_rng(9)) for _ in range(2))
    assert one.entries == other.entries and np.array_equal(one.frame.grey, other.frame.grey)
    with pytest.raises(ValueError, match="kind: is rhymes"):
        draw_values(np.random.default_rng(9), "rhymes")


def test_fail__a_demo_of_values_needs_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(None, capsys, "demo", "--values")[0::2] == (
        2,
        "pi-reader: demo: --values goes with --web\n",
    )
