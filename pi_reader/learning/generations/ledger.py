"""The ledger: which generation is in use, and where each one came from, in one small file.

Every change takes effect by atomically replacing `in-use.json`: weights files are written before
it and removed after it. A power cut therefore leaves at most files that are in no ledger, and the
next change removes them. A second copy is the backup in case the card corrupts the first.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pi_reader import files
from pi_reader.errors import BadData, CannotWrite, MissingFile

SHIPPED = 0  # the number of the weights that came with the software

_STATES = ("kept", "candidate", "refused", "bad")
_FILE = re.compile(r"(?P<number>[0-9]{4,9})\.npz")
_FORMAT = 1


@dataclass
class Record:
    """The facts about one generation.

    sha256: of its file; parent: the number to fall back to; since: when it was last put in use;
    state: one of kept, candidate, refused, bad, and why; putting a refused one in use does not
    change its state. starts: how often it was opened without reading a page; proved: the version
    of pi-reader with which it read one, "" for none.
    """

    sha256: str
    parent: int = SHIPPED
    since: float = 0.0
    state: str = "kept"
    why: str = ""
    starts: int = 0
    proved: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError for an invalid field."""
        wanted = {
            "sha256": str,
            "parent": int,
            "since": float,
            "state": str,
            "why": str,
            "starts": int,
            "proved": str,
        }
        if any(type(getattr(self, name)) is not kind for name, kind in wanted.items()):
            raise ValueError("an entry is of the wrong type")
        if self.state not in _STATES:
            raise ValueError(f"there is no state {self.state!r:.20}")

    @property
    def is_a_way_back(self) -> bool:
        """Whether it is a possible fallback: it was not refused, or it was in use before."""
        return self.state == "kept" or (self.state == "refused" and bool(self.since or self.proved))


@dataclass
class Ledger:
    """The content of the file. last: the highest number ever assigned; shipped: sha256 of the
    shipped weights that were last compared.

    note: what was wrong when it was read, in words; not written.
    """

    in_use: int = SHIPPED
    last: int = 0
    shipped: str = ""
    records: dict[int, Record] = field(default_factory=dict)
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """The ledger as plain values."""
        records = {str(number): vars(record) for number, record in sorted(self.records.items())}
        return {
            "format": _FORMAT,
            "in_use": self.in_use,
            "last": self.last,
            "shipped": self.shipped,
            "generations": records,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Ledger:
        """The ledger from plain values. Raises ValueError, KeyError or TypeError."""
        records = {
            int(number): Record(**record) for number, record in values["generations"].items()
        }
        ledger = cls(values["in_use"], values["last"], values["shipped"], records)
        if (
            values["format"] != _FORMAT
            or type(ledger.in_use) is not int
            or type(ledger.last) is not int
            or type(ledger.shipped) is not str
            or not {ledger.in_use} - {SHIPPED} <= set(records)
            or max(records, default=0) > ledger.last
            or min(records, default=1) < 1
        ):
            raise ValueError("its numbers do not go together")
        return ledger

    def way_back(self, number: int) -> Iterator[int]:
        """The ancestors of a generation, nearest first, without bad ones and refused ones that
        were never in use; the last one is SHIPPED."""
        seen = {number}
        while number in self.records and (number := self.records[number].parent) not in seen:
            seen.add(number)
            if number in self.records and self.records[number].is_a_way_back:
                yield number
        yield SHIPPED

    def put_in_use(self, number: int, now: float) -> None:
        """Switch to a generation; a candidate's parent becomes the one that it replaces."""
        if number != SHIPPED:
            record = self.records[number]
            if record.state == "candidate":
                record.parent = self.in_use
            if record.state != "refused":
                record.state, record.why = "kept", ""
            record.starts, record.since = 0, now
        self.in_use = number

    def prune(self, keep: int) -> None:
        """Remove the oldest beyond `keep`, bad and refused ones first.

        The one in use, its fallbacks and candidates stay.
        """
        stay = {self.in_use, next(self.way_back(self.in_use))}
        spare = [
            number
            for number, record in self.records.items()
            if number not in stay and record.state != "candidate"
        ]
        spare.sort(key=lambda number: (self.records[number].state == "kept", number))
        for number in spare[: max(0, len(self.records) - keep)]:
            del self.records[number]


class LedgerFile:
    """The ledger's file, in the folder of the weights files."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.path = self.folder / "in-use.json"
        self._copy = self.folder / "in-use.old.json"

    def weights(self, number: int) -> Path:
        """The weights file of a generation."""
        return self.folder / f"{number:04}.npz"

    def check_allowed(self) -> None:
        """Raises BadData if this user may not read the ledger, as it would seem to be missing."""
        try:
            os.close(os.open(self.path, os.O_RDONLY | os.O_NONBLOCK))  # a pipe would keep us
        except PermissionError as error:
            raise BadData(
                f"{self.path}: this user may not read it; read it with sudo, or join the "
                "group pi-reader"
            ) from error
        except OSError:  # missing or damaged: `read` handles that
            pass

    def read(self) -> Ledger:
        """The ledger, else its copy, else one rebuilt from the files; never raises."""
        said = []
        for path in (self.path, self._copy):
            try:
                ledger = Ledger.from_json(files.read_json(path))
            except MissingFile:
                said.append(f"{path}: is missing")
                continue
            except (BadData, AttributeError, KeyError, TypeError, ValueError) as error:
                said.append(f"{path}: is damaged ({error})")
                continue
            if said:
                self._adopt(ledger, f"{said[0]}, its copy is used")
            return ledger
        ledger = Ledger()
        if self._numbers() or any("damaged" in line for line in said):
            self._adopt(
                ledger,
                f"{said[0]}, so is its copy; choose a generation with `pi-reader weights use`",
            )
        return ledger

    @contextlib.contextmanager
    def change(self, prepare: Callable[[Ledger], None]) -> Iterator[Ledger]:
        """Change the ledger, locked and durably; nothing is changed if the block raises.

        prepare: called with it before the block. Raises CannotWrite, or Busy if another process
        does not release the lock.
        """
        try:
            files.make_shared_folder(self.folder)
        except OSError as error:
            raise CannotWrite(
                f"{self.folder}: cannot be made ({error.strerror}); run as the "
                "box's own user or with sudo"
            ) from error
        with files.locked(self.folder / "lock"):
            ledger = self.read()
            if not self.path.exists():  # later, files without a ledger will mean that it was lost
                self._write(ledger)
            self._tidy(ledger)
            prepare(ledger)
            yield ledger
            self._write(ledger)
            self._tidy(ledger)

    def _write(self, ledger: Ledger) -> None:
        files.write_json(self.path, ledger.to_json())
        with contextlib.suppress(CannotWrite):
            files.write_json(self._copy, ledger.to_json())

    def _tidy(self, ledger: Ledger) -> None:
        """Remove what a power cut left: partial files, and weights that are in no ledger."""
        for name in os.listdir(self.folder):
            match = _FILE.fullmatch(name)
            unknown = match and int(match["number"]) not in ledger.records
            if unknown or name.startswith("."):
                with contextlib.suppress(OSError):
                    os.unlink(self.folder / name)

    def _adopt(self, ledger: Ledger, note: str) -> None:
        """Add the files that are not in the ledger, after it was lost."""
        ledger.note = note
        for number in self._numbers():
            if number not in ledger.records:
                ledger.records[number] = Record(files.sha256_or_none(self.weights(number)))
                ledger.last = max(ledger.last, number)

    def _numbers(self) -> list[int]:
        """Numbers of the weights files in the folder."""
        with contextlib.suppress(OSError):
            return [
                int(match["number"])
                for match in map(_FILE.fullmatch, os.listdir(self.folder))
                if match
            ]
        return []
