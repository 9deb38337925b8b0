"""Reads and checks MNIST and other data sets in IDX files. (CSV files are in `book`.)

IDX is the format of MNIST's own files (LeCun, Cortes, Burges, "The MNIST database of handwritten
digits"): a magic number, the sizes, then the bytes. The sizes in the header are compared with
those of the file before any memory is allocated.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from pi_reader.errors import BadData, MissingFile
from pi_reader.files import check_file
from pi_reader.values import SIDE

_KINDS = {0x0801: "labels", 0x0803: "images"}  # magic: unsigned bytes in one or in three dimensions
_MOST_BYTES = 256 << 20  # a Zero has 512 MB; the largest such set (EMNIST digits) has 220 MB
_AT_ONCE = 1 << 18  # bytes read in one go

TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
TRAIN_CSV = ("mnist_train.csv", "mnist_train_100.csv")  # as the lecture's book names them
TEST_CSV = ("mnist_test.csv", "mnist_test_10.csv")


@dataclass(frozen=True)
class MNIST:
    """The four parts of MNIST: (n, 28, 28) uint8 images, 255 is ink, and (n,) uint8 labels."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray

    @property
    def digest(self) -> str:
        """sha256 of what a network learns from, the training images and labels."""
        return digest(self.train_images, self.train_labels)


def digest(*arrays: np.ndarray) -> str:
    """sha256 over the bytes of arrays, so that a card can say what a network was trained on."""
    total = hashlib.sha256()
    for array in arrays:
        for start in range(0, len(array), 4096):  # in pieces: a mapped file is never held whole
            total.update(np.ascontiguousarray(array[start : start + 4096]).data)
    return total.hexdigest()


def read_idx(path: Path, mapped: bool = False) -> np.ndarray:
    """Read an IDX file, raw or .gz: images (n, height, width) or labels (n,), uint8.

    With `mapped` a raw file stays on the disk and is fetched page by page as it is used, which
    keeps MNIST out of a Zero's memory; the array is read-only then.
    Raises MissingFile, or BadData if the file is no IDX file, is too short or too long, or claims
    more than 256 MB.
    """
    path = Path(path)
    with _open(path) as (handle, packed):
        shape = _read_header(path, handle)
        count = math.prod(shape)
        if not packed:
            held = path.stat().st_size - (4 + 4 * len(shape))
            if held != count:
                raise BadData(
                    f"{path}: holds {held} bytes of data, its header promises {count}; "
                    "the file is damaged, fetch it again"
                )
            if mapped and count:
                return np.memmap(path, np.uint8, "r", 4 + 4 * len(shape), shape)
        data = np.empty(count, np.uint8)
        filled, more = _fill(data.data, handle), handle.read(1)
        if filled < count or more:
            what = "goes on after" if more else f"ends after {filled} of"
            raise BadData(
                f"{path}: {what} the {count} bytes of data that its header promises; "
                "the file is damaged, fetch it again"
            )
    return data.reshape(shape)


def read_pair(images: Path, labels: Path, mapped: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Read images (n, 28, 28) and their labels (n,), and check that they belong together.

    Raises BadData also when the two files are swapped, differ in count, hold no images, images of
    another size, or labels above 9.
    """
    pictures, names = read_idx(images, mapped), read_idx(labels, mapped)
    for path, array, dimensions in ((images, pictures, 3), (labels, names, 1)):
        if array.ndim != dimensions:
            found, wanted = ("labels", "images") if dimensions == 3 else ("images", "labels")
            raise BadData(f"{path}: holds {found}, should hold {wanted}; were two files swapped?")
    if pictures.shape[1:] != (SIDE, SIDE) or not len(pictures):
        shape = "×".join(map(str, pictures.shape))
        raise BadData(f"{images}: holds {shape} pixels, should hold n×{SIDE}×{SIDE} with n above 0")
    if len(names) != len(pictures):
        raise BadData(
            f"{labels}: {len(names)} labels for the {len(pictures)} images of {images}; "
            "the two files do not belong together"
        )
    if names.max() > 9:
        raise BadData(f"{labels}: holds the label {names.max()}, should hold digits from 0 to 9")
    return pictures, names


def load_train(folder: Path, mapped: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """MNIST's training images and labels from a folder, raw or .gz; see `read_pair`.

    Where they are not there, the book's mnist_train.csv or mnist_train_100.csv.
    """
    if path := _csv(folder, TRAIN_IMAGES, TRAIN_CSV):
        return _from_csv(path)
    return read_pair(_find(folder, TRAIN_IMAGES), _find(folder, TRAIN_LABELS), mapped)


def load_test(folder: Path, mapped: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """MNIST's test images and labels from a folder, raw or .gz; see `read_pair`.

    Where they are not there, the book's mnist_test.csv or mnist_test_10.csv.
    """
    if path := _csv(folder, TEST_IMAGES, TEST_CSV):
        return _from_csv(path)
    return read_pair(_find(folder, TEST_IMAGES), _find(folder, TEST_LABELS), mapped)


def load_mnist(folder: Path, mapped: bool = False) -> MNIST:
    """All of MNIST from a folder. `mapped` as in `read_idx`."""
    return MNIST(*load_train(folder, mapped), *load_test(folder, mapped))


def _csv(folder: Path, images: str, names: tuple[str, ...]) -> Path | None:
    """The first of these CSV files in a folder that lacks the IDX file of the images, or None."""
    folder = Path(folder)
    if any((folder / name).exists() for name in (images, f"{images}.gz")):
        return None
    return next((folder / name for name in names if (folder / name).exists()), None)


def _from_csv(path: Path) -> tuple[np.ndarray, np.ndarray]:
    from pi_reader.training.book import load_csv  # which needs names of this module

    return load_csv(path)


def _find(folder: Path, name: str) -> Path:
    """The file of that name, preferably unpacked, otherwise with .gz."""
    folder = Path(folder)
    if not folder.is_dir():
        raise MissingFile(f"{folder}: no such folder; name the one that holds {name}.gz")
    for path in (folder / name, folder / f"{name}.gz"):
        if path.exists():
            return path
    raise MissingFile(
        f"{folder}: holds neither {name} nor {name}.gz, nor the "
        "book's mnist_train.csv and mnist_test.csv; --download fetches MNIST"
    )


@contextlib.contextmanager
def _open(path: Path) -> Iterator[tuple[BinaryIO, bool]]:
    """Open a file for reading, unpacking it if its first two bytes say gzip (then True)."""
    check_file(path)
    try:
        raw = open(path, "rb")  # noqa: SIM115  (closed below; only opening it is tried here)
    except FileNotFoundError as error:
        raise MissingFile(f"{path}: no such file") from error
    except OSError as error:
        raise BadData(f"{path}: cannot be read, {error.strerror}") from error
    with raw:
        packed = raw.peek(2)[:2] == b"\x1f\x8b"
        try:
            yield (cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw), packed
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise BadData(f"{path}: damaged gzip file ({error}); fetch it again") from error


def _read_header(path: Path, handle: BinaryIO) -> tuple[int, ...]:
    """The sizes an IDX header promises, once its magic number and its claims have been checked."""
    head = handle.read(4)
    magic = int.from_bytes(head, "big")
    if len(head) < 4 or magic not in _KINDS:
        wanted = " or ".join(f"0x{known:08x} ({kind})" for known, kind in _KINDS.items())
        raise BadData(f"{path}: starts with 0x{head.hex()}, an IDX file starts with {wanted}")
    dimensions = magic & 0xFF
    sizes = handle.read(4 * dimensions)
    if len(sizes) < 4 * dimensions:
        raise BadData(f"{path}: ends within its header; the file is damaged, fetch it again")
    shape = struct.unpack(f">{dimensions}I", sizes)
    if math.prod(shape) > _MOST_BYTES:
        raise BadData(
            f"{path}: claims {'×'.join(map(str, shape))} bytes, more than the "
            f"{_MOST_BYTES >> 20} MB that are read"
        )
    return shape


def _fill(view: memoryview, handle: BinaryIO) -> int:
    """Read until `view` is full or the file ends; returns the number of bytes read."""
    filled = 0
    while filled < len(view):
        got: int = handle.readinto(view[filled : filled + _AT_ONCE])  # type: ignore[attr-defined]
        if not got:
            break
        filled += got
    return filled
