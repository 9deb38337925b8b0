"""Gives a state of an earlier version, where the group could write, to the box's user alone.

`setup.sh` runs this as root when it installs or upgrades: `python -m pi_reader.box.migrate`.
Whoever could write there may have left anything: so each folder is opened within the one above it,
nothing is followed, and a file with a second name, which may lie elsewhere, is left as it is.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from pi_reader.config import find_folders

FOLDER_MODE, FILE_MODE = 0o750, 0o640
REQUESTS = "requests"  # where the group may write; systemd-tmpfiles makes it so
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def migrate(state: Path, user: int, group: int) -> list[str]:
    """Own all of a state; gives a line for each thing in it that was left alone.

    Raises OSError if the state itself cannot be opened.
    """
    descriptor = os.open(state, _FOLDER)
    try:
        _own(descriptor, user, group, FOLDER_MODE)  # first: from now on nobody else adds anything
        return [f"{state}/{line}" for line in _go_through(descriptor, "", user, group)]
    finally:
        os.close(descriptor)


def _go_through(folder: int, path: str, user: int, group: int) -> Iterator[str]:
    for name in sorted(os.listdir(folder)):
        where = f"{path}{name}"
        if where == REQUESTS:
            continue
        try:
            mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                inner = os.open(name, _FOLDER, dir_fd=folder)
                try:
                    _own(inner, user, group, FOLDER_MODE)
                    yield from _go_through(inner, f"{where}/", user, group)
                finally:
                    os.close(inner)
            elif stat.S_ISREG(mode):
                yield from _own_file(folder, name, where, user, group)
            else:
                yield f"{where}: is a link, a pipe or a device, and was left as it is"
        except OSError as error:
            yield f"{where}: {error.strerror}, and was left as it is"


def _own_file(folder: int, name: str, where: str, user: int, group: int) -> Iterator[str]:
    descriptor = os.open(name, _FILE, dir_fd=folder)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            yield f"{where}: has a second name elsewhere, and was left as it is"
            return
        private = found.st_mode & 0o077 == 0
        _own(descriptor, user, group, 0o600 if private or name.endswith("lock") else FILE_MODE)
    finally:
        os.close(descriptor)


def _own(descriptor: int, user: int, group: int, mode: int) -> None:
    os.fchown(descriptor, user, group)
    os.fchmod(descriptor, mode)


def main() -> int:
    """Migrate the box's own state; the result is the exit code."""
    import pwd

    state = find_folders().state
    try:
        box = pwd.getpwnam("pi-reader")
        for line in migrate(state, box.pw_uid, box.pw_gid):
            print(f"pi-reader: {line}", file=sys.stderr)
    except (KeyError, OSError) as error:
        print(f"pi-reader: {state}: its rights cannot be set ({error})", file=sys.stderr)
        return 73
    return 0


if __name__ == "__main__":
    sys.exit(main())
