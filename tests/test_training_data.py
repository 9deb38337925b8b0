"""IDX files, MNIST from a folder, MNIST from a server: what is right is read, the rest refused."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pi_reader.errors import BadData, CannotWrite, MissingFile, NoHardware
from pi_reader.training import data, download

RNG = np.random.default_rng(5)
PICTURES = RNG.integers(0, 256, (12, 28, 28)).astype(np.uint8)
NAMES = np.arange(12, dtype=np.uint8) % 10


def idx(array: np.ndarray, magic: int = 0) -> bytes:
    """An array as the bytes of an IDX file."""
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return struct.pack(">I", magic or 0x0800 + array.ndim) + sizes + array.tobytes()


def write_mnist(folder: Path, suffix: str = "", train: int = 12, test: int = 4) -> Path:
    """A small MNIST in a folder."""
    for name, array in (
        (data.TRAIN_IMAGES, PICTURES[:train]),
        (data.TRAIN_LABELS, NAMES[:train]),
        (data.TEST_IMAGES, PICTURES[:test]),
        (data.TEST_LABELS, NAMES[:test]),
    ):
        content = idx(array)
        (folder / (name + suffix)).write_bytes(gzip.compress(content) if suffix else content)
    return folder


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("array", [PICTURES, NAMES, PICTURES[:0]], ids=["images", "labels", "none"])
def test_ok__what_was_written_is_read(tmp_path, packed, mapped, array):
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(idx(array)) if packed else idx(array))
    read = data.read_idx(path, mapped)
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, array)


WHOLE = idx(PICTURES)
FAULTS = {
    "empty": (b"", "starts with 0x,"),
    "text": (b"these are no digits", "starts with 0x74686573"),
    "floats": (idx(PICTURES, 0x0D03), "starts with 0x00000d03"),
    "cut in the header": (WHOLE[:9], "ends within its header"),
    "cut short": (WHOLE[:-1], "its header promises 9408"),
    "too long": (WHOLE + b"!", "its header promises 9408"),
    "cut in packing": (gzip.compress(WHOLE)[:-900], "damaged gzip"),
    "packed and cut short": (gzip.compress(WHOLE[:-1]), "ends after 9407"),
    "packed and too long": (gzip.compress(WHOLE + b"!"), "goes on after"),
    "packed and flipped": (gzip.compress(WHOLE)[:-6] + b"\0" * 6, "damaged gzip"),
    "huge": (struct.pack(">4I", 0x0803, 2**31, 2**16, 2**16), "more than the 256 MB"),
    "huge, packed": (gzip.compress(struct.pack(">2I", 0x0801, 2**31)), "more than the 256 MB"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fail__damaged_idx_files_are_refused_in_one_line(tmp_path, fault):
    content, words = FAULTS[fault]
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(BadData) as caught:
        data.read_idx(path)
    assert words in str(caught.value) and str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_fail__missing_files_and_folders(tmp_path):
    with pytest.raises(MissingFile):
        data.read_idx(tmp_path / "nothing")
    with pytest.raises(BadData, match="folder"):
        data.read_idx(tmp_path)
    with pytest.raises(MissingFile, match="no such folder"):
        data.load_mnist(tmp_path / "nowhere")
    with pytest.raises(MissingFile, match="train-images-idx3-ubyte"):
        data.load_mnist(tmp_path)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_ok__mnist_is_read_from_a_folder(tmp_path, suffix):
    mnist = data.load_mnist(write_mnist(tmp_path, suffix))
    np.testing.assert_array_equal(mnist.train_images, PICTURES)
    np.testing.assert_array_equal(mnist.test_labels, NAMES[:4])
    assert mnist.digest == hashlib.sha256(PICTURES.tobytes() + NAMES.tobytes()).hexdigest()


def test_ok__the_real_mnist_has_the_known_digests(shared):
    for name, (size, digest) in download.MNIST_FILES.items():
        content = gzip.decompress((shared / "mnist" / f"{name}.gz").read_bytes())
        assert (len(content), hashlib.sha256(content).hexdigest()) == (size, digest)


@pytest.mark.parametrize(
    ("images", "labels", "words"),
    [
        (NAMES, PICTURES, "were two files swapped"),
        (PICTURES, PICTURES, "holds images, should hold labels"),
        (PICTURES, NAMES[:4], "4 labels for the 12 images"),
        (PICTURES[:, :27], NAMES, "12×27×28"),
        (PICTURES[:0], NAMES[:0], "0×28×28"),
        (PICTURES, NAMES + 1, "holds the label 10"),
    ],
)
def test_fail__files_that_do_not_belong_together(tmp_path, images, labels, words):
    first, second = tmp_path / "images", tmp_path / "labels"
    first.write_bytes(idx(images))
    second.write_bytes(idx(labels))
    with pytest.raises(BadData, match=words):
        data.read_pair(first, second)


@pytest.fixture
def small(tmp_path, monkeypatch) -> Path:
    """A folder that a server shows, with a small MNIST whose digests are the known ones."""
    folder = tmp_path / "server"
    folder.mkdir()
    write_mnist(folder, ".gz")
    known = {}
    for name in download.MNIST_FILES:
        content = gzip.decompress((folder / f"{name}.gz").read_bytes())
        known[name] = (len(content), hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(download, "MNIST_FILES", known)
    return folder


@pytest.fixture
def server(small) -> Iterator[tuple[str, list[str]]]:
    """Its address, and the list of what was asked for."""
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, directory=str(small), **kwargs)

        def log_message(self, *args):
            asked.append(self.path)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", asked
        running.shutdown()
        thread.join()


def test_ok__mnist_is_fetched_unpacked_and_fetched_only_once(server, tmp_path, monkeypatch):
    address, asked = server
    monkeypatch.setenv(download.MIRRORS_VARIABLE, f"http://127.0.0.1:9/nobody {address}/")
    lines: list[str] = []
    folder = download.download_mnist(tmp_path / "deep" / "mnist", progress=lines.append)
    np.testing.assert_array_equal(data.load_mnist(folder).train_images, PICTURES)
    assert sorted(path.name for path in folder.iterdir()) == sorted(download.MNIST_FILES)
    assert len(lines) == 8 and len(asked) == 4  # each file was tried at both mirrors
    download.download_mnist(folder)
    assert len(asked) == 4


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content[:-20],
        lambda content: content[:100],
        lambda content: b"<html>please log in</html>",
        lambda content: gzip.compress(b"\0" * 50_000_000),
        lambda content: gzip.compress(gzip.decompress(content)[:-1] + b"?"),
    ],
    ids=["cut", "cut early", "a login page", "endless", "another last byte"],
)
def test_fail__a_wrong_download_is_refused_and_leaves_nothing(server, small, tmp_path, change):
    path = small / f"{data.TRAIN_IMAGES}.gz"
    path.write_bytes(change(path.read_bytes()))
    folder = tmp_path / "mnist"
    with pytest.raises(BadData, match=data.TRAIN_IMAGES):
        download.download_mnist(folder, [server[0]])
    assert list(folder.iterdir()) == []


def test_fail__no_network_and_no_such_page(server, tmp_path):
    with pytest.raises(NoHardware, match="is there a network") as caught:
        download.download_mnist(tmp_path, ["http://127.0.0.1:9/"])
    assert caught.value.exit_code == 69
    with pytest.raises(NoHardware, match="404"):
        download.download_mnist(tmp_path, [server[0] + "/elsewhere"])
    with pytest.raises(NoHardware):
        download.download_mnist(tmp_path, ["no address"])


def test_fail__a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match="cannot be made a folder"):
        download.download_mnist(tmp_path / "file" / "mnist", ["http://127.0.0.1:9/"])
