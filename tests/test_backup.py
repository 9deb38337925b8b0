"""Backup and restore: everything or nothing, and nothing that is not ours."""

from __future__ import annotations

import errno
import io
import os
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pi_reader.box import backup, snapshot
from pi_reader.config import Folders, find_folders
from pi_reader.errors import BadData, BadSettings, CannotWrite, MissingFile
from pi_reader.history import History


def box(place: Path) -> Folders:
    """The folders of a box that has learned something and is at work: its log is not merged."""
    state = place / "state"
    (state / "weights").mkdir(parents=True)
    (state / "requests").mkdir()
    (state / "requests" / "retrain").write_text("now")
    (state / "weights" / "0001.npz").write_bytes(bytes(range(256)) * 40)
    (state / "weights" / "in-use.json").write_text('{"number": 1}')
    (state / ".samples.db.x7").write_text("half written")
    folders = Folders(place / "config.toml", state, place / "run")
    folders.settings.write_text("[leds]\nunsure = 27\n")
    return folders


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def old(tmp_path: Path) -> Folders:
    return box(tmp_path / "old")


@pytest.fixture
def saved(old: Folders, tmp_path: Path) -> Path:
    backup.save(old, tmp_path / "box.tar")
    return tmp_path / "box.tar"


def test_ok__comes_back_as_it_was(old: Folders, saved: Path, tmp_path: Path) -> None:
    new = box(tmp_path / "new")
    (new.state / "weights" / "0001.npz").write_bytes(b"other")
    new.settings.write_text("")
    (tmp_path / "new" / ".config.toml.restoring.x7").write_text("one that was killed half-way")
    contents = backup.restore(saved, new)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "config.toml",
        "state",
        "state.before-restore",
    ]
    assert set(contents.files) == {
        "settings/config.toml",
        "state/weights/0001.npz",
        "state/weights/in-use.json",
    }
    assert files_of(new.state / "weights") == files_of(old.state / "weights")
    assert new.settings.read_bytes() == old.settings.read_bytes()
    kept = new.state.with_name("state.before-restore")
    assert (kept / "weights" / "0001.npz").read_bytes() == b"other"
    assert not list(new.state.parent.glob("*.restoring"))


def test_ok__a_database_is_copied_while_it_is_written_to(old: Folders, tmp_path: Path) -> None:
    with closing(sqlite3.connect(old.history)) as history:
        history.execute("PRAGMA journal_mode = WAL")
        history.execute("CREATE TABLE readings (text)")
        history.execute("INSERT INTO readings VALUES ('2016')")
        history.commit()  # now only in the log beside the file
        history.execute("INSERT INTO readings VALUES ('half')")
        contents, damaged = backup.save(old, tmp_path / "box.tar")
        history.commit()
    assert not damaged and not [name for name in contents.files if "-wal" in name]
    new = box(tmp_path / "new")
    backup.restore(tmp_path / "box.tar", new)
    with closing(sqlite3.connect(new.history)) as history:
        assert history.execute("SELECT text FROM readings").fetchall() == [("2016",)]


def test_ok__a_damaged_database_is_named_and_the_rest_kept(old: Folders, tmp_path: Path) -> None:
    old.samples.write_bytes(b"no database at all" * 100)
    contents, damaged = backup.save(old, tmp_path / "box.tar")
    assert len(damaged) == 1 and "samples.db" in damaged[0]
    assert "state/weights/0001.npz" in contents.files
    assert backup.check(tmp_path / "box.tar") == contents


def test_ok__of_a_card_that_takes_nothing_any_more(
    old: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of a database in the making needs no room there."""
    memory, temporary = tmp_path / "memory", tempfile.TemporaryDirectory

    def on_card(*words: Any, dir: Path, **more: Any) -> tempfile.TemporaryDirectory[str]:
        if dir == old.state:
            raise OSError(errno.EROFS, "Read-only file system")
        return temporary(*words, dir=dir, **more)

    memory.mkdir()
    with History(old.history) as history:
        history.add("2016", True, 0.9, "", 1.8e9)
    monkeypatch.setattr(snapshot, "IN_MEMORY", memory)
    monkeypatch.setattr(snapshot.tempfile, "TemporaryDirectory", on_card)
    contents, damaged = backup.save(old, tmp_path / "box.tar")
    assert not damaged and "state/history.db" in contents.files and not list(memory.iterdir())
    monkeypatch.setattr(snapshot, "IN_MEMORY", tmp_path / "none")
    contents, damaged = backup.save(old, tmp_path / "box.tar")
    assert "history.db: cannot be copied (there is no room for a copy)" in damaged[0]
    full = tmp_path / "full"  # where no file can be made
    assert snapshot.copied(old.history, [full, memory]) == memory / "copy.db"


def test_fail__a_file_that_the_card_holds_back_is_named_and_the_rest_kept(
    old: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = os.open

    def failing(path: Any, *words: Any, **more: Any) -> int:
        bad = str(path).endswith("0001.npz")
        return really("/proc/self/mem" if bad else path, *words, **more)  # EIO when it is read

    monkeypatch.setattr(snapshot.os, "open", failing)
    _, damaged = backup.save(old, tmp_path / "box.tar")
    assert len(damaged) == 1 and "0001.npz: cannot be read (Input/output error)" in damaged[0]
    assert "state/weights/in-use.json" in backup.check(tmp_path / "box.tar").files


def test_fail__nothing_to_back_up_and_nowhere_to_write(old: Folders, tmp_path: Path) -> None:
    with pytest.raises(MissingFile):
        backup.save(find_folders(tmp_path / "nothing"), tmp_path / "box.tar")
    with pytest.raises(CannotWrite):
        backup.save(old, tmp_path / "no" / "such" / "folder.tar")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6])
def test_fail__cut_short(saved: Path, tmp_path: Path, share: float) -> None:
    saved.write_bytes(saved.read_bytes()[: int(saved.stat().st_size * share)])
    refused_and_untouched(saved, tmp_path)


@pytest.mark.parametrize("place", [10, 520, 9000])
def test_fail__a_flipped_bit(saved: Path, tmp_path: Path, place: int) -> None:
    content = bytearray(saved.read_bytes())
    content[place] ^= 4
    saved.write_bytes(content)
    refused_and_untouched(saved, tmp_path)


def with_member(saved: Path, name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> None:
    """Add a member, where tar's own tools would, before the end."""
    with tarfile.open(saved) as archive:
        members = [(one, archive.extractfile(one).read()) for one in archive]
    extra = tarfile.TarInfo(name)
    extra.type, extra.linkname = kind, link
    with tarfile.open(saved, "w") as archive:
        for one, content in [(extra, b""), *members]:
            archive.addfile(one, io.BytesIO(content))


@pytest.mark.parametrize(
    ("name", "kind", "link"),
    [
        ("../../etc/passwd", tarfile.REGTYPE, ""),
        ("/etc/passwd", tarfile.REGTYPE, ""),
        ("state/../../etc/passwd", tarfile.REGTYPE, ""),
        ("state/weights", tarfile.SYMTYPE, "/etc"),
        ("state/hard", tarfile.LNKTYPE, "/etc/shadow"),
        ("state/pipe", tarfile.FIFOTYPE, ""),
        ("state/disk", tarfile.BLKTYPE, ""),
        ("settings/authorized_keys", tarfile.REGTYPE, ""),
        ("state/more", tarfile.REGTYPE, ""),  # harmless, but not in the table
        ("state/weights/0001.npz", tarfile.REGTYPE, ""),  # twice
    ],
)
def test_fail__members_that_do_not_belong(
    saved: Path, tmp_path: Path, name: str, kind: bytes, link: str
) -> None:
    with_member(saved, name, kind, link)
    refused_and_untouched(saved, tmp_path)


def test_fail__no_file_at_all(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(BadData):
            backup.check(path)


def test_fail__larger_than_any_box(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "MOST_BYTES", 1000)
    refused_and_untouched(saved, tmp_path)


def refused_and_untouched(saved: Path, tmp_path: Path) -> None:
    new = box(tmp_path / "new")
    before = files_of(tmp_path / "new")
    with pytest.raises(BadData, match=r"box\.tar: is no whole backup"):
        backup.check(saved)
    with pytest.raises(BadData):
        backup.restore(saved, new)
    assert files_of(tmp_path / "new") == before


def test_fail__settings_of_another_version(old: Folders, tmp_path: Path) -> None:
    old.settings.write_text("[lamps]\nred = 5\n")
    backup.save(old, tmp_path / "box.tar")
    new = box(tmp_path / "new")
    before = files_of(tmp_path / "new")
    with pytest.raises(BadSettings, match="lamps"):
        backup.restore(tmp_path / "box.tar", new)
    assert files_of(tmp_path / "new") == before


def test_fail__settings_cannot_be_put(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last step fails: state goes back to what it was."""
    new = box(tmp_path / "new")
    new.settings.write_text("")
    before = files_of(tmp_path / "new")
    replace = backup.os.replace

    def refuse(source: Path, target: Path) -> None:
        if Path(target) == new.settings:
            raise OSError(30, "Read-only file system", str(target))
        replace(source, target)

    monkeypatch.setattr(snapshot.os, "replace", refuse)
    with pytest.raises(CannotWrite, match="nothing was changed"):
        backup.restore(saved, new)
    assert files_of(tmp_path / "new") == before
