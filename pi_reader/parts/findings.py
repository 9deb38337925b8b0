"""What `doctor` finds: one line for each part, with what to do about it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pi_reader.errors import NoHardware
from pi_reader.state import BoxState

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
class Machine:
    """The machine that is examined.

    state: of a running service, None if none runs; root: where /dev, /proc and /sys are.
    """

    state: BoxState | None = None
    root: Path = Path("/")

    @property
    def board(self) -> str:
        """The name of the Raspberry Pi, "" if it is something else."""
        name = self.text("proc/device-tree/model").rstrip("\0\n ")
        return name if "Raspberry Pi" in name else ""

    def text(self, path: str) -> str:
        """The beginning of a system file, "" if it cannot be read."""
        try:
            with open(self.root / path, "rb") as file:
                return file.read(_MOST).decode("utf-8", "replace")
        except OSError:
            return ""

    def usable(self, pattern: str) -> bool | None:
        """Whether this process may use a device file; None if there is none. pattern: in /dev."""
        found = list((self.root / "dev").glob(pattern))
        return any(os.access(path, os.R_OK | os.W_OK) for path in found) if found else None
