"""Everything that makes a box this box, in one file: its settings, and all that it has learned.

`setup.sh backup FILE` and `setup.sh restore FILE` run this as `python -m pi_reader.service.backup`.
The file is a plain tar archive with a table of contents, so that it can be looked into with any
tool, and so that one that was cut short, altered or made by somebody else is refused.
"""

from __future__ import annotations

import ctypes
import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import sys
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from pi_reader.box.migrate import migrate
from pi_reader.box.snapshot import copied, is_of_the_place, open_whole, scratch_for
from pi_reader.config import Folders, find_folders, load_settings
from pi_reader.errors import (
    BadData,
    BadSettings,
    CannotWrite,
    MissingFile,
    PiReaderError,
    UsageError,
)
from pi_reader.files import check_file, check_output, durable, sync_folder
from pi_reader.privileges import as_owner_of

CONTENTS = "pi-reader-backup.json"
SETTINGS = "settings/config.toml"
STATE = "state"
FORMAT = 1
MOST_FILES = 5000  # a box has about twenty
MOST_BYTES = 2 << 30  # unpacked; a box has some 100 MB at most
LARGEST_CONTENTS = 4 << 20  # bytes

_KEPT = re.compile(
    r"(settings-that-worked|own)\.toml"
    r"|numbers\.(json|png)"
    r"|(samples|history(-numbers)?)\.db(\.damaged(-[0-9]{1,9})?)?"
    r"|weights/([0-9]{4,9}\.npz|in-use(\.old)?\.json)"
    r"|night/([a-z0-9-]{1,40}\.(json|checkpoint))"
    r"|mnist/(train|t10k)-(images|labels)-idx[13]-ubyte(\.gz)?"
    r"|pictures/[0-9]{1,12}\.(jpg|png)",
    re.ASCII,
)
"""What a box keeps, by its name within the state: all that is saved and all that comes back.
Requests, locks and what SQLite writes beside a database are only true right now."""
_EXCHANGE = 2  # RENAME_EXCHANGE of renameat2(2)
_PIECE = 1 << 20  # bytes read at once


@dataclass(frozen=True)
class Entry:
    """One file of a backup: its size in bytes and its sha256, 64 hexadecimal digits."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Contents:
    """The files of a backup, by name; when: seconds since 1970 by the clock of its box."""

    files: dict[str, Entry]
    when: float

    @property
    def summary(self) -> str:
        """Number of files, size and date, for people."""
        total = sum(entry.size for entry in self.files.values()) / 1e6
        return f"{len(self.files)} files, {total:.1f} MB, of {time.ctime(self.when)}"


def save(folders: Folders, path: Path) -> tuple[Contents, list[str]]:
    """Write a backup, durably, while the box keeps running.

    Nothing need be writable but the place of the backup: a full or failing card is when one is
    wanted. Returns what it holds, and a line for each file that could not be copied. Raises
    CannotWrite, or MissingFile if there is no state.
    """
    if not folders.state.is_dir():
        raise MissingFile(f"{folders.state}: there is no such folder, so nothing to back up")
    target = check_output(path, [folders.settings], _is_backup)
    files: dict[str, Entry] = {}
    damaged: list[str] = []
    with (
        durable(target, 0o600) as handle,
        tarfile.open(fileobj=handle, mode="w") as archive,
    ):
        if folders.settings.is_file():
            with open_whole(folders.settings) as settings:
                files[SETTINGS] = _add(archive, SETTINGS, settings)
        with (
            as_owner_of(folders.state),  # root would follow whatever links lie there
            scratch_for(folders.state) as scratch,
        ):
            for name, source in _sources(folders):
                try:
                    file = open_whole(copied(source, scratch) if source.suffix == ".db" else source)
                except FileNotFoundError:  # replaced or pruned while we were on our way
                    continue
                except sqlite3.DatabaseError as error:
                    what = "cannot be copied" if is_of_the_place(error) else "is damaged"
                    damaged.append(f"{source}: {what} ({error}) and was left out")
                    continue
                except OSError as error:
                    damaged.append(f"{source}: cannot be read ({error.strerror}) and was left out")
                    continue
                with file:
                    files[name] = _add(archive, name, file)
        contents = Contents(files, time.time())
        _add_contents(archive, contents)
    return contents, damaged


def check(path: Path) -> Contents:
    """The content of a backup, once it has been verified. Raises BadData or MissingFile."""
    return _go_through(path, None)


def _is_backup(path: Path) -> bool:
    try:
        check(path)
    except PiReaderError:
        return False
    return True


def restore(path: Path, folders: Folders) -> Contents:
    """Restore settings and state, all or nothing; nothing else may use them meanwhile.

    The previous state is kept beside it as `NAME.before-restore`. Raises BadData for a damaged
    backup, BadSettings if this version does not accept its settings, MissingFile if there is no
    state to replace, CannotWrite.
    """
    if not folders.state.is_dir():
        raise MissingFile(f"{folders.state}: there is no such folder; install first")
    beside = folders.state.with_name(f"{folders.state.name}.restoring")
    before = folders.state.with_name(f"{folders.state.name}.before-restore")
    settings = folders.settings.with_name(f"{folders.settings.name}.restoring")
    try:
        shutil.rmtree(beside, ignore_errors=True)
        for left in settings.parent.glob(f".{settings.name}.*"):  # of one that was killed half-way
            left.unlink(missing_ok=True)
        contents = _go_through(path, beside)
        has_settings = _stage_settings(beside, settings)
        _own(beside / STATE, folders.state)
        _exchange(beside / STATE, folders.state)
        try:
            if has_settings:
                os.replace(settings, folders.settings)
        except OSError:
            _exchange(beside / STATE, folders.state)
            raise
        shutil.rmtree(before, ignore_errors=True)
        os.replace(beside / STATE, before)
        for folder in (folders.state.parent, folders.settings.parent):
            sync_folder(folder)
    except OSError as error:
        if isinstance(error, PiReaderError):
            raise
        raise CannotWrite(
            f"{error.filename or folders.state}: {error.strerror}; nothing was changed"
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        settings.unlink(missing_ok=True)
    return contents


def _sources(folders: Folders) -> Iterator[tuple[str, Path]]:
    """Names in the backup and files on the card; small tables first, then what they speak of."""
    found = [path for path in folders.state.rglob("*") if not path.is_symlink() and path.is_file()]
    for path in sorted(found, key=lambda path: (path.suffix != ".json", path)):
        name = path.relative_to(folders.state).as_posix()
        if _KEPT.fullmatch(name):
            yield f"{STATE}/{name}", path


def _add(archive: tarfile.TarFile, name: str, handle: BinaryIO) -> Entry:
    found = os.fstat(handle.fileno())
    return _add_content(archive, name, handle, found.st_size, int(found.st_mtime))


def _add_content(
    archive: tarfile.TarFile, name: str, handle: IO[bytes], size: int, when: int
) -> Entry:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, when
    reader = _Hashing(handle)
    archive.addfile(member, reader)
    return Entry(size, reader.digest.hexdigest())


def _add_contents(archive: tarfile.TarFile, contents: Contents) -> None:
    """The table comes last, when all fingerprints are known."""
    table = (
        json.dumps(
            {
                "format": FORMAT,
                "when": contents.when,
                "files": {
                    name: [entry.size, entry.sha256] for name, entry in contents.files.items()
                },
            }
        )
    ).encode()
    _add_content(archive, CONTENTS, io.BytesIO(table), len(table), int(contents.when))


class _Hashing:
    """Computes the sha256 of a file while it is being read."""

    def __init__(self, handle: IO[bytes]) -> None:
        self._handle = handle
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._handle.read(size)
        self.digest.update(piece)
        return piece


def _go_through(path: Path, into: Path | None) -> Contents:
    """Read a whole backup, unpack it into `into` if given, and verify its table of contents."""
    found: dict[str, Entry] = {}
    table, total = b"", 0
    check_file(path)
    try:
        with tarfile.open(path, mode="r:") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isreg() else None
                if content is None or member.name in found or table or not _belongs(member.name):
                    raise ValueError(f"{member.name!r:.100} does not belong there")
                if member.name == CONTENTS:
                    table = content.read(LARGEST_CONTENTS)
                    continue
                total += member.size
                if len(found) >= MOST_FILES or total > MOST_BYTES:
                    raise ValueError("it is far larger than any box")
                target = into / member.name if into and _comes_back(member.name) else None
                found[member.name] = _unpack(content, target)
        contents = _parse(table)
        if contents.files != found:
            raise ValueError("its files are not those of its table of contents")
    except FileNotFoundError as error:
        raise MissingFile(f"{path}: there is no such file") from error
    except PermissionError as error:
        raise BadData(f"{path}: cannot be read ({error.strerror})") from error
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise BadData(f"{path}: is no whole backup of pi-reader ({error})") from error
    return contents


def _belongs(name: str) -> bool:
    """Whether a backup may contain this name: settings, table, or a path within the state."""
    first, *rest = name.split("/")
    within = first == STATE and rest and not {"", ".", ".."} & set(rest) and name.isprintable()
    return bool(within) or name in (SETTINGS, CONTENTS)


def _comes_back(name: str) -> bool:
    """Whether a file is one that a box keeps; others, of whatever origin, are only looked at."""
    return name == SETTINGS or bool(_KEPT.fullmatch(name.removeprefix(f"{STATE}/")))


def _unpack(content: IO[bytes], target: Path | None) -> Entry:
    """Read one file, and write it to `target` if given."""
    reader = _Hashing(content)
    size = 0
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
    with open(target or os.devnull, "wb") as handle:
        while piece := reader.read(_PIECE):
            size += handle.write(piece)
        handle.flush()
        if target is not None:
            os.fsync(handle.fileno())
    return Entry(size, reader.digest.hexdigest())


def _parse(table: bytes) -> Contents:
    """The table of contents. Raises ValueError."""
    if not table:
        raise ValueError("it has no table of contents")
    values = json.loads(table)
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise ValueError("it is of another format")
    try:
        return Contents(
            {name: Entry(size, digest) for name, (size, digest) in values["files"].items()},
            values["when"] + 0.0,
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("its table of contents is damaged") from error


def _stage_settings(beside: Path, settings: Path) -> bool:
    """Stage the backup's settings next to the current ones; whether there are any."""
    unpacked = beside / SETTINGS
    if not unpacked.exists():
        return False
    try:
        load_settings(unpacked, settings.parent / "parts")
    except BadSettings as error:
        raise BadSettings(f"the backup's settings do not fit this version: {error}") from error
    settings.parent.mkdir(parents=True, exist_ok=True)
    with durable(settings, 0o644) as handle:
        handle.write(unpacked.read_bytes())
    return True


def _own(tree: Path, like: Path) -> None:
    """Give the unpacked state to the box's user, and fsync its folders."""
    tree.mkdir(parents=True, exist_ok=True)
    owner = like.stat()
    user, group = (owner.st_uid, owner.st_gid) if os.geteuid() == 0 else (-1, -1)
    migrate(tree, user, group)
    for path in (tree, *tree.rglob("*")):
        if path.is_dir():
            sync_folder(path)


def _exchange(one: Path, other: Path) -> None:
    """Swap two folders atomically, so that there is never a moment without one."""
    libc = ctypes.CDLL(None, use_errno=True)
    here = -100  # AT_FDCWD
    if libc.renameat2(here, os.fsencode(one), here, os.fsencode(other), _EXCHANGE) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(other))


def main(words: list[str]) -> int:
    """`save FILE`, `check FILE` or `restore FILE`; the result is the exit code."""
    try:
        action, path = words[0], Path(words[1]).absolute()
        folders = find_folders()
        if action == "save":
            contents, damaged = save(folders, path)
            for line in damaged:
                print(f"pi-reader: {line}", file=sys.stderr)
        elif action in ("check", "restore"):
            contents = check(path) if action == "check" else restore(path, folders)
        else:
            raise UsageError(f"{action}: should be save, check or restore")
    except PiReaderError as error:
        print(f"pi-reader: {error}", file=sys.stderr)
        return error.exit_code
    print(f"{path}: {contents.summary}")
    return BadData.exit_code if action == "save" and damaged else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
