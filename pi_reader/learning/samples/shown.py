"""Looks at the samples from a process that may write nothing beside them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from pi_reader.errors import BadData, Busy
from pi_reader.files import check_file
from pi_reader.learning.samples.rows import Sample, sample_of
from pi_reader.learning.samples.store import BARE, FROM

_SECONDS = 5.0  # to wait for a process that is writing
_COUNTS = """SELECT count(*), count(label), total(label IS NOT NULL AND held_out)
    FROM samples JOIN events ON events.id = event"""


@dataclass(frozen=True)
class Shown:
    """Some samples, newest first. counts: of all: samples, labelled, held_out, megabytes."""

    samples: list[Sample] = field(default_factory=list)
    counts: dict[str, float] = field(default_factory=dict)


def shown(path: Path, before: int, count: int, suspect: float | None = None) -> Shown:
    """The newest samples with a number below `before`, 0 for all; without their cut-outs.

    suspect: only labelled ones that were read otherwise with at least that confidence, 0 to 1.
    Raises BadData for a damaged database, Busy while another process holds it.
    """
    counts = {"samples": 0, "labelled": 0, "held_out": 0, "megabytes": 0.0}
    if not path.exists():
        return Shown(counts=counts)
    check_file(path)
    where, values = "WHERE (? = 0 OR samples.id < ?)", [before, before]
    if suspect is not None:
        where += " AND label IS NOT NULL AND label <> read AND confidence >= ?"
        values.append(suspect)  # type: ignore[arg-type]
    query = f"SELECT {BARE} {FROM} {where} ORDER BY samples.id DESC LIMIT ?"
    try:
        database = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", timeout=_SECONDS, uri=True
        )
        try:
            ((total, labelled, held),) = database.execute(_COUNTS)
            found = list(map(sample_of, database.execute(query, [*values, count])))
        finally:
            database.close()
        counts |= {"samples": total, "labelled": labelled, "held_out": int(held)}
        return Shown(found, counts | {"megabytes": path.stat().st_size / 1e6})
    except sqlite3.OperationalError as error:
        raise Busy(f"{path}: cannot be read now ({error}); try again") from error
    except (sqlite3.Error, OSError, ValueError) as error:
        raise BadData(f"{path}: is damaged or cannot be read ({error})") from error
