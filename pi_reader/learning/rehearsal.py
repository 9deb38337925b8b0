"""Rehearsal data against forgetting during fine-tuning, and test data that measures forgetting.

MNIST if it is on the card, mapped rather than loaded, so that it fits into a Zero's memory;
otherwise drawn digits. In both cases with marks that are no digits.
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
MARKS = 2_000  # marks that are no digits in the general test
_CALIBRATED = 4_000  # drawn digits for calibration without MNIST
_DRAWN, _DRAWN_ALONE = 4_096, 16_384  # drawn digits to learn from, with MNIST and without it
_DRAWN_MARKS = 2_048
_SEED = 2016  # always the same, so that the test does not change from night to night


@dataclass(frozen=True)
class Rehearsal:
    """The rehearsal and test data.

    mnist: training images and which of them to use, None if there are none. digits, digit_labels
    and marks: drawn training data. calibration and tested: held-out patches (n, 28, 28) uint8 and
    labels (n,) uint8; test_marks: (m, 28, 28) that are no digits.
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
    """Prepare the data: MNIST from a folder, or only drawn digits (None).

    The validation images of the shipped weights, every thirteenth, are not learned from here
    either. Raises whatever reading MNIST raises.
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
    """The validation images, as a copy: they are spread all over the file, and once the mapping is
    closed its pages no longer count as our memory."""
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
    """Unpack one file, or copy it if it is unpacked already; atomically."""
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
