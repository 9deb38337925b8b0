"""Pictures of what was read, kept beside the history if the owner wants them.

Each is the frame of one announced reading, scaled down and compressed as JPEG, in a file named
after the number that the history gave the reading. The oldest go when there are too many, and no
more than a few megabytes a day are written: an SD card wears out.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pi_reader.errors import BadData, CannotWrite, MissingFile
from pi_reader.files import durable, make_shared_folder

if TYPE_CHECKING:
    import numpy as np

LONGEST_SIDE = 480  # pixels; digits of 15 pixels in a frame of 640 stay legible
QUALITY = 60  # of JPEG; a frame of a page takes about 10 kB
BYTES_PER_DAY = 3_500_000  # that are written at most; 300 readings themselves take 1.3 MB
LARGEST = 1 << 20  # bytes of a file that is taken for a picture

_COMMENT = b"pi-reader reading "  # in each file, before its number
_NAME = re.compile(r"([1-9][0-9]{0,17})\.jpg")
_BLOCK = 4096  # bytes; a file takes whole blocks of the card
_START, _END = b"\xff\xd8", b"\xff\xd9"  # of a JPEG


class KeptPictures:
    """The pictures in a folder, at most `most` of them and so many megabytes; one writer.

    clock: seconds, monotonic.
    """

    def __init__(
        self,
        folder: Path,
        most: int,
        megabytes: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder, self._most, self._room = Path(folder), most, int(megabytes * 1e6)
        self._clock = clock
        self._sizes: dict[int, int] | None = None  # bytes on the card by number, oldest first
        self._allowance, self._allowed_at = float(BYTES_PER_DAY), clock()

    def add(self, number: int, grey: np.ndarray) -> bool:
        """Keep the frame of a reading; False if enough was written today.

        number: the reading's; grey: (height, width) uint8. Raises CannotWrite, and then the
        pictures kept so far are still there.
        """
        content = _packed(number, grey)
        size = -(-len(content) // _BLOCK) * _BLOCK
        now = self._clock()
        earned = max(0.0, now - self._allowed_at) * BYTES_PER_DAY / 86400
        self._allowance, self._allowed_at = min(BYTES_PER_DAY, self._allowance + earned), now
        if size > min(self._allowance, self._room):
            return False
        try:
            make_shared_folder(self._folder)
            if self._sizes is None:
                self._sizes = self._found(number)
            while self._sizes and (
                len(self._sizes) >= self._most or sum(self._sizes.values()) + size > self._room
            ):
                oldest = next(iter(self._sizes))
                self._path(oldest).unlink(missing_ok=True)
                del self._sizes[oldest]
        except OSError as error:
            self._sizes = None
            raise CannotWrite(
                f"{self._folder}: cannot be written ({error.strerror}); no pictures are kept"
            ) from error
        try:
            with durable(self._path(number), 0o640, sync=False) as file:
                file.write(content)
        except CannotWrite as error:  # in the same words for every picture, to be said once
            reason = str(error).partition(" cannot be written, ")[2]
            raise CannotWrite(f"{self._folder}: cannot be written, {reason}") from error
        self._sizes[number] = size
        self._allowance -= size
        return True

    def _found(self, number: int) -> dict[int, int]:
        """What is there from an earlier start.

        Deletes what a power cut left unfinished, and pictures numbered from `number` on: they
        belong to a history that is gone, and would be taken for those of readings to come.
        """
        sizes = {}
        for path in self._folder.iterdir():
            name = _NAME.fullmatch(path.name)
            if name and int(name[1]) < number:
                sizes[int(name[1])] = path.lstat().st_blocks * 512
            elif name or path.name.startswith("."):
                with contextlib.suppress(IsADirectoryError):
                    path.unlink(missing_ok=True)
        return dict(sorted(sizes.items()))

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.jpg"


def _packed(number: int, grey: np.ndarray) -> bytes:
    """A frame as JPEG, with its longer side reduced to LONGEST_SIDE."""
    from PIL import Image

    picture = Image.fromarray(grey)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.BOX)
    content = io.BytesIO()
    comment = _COMMENT + str(number).encode()
    picture.save(content, "JPEG", quality=QUALITY, optimize=True, comment=comment)
    return content.getvalue()


def kept_picture(folder: Path, number: int) -> bytes:
    """The picture of a reading, as the bytes of a JPEG file.

    Raises MissingFile if none is kept, BadData if it is damaged or may not be read.
    """
    path = Path(folder) / f"{number}.jpg"
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with open(os.open(path, flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise BadData(f"{path}: is no file, should be a picture; move it away")
            content = file.read(LARGEST + 1)
    except FileNotFoundError as error:
        raise MissingFile(
            f"reading {number}: no picture of it is kept; history.pictures = true in the settings "
            "keeps those of readings to come"
        ) from error
    except OSError as error:
        raise BadData(f"{path}: cannot be read ({error.strerror}); read it with sudo") from error
    if len(content) > LARGEST or not (content.startswith(_START) and content.endswith(_END)):
        raise BadData(f"{path}: is damaged, should be a JPEG picture; delete it")
    return content


def is_kept_picture(path: Path) -> bool:
    """Whether a file is a picture that was kept here, under whatever name."""
    from PIL import Image

    try:
        with Image.open(path, formats=("JPEG",)) as picture:
            return bytes(picture.info.get("comment", b"")).startswith(_COMMENT)
    except Exception:  # a damaged picture makes Pillow raise almost anything
        return False
