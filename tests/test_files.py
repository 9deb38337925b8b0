"""Durable files: the old content or the new one, and clear words when neither can be had."""

from __future__ import annotations

import errno
import hashlib
import os
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pi_reader import files
from pi_reader.cli.main import main
from pi_reader.errors import BadData, Busy, CannotWrite, MissingFile


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


def test_ok__rights_that_were_asked_for(tmp_path: Path) -> None:
    with files.durable(tmp_path / "a", 0o660) as handle:
        handle.write(b"new")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o660


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write for others")
def test_ok__what_root_writes_belongs_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 1235)
    files.write_json(tmp_path / "a", {})
    found = (tmp_path / "a").stat()
    assert (found.st_uid, found.st_gid) == (1234, 1235)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write for others")
def test_ok__a_folder_that_root_makes_is_for_those_of_the_one_above(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 1235)
    tmp_path.chmod(0o2770)
    for _ in range(2):
        files.make_shared_folder(tmp_path / "a")
        found = (tmp_path / "a").stat()
        assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (1234, 1235, 0o2770)
        tmp_path.chmod(0o755)  # what is there is left as it is


def test_ok__json_there_and_back(tmp_path: Path) -> None:
    values = {"a": [1, 2.5, None, "é\n"], "b": {"c": True}}
    files.write_json(tmp_path / "a", values)
    assert files.read_json(tmp_path / "a") == values


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1]", b"3", b"\xff", b"[" * 100_000, b'{"a": "' + b"x" * 100 + b'"}']
)
def test_fail__json_that_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(BadData, match="a: is "):
        files.read_json(tmp_path / "a", 100 if b"xx" in content else 1 << 20)


def test_fail__json_from_a_pipe(tmp_path: Path) -> None:
    """Whoever may leave a request for the box must not be able to stop it like this."""
    os.mkfifo(tmp_path / "a.json")
    with pytest.raises(BadData, match="is damaged"):
        files.read_json(tmp_path / "a.json")


def test_fail__a_pipe_where_a_file_should_be(tmp_path: Path) -> None:
    """None of these waits for somebody who writes into it."""
    pipe = tmp_path / "a"
    os.mkfifo(pipe)
    with pytest.raises(BadData, match="a pipe"):
        files.check_file(pipe)
    with pytest.raises(BadData, match="a folder"):
        files.check_file(tmp_path)
    files.check_file(tmp_path / "missing")
    assert files.sha256(pipe) == hashlib.sha256().hexdigest()
    with files.locked(pipe), pytest.raises(Busy), files.locked(pipe, 0):
        pass


def test_fail__json_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingFile):
        files.read_json(tmp_path / "a")
    with pytest.raises(BadData):
        files.read_json(tmp_path)


def test_ok__a_lock_is_free_again_after_the_block(tmp_path: Path) -> None:
    for _ in range(2):
        with files.locked(tmp_path / "lock", 0.0):
            pass


def test_fail__a_lock_that_somebody_holds(tmp_path: Path) -> None:
    with (
        files.locked(tmp_path / "lock"),
        pytest.raises(Busy, match="try again later"),
        files.locked(tmp_path / "lock", 0.1),
    ):
        pass


def test_ok__a_lock_outlives_no_process(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from pi_reader.files import locked\n"
        "with locked(Path(sys.argv[1])): print('held', flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "lock")],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (-9, "held\n")
    with files.locked(tmp_path / "lock", 0.0):
        pass


def test_fail__a_lock_without_a_folder(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite), files.locked(tmp_path / "none" / "lock"):
        pass


def test_ok__a_clock_that_was_never_set_is_not_believed() -> None:
    assert files.believed(0.0) == files.believed(1.5e9) == 0.0
    assert files.believed(1.8e9) == 1.8e9


@pytest.mark.parametrize(("folder", "file"), [(0o2770, 0o660), (0o755, 0o644), (0o700, 0o600)])
def test_ok__a_shared_file_is_for_those_of_its_folder(
    tmp_path: Path, folder: int, file: int
) -> None:
    tmp_path.chmod(folder)
    files.make_shared(tmp_path / "a.db")
    assert (tmp_path / "a.db").stat().st_mode & 0o777 == file
    (tmp_path / "a.db").write_text("kept")
    files.make_shared(tmp_path / "a.db")
    assert (tmp_path / "a.db").read_text() == "kept"


def npz(path: Path, **headers: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in headers.items():
            archive.writestr(f"{name}.npy", content)
    return path


def claiming(header: str, content: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + content


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (930000000, 28, 28), }\n",
        "{'descr': '|S0', 'fortran_order': False, 'shape': (1000000000000,), }\n",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-1, -4), }\n",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }\n",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n",
        "{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (1,), }\n",
        "{'descr': '|u1'}\n",
        "(" * 3000,
        "{'descr': '|u1', 'fortran_order': False, 'shape': (" + "1" * 4000,
        "{'descr': '|u1', 'fortran_order': False, 'shape': (" + "1, " * 1300 + "), }",
    ],
)
def test_fail__an_array_that_claims_more_than_it_holds(
    tmp_path: Path, header: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """730 GB, and others: 65 and one line from every command that opens such a file."""
    array = claiming(header, b"abcd")
    names = ("x", "y", "event", "place", "held_out", "when", "read", "confidence", "key")
    names = (*names, "weights", "source", "cutout_size", "cutouts", "facts")
    path = npz(tmp_path / "a.npz", **dict.fromkeys(names, array))
    with pytest.raises(files.NPZ_DAMAGE):
        files.read_npz(path, 1 << 20)
    npz(tmp_path / "w.npz.checkpoint", facts=array)
    state = ["--state", str(tmp_path / "state")]
    for words in (
        ["evaluate", "--npz", str(path)],
        ["weights", "compare", "0", "0", "--npz", str(path), *state],
        ["weights", "offer", str(path), *state],
        ["samples", "import", str(path), *state],
        ["retrain", "--samples", str(path), "--out", str(tmp_path / "w.npz")],
    ):
        assert main(words) == 65
        said = capsys.readouterr().err
        assert said.startswith("pi-reader: ") and said.count("\n") == 1


def test_ok__arrays_as_numpy_reads_them(tmp_path: Path) -> None:
    kept = {
        "a": np.arange(6, dtype="<i8").reshape(2, 3),
        "b": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "c": np.zeros((0, 28, 28), np.uint8),
        "d": np.array(["x", "yz"], "S2"),
        "e": np.float32(7),
    }
    np.savez_compressed(tmp_path / "a.npz", **kept)
    found = files.read_npz(tmp_path / "a.npz", 1 << 20)
    assert list(found) == list(kept)
    for name, array in kept.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape
        assert (found[name] == array).all()
        if found[name].size > 1:
            found[name][...] = found[name][::-1].copy()  # may be written to
    with pytest.raises(ValueError, match="unpacks to more"):
        files.read_npz(tmp_path / "a.npz", 50)
