"""Kept pictures: how they are written, bounded, found again, and given out."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from box import Clock, page, reading
from PIL import Image

from pi_reader.box import actions
from pi_reader.box.problems import Problems
from pi_reader.box.reading_log import ReadingLog
from pi_reader.cli.main import main
from pi_reader.client import words
from pi_reader.config import Folders, settings_from
from pi_reader.errors import BadData, BadSettings, CannotWrite, MissingFile, UsageError
from pi_reader.history import History, past
from pi_reader.kept_pictures import (
    BYTES_PER_DAY,
    LONGEST_SIDE,
    KeptPictures,
    is_kept_picture,
    kept_picture,
)
from pi_reader.link.commands import command_of

FRAME = page("2016").grey


def numbers(folder: Path) -> list[int]:
    return sorted(int(path.stem) for path in folder.iterdir())


def size_of(folder: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in folder.iterdir())


@pytest.fixture
def kept(tmp_path: Path) -> KeptPictures:
    return KeptPictures(tmp_path / "pictures", 5, 1, Clock())


# What is kept


def test_ok__a_small_legible_picture_that_says_whose_it_is(
    tmp_path: Path, kept: KeptPictures
) -> None:
    assert kept.add(12, FRAME)
    content = kept_picture(tmp_path / "pictures", 12)
    assert len(content) < 20_000
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.size == (LONGEST_SIDE, LONGEST_SIDE * 3 // 4) and picture.mode == "L"
        seen = np.asarray(picture.resize((640, 480)), np.int16)
    ink = FRAME == 40
    assert seen[ink].mean() < 80 and seen[~ink].mean() > 190
    path = tmp_path / "pictures" / "12.jpg"
    assert is_kept_picture(path) and path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("shape", [(1, 1), (2, 3000), (480, 640), (100, 80)])
def test_ok__frames_of_any_size(tmp_path: Path, kept: KeptPictures, shape: tuple[int, int]) -> None:
    assert kept.add(1, np.zeros(shape, np.uint8))
    with Image.open(io.BytesIO(kept_picture(tmp_path / "pictures", 1))) as picture:
        assert max(picture.size) <= LONGEST_SIDE


def test_ok__the_oldest_go_when_there_are_too_many(tmp_path: Path, kept: KeptPictures) -> None:
    for number in range(8, 20):
        kept.add(number, FRAME)
    assert numbers(tmp_path / "pictures") == [15, 16, 17, 18, 19]
    again = KeptPictures(tmp_path / "pictures", 3, 1, Clock())
    again.add(20, FRAME)
    assert numbers(tmp_path / "pictures") == [18, 19, 20], "an earlier start's count, too"


def test_ok__the_oldest_go_when_they_take_too_much_room(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, FRAME.shape, np.uint8)
    kept = KeptPictures(tmp_path / "pictures", 1000, 0.3, Clock())
    for number in range(1, 30):
        assert kept.add(number, noise)
        assert size_of(tmp_path / "pictures") <= 300_000
    assert len(numbers(tmp_path / "pictures")) > 1


def test_ok__no_more_is_written_a_day_than_was_promised(tmp_path: Path) -> None:
    """A clock under the camera: a reading a second, for two days, of frames hard to compress."""
    clock = Clock()
    kept = KeptPictures(tmp_path / "pictures", 20, 10_000, clock)
    noise = np.random.default_rng(1).integers(0, 256, (120, 160), np.uint8)
    written = 0
    for number in range(1, 2 * 86400 // 60):
        clock.now = 60.0 * number
        if kept.add(number, noise):
            written += (tmp_path / "pictures" / f"{number}.jpg").stat().st_blocks * 512
    assert 2.5 * BYTES_PER_DAY < written < 3.01 * BYTES_PER_DAY, "a day's worth is there at first"


# What may go wrong


def test_fail__pictures_of_a_history_that_is_gone(tmp_path: Path, kept: KeptPictures) -> None:
    """Numbers begin anew where a history was deleted: its pictures are not of what comes now."""
    for number in (3, 4, 5, 6):
        kept.add(number, FRAME)
    KeptPictures(tmp_path / "pictures", 5, 1, Clock()).add(4, FRAME[:100])
    assert numbers(tmp_path / "pictures") == [3, 4]


def test_fail__a_history_that_cannot_be_read_at_the_start_costs_no_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process holds it: nobody knows which numbers were given, so none begins anew."""
    monkeypatch.setattr("pi_reader.history.database._LOCKED_SECONDS", 0.01)
    path, problems = tmp_path / "history.db", Problems(lambda line: None)

    def begun() -> ReadingLog:
        pictures = KeptPictures(tmp_path / "pictures", 5, 1, Clock())
        return ReadingLog(problems, history=History(path), pictures=pictures)

    log = begun()
    for text in ("1", "2", "3"):
        log.enter(reading(text), page(text))
    log.close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("DELETE FROM readings WHERE id = 0")
        log = begun()
        log.enter(reading("4"), page("4"))
        other.commit()
    assert numbers(tmp_path / "pictures") == [1, 2, 3]
    assert log.enter(reading("5"), page("5")).number == 5
    log.close()
    assert [(one.id, one.text) for one in past(path)][2:] == [(3, "3"), (4, "4"), (5, "5")]
    assert numbers(tmp_path / "pictures") == [1, 2, 3, 5]


def test_fail__killed_half_way(tmp_path: Path) -> None:
    """Every picture that is there is whole, and what was begun is gone after the next start."""
    script = (
        "import sys, numpy as np\nfrom pathlib import Path\n"
        "from pi_reader.kept_pictures import KeptPictures\n"
        "kept = KeptPictures(Path(sys.argv[1]), 50, 10)\n"
        "grey = np.random.default_rng(1).integers(0, 256, (240, 320), np.uint8)\n"
        "for number in range(int(sys.argv[2]), 10**6):\n"
        "    kept._allowance = 1e9\n    kept.add(number, grey)\n    print(number, flush=True)\n"
    )
    folder, first = tmp_path / "pictures", 1
    for lines in (1, 3, 7):
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(folder), str(first)],
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            for _ in range(lines):
                first = int(process.stdout.readline()) + 1
            process.send_signal(signal.SIGKILL)
        first += 100
        for path in folder.glob("*.jpg"):
            with Image.open(path) as picture:
                picture.load()
    (folder / ".9.jpg.half").write_bytes(b"\xff\xd8")
    KeptPictures(folder, 50, 10).add(first, FRAME)
    assert all(path.suffix == ".jpg" for path in folder.iterdir())


@pytest.mark.parametrize("trouble", ["a file", "read-only", "a link"])
def test_fail__nothing_can_be_written(tmp_path: Path, kept: KeptPictures, trouble: str) -> None:
    folder = tmp_path / "pictures"
    if trouble == "a file":
        folder.write_text("mine")
    elif trouble == "a link":
        folder.symlink_to(tmp_path / "nowhere")
    else:
        if os.geteuid() == 0:
            pytest.skip("root may write anywhere")
        folder.mkdir(mode=0o500)
    with pytest.raises(CannotWrite, match="pictures"):
        kept.add(1, FRAME)


def test_fail__a_full_card_is_a_problem_and_the_reading_is_kept(
    tmp_path: Path, kept: KeptPictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    log: list[str] = []
    problems = Problems(log.append)
    history = History(tmp_path / "history.db")
    log_of_readings = ReadingLog(problems, history=history, pictures=kept)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fchmod", full)
        event = log_of_readings.enter(reading("367"), page("367"))
        log_of_readings.enter(reading("368"), page("368"))
    assert len(log) == 1, "said once, not of every picture"
    assert "pictures" in problems.all and "the disk is full" in problems.all["pictures"]
    assert event.number == 1 and numbers(tmp_path / "pictures") == []
    log_of_readings.enter(reading("369"), page("369"))
    assert problems.all == {} and numbers(tmp_path / "pictures") == [3]
    log_of_readings.close()


@pytest.mark.parametrize("content", [b"", b"\xff\xd8", b"GIF89a", b"\xff\xd8" + bytes(2 << 20)])
def test_fail__a_damaged_one_is_not_given_out(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "7.jpg").write_bytes(content)
    with pytest.raises(BadData, match="damaged"):
        kept_picture(tmp_path, 7)


def test_fail__what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "2.jpg")
    (tmp_path / "3.jpg").mkdir()
    for number in (1, 2, 3):
        with pytest.raises(BadData):
            kept_picture(tmp_path, number)
    with pytest.raises(MissingFile, match=r"history\.pictures = true"):
        kept_picture(tmp_path, 4)


# Who asks for them


def test_ok__off_unless_asked_for() -> None:
    assert not settings_from({}).history.pictures
    with pytest.raises(BadSettings):
        settings_from({"history": {"pictures_megabytes": 0}})


def test_ok__only_where_readings_have_numbers(tmp_path: Path) -> None:
    from pi_reader.cli.build import open_reading_log

    folders = Folders(tmp_path / "config.toml", tmp_path, tmp_path / "run")
    for switches, expected in (
        ({"pictures": True}, True),
        ({"pictures": True, "on": False}, False),
        ({}, False),
    ):
        settings = settings_from({"history": switches})
        log = open_reading_log(settings, folders, Problems(print), print)
        event = log.enter(reading("42"), page("42"))
        assert (tmp_path / "pictures" / f"{event.number}.jpg").exists() is expected
        log.close()
        for path in (tmp_path / "pictures").glob("*"):
            path.unlink()


def test_ok__the_command_writes_it_where_nothing_of_others_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    state = tmp_path / "state"
    KeptPictures(state / "pictures", 9, 1).add(12, FRAME)
    words = ["readings", "--state", str(state), "--picture"]
    assert main([*words, "12"]) == 0 == main([*words, "12"]), "one of ours is replaced"
    assert Path("reading-12.jpg").read_bytes() == kept_picture(state / "pictures", 12)
    mine = tmp_path / "mine.jpg"
    mine.write_bytes(b"a holiday")
    assert main([*words, "12", "--out", str(mine)]) == 73
    assert mine.read_bytes() == b"a holiday" and "--force" in capsys.readouterr().err
    assert main([*words, "12", "--out", str(mine), "--force"]) == 0
    (state / "history.db").touch()  # from now on it is a state
    assert main([*words, "12", "--out", str(state / "pictures" / "13.jpg"), "--force"]) == 73
    assert main([*words, "12", "--out", str(tmp_path / "none" / "a.jpg")]) == 73
    assert main([*words, "13"]) == 66


@pytest.mark.parametrize(
    "words",
    [
        ["--picture", "0"],
        ["--picture", "-1"],
        ["--picture", str(10**30)],
        ["--picture", "1", "--last", "3"],
        ["--picture", "1", "--since", "today"],
        ["--out", "x.jpg"],
        ["--force"],
    ],
)
def test_fail__a_command_that_means_nothing(tmp_path: Path, words: list[str]) -> None:
    assert main(["readings", "--state", str(tmp_path), *words]) == 2


def test_ok__page_and_key_may_ask_for_one_but_nobody_over_the_broker(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "config.toml", tmp_path, tmp_path / "run")
    noise = np.random.default_rng(1).integers(0, 256, (480, 640), np.uint8)
    KeptPictures(folders.pictures, 9, 1).add(12, noise)
    out = io.BytesIO()
    session = actions.Session(folders, io.BytesIO(), out, caller=words.PAGE)
    actions.perform(["picture", "12"], session)
    lines = out.getvalue().split()
    assert max(map(len, lines)) < 64 << 10, "longer lines are not let through"
    assert base64.b64decode(b"".join(lines)) == kept_picture(folders.pictures, 12)
    with pytest.raises(MissingFile):
        actions.perform(["picture", "13"], session)
    for bad in (["picture"], ["picture", "0"], ["picture", "../12"], ["picture", "1" * 30]):
        with pytest.raises(UsageError):
            actions.perform(bad, session)
    assert words.find(["picture", "12"], words.BROKER), "the link itself may, for its own topic"
    assert command_of(b"picture 12") is None


def test_ok__a_day_of_ordinary_use_writes_less_than_five_megabytes(tmp_path: Path) -> None:
    """In a process of its own: what the kernel says it wrote, for 300 readings over a day."""
    script = f"""
import json, sys
from contextlib import closing
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from box import Clock, page, reading
from pi_reader.files import written_mb
from pi_reader.box.problems import Problems
from pi_reader.box.reading_log import ReadingLog
from pi_reader.history import History, past
from pi_reader.kept_pictures import KeptPictures
place, clock = Path(sys.argv[1]), Clock()
before = written_mb()
pictures = KeptPictures(place / "pictures", 1000, 50, clock) if sys.argv[2] == "on" else None
log = ReadingLog(Problems(print), history=History(place / "history.db"), pictures=pictures)
for number in range(300):
    text = str(1000 + number)
    log.enter(reading(text), page(text))
    for _ in range(12):
        clock.now += 24
        log.tick(clock.now)
log.close()
print(json.dumps(written_mb() - before))
"""
    written = {}
    for switch in ("off", "on"):
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / switch), switch],
            capture_output=True,
            text=True,
            check=True,
        )
        written[switch] = json.loads(done.stdout)
    print(f"\nMB a day: {written}")
    if not written["off"]:
        pytest.skip("the temporary folder lies in memory")
    assert written["off"] < written["on"] < 5
