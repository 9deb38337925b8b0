"""The doctor's findings: one line for each part, with what to do about it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from pi_reader.config import Folders, Settings
from pi_reader.errors import NoHardware

_MOST = 1 << 20  # bytes read of a system file; enough for the longest, that of loaded libraries


class Verdict(StrEnum):
    """The state of a part: good, worth a look, wrong, or absent."""

    WELL = "well"
    LOOK = "look"
    WRONG = "wrong"
    ABSENT = "not here"


@dataclass(frozen=True)
class Finding:
    """One finding. words: for people, with what to do; exit_code: of the command, if wrong;
    hidden: whether this user lacks the permission to check."""

    verdict: Verdict
    words: str
    exit_code: int = 0
    hidden: bool = False


def well(words: str) -> Finding:
    """The part works as it should."""
    return Finding(Verdict.WELL, words)


def worth_a_look(words: str) -> Finding:
    """The part works, but not as well as it could."""
    return Finding(Verdict.LOOK, words)


def hidden(words: str) -> Finding:
    """This user lacks the permission to check the part."""
    return Finding(Verdict.LOOK, f"{words}; `sudo pi-reader doctor` sees more", hidden=True)


def wrong(words: str, exit_code: int = NoHardware.exit_code) -> Finding:
    """The box cannot do its work like this."""
    return Finding(Verdict.WRONG, words, exit_code)


def absent(words: str) -> Finding:
    """There is nothing to check, as on a desktop, which is no fault."""
    return Finding(Verdict.ABSENT, words)


@dataclass
class Box:
    """The box being checked.

    settings: the defaults if the file is invalid; status: of a running service, empty if none
    runs; root: where /dev, /proc and /sys are.
    """

    folders: Folders
    settings: Settings = field(default_factory=Settings)
    status: Mapping[str, Any] = field(default_factory=dict)
    root: Path = Path("/")

    @property
    def board(self) -> str:
        """The name of the Raspberry Pi, "" if it is something else."""
        name = self.text("proc/device-tree/model").rstrip("\0\n ")
        return name if "Raspberry Pi" in name else ""

    @property
    def is_device(self) -> bool:
        """Whether this is an installed box, not a desktop or a trial."""
        return self.folders.is_device

    def text(self, path: str) -> str:
        """The beginning of a system file, "" if it cannot be read."""
        try:
            with open(self.root / path, "rb") as file:
                return file.read(_MOST).decode("utf-8", "replace")
        except OSError:
            return ""

    def is_usable(self, path: str) -> bool:
        """Whether this process may read and write a device."""
        return os.access(self.root / path, os.R_OK | os.W_OK)
