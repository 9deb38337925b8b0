"""What a network must not forget while it learns somebody's hand, and what shows whether it did.

With MNIST on the card that is MNIST, mapped and not loaded, so that a Zero's memory bears it;
without, digits that the program draws. Marks that are no digits belong to it in any case.
"""

from __future__ import annotations

import gzip
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pi_reader.errors import BadData, MissingFile
from pi_reader.files import durable
from pi_reader.training import batches, data
from pi_reader.training.batches import Labelled
from pi_reader.training.checkpoint import Stream, random_for
from pi_reader.training.course import HELD_EVERY

TESTED = 10_000  # digits of the general test: one of them is 0.01 points
MARKS = 2_000  # marks that are no digits, to test by
_CALIBRATED = 4_000  # drawn digits to calibrate by where there is no MNIST
_DRAWN, _DRAWN_ALONE = 4_096, 16_384  # drawn digits to learn from, beside MNIST and without it
_DRAWN_MARKS = 2_048
_SEED = 2016  # the same for everybody and every night: what is kept must not change


@dataclass(frozen=True)
class Rehearsal:
    """What is replayed, and what is tested.

    mnist: images to learn from and which of them, None if there are none. digits, digit_labels and
    marks: drawn ones to learn from. calibration and tested: patches (n, 28, 28) uint8 and labels
    (n,) uint8 that nobody learned from; test_marks: (m, 28, 28) that are no digits.
    name: what the test is called, "MNIST" or "drawn digits".
    """

    name: str
    mnist: Labelled | None
    digits: np.ndarray
    digit_labels: np.ndarray
    marks: np.ndarray
    calibration: tuple[np.ndarray, np.ndarray]
    tested: tuple[np.ndarray, np.ndarray]
    test_marks: np.ndarray


def prepare(mnist: Path | None) -> Rehearsal:
    """Lay ready what the device has: MNIST from a folder, or only what it draws itself (None).

    The images that the shipped weights were chosen by, every thirteenth, are not learned from here
    either. Raises what reading MNIST raises.
    """
    count = _DRAWN if mnist is not None else _DRAWN_ALONE
    digits, labels = batches.draw_foreign_digits(count, random_for(_SEED, Stream.DIGITS))
    marks, _ = batches.draw_marks(_DRAWN_MARKS, random_for(_SEED, Stream.NON_DIGITS))
    test_marks, _ = batches.draw_marks(MARKS, random_for(_SEED, Stream.VALIDATION, 1))
    if mnist is None:
        held = batches.draw_digits(_CALIBRATED, random_for(_SEED, Stream.VALIDATION, 2))
        tested = batches.draw_digits(TESTED, random_for(_SEED, Stream.VALIDATION, 3))
        return Rehearsal("drawn digits", None, digits, labels, marks, held, tested, test_marks)
    held = _held_back(mnist)
    images, names = data.load_train(mnist, mapped=True)
    tested = data.load_test(mnist, mapped=True)
    rows = np.arange(len(names))
    learned = Labelled(images, names, np.setdiff1d(rows, rows[::HELD_EVERY]))
    if not len(learned.rows) or len(tested[1]) < TESTED:
        raise BadData(f"{mnist}: holds too few images to judge by, {TESTED:,} are needed")
    return Rehearsal("MNIST", learned, digits, labels, marks, held, tested, test_marks)


def _held_back(mnist: Path) -> tuple[np.ndarray, np.ndarray]:
    """The images that nobody learns from, as a copy: they lie all over the file, and once its map
    is closed the pages between them do not count as our memory."""
    images, names = data.load_train(mnist, mapped=True)
    return images[::HELD_EVERY].copy(), names[::HELD_EVERY].copy()


def mapped_mnist(folder: Path, keep: Path) -> Path:
    """A folder with MNIST's files unpacked, so that they can be mapped: `folder`, or `keep`.

    Packed files are unpacked once into `keep` (55 MB). Raises MissingFile, BadData, CannotWrite.
    """
    names = (data.TRAIN_IMAGES, data.TRAIN_LABELS, data.TEST_IMAGES, data.TEST_LABELS)
    if all((folder / name).is_file() for name in names):
        return folder
    keep.mkdir(parents=True, exist_ok=True)
    for name in names:
        if not _is_whole(keep / name):
            _unpack(folder, name, keep / name)
    return keep


def _is_whole(path: Path) -> bool:
    try:
        data.read_idx(path, mapped=True)
    except (MissingFile, BadData):
        return False
    return True


def _unpack(folder: Path, name: str, to: Path) -> None:
    """Unpack one file, or copy it if it is unpacked already, so that it is there whole or not."""
    raw, packed = folder / name, folder / f"{name}.gz"
    if not raw.is_file() and not packed.is_file():
        raise MissingFile(
            f"{folder}: holds neither {name} nor {name}.gz; night.mnist in the "
            "settings should name the folder of MNIST's files, or be empty"
        )
    try:
        with durable(to) as handle:
            if raw.is_file():
                with open(raw, "rb") as source:
                    shutil.copyfileobj(source, handle)
            else:
                with gzip.open(packed) as source:
                    shutil.copyfileobj(source, handle)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadData(f"{packed}: damaged gzip file ({error}); fetch it again") from error
