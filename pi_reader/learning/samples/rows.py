"""One sample: what a digit looked like, what it was read as, and its label."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from pi_reader.errors import BadData
from pi_reader.hashing import sha256
from pi_reader.values import NO_DIGIT, SIDE, Box

LARGEST_CUTOUT = 96  # pixels of the longer edge; larger ones are downscaled
DIGEST = 16  # bytes that tell patches apart
MARGIN = 0.4  # paper around a digit's box, as a share of its longer edge: enough to find ink again


@dataclass(frozen=True)
class New:
    """A digit to be stored.

    patch: (28, 28) uint8, 0 paper to 255 ink, the network's input; cutout: (height, width) uint8
    grey, as the camera saw it (see `cut_out`), or None. read: what it was read as, 0 to 9, with its
    confidence and the sha256 of the weights. label: what it is, 0 to 9 or NO_DIGIT, None if
    unlabelled. source: where the label comes from, such as "button" or "command".
    """

    patch: np.ndarray
    read: int
    confidence: float
    label: int | None = None
    cutout: np.ndarray | None = None
    weights: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        """Raises BadData for an invalid field."""
        if self.patch.shape != (SIDE, SIDE) or self.patch.dtype != np.uint8:
            raise BadData(
                f"sample: its patch is {self.patch.dtype} {self.patch.shape}, should be "
                f"uint8 ({SIDE}, {SIDE})"
            )
        check_label(self.label)
        if not 0 <= self.read <= NO_DIGIT:
            raise BadData(f"sample: was read as {self.read}, should be 0 to {NO_DIGIT}")
        if self.cutout is not None and (self.cutout.ndim != 2 or self.cutout.dtype != np.uint8):
            raise BadData("sample: its cut-out should be (height, width) uint8")


@dataclass(frozen=True)
class Sample:
    """A stored digit: the fields of `New`, and where it belongs.

    id: its number; event: the number of the reading it belongs to, key: that reading's name, the
    same on all machines; place: which digit of the reading, from 0. when: seconds since 1970, 0 if
    the clock was not set. held_out: for tests only, never learned from.
    """

    id: int
    event: int
    key: str
    place: int
    when: float
    held_out: bool
    read: int
    confidence: float
    label: int | None
    weights: str
    source: str
    patch: np.ndarray = field(compare=False, repr=False)
    cutout: np.ndarray | None = field(default=None, compare=False, repr=False)


class Named(NamedTuple):
    """A labelled sample without its picture: its number, the digest of its patch, its label, and
    when it was taken, seconds since 1970, 0 if the clock was not set."""

    id: int
    digest: bytes
    label: int
    when: float


def check_label(label: int | None) -> None:
    """Raises BadData for an invalid label."""
    if label is not None and not _is_number(label):
        raise BadData(f"label: is {label!r}, should be a digit from 0 to 9, or none for no digit")


def name_of(label: int | None) -> str:
    """A label for people."""
    return "?" if label is None else "none" if label == NO_DIGIT else str(label)


def cut_out(grey: np.ndarray, box: Box) -> np.ndarray:
    """The part of a frame around a digit, with enough paper to find its ink again.

    grey: (height, width) uint8; returns the same, its longer edge at most LARGEST_CUTOUT.
    """
    margin = round(MARGIN * max(box.width, box.height))
    return thinned(
        grey[
            max(0, box.y - margin) : box.bottom + margin,
            max(0, box.x - margin) : box.right + margin,
        ]
    )


def thinned(grey: np.ndarray) -> np.ndarray:
    """A picture downscaled by an integer factor to at most LARGEST_CUTOUT, by averaging."""
    by = -(-max(grey.shape) // LARGEST_CUTOUT)
    return grey.copy() if by <= 1 else np.array(Image.fromarray(grey).reduce(by))


def packed(grey: np.ndarray | None) -> tuple[bytes | None, int, int]:
    """A cut-out as compressed bytes for the database, with its height and width."""
    if grey is None or not grey.size:
        return None, 0, 0
    small = thinned(grey)
    return zlib.compress(np.ascontiguousarray(small).tobytes()), *small.shape


def as_png(grey: np.ndarray) -> str:
    """A grey picture, (height, width) uint8, as a PNG in a `data:` address, for a browser."""
    height, width = grey.shape
    rows = b"".join(b"\0" + row.tobytes() for row in grey)  # each with the filter "none"
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def unpacked(content: bytes | None, height: int, width: int) -> np.ndarray | None:
    """The inverse of `packed`; None if it is missing or damaged."""
    if content is None:
        return None
    try:
        raw = zlib.decompressobj().decompress(content, height * width + 1)
        return np.frombuffer(raw, np.uint8).reshape(height, width)
    except (zlib.error, OverflowError, TypeError, ValueError):
        return None


def sample_of(row: tuple[Any, ...]) -> Sample:
    """A row of the database, in the order of `store.COLUMNS`, as a sample.

    Raises ValueError for a corrupt one.
    """
    *facts, patch, cutout, height, width = row
    identity, event, key, place, when, held_out, read, confidence, label, weights, source = facts
    if (
        not isinstance(patch, bytes)
        or len(patch) != SIDE * SIDE
        or not _is_number(read)
        or not (label is None or _is_number(label))
    ):
        raise ValueError(f"sample {identity} is spoilt")
    return Sample(
        identity,
        event,
        key,
        place,
        when,
        bool(held_out),
        read,
        confidence,
        label,
        weights,
        source,
        np.frombuffer(patch, np.uint8).reshape(SIDE, SIDE),
        unpacked(cutout, height, width),
    )


def digest_of(patch: np.ndarray) -> bytes:
    """A digest that is equal for equal patches."""
    return sha256(np.ascontiguousarray(patch).tobytes()).digest()[:DIGEST]


def _is_number(label: Any) -> bool:
    return isinstance(label, int) and 0 <= label <= NO_DIGIT
