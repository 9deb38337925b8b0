"""What root does in a box's state it does as the box's own user.

The state belongs to that user, and so does every name in it: links to somewhere else, too. Root
would follow them anywhere. So a command that root starts gives up its rights before it touches the
state, and takes them back only for files that its user has named on the command line.

Only the effective ids change. That is no wall against code, but nothing in the state is ever run.
"""

from __future__ import annotations

import contextlib
import os
import pwd
from collections.abc import Iterator
from pathlib import Path


def work_as_owner_of(folder: Path) -> None:
    """From now on be the user to whom a folder belongs, if we are root and it is another's.

    A folder that is missing, or a link, belongs to nobody that one should become.
    """
    if os.getuid() != 0 or os.geteuid() != 0:
        return
    try:
        descriptor = os.open(folder, os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        owner = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if owner.st_uid != 0:
        os.setgroups(_groups_of(owner.st_uid, owner.st_gid))
        os.setegid(owner.st_gid)
        os.seteuid(owner.st_uid)


@contextlib.contextmanager
def as_owner_of(folder: Path) -> Iterator[None]:
    """The same, as long as the block lasts."""
    groups = os.getgroups()
    work_as_owner_of(folder)
    try:
        yield
    finally:
        if os.getuid() == 0 and os.geteuid() != 0:
            _become_root()
            os.setgroups(groups)


@contextlib.contextmanager
def as_caller() -> Iterator[None]:
    """Have the rights of whoever typed the command, for a file that was named in it."""
    if os.getuid() != 0 or os.geteuid() == 0:
        yield
        return
    user, group = os.geteuid(), os.getegid()
    _become_root()
    try:
        yield
    finally:
        os.setegid(group)
        os.seteuid(user)


def _become_root() -> None:
    os.seteuid(0)
    os.setegid(0)


def _groups_of(user: int, group: int) -> list[int]:
    """The groups that a user is in: camera, pins, buses."""
    try:
        return os.getgrouplist(pwd.getpwuid(user).pw_name, group)
    except KeyError:  # a user without a name, as in a test
        return [group]
