"""Durable files: the old content or the new one, and clear words when neither can be had."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from pi_reader import files
from pi_reader.errors import CannotWrite


def test_ok__replaces_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o640)
    with files.durable(path) as handle:
        handle.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["a"]


def test_ok__a_block_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), files.durable(path) as handle:
        handle.write(b"half")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_fail__full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(CannotWrite, match="disk is full"), files.durable(path) as handle:
        handle.write(b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("name", ["missing/a", "."])
def test_fail__no_place_to_write(tmp_path: Path, name: str) -> None:
    with pytest.raises(CannotWrite), files.durable(tmp_path / name) as handle:
        handle.write(b"new")
    assert os.listdir(tmp_path) == []


def test_ok__sha256_of_a_file_larger_than_a_piece(tmp_path: Path) -> None:
    path = tmp_path / "a"
    data = bytes(range(256)) * 8192
    path.write_bytes(data)
    assert files.sha256(path) == hashlib.sha256(data).hexdigest()
