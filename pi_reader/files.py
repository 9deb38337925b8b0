"""Files that survive a pulled plug: either the old content or the new one, never half of each.

An SD card that loses power can be left with files that are empty, old or cut short. So a file is
written beside its place, forced to the card, moved over the old one in a single step, and then
the folder itself is forced to the card too.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pi_reader.errors import CannotWrite

_READ_AT_ONCE = 1 << 20  # bytes; a Zero has 512 MB, so files are hashed in pieces


@contextlib.contextmanager
def durable(path: Path) -> Iterator[BinaryIO]:
    """Write a file so that a power cut leaves the old one or the new one, whole.

    Gives a binary handle to write to; the file appears at `path` when the block ends well, and
    nothing is left behind when it ends badly. Raises CannotWrite if the disk is full or read-only
    or the folder cannot be written.
    """
    path = Path(path)
    beside = ""
    try:
        descriptor, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
            os.fchmod(handle.fileno(), _mode_of(path))
        os.replace(beside, path)
        beside = ""
        sync_folder(path.parent)
    except OSError as error:
        if isinstance(error, CannotWrite) or error.errno is None:
            raise
        raise CannotWrite(f"{path}: cannot be written, {_reason(error)}") from error
    finally:
        if beside:
            with contextlib.suppress(OSError):
                os.unlink(beside)


def sync_folder(folder: Path) -> None:
    """Force a folder's list of names to the card, so that a moved file is still there tomorrow."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256(path: Path) -> str:
    """The fingerprint of a file, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        while piece := handle.read(_READ_AT_ONCE):
            digest.update(piece)
    return digest.hexdigest()


def _mode_of(path: Path) -> int:
    """Keep the rights of the file that is replaced; a new one gets what the umask allows."""
    try:
        return os.stat(path).st_mode & 0o777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _reason(error: OSError) -> str:
    """The system's reason, with what to do about it where there is something to do."""
    advice = {
        errno.ENOSPC: "the disk is full; make room and try again",
        errno.EDQUOT: "the disk quota is used up; make room and try again",
        errno.EROFS: "the disk is read-only",
        errno.EACCES: "no permission; choose another place or change its owner",
        errno.ENOENT: "its folder does not exist; create it first",
        errno.ENOTDIR: "a part of its path is a file, not a folder",
        errno.EISDIR: "it is a folder; name a file in it",
    }
    return advice.get(error.errno or 0, os.strerror(error.errno or 0))
