"""What the box was taught is kept whole, split for ever, within its limits."""

from __future__ import annotations

import contextlib
import io
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pi_reader.errors import BadData, Busy, CannotWrite, UsageError
from pi_reader.learning.samples import New, Samples, carve, cut_out, database, exchange, rescue
from pi_reader.learning.samples.rows import LARGEST_CUTOUT, thinned
from pi_reader.values import NO_DIGIT, Box


def patch(number: int) -> np.ndarray:
    """A patch that no other number has."""
    return np.random.default_rng(number).integers(0, 256, (28, 28)).astype(np.uint8)


def page(first: int, count: int = 1, label: int | None = 3) -> list[New]:
    return [
        New(patch(first + place), 7, 0.9, label, np.full((40, 30), 9, np.uint8), "ab", "button")
        for place in range(count)
    ]


def test_ok__what_was_kept_is_there_for_another_process(tmp_path):
    with Samples(tmp_path / "deep" / "s.db") as samples:
        event = samples.keep(page(0, 2), when=5.0)
        samples.label(samples.event(event)[1].id, NO_DIGIT)
    with Samples(tmp_path / "deep" / "s.db") as again:
        first, second = again.all()
    assert (first.label, second.label, first.read, first.when) == (3, NO_DIGIT, 7, 5.0)
    assert (first.place, second.place, first.source, first.weights) == (0, 1, "button", "ab")
    assert np.array_equal(first.patch, patch(0)) and first.cutout.shape == (40, 30)


def test_ok__one_event_in_five_is_held_out_and_stays_so(tmp_path):
    with Samples(tmp_path / "s.db") as samples:
        for number in range(100):
            samples.keep(page(number))
        held = [sample.event for sample in samples.held()]
        assert len(held) >= 19 and len(held) <= 21
        for block in range(1, 20):
            assert sum((event - 1) // 5 == block for event in held) in (1, 2)
        assert len({event % 5 for event in held}) > 2  # not always the fifth: habits have rhythms
        assert samples.learned()[0].cutout is None  # a full box's would be 45 MB
        samples.drop([samples.learned()[0].id])
        assert [sample.event for sample in samples.held()] == held


def test_ok__those_that_get_their_labels_later_are_dealt_too(tmp_path):
    with Samples(tmp_path / "s.db") as samples:
        for number in range(30):
            samples.keep(page(10 * number, 2, label=None))
        for sample in list(samples.all()):
            samples.label(sample.id, 3)
        assert samples.counts().held_out == 12  # 2 of each 10


def test_ok__one_sample_in_ten_is_held_out_of_long_pages(tmp_path):
    with Samples(tmp_path / "s.db") as samples:
        for number in range(6):
            samples.keep(page(50 * number, 30))
            counts = samples.counts()
            assert number == 0 or counts.held_out >= counts.labelled // 10
        assert samples.event(1)[0].held_out is False
        assert not {s.event for s in samples.held()} & {s.event for s in samples.learned()}


def test_ok__unlabelled_ones_make_room_first_and_labelled_ones_not_silently(tmp_path):
    said: list[str] = []
    with Samples(tmp_path / "s.db", most=10, log=said.append) as samples:
        kept = samples.keep(page(0, 4))
        samples.keep(page(10, 5, label=None))
        samples.keep(page(20, 4))
        assert samples.counts().samples == 10 and not said
        assert len(samples.event(kept)) == 4 and len(samples.event(2)) == 2
        samples.keep(page(30, 8))
        assert samples.counts().samples == 10
        assert "6 oldest labelled" in said[0] or "labelled ones were dropped" in said[0]


def test_ok__the_size_is_capped_too(tmp_path):
    noise = np.random.default_rng(1).integers(0, 256, (96, 96)).astype(np.uint8)
    with Samples(tmp_path / "s.db", megabytes=1) as samples:
        for number in range(40):
            samples.keep([New(patch(50 * number + k), 1, 0.5, None, noise) for k in range(5)])
        assert samples.counts().megabytes <= 1 and samples.counts().samples > 50
    assert (tmp_path / "s.db").stat().st_size < 1.3 * 2**20


def test_ok__dropping_all_leaves_no_ink(tmp_path):
    with Samples(tmp_path / "s.db") as samples:
        samples.keep(page(0, 5))
        assert samples.drop_all() == 5 and samples.counts().events == 0
    assert patch(0).tobytes()[:64] not in (tmp_path / "s.db").read_bytes()


def test_ok__dropping_all_leaves_nothing_that_was_set_aside(tmp_path):
    left = [
        tmp_path / f"s.db.{name}"
        for name in ("damaged-1", "damaged-1-journal", "damaged-12", "fresh", "fresh-journal")
    ]
    other = tmp_path / "other.db.damaged-1"
    for path in (*left, other):
        path.write_bytes(patch(0).tobytes())
    with Samples(tmp_path / "s.db") as samples:
        samples.drop_all()
        assert other.exists() and not any(path.exists() for path in left)
        left[0].mkdir()  # as root, nothing else keeps us from removing it
        with pytest.raises(CannotWrite, match="damaged-1: cannot be removed"):
            samples.drop_all()


def test_ok__the_fingerprint_follows_the_labels(tmp_path):
    with Samples(tmp_path / "s.db") as samples:
        samples.keep(page(0, 2))
        before = samples.digest()
        samples.keep(page(10, 2, label=None))
        assert samples.digest() == before
        samples.label(samples.all()[-1].id, 4)
        assert samples.digest() != before


def test_ok__others_may_keep_samples_while_patches_are_cut_anew(tmp_path):
    with Samples(tmp_path / "s.db") as samples, Samples(tmp_path / "s.db") as service:
        samples.keep(page(0, 3))
        before = samples.digest()

        def cut(cutout: np.ndarray) -> np.ndarray:
            service.keep(page(int(service.newest()) + 100))
            return patch(9)

        assert samples.cut_anew("new", "old", cut) == 3
        assert [samples.knows(patch(n)) for n in (0, 9, 103)] == [None, 1, 4]
        assert samples.digest() != before


def sent(samples: Samples) -> bytes:
    handle = io.BytesIO()
    exchange.write(list(samples.all()), handle)
    return handle.getvalue()


def test_ok__export_and_import_keep_the_split_and_double_nothing(tmp_path):
    with Samples(tmp_path / "a.db") as one, Samples(tmp_path / "b.db") as other:
        for number in range(30):
            one.keep(page(10 * number, 2, label=number % 11 if number % 3 else None), when=number)
        other.keep(page(500, 3))
        file = sent(one)
        came = exchange.add(other, exchange.read(file))
        assert (came.added, came.known) == (60, 0)
        assert {s.key for s in other.held()} == {s.key for s in one.held()}
        mine = [s for s in other.all() if s.event > 1]
        assert [(s.key, s.place, s.label, s.when) for s in mine] == [
            (s.key, s.place, s.label, s.when) for s in one.all()
        ]
        assert all(np.array_equal(a.cutout, b.cutout) for a, b in zip(mine, one.all(), strict=True))
        one.label(one.event(1)[0].id, 5)
        again = exchange.add(other, exchange.read(sent(one)))
        assert (again.added, again.labelled, again.known) == (0, 1, 59)


def promising(count: int) -> bytes:
    """A small file whose headers promise so many samples."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, (kind, shape) in exchange._SHAPES.items():
            array = np.broadcast_to(np.zeros((), kind), (count, *shape))
            head = io.BytesIO()
            np.lib.format.write_array_header_1_0(
                head, np.lib.format.header_data_from_array_1_0(array)
            )
            archive.writestr(f"{name}.npy", head.getvalue() + bytes(64))
    return content.getvalue()


def test_fail__files_of_samples_that_are_none(tmp_path):
    with Samples(tmp_path / "a.db") as samples:
        samples.keep(page(0, 2))
        file = sent(samples)
    with np.load(io.BytesIO(file)) as arrays:
        good = dict(arrays)
    for name, change in {
        "y": np.array([3, 12], np.uint8),
        "x": good["x"][:1],
        "place": good["place"] * 0,
        "confidence": np.full(2, np.nan, np.float32),
        "cutout_size": good["cutout_size"] * 2,
        "held_out": np.array([0, 1], np.uint8),
        "key": np.array([object()] * 2, object),
    }.items():
        handle = io.BytesIO()
        np.savez(handle, **{**good, name: change})
        with pytest.raises(BadData, match="samples"):
            exchange.read(handle.getvalue())
    for content in (b"", b"PK\x03\x04", file[:-200], os.urandom(3000), promising(10**12)):
        with pytest.raises(BadData):
            exchange.read(content)


def test_fail__samples_that_are_none():
    for wrong in (
        {"patch": patch(0)[:20]},
        {"label": 11},
        {"label": -1},
        {"read": 12},
        {"cutout": np.zeros(4, np.uint8)},
    ):
        with pytest.raises(BadData):
            New(**{"patch": patch(0), "read": 1, "confidence": 0.5, **wrong})


def test_fail__a_sample_that_is_not_there(tmp_path):
    with Samples(tmp_path / "s.db") as samples:
        with pytest.raises(UsageError, match="sample 4"):
            samples.label(4, 1)
        with pytest.raises(BadData):
            samples.keep([])


def test_ok__a_damaged_database_is_set_aside(tmp_path):
    path, said = tmp_path / "s.db", []
    path.write_bytes(b"no database at all" * 100)
    with Samples(path, log=said.append) as samples:
        samples.keep(page(0))
        assert samples.counts().samples == 1
    assert "set aside as s.db.damaged-1" in said[0]
    assert (tmp_path / "s.db.damaged-1").read_bytes().startswith(b"no database")


def test_ok__of_one_damaged_within_all_that_can_be_read_is_saved(tmp_path):
    path = tmp_path / "s.db"
    with Samples(path) as samples:
        samples._database().execute("INSERT INTO sqlite_sequence VALUES ('samples', 200000)")
        for number in range(40):
            samples.keep(page(10 * number, 5))
        split = {sample.key: sample.held_out for sample in samples.all()}
    content = bytearray(path.read_bytes())
    content[60_000:80_000] = os.urandom(20_000)  # behind the roots of the tables
    path.write_bytes(content)
    (tmp_path / "s.db.fresh").write_bytes(b"left by a power cut")
    with Samples(path) as samples, pytest.raises(BadData, match="samples that could still be"):
        samples.learned()
    with Samples(path) as another:  # as after the next command
        saved = list(another.all())
        assert 100 < len(saved) < 200
        assert all(np.array_equal(s.patch, patch(10 * (s.event - 1) + s.place)) for s in saved)
        assert all(split[s.key] == s.held_out for s in saved)
        another.keep(page(1000))
        assert rescue.mend(path, ValueError("a mistake")) == ""  # it is whole
        assert (tmp_path / "s.db.damaged-1").read_bytes() == content
        another.drop_all()
    assert sorted(found.name for found in tmp_path.iterdir() if found.stat().st_size) == ["s.db"]


def test_ok__an_export_tells_by_what_the_box_judges(tmp_path):
    judged = {"general": "drawn digits", "parent": "ab" * 32}
    with Samples(tmp_path / "s.db") as samples:
        samples.keep(page(0))
        for told in (judged, None):
            handle = io.BytesIO()
            exchange.write(list(samples.all()), handle, told)
            assert exchange.judged_by(handle.getvalue()) == (told or {})
            assert len(exchange.read(handle.getvalue())) == 1
    assert exchange.judged_by(b"PK") == {}


def many(path, pages=60):
    """A database of 240 samples, closed; its bytes, and its samples by number."""
    with Samples(path) as samples:
        for number in range(pages):
            samples.keep(page(10 * number, 4))
        return path.read_bytes(), {sample.id: sample for sample in samples.all()}


def saved_of(path, content, kept):
    """How many samples are saved of a damaged file; each must be what it was."""
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    path.write_bytes(content)
    found = []
    for _ in range(2):  # the first look may only find the damage
        with Samples(path) as samples, contextlib.suppress(BadData):
            found = list(samples.all())
            break
    for sample in found:
        one = kept[sample.id]
        assert np.array_equal(sample.patch, one.patch) and sample.label == one.label
        assert not sample.held_out or one.held_out, "never judged by what may have been learned"
    return len(found)


@pytest.mark.parametrize("missing", [1, 100, 4096, 5000, 40_000])
def test_ok__of_one_cut_short_all_but_its_end_is_saved(tmp_path, missing):
    content, kept = many(tmp_path / "s.db")
    assert len(kept) == 240
    lost = 240 - saved_of(tmp_path / "s.db", content[:-missing], kept)
    assert lost <= 8 + missing // 800


def test_ok__one_spoilt_page_loses_what_stood_there(tmp_path):
    """Whichever it is: the first, a root, one of the tree, a leaf, one of an index."""
    content, kept = many(tmp_path / "s.db")
    rng = np.random.default_rng(5)
    worst = 0
    for page_number in range(len(content) // 4096):
        filling = rng.bytes(4096) if page_number % 2 else bytes(4096)
        spoilt = bytearray(content)
        spoilt[page_number * 4096 : (page_number + 1) * 4096] = filling
        worst = max(worst, 240 - saved_of(tmp_path / "s.db", bytes(spoilt), kept))
    assert 1 <= worst <= 8


def test_ok__an_empty_one_where_there_was_one_is_said(tmp_path):
    said = []
    with Samples(tmp_path / "new.db", log=said.append) as samples:
        samples.keep(page(0))
    assert not said
    (tmp_path / "s.db").touch()
    with Samples(tmp_path / "s.db", log=said.append) as samples:
        samples.keep(page(0))
        assert samples.counts().samples == 1
    assert len(said) == 1 and "is empty, though it was there" in said[0]


def test_ok__carved_rows_are_those_that_sqlite_reads(tmp_path):
    """Numbers of every length, text, nothing, rows that go on elsewhere, several page sizes."""
    for size in (512, 4096, 65536):
        path = tmp_path / f"{size}.db"
        values = [None, 0, 1, -1, 127, -32769, 1 << 40, -(1 << 62), 0.5, "é" * 9, b"\0" * 3]
        values += ["x" * length for length in (400, 460, 480, 500, 4000, 4070, 9000, 70_000)]
        with contextlib.closing(sqlite3.connect(path)) as made:
            made.execute(f"PRAGMA page_size = {size}")
            made.execute("CREATE TABLE a (id INTEGER PRIMARY KEY, x, y)")
            for number, value in enumerate(values):
                made.execute("INSERT INTO a VALUES (?, ?, ?)", (number * 99 + 1, value, number))
            made.commit()
        found = {number: row for number, row in carve.rows(path) if len(row) == 3}
        assert found == {n * 99 + 1: (None, value, n) for n, value in enumerate(values)}
    for junk in (b"", b"\x0d" * 9000, os.urandom(40_000), b"SQLite format 3\0" + b"\x0d" * 8192):
        (tmp_path / "junk").write_bytes(junk)
        list(carve.rows(tmp_path / "junk"))


def test_fail__a_damaged_one_where_nothing_can_be_written(tmp_path):
    (tmp_path / "s.db").write_bytes(b"no database at all" * 100)
    (tmp_path / "s.db.lock").mkdir()
    with Samples(tmp_path / "s.db") as samples:
        with pytest.raises(CannotWrite, match="is damaged"):
            samples.keep(page(0))
        (tmp_path / "s.db.lock").rmdir()
        samples.keep(page(0))
    assert (tmp_path / "s.db.damaged-1").exists()


def test_fail__mending_while_another_process_writes_for_ever(tmp_path, monkeypatch):
    path = tmp_path / "s.db"
    with Samples(path) as samples:
        samples.keep(page(0))
    for module in (rescue, database):
        monkeypatch.setattr(module, "PATIENCE", 0.1)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Busy, match="another process"):
            rescue.mend(path, ValueError("spoilt"))
    with Samples(path) as samples:
        assert samples.counts().samples == 1 and not list(tmp_path.glob("*damaged*"))


def test_ok__whatever_byte_a_card_spoils_the_next_try_works(tmp_path):
    with Samples(tmp_path / "good.db") as samples:
        for number in range(10):
            samples.keep(page(10 * number, 4))
    good, rng, path = (tmp_path / "good.db").read_bytes(), random.Random(3), tmp_path / "s.db"
    for _ in range(60):
        for old in tmp_path.glob("s.db*"):
            old.unlink()
        content = bytearray(good)
        for place in rng.choices(range(len(good)), k=rng.choice([1, 5, 30])):
            content[place] = rng.randrange(256)
        path.write_bytes(content)
        with Samples(path) as samples:
            for ask in (samples.learned, samples.held, samples.digest, samples.counts):
                with contextlib.suppress(BadData):
                    ask()
            samples.keep(page(1000))
            assert samples.counts().labelled == len(samples.learned()) + len(samples.held())


def test_ok__another_file_in_its_place_is_opened(tmp_path):
    path = tmp_path / "s.db"
    with Samples(path) as samples:
        samples.keep(page(0, 2))
        path.rename(tmp_path / "moved")
        samples.keep(page(10, 3))
        assert samples.counts().samples == 3


def test_ok__who_waits_while_another_file_is_put_in_its_place_keeps_it_there(tmp_path):
    path = tmp_path / "s.db"
    with Samples(path) as samples, Samples(tmp_path / "fresh.db") as fresh:
        samples.keep(page(0))
        fresh.keep(page(1))
        mending = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        mending.execute("BEGIN IMMEDIATE")

        def finish() -> None:
            os.replace(tmp_path / "fresh.db", path)
            mending.close()

        mended = threading.Timer(0.3, finish)
        mended.start()
        samples.keep(page(2))
        mended.join()
    with Samples(path) as samples:
        assert samples.counts().events == 2  # the fresh one's, and what waited for it


def test_fail__a_pipe_in_its_place(tmp_path):
    os.mkfifo(tmp_path / "s.db")
    with Samples(tmp_path / "s.db") as samples, pytest.raises(BadData, match="is a pipe"):
        samples.keep(page(0))


def test_fail__one_of_another_version_is_not_called_damaged(tmp_path):
    with Samples(tmp_path / "s.db") as samples:
        samples.counts()
        samples._database().execute("PRAGMA user_version = 2")
    (tmp_path / "s.db.lock").mkdir()  # nothing can be mended there
    with Samples(tmp_path / "s.db") as samples, pytest.raises(BadData, match="another version"):
        samples.counts()


def test_fail__disk_full_says_so_and_loses_nothing(tmp_path):
    path = tmp_path / "s.db"
    with Samples(path) as samples:
        samples.keep(page(0, 3))
        database = samples._database()
        pages = database.execute("PRAGMA page_count").fetchone()[0]
        database.execute(f"PRAGMA max_page_count = {pages + 2}")  # SQLite's own way to be full
        with pytest.raises(CannotWrite, match="the disk is full"):
            samples.keep(page(10, 60))
        assert samples.counts().samples == 3
        database.execute("PRAGMA max_page_count = 100000")
        samples.keep(page(10, 60))
        assert samples.counts().samples == 63


def test_fail__another_process_that_writes_for_ever(tmp_path, monkeypatch):
    path = tmp_path / "s.db"
    with Samples(path) as samples:
        samples.keep(page(0))
        samples._database().execute("PRAGMA busy_timeout = 10")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Busy):
            samples.keep(page(1))
        other.execute("ROLLBACK")
        other.close()
        samples.keep(page(1))


def test_fail__a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite), Samples(tmp_path / "file" / "s.db") as samples:
        samples.counts()


@pytest.mark.parametrize("shape", [(10, 10), (96, 96), (97, 20), (1000, 3), (480, 640)])
def test_ok__cut_outs_are_small(shape):
    grey = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    small = thinned(grey)
    assert max(small.shape) <= LARGEST_CUTOUT and small.dtype == np.uint8 and small.size


def test_ok__a_cut_out_has_paper_around_it_and_ends_with_the_frame():
    grey = np.arange(100 * 100, dtype=np.int64).reshape(100, 100).astype(np.uint8)
    assert np.array_equal(cut_out(grey, Box(50, 50, 10, 20)), grey[42:78, 42:68])
    assert cut_out(grey, Box(0, 90, 5, 10)).shape == (14, 9)


CHILD = """
import sys, numpy as np
from pi_reader.learning.samples import New, Samples
samples = Samples(sys.argv[1])
for number in range(100_000):
    event = samples.keep([New(np.full((28, 28), number % 256, np.uint8), 1, .5, number % 10)] * 3)
    print(event, flush=True)
"""


def killed_while_keeping(path: Path, rng: np.random.Generator) -> int:
    """Start, kill at a random moment, and give the last event that was confirmed."""
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    first = child.stdout.readline()
    time.sleep(rng.uniform(0, 0.05))
    os.kill(child.pid, signal.SIGKILL)
    confirmed = (first + child.stdout.read()).split()
    child.wait()
    child.stdout.close()
    return int(confirmed[-1])


@pytest.mark.parametrize("rounds", [4, pytest.param(100, marks=pytest.mark.acceptance)])
def test_ok__killed_at_any_moment_no_confirmed_sample_is_lost(tmp_path, rounds):
    rng = np.random.default_rng(0)
    for _ in range(rounds):
        last = killed_while_keeping(tmp_path / "s.db", rng)
        with Samples(tmp_path / "s.db") as samples:
            assert len(samples.event(last)) == 3
            assert samples.counts().samples % 3 == 0
            assert samples._database().execute("PRAGMA integrity_check").fetchone() == ("ok",)
