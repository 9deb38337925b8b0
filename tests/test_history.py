"""What was read is kept, whatever happens to the card, the clock or the process."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from fresh import printed

from pi_reader.errors import BadData, CannotWrite
from pi_reader.history import LONGEST_TEXT, MOST_WAITING, History, past

ROOT = Path(__file__).resolve().parents[1]
NOON = 1_800_000_000.0  # seconds since 1970, some day in 2027


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "history.db"


def keep(history: History, *texts: str, when: float = NOON) -> None:
    for text in texts:
        history.add(text, "?" not in text, 0.9, "a" * 64, when)


def texts(path: Path, since: float = 0.0) -> list[str]:
    return [one.text for one in past(path, since)]


def filled(path: Path, count: int = 500) -> None:
    """A history of so many readings, closed."""
    with History(path) as history:
        keep(history, *(f"{n:04d}" for n in range(count)))


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes: SQLite sees a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_ok__a_reading_comes_back_whole(path: Path) -> None:
    with History(path) as history:
        history.add("20?6\n7", False, 0.25, "f" * 64, NOON)
    (one,) = past(path)
    assert (one.id, one.when, one.text, one.sure) == (1, NOON, "20?6\n7", False)
    assert (one.confidence, one.weights) == (0.25, "f" * 64)


def test_ok__written_at_most_every_half_minute(path: Path) -> None:
    with History(path, batch_seconds=30) as history:
        history.tick(1000)
        assert not path.exists(), "nothing was read, so nothing is written"
        keep(history, "1")
        history.tick(1001)
        keep(history, "2", "3")
        history.tick(1030.9)
        assert texts(path) == ["1"]
        history.tick(1031)
        assert texts(path) == ["1", "2", "3"]
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_ok__closing_keeps_the_last_and_may_be_done_twice(path: Path) -> None:
    history = History(path)
    keep(history, "1")
    history.close()
    history.close()
    assert texts(path) == ["1"]


def test_ok__only_the_newest_stay(path: Path) -> None:
    with History(path, most=100) as history:
        for n in range(300):
            keep(history, str(n))
            if n % 7 == 0:
                history.flush()
    assert texts(path) == [str(n) for n in range(200, 300)]


def test_ok__a_much_lower_limit_is_reached_bit_by_bit(path: Path) -> None:
    with History(path) as history:
        for n in range(25_000):
            history.add(str(n), True, 0.9, "", NOON)
            if n % 1000 == 999:
                history.flush()
    left = []
    with History(path, most=100) as history:
        while not left or left[-1] > 100:
            keep(history, "1")
            history.flush()
            left.append(len(texts(path)))
    assert left == [15_000, 5_000, 100]


def test_ok__since_a_time(path: Path) -> None:
    with History(path) as history:
        for n in range(5):
            keep(history, str(n), when=NOON + n)
    assert texts(path, NOON + 3) == ["3", "4"]


def test_ok__a_clock_that_was_not_set_is_not_believed(path: Path) -> None:
    """Without a clock there is still an order: what came after a time belongs to what follows."""
    with History(path) as history:
        keep(history, "a", when=86400.0)  # a Pi that woke in 1970
        keep(history, "b", when=NOON)
        keep(history, "c", when=0.0)
        keep(history, "d", when=NOON + 60)
        keep(history, "e", when=NOON - 3600)  # set back by an hour
    assert next((one.text, one.when) for one in past(path)) == ("a", 0.0)
    assert texts(path) == list("abcde")
    assert texts(path, NOON) == ["b", "c", "d"]
    assert texts(path, NOON + 61) == []


def test_ok__share_of_doubt(path: Path) -> None:
    with History(path) as history:
        keep(history, "1", "2?", "3", "4", when=NOON)
        keep(history, "?", when=NOON + 100)
        assert history.unsure(newest=100) == (2, 5)
        assert history.unsure(newest=1) == (1, 1)
        assert history.unsure(newest=3) == (1, 3)
    with History(path.with_name("none.db")) as history:
        assert history.unsure(newest=100) == (0, 0)


def test_ok__nothing_yet(path: Path, tmp_path: Path) -> None:
    assert texts(path) == []
    (tmp_path / "empty.db").touch()  # what a power cut can leave
    assert texts(tmp_path / "empty.db") == []
    with History(tmp_path / "empty.db") as history:
        keep(history, "1")
    assert texts(tmp_path / "empty.db") == ["1"]


def test_ok__a_text_without_end_is_cut(path: Path) -> None:
    with History(path) as history:
        keep(history, "8" * 1_000_000)
    assert texts(path) == ["8" * LONGEST_TEXT]


def test_fail__a_full_disk_is_said_once_and_loses_nothing(path: Path) -> None:
    filled(path)
    with History(path) as history:
        keep(history, "before")
        history.flush()
        with full_disk(8192):
            keep(history, *map(str, range(300)))
            with pytest.raises(CannotWrite, match=r"cannot be written.*reading goes on"):
                history.flush()
            for now in range(0, 300, 30):  # not again while it stays so
                keep(history, "more")
                history.tick(float(now))
            assert history.trouble
        history.tick(1000.0)
        assert not history.trouble
        assert texts(path)[-311:] == ["before", *map(str, range(300)), *["more"] * 10]
        with full_disk(8192):
            keep(history, *map(str, range(300)))
            with pytest.raises(CannotWrite):  # it was well in between: said again
                history.flush()


def test_ok__read_from_a_full_disk(path: Path) -> None:
    """What SQLite wants to lay beside the file finds no room there; it must do without."""
    filled(path, 3)
    with full_disk(0):
        assert texts(path) == ["0000", "0001", "0002"]
    assert len(texts(path)) == 3


def test_fail__what_waits_has_an_end(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    history = History(tmp_path / "file" / "history.db")
    keep(history, *map(str, range(MOST_WAITING + 50)))
    with pytest.raises(CannotWrite):
        history.flush()
    (tmp_path / "file").unlink()
    with pytest.raises(CannotWrite, match="50 readings were lost"):
        history.close()
    assert texts(tmp_path / "file" / "history.db") == [str(n) for n in range(50, MOST_WAITING + 50)]


def test_fail__another_process_holds_the_database(path: Path) -> None:
    filled(path, 3)
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    with History(path) as history:
        keep(history, "late")
        with pytest.raises(CannotWrite, match="locked"):
            history.flush()
        assert texts(path) == ["0000", "0001", "0002"], "reading is possible all the same"
        other.rollback()
        other.close()
        history.flush()
    assert texts(path)[-1] == "late"


def cut(whole: bytes) -> bytes:
    return whole[: len(whole) // 2 + 100]


def noise(whole: bytes) -> bytes:
    return b"\xa5" * len(whole)


def inside(whole: bytes) -> bytes:
    return whole[:4096] + b"\xff" * (len(whole) - 4096)


def of_others(whole: bytes) -> bytes:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE readings (number)")
    try:
        return database.serialize()
    finally:
        database.close()


@pytest.mark.parametrize("harm", [cut, noise, inside, of_others])
def test_fail__a_damaged_file_is_set_aside(path: Path, harm) -> None:
    filled(path)
    damaged = harm(path.read_bytes())
    path.write_bytes(damaged)
    with pytest.raises(BadData, match=r"history\.db: is damaged or no history"):
        texts(path)
    assert path.read_bytes() == damaged, "whoever only looks changes nothing"
    with History(path) as history:
        keep(history, "1")
        with pytest.raises(BadData, match=r"set aside as history\.db\.damaged"):
            history.flush()
        keep(history, "2")
        history.flush()
    assert texts(path) == ["1", "2"]
    assert path.with_name("history.db.damaged").read_bytes()[:4096] == damaged[:4096]


@pytest.mark.parametrize(
    ("when", "confidence"),
    [(1e300, 0.5), (1e18, -1.0), ("noon", "much"), (float("inf"), 1e300), (b"\xff", b"\xff")],
)
def test_ok__a_number_that_the_card_spoilt(path: Path, when: object, confidence: object) -> None:
    """SQLite notices a broken page, but not a flipped bit in a number."""
    filled(path, 3)
    database = sqlite3.connect(path)
    with database:
        database.execute(
            'UPDATE readings SET "when" = ?, confidence = ? WHERE id = 2', (when, confidence)
        )
    database.close()
    one = list(past(path))[1]
    assert (one.id, one.text, one.when) == (2, "0001", 0.0)
    assert one.confidence == (0.5 if confidence == 0.5 else 0.0)


def test_ok__a_state_folder_that_was_removed(path: Path) -> None:
    with History(path) as history:
        keep(history, "1")
        history.flush()
        shutil.rmtree(path.parent)
        keep(history, "2")
        history.flush()
        assert texts(path) == ["2"]


def test_fail__a_pipe_in_its_place(path: Path) -> None:
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    with pytest.raises(BadData, match="a pipe"):
        texts(path)


def test_fail__a_folder_in_its_place(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(BadData, match="is a folder"):
        texts(path)
    history = History(path)
    keep(history, "1")
    with pytest.raises(CannotWrite, match="unable to open"):
        history.flush()
    with pytest.raises(CannotWrite, match="1 reading lost for good"):
        history.close()


def test_ok__killed_while_writing(path: Path) -> None:
    """Killed at random moments, it always opens whole, and what was written once stays."""
    code = (
        "import sys, itertools\nfrom pathlib import Path\n"
        "from pi_reader.history import History\n"
        "history = History(Path(sys.argv[1]))\n"
        "for n in itertools.count():\n"
        "    history.add(str(n), True, 0.9, '', 1.8e9)\n    history.flush()\n"
        "    print(n, flush=True)\n"
    )
    kept = 0
    for wait in (0.0, 0.013, 0.041):
        writer = subprocess.Popen(
            [sys.executable, "-c", code, str(path)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(wait)
        writer.send_signal(signal.SIGKILL)
        said = writer.communicate()[0].splitlines()
        kept += 1 + len([line for line in said if line.isdecimal()])
        numbers = [one.id for one in past(path)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= kept - 1  # the last line may have been cut in the pipe
        kept = len(numbers)
    with History(path) as history:
        keep(history, "after")
    assert texts(path)[-1] == "after"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_ok__read_only_for_others() -> None:
    """A user who may not write beside the database reads it while the service runs and after."""
    code = (
        "import os, sys, urllib.parse\n"  # which pathlib loads late, maybe from root's home
        "from pathlib import Path\nfrom pi_reader.history import past\n"
        "os.setuid(65534)\ntry:\n    print(*(one.text for one in past(Path(sys.argv[1]))))\n"
        "except Exception as error:\n    print(repr(error))"
    )

    def ask(path: Path) -> str:
        return subprocess.run(
            [sys.executable, "-c", code, str(path)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        ).stdout

    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = Path(folder) / "history.db"
        with History(path) as history:
            keep(history, "1", "2")
            history.flush()
            assert ask(path) == "1 2\n"
        assert ask(path) == "1 2\n"
        os.chmod(folder, 0o700)
        assert "BadData" in ask(path) and "Permission denied" in ask(path)


def test_ok__comes_without_numpy() -> None:
    code = "import sys, pi_reader.history; print('numpy' in sys.modules)"
    assert printed(code) == "False\n"


def test_fail__readings_that_are_lost_are_counted_and_said(path: Path) -> None:
    """Another process holds the database for longer than readings find room in memory."""
    history = History(path)
    keep(history, "1")
    history.flush()
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        keep(history, *("2" * n for n in range(1, 4)))
        with pytest.raises(CannotWrite, match="locked"):
            history.flush()
        keep(history, *(str(n) for n in range(MOST_WAITING)))
        assert history.lost == 3
        history.flush()  # the same trouble is not said again
    with pytest.raises(CannotWrite, match="3 readings were lost"):
        history.flush()
    history.flush()
    assert len(texts(path)) == MOST_WAITING + 1 and history.trouble == ""
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        keep(history, "8", "9")
        with pytest.raises(CannotWrite, match=r"2 readings lost for good, .*locked"):
            history.close()
    assert history.lost == 5


def test_ok__a_reading_has_a_number_that_never_repeats(path: Path) -> None:
    """Known at once, the same when it is written, higher after a restart and in a full history."""
    with History(path, most=3) as history:
        assert [history.add(str(n), True, 0.9, "", NOON) for n in range(1, 6)] == [1, 2, 3, 4, 5]
        history.flush()
        assert history.add("6", True, 0.9, "", NOON) == 6
    with History(path, most=3) as history:
        assert history.add("7", True, 0.9, "", NOON) == 7
    assert [(one.id, one.text) for one in past(path)] == [(5, "5"), (6, "6"), (7, "7")]
    with History(path) as history:
        history.add("8", True, 0.9, "", NOON)
        with History(path.with_name("other.db")) as other:
            keep(other, *map(str, range(20)))
        os.replace(path.with_name("other.db"), path)  # a backup came back
    assert [one.id for one in past(path)] == list(range(1, 22))
