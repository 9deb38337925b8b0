"""The database of samples: whatever it has confirmed survives a power cut.

SQLite with `synchronous=FULL` and a journal that is truncated, not deleted: so the end of a
transaction is on the card, too, before `keep` returns. Several processes may use it at once.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pi_reader.errors import BadData, UsageError
from pi_reader.hashing import sha256
from pi_reader.learning.samples.connection import Connection
from pi_reader.learning.samples.database import (
    bytes_in_use,
    remove_set_aside,
)
from pi_reader.learning.samples.rows import (
    DIGEST,
    Named,
    New,
    Sample,
    check_label,
    digest_of,
    packed,
    sample_of,
)
from pi_reader.learning.samples.split import is_held_out
from pi_reader.values import NO_DIGIT

COLUMNS = (
    "samples.id, event, key, place, at, held_out, read, confidence, label, weights, source,"
    " patch, cutout, height, width"
)
BARE = COLUMNS.replace("cutout", "NULL")  # a full box's cut-outs are 45 MB
FROM = "FROM samples JOIN events ON events.id = event"
_HIGHEST = 2**62  # above any number of a sample
_DROPPED_AT_ONCE = 8  # samples deleted per round of making room: each round counts the pages


@dataclass(frozen=True)
class Counts:
    """How many samples there are. held_out: of the labelled ones; megabytes: on the card."""

    samples: int
    labelled: int
    held_out: int
    events: int
    megabytes: float

    @property
    def learned(self) -> int:
        """How many labelled ones may be learned from."""
        return self.labelled - self.held_out


class Samples(Connection):
    """The database of samples.

    path: the file, created with its folder if missing; a damaged one is set aside under another
    name, its readable rows are copied to a new one, and that is logged. most, megabytes: limits;
    beyond them the oldest unlabelled samples are deleted, then the oldest of all, which is logged.
    log: is given one line.
    Methods raise CannotWrite (full, read-only), Busy (another process keeps writing), BadData.
    """

    def __init__(
        self,
        path: Path,
        most: int = 5000,
        megabytes: int = 64,
        log: Callable[[str], None] = lambda line: None,
    ) -> None:
        super().__init__(path, log)
        self.most, self.megabytes = most, megabytes

    # Writing

    def keep(self, items: Sequence[New], when: float = 0.0) -> int:
        """Store all digits of one reading event, durably; returns the event's number.

        when: seconds since 1970, 0 if the clock is not set. Whether the event is learned from or
        held out is decided here, permanently.
        """
        if not items:
            raise BadData("samples: an event without digits; there is nothing to keep")
        return self.add_event(os.urandom(16).hex(), when, None, list(enumerate(items)))

    def add_event(
        self, key: str, when: float, held_out: bool | None, items: Sequence[tuple[int, New]]
    ) -> int:
        """Store digits, each with its place, of the event with that key; see `keep`, `exchange`.

        held_out None makes a new decision; an existing event keeps its own.
        """
        with self._writing() as database:
            row = database.execute("SELECT id FROM events WHERE key = ?", (key,)).fetchone()
            if row is None:
                row = database.execute(
                    "INSERT INTO events (key, at, held_out) VALUES (?, ?, 0) RETURNING id",
                    (key, when),
                ).fetchone()
                labelled = sum(item.label is not None for _, item in items)
                held = is_held_out(database, row[0], labelled) if held_out is None else held_out
                database.execute("UPDATE events SET held_out = ? WHERE id = ?", (held, row[0]))
            event = int(row[0])
            for place, item in items:
                _insert(database, event, place, item)
            self._make_room(database, event)
        return event

    def label(self, identity: int, label: int | None) -> Sample:
        """Label a sample; None removes the label. Raises UsageError if there is no such sample."""
        check_label(label)
        with self._writing() as database:
            done = database.execute("UPDATE samples SET label = ? WHERE id = ?", (label, identity))
            if not done.rowcount:
                raise UsageError(
                    f"sample {identity}: there is none of this number; `pi-reader "
                    "samples list` shows them"
                )
        return self.get(identity)

    def cut_anew(self, how: str, first: str, cut: Callable[[np.ndarray], np.ndarray | None]) -> int:
        """Recompute all patches from their cut-outs if their preprocessing differs from `how`;
        returns how many. first: the preprocessing of databases that do not record it. Samples
        without a cut-out, or in which `cut` finds no ink, stay unchanged."""
        with self._errors():
            row = (
                self._database()
                .execute("SELECT value FROM facts WHERE name = 'patches'")
                .fetchone()
            )
            if how == (row[0] if row else first):
                return 0
            found = (
                self._database()
                .execute("SELECT id FROM samples WHERE cutout IS NOT NULL")
                .fetchall()
            )
        new = []
        for (identity,) in found:  # not one transaction: this takes minutes on a Zero
            for sample in self._select("WHERE samples.id = ?", identity):
                if sample.cutout is not None and (patch := cut(sample.cutout)) is not None:
                    new.append((patch.tobytes(), digest_of(patch), identity))
        with self._writing() as database:
            database.executemany("UPDATE samples SET patch = ?, digest = ? WHERE id = ?", new)
            database.execute("INSERT OR REPLACE INTO facts VALUES ('patches', ?)", (how,))
        return len(new)

    def drop(self, identities: Sequence[int]) -> int:
        """Delete samples; returns how many there were."""
        with self._writing() as database:
            gone = [
                database.execute("DELETE FROM samples WHERE id = ?", (identity,)).rowcount
                for identity in identities
            ]
            _forget_empty_events(database)
        return sum(gone)

    def drop_all(self) -> int:
        """Delete everything, leaving no pixels in free pages or in files that were set aside;
        returns how many samples there were."""
        with self._writing() as database:
            gone = database.execute("DELETE FROM samples").rowcount
            database.execute("DELETE FROM events")
        remove_set_aside(self.path)
        with self._errors():
            self._database().execute("VACUUM")
        return int(gone)

    # Reading

    def get(self, identity: int) -> Sample:
        """One sample. Raises UsageError if it is not there."""
        for sample in self._select("WHERE samples.id = ?", identity):
            return sample
        raise UsageError(
            f"sample {identity}: there is none of this number; `pi-reader samples list` shows them"
        )

    def event(self, event: int) -> list[Sample]:
        """All digits of a reading event, in reading order."""
        return list(self._select("WHERE event = ? ORDER BY place", event))

    def all(self) -> list[Sample]:
        """Every sample, oldest first; as a list, since reading blocks writers."""
        return list(self._select("ORDER BY event, place"))

    def learned(self) -> list[Sample]:
        """The labelled samples to learn from, without their cut-outs."""
        return list(
            self._select(
                "WHERE label IS NOT NULL AND NOT held_out ORDER BY event, place", columns=BARE
            )
        )

    def held(self) -> list[Sample]:
        """The labelled samples that are held out, without their cut-outs."""
        return list(
            self._select("WHERE label IS NOT NULL AND held_out ORDER BY event, place", columns=BARE)
        )

    def named(self, most: int) -> list[Named]:
        """The labelled samples, held out ones too, without their pictures: at most so many, first
        those that were misread, of these and of the others the newest first."""
        with self._errors():
            rows = self._database().execute(
                f"SELECT samples.id, digest, label, at {FROM} WHERE label IS NOT NULL"
                " ORDER BY label != read DESC, samples.id DESC LIMIT ?",
                (most,),
            )
            return [_checked_name(row) for row in rows]

    def some(self, identities: Sequence[int]) -> list[Sample]:
        """Those of these samples that are there, without their cut-outs."""
        return [
            sample
            for identity in identities
            for sample in self._select("WHERE samples.id = ?", identity, columns=BARE)
        ]

    def version(self) -> object:
        """A value that stays equal until somebody else changes the database; cheap."""
        with self._errors():
            number = self._database().execute("PRAGMA data_version").fetchone()[0]
            return self._file, number

    def newest(self) -> int:
        """The highest number of a sample; 0 if there is none."""
        with self._errors():
            return int(self._database().execute("SELECT max(id) FROM samples").fetchone()[0] or 0)

    def digest(self, newest: int | None = None) -> str:
        """A digest of all labels, or of those up to a sample's number; it also changes when patches
        are recomputed."""
        with self._errors():
            how = self._database().execute("SELECT value FROM facts").fetchall()
            rows = self._database().execute(
                f"SELECT key, place, label {FROM} WHERE label IS NOT NULL AND samples.id <= ?"
                " ORDER BY key, place",
                (_HIGHEST if newest is None else newest,),
            )
            return sha256(repr(how + rows.fetchall()).encode()).hexdigest()

    def counts(self) -> Counts:
        """How many there are, and their size on the card."""
        with self._errors():
            database = self._database()
            total, labelled, held, events = database.execute(
                "SELECT count(*), count(label), coalesce(sum(label IS NOT NULL AND held_out), 0),"
                f" count(DISTINCT event) {FROM}"
            ).fetchone()
            return Counts(total, labelled, held, events, bytes_in_use(database) / 2**20)

    def knows(self, patch: np.ndarray) -> int | None:
        """The number of a sample with the same patch, None if there is none."""
        with self._errors():
            row = (
                self._database()
                .execute("SELECT id FROM samples WHERE digest = ?", (digest_of(patch),))
                .fetchone()
            )
            return int(row[0]) if row else None

    # Internal

    def _select(self, rest: str, *values: object, columns: str = COLUMNS) -> Iterator[Sample]:
        with self._errors():
            rows = self._database().execute(f"SELECT {columns}, digest {FROM} {rest}", values)
            yield from map(_checked, rows)

    def _make_room(self, database: sqlite3.Connection, newest: int) -> None:
        """Delete samples beyond the limits; the event just written stays."""
        labelled = 0
        while True:
            count = database.execute("SELECT count(*) FROM samples").fetchone()[0]
            excess = max(0, count - self.most)
            if not excess and bytes_in_use(database) <= self.megabytes << 20:
                break
            rows = database.execute(
                "SELECT id, label IS NOT NULL FROM samples WHERE event != ?"
                " ORDER BY label IS NOT NULL, id LIMIT ?",
                (newest, excess or _DROPPED_AT_ONCE),
            ).fetchall()
            if not rows:
                break
            labelled += sum(row[1] for row in rows)
            database.executemany("DELETE FROM samples WHERE id = ?", [row[:1] for row in rows])
        _forget_empty_events(database)
        if labelled:
            self._log(
                f"{self.path}: is full ({self.most} samples, {self.megabytes} MB), so the "
                f"{labelled} oldest labelled ones were dropped; export samples, or raise "
                "samples.most and samples.megabytes"
            )


def _checked(row: tuple[Any, ...]) -> Sample:
    """A sample from its row. Raises ValueError if its patch is not the one that was written: SQLite
    itself does not see what a card spoils within a row."""
    sample = sample_of(row[:-1])
    if digest_of(sample.patch) != row[-1]:
        raise ValueError(f"sample {sample.id} is spoilt")
    return sample


def _checked_name(row: tuple[Any, ...]) -> Named:
    """A labelled sample from its row. Raises ValueError for a spoilt one."""
    name = Named(*row)
    whole = isinstance(name.digest, bytes) and len(name.digest) == DIGEST
    if not whole or type(name.label) is not int or not 0 <= name.label <= NO_DIGIT:
        raise ValueError(f"sample {name.id} is spoilt")
    return name


def _insert(database: sqlite3.Connection, event: int, place: int, item: New) -> None:
    """Insert one sample, unless its place in the event is taken."""
    content, height, width = packed(item.cutout)
    database.execute(
        "INSERT OR IGNORE INTO samples (event, place, read, confidence, label, weights, source,"
        " patch, digest, cutout, height, width) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event,
            place,
            item.read,
            float(item.confidence),
            item.label,
            item.weights,
            item.source,
            item.patch.tobytes(),
            digest_of(item.patch),
            content,
            height,
            width,
        ),
    )


def _forget_empty_events(database: sqlite3.Connection) -> None:
    database.execute("DELETE FROM events WHERE id NOT IN (SELECT event FROM samples)")
