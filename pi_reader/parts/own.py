"""An output of the owner's own: a file that root put beside the settings, in the folder `parts`.

What stands there is run, so it must be root's and nobody else's to write. An update of pi-reader
leaves it alone; if it does not fit any more, it is a broken output, and the box goes on reading.
"""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from pi_reader.errors import BadSettings, NoHardware
from pi_reader.parts.findings import wrong
from pi_reader.parts.part import Part
from pi_reader.parts.rules import Rule

DEVICE = Path("/etc/pi-reader/parts")
LARGEST = 1 << 20  # bytes of a part's file


@dataclass(frozen=True)
class Unread:
    """The section of a part that cannot be used: whatever it says."""


def own_part(folder: Path, name: str) -> Part | None:
    """The part of that name, None if there is none.

    One that cannot be used is a part nonetheless: opening it raises NoHardware that says why.
    """
    path = folder / f"{name}.py"
    if not name.isidentifier() or not os.path.lexists(path):
        return None
    try:
        return _part_of(path, _source(path))
    except BadSettings as error:
        why = str(error)

    def refuse(*_: Any) -> NoReturn:
        raise NoHardware(why)

    return Part(
        Unread,
        refuse,
        title=name,
        package="",
        examine=lambda section, machine: wrong(why, BadSettings.exit_code),
    )


def _part_of(path: Path, source: bytes) -> Part:
    """Run the file and take its PART. Raises BadSettings."""
    module = ModuleType(f"pi_reader_part_{path.stem}")
    sys.modules[module.__name__] = module  # where dataclasses look for the words of annotations
    try:
        exec(compile(source, str(path), "exec"), vars(module))
        part = vars(module)["PART"]
        if not isinstance(part, Part):
            raise TypeError("PART is no pi_reader.parts.Part")
        for key in fields(part.settings()) if part.settings is not None else ():
            if not isinstance(key.metadata.get("rule"), Rule):
                raise TypeError(f"{key.name} of its settings is no pi_reader.parts.setting")
    except (Exception, SystemExit) as error:  # whatever can be wrong in a program
        raise BadSettings(f"{path}: cannot be used ({error!r:.300}); mend it") from error
    return part


def _source(path: Path) -> bytes:
    """The file's content, which root vouches for. Raises BadSettings."""
    trusted = {0} if path.parent == DEVICE else {0, os.geteuid()}
    try:
        for place in (path.parent.parent, path.parent):
            _check(place, os.stat(place), trusted)
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
                raise BadSettings(f"{path}: should be a file of at most {LARGEST >> 10} KB")
            _check(path, found, trusted)
            return file.read()
    except OSError as error:
        raise BadSettings(
            f"{path}: cannot be read ({error.strerror}), should be a file, no link, that everybody "
            f"may read; `sudo chmod 644 {path}`"
        ) from error


def _check(path: Path, found: os.stat_result, trusted: set[int]) -> None:
    """Raises BadSettings if anybody else could have written there."""
    if found.st_uid not in trusted or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise BadSettings(
            f"{path}: others than root may write there, so it is not run; "
            f"`sudo chown root:root {path}` and `sudo chmod go-w {path}`"
        )
