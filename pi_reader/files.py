"""Durable files: after a power cut a file has the old content or the new one, never a mixture.

An SD card that loses power can be left with files that are empty, old or truncated. So a file is
written to a temporary name, synced, renamed over the old one atomically, and then the folder is
synced, too.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import math
import os
import re
import stat
import struct
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pi_reader import hashing
from pi_reader.errors import BadData, Busy, CannotWrite, MissingFile

if TYPE_CHECKING:
    import numpy as np

CLOCK_RIGHT_FROM = 1_735_689_600.0  # 2025-01-01: a clock showing an earlier time was never set

_IO = Path("/proc/self/io")
_READ_AT_ONCE = 1 << 20  # bytes; a Zero has 512 MB, so files are hashed in pieces
_LOCK_POLL = 0.05  # seconds between two tries for a lock
_LONGEST_PREFIX = 40  # bytes of the target's name at the start of the temporary file's
_STATE_MARKS = ("samples.db", "history.db", "settings-that-worked.toml", "weights/in-use.json")


@contextlib.contextmanager
def durable(path: Path, mode: int | None = None, sync: bool = True) -> Iterator[BinaryIO]:
    """Write a file so that a power cut leaves either the old or the new one, complete.

    Yields a binary handle; the file appears at `path` when the block succeeds, and nothing is left
    behind when it fails. mode: its permissions; by default those of the file that is replaced,
    otherwise what the umask allows. sync: whether to fsync, which takes time and is not needed for
    files that mean nothing after a power cut. Raises CannotWrite if the disk is full or read-only
    or the folder cannot be written.
    """
    path = Path(path)
    beside = ""
    try:
        start = os.fsdecode(os.fsencode(path.name)[:_LONGEST_PREFIX])
        descriptor, beside = tempfile.mkstemp(prefix=f".{start}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as handle:
            yield handle
            handle.flush()
            if sync:
                os.fsync(handle.fileno())
            os.fchmod(handle.fileno(), _mode_of(path) if mode is None else mode)
            _give_to_owner_of(path.parent, handle.fileno())
        os.replace(beside, path)
        beside = ""
        if sync:
            sync_folder(path.parent)
    except OSError as error:
        if isinstance(error, CannotWrite) or error.errno is None:
            raise
        raise CannotWrite(f"{path}: cannot be written, {_reason(error)}") from error
    finally:
        if beside:
            with contextlib.suppress(OSError):
                os.unlink(beside)


def check_output(
    path: Path,
    inputs: Iterable[Path] = (),
    is_ours: Callable[[Path], bool] = lambda path: False,
    force: bool = False,
) -> Path:
    """Check that a command may write `path`; returns the file to write, with symlinks resolved.

    Commands call this for every output path that the user gives, before they compute anything.
    inputs: what the same command reads; for a folder, every file in it that is not ours. is_ours:
    whether a file is a valid one of the same kind, written by pi-reader, which may be replaced.
    force: replace other regular files, too. Raises CannotWrite for an input, for a file in the
    state of a box, for anything but a regular file, and for another's file without `force`.
    """
    real = Path(os.path.realpath(path))
    try:
        mode = os.stat(real).st_mode
    except FileNotFoundError:
        if os.path.islink(path):
            raise CannotWrite(f"{path}: is a link to nowhere; remove it, or name {real}") from None
        mode = None
    except (OSError, ValueError) as error:
        raise CannotWrite(f"{path}: cannot be written ({error})") from error
    if mode is not None and not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
        raise CannotWrite(f"{path}: is {what}, should be a file or a new name; name another")
    if state := next(filter(_is_state, real.parents), None):
        raise CannotWrite(f"{path}: lies in the state of a box, {state}; name a place elsewhere")
    if mode is None:
        return real
    ours = is_ours(real)
    if any(_is_input(real, one, ours) for one in inputs):
        raise CannotWrite(f"{path}: is read by this very command; name another file to write")
    if not ours and not force:
        raise CannotWrite(
            f"{path}: is there, and no such file of pi-reader's; name another, or give --force"
        )
    return real


def _is_state(folder: Path) -> bool:
    """Whether a folder holds the state of a box."""
    return any(os.path.lexists(folder / name) for name in _STATE_MARKS)


def _is_input(path: Path, one: Path, ours: bool) -> bool:
    """Whether a file is an input of the command, under any name, or lies in an input folder."""
    if os.path.isdir(one):
        return not ours and Path(os.path.realpath(one)) in path.parents
    found = identity_of(one)
    return found is not None and found == identity_of(path)


def sync_folder(folder: Path) -> None:
    """Sync a folder, so that a renamed file survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: Path, seconds: float = 10.0) -> Iterator[None]:
    """Hold an exclusive lock during the block.

    path: the lock file, created if it is missing. Only its owner may open it, since whoever opens
    it can hold it. When a process dies, its locks are released.
    Raises Busy if another process holds it for all of `seconds`, CannotWrite if the file cannot be
    created.
    """
    try:
        flags = os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        raise CannotWrite(f"{path}: cannot be made, {_reason(error)}") from error
    try:
        until = time.monotonic() + seconds
        while not _try_lock(descriptor):
            if time.monotonic() >= until:
                raise Busy(f"{path}: another pi-reader is at work here; try again later")
            time.sleep(_LOCK_POLL)
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_held(path: Path) -> bool:
    """Whether another process holds a lock; also if this user may not open it."""
    try:
        with locked(path, 0.0):
            return False
    except (Busy, CannotWrite):
        return True


def make_shared(path: Path) -> None:
    """Create an empty file, unless it exists, with the owner and permissions of its folder.

    For databases: SQLite gives its files beside a database the permissions of the database, so a
    member of the box's group who opens it would otherwise lock the box out. Raises OSError.
    """
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _give_to_owner_of(path.parent, descriptor)
            os.fchmod(descriptor, os.stat(path.parent).st_mode & 0o666)
        finally:
            os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make sure that there is a folder. Raises CannotWrite."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"{folder}: cannot be made a folder ({error.strerror})") from error


def make_shared_folder(folder: Path) -> None:
    """Create a folder, unless it exists, with the owner and permissions of its parent.

    Otherwise the first `sudo pi-reader ...` would lock the box out of its own folder. Raises
    OSError.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir()
    except FileExistsError:
        return
    above = os.stat(folder.parent)
    if os.geteuid() == 0:
        with contextlib.suppress(OSError):  # a file system without owners, such as FAT
            os.chown(folder, above.st_uid, above.st_gid)
    folder.chmod(above.st_mode & 0o2775)


def write_json(
    path: Path, values: Mapping[str, Any], mode: int | None = None, sync: bool = True
) -> None:
    """Write a small table; mode, sync: see `durable`. Raises CannotWrite."""
    with durable(path, mode, sync) as handle:
        indent = 1 if sync else None  # unsynced files are written often, so compactly
        text = json.dumps(values, ensure_ascii=False, allow_nan=False, indent=indent)
        handle.write(text.encode())


def read_json(path: Path, most_bytes: int = _READ_AT_ONCE) -> dict[str, Any]:
    """A table that `write_json` wrote. Raises MissingFile, or BadData if it is anything else."""
    try:
        with open(path, "rb", opener=_open_without_waiting) as handle:
            content = handle.read(most_bytes + 1)
        if len(content) > most_bytes:
            raise ValueError(f"more than {most_bytes} bytes")
        values = json.loads(content)
    except FileNotFoundError as error:
        raise MissingFile(f"{path}: there is no such file") from error
    except (OSError, RecursionError, ValueError) as error:
        raise BadData(f"{path}: is damaged or cannot be read ({error})") from error
    if not isinstance(values, dict):
        raise BadData(f"{path}: is no table of names and values")
    return values


_LONGEST_HEADER = 4096  # bytes
_NPY_HEADER = re.compile(
    rb"\{'descr': '([<>|=][biufcSU][0-9]{1,9})', 'fortran_order': (True|False),"
    rb" 'shape': \((|[0-9]{1,19},|[0-9]{1,19}(?:, ?[0-9]{1,19}){1,31})\), ?\}\s*"
)
NPZ_DAMAGE = (
    EOFError,
    KeyError,
    MemoryError,
    NotImplementedError,  # a compression that zipfile does not know
    OSError,
    RuntimeError,  # encrypted
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What `read_npz` raises for a file that is no npz, is damaged, or claims more than it holds."""


def read_npz(source: Path | BinaryIO, most_bytes: int) -> dict[str, np.ndarray]:
    """The arrays of an npz by name, without pickles; unpacked at most `most_bytes` together.

    numpy trusts an array's header and allocates as much memory as it claims; here each header must
    match the size of its member. Raises NPZ_DAMAGE.
    """
    with zipfile.ZipFile(source) as archive:
        members = archive.infolist()
        if {member.compress_type for member in members} - {
            zipfile.ZIP_STORED,
            zipfile.ZIP_DEFLATED,
        }:
            raise ValueError("it is packed in a way numpy does not use")
        if sum(member.file_size for member in members) > most_bytes:
            raise ValueError(f"it unpacks to more than {most_bytes >> 20} MB")
        return {
            member.filename.removesuffix(".npy"): _read_array(archive, member) for member in members
        }


def _read_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """One array. Its header is matched against a pattern; numpy would evaluate it as Python."""
    import numpy as np

    name = member.filename
    with archive.open(member) as handle:
        start = handle.read(8)
        wide = start[6:7] > b"\x01"  # later versions of the format allow longer headers
        length = int.from_bytes(handle.read(4 if wide else 2), "little")
        header = _NPY_HEADER.fullmatch(handle.read(min(length, _LONGEST_HEADER)))
        if not start.startswith(b"\x93NUMPY") or not header:
            raise ValueError(f"{name} is no array of plain numbers or texts")
        kind, by_columns = np.dtype(header[1].decode()), header[2] == b"True"
        shape = tuple(map(int, header[3].replace(b",", b" ").split()))
        held = member.file_size - handle.tell()
        if not kind.itemsize or math.prod(shape) * kind.itemsize != held:
            claim = f"{kind} {shape}"
            raise ValueError(f"{name} holds {held} bytes, its header claims {claim:.80}")
        content = bytearray(handle.read(held))
    if len(content) != held:
        raise ValueError(f"{name} is cut short")
    if not held:
        return np.zeros(shape, kind)
    return np.frombuffer(content, kind).reshape(shape, order="F" if by_columns else "C")


def _open_without_waiting(path: str, flags: int) -> int:
    """An opener that does not block on a pipe in place of a file."""
    return os.open(path, flags | os.O_NONBLOCK)


def check_file(path: Path) -> None:
    """Raises BadData if `path` is no regular file: opening a pipe without a writer would block.
    A path that is missing or not accessible passes."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):  # opening it gives a better message
        return
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
        raise BadData(f"{path}: is {what}, should be a file; move it away, or name another")


def identity_of(path: Path) -> tuple[int, int] | None:
    """Device and inode of the file at a path; None if there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def written_mb(path: Path = _IO) -> float | None:
    """Megabytes (10**6 bytes) that this process has written to disks since it began: whole pages,
    nothing for files in memory, and without the file system's own records."""
    try:
        counts = dict(line.split(": ") for line in path.read_text().splitlines())
        written = int(counts["write_bytes"]) - int(counts["cancelled_write_bytes"])
    except (OSError, ValueError, KeyError):
        return None
    return max(0, written) / 1e6


def believed(now: float) -> float:
    """The time if the clock can be right, otherwise 0.0: a Pi has no battery-backed clock."""
    return now if now >= CLOCK_RIGHT_FROM else 0.0


def sha256(path: Path) -> str:
    """The sha256 of a file, as 64 hexadecimal digits."""
    digest = hashing.sha256()
    with open(path, "rb", opener=_open_without_waiting) as handle:
        while piece := handle.read(_READ_AT_ONCE):
            digest.update(piece)
    return digest.hexdigest()


def sha256_or_none(path: Path) -> str:
    """The sha256 of a file, or "" if it is missing or cannot be read."""
    try:
        return sha256(path)
    except OSError:
        return ""


def _mode_of(path: Path) -> int:
    """The permissions of the file that is replaced; for a new one, what the umask allows."""
    try:
        return os.stat(path).st_mode & 0o777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _give_to_owner_of(folder: Path, descriptor: int) -> None:
    """Give a file that root wrote into a folder of the box to the box's user."""
    if os.geteuid() == 0:
        owner = os.stat(folder)
        with contextlib.suppress(OSError):  # a file system without owners, such as FAT
            os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _reason(error: OSError) -> str:
    """The system's reason, with what to do about it where there is something to do."""
    advice = {
        errno.ENOSPC: "the disk is full; make room and try again",
        errno.EDQUOT: "the disk quota is used up; make room and try again",
        errno.EROFS: "the disk is read-only",
        errno.EACCES: "no permission; try it with sudo, or choose another place",
        errno.ENOENT: "its folder does not exist; create it first",
        errno.ENOTDIR: "a part of its path is a file, not a folder",
        errno.EISDIR: "it is a folder; name a file in it",
    }
    return advice.get(error.errno or 0, os.strerror(error.errno or 0))
