"""`pi-reader readings`: what the box has read, for people, spreadsheets and scripts."""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pi_reader.cli.common import folders_of
from pi_reader.cli.options import FORCE, STATE, OneOf, option
from pi_reader.errors import UsageError

if TYPE_CHECKING:
    from pi_reader.history import Past, PastNumber

HELP = """what the box has read, and when

Without options the last twenty. The newest may take half a minute to appear, since the card is
written rarely. Readings from before the clock was set have no time, but keep their order."""
EXAMPLE = "pi-reader readings --since 2h --csv"

LAST = 20  # readings that are shown by default
_AGO = re.compile(r"(\d{1,6})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_MOST = 1_000_000_000  # of --last; no card holds as many
_MOST_READING = 10**18 - 1
_COLUMNS = ("id", "time", "text", "sure", "confidence", "weights", "when", "utc_offset")

_NUMBER_COLUMNS = (
    "reading",
    "time",
    "name",
    "value",
    "unit",
    "verdict",
    "read",
    "when",
    "utc_offset",
)

OPTIONS = (
    option(
        "--since",
        metavar="WHEN",
        help="all from then on: 2026-11-24, 2026-11-24T08:00, 08:00, today, "
        "yesterday, or so long ago: 90m, 2h, 3d, 1w",
    ),
    option("--last", type=int, metavar="N", help="only the last N of them"),
    OneOf(
        (
            option(
                "--picture",
                type=int,
                metavar="N",
                help="write the picture kept of reading number N (history.pictures in the "
                "settings) to the file given with --out",
            ),
            option("--csv", action="store_true", help="all, as a table for spreadsheets"),
            option("--json", action="store_true", help="all, as one JSON object a line"),
        )
    ),
    option(
        "--values",
        action="store_true",
        help="the numbers of the settings ([[numbers]]) instead, each with what was thought of it",
    ),
    option("--out", type=Path, metavar="FILE", help="for --picture (default: reading-N.jpg)"),
    FORCE,
    STATE,
)


def run(args: argparse.Namespace) -> int:
    """Print them, oldest first."""
    from pi_reader.history import past

    if args.last is not None and not 1 <= args.last <= _MOST:
        raise UsageError(f"readings: --last is {args.last:.3g}, should be from 1 to {_MOST:,}")
    if args.picture is not None:
        return _save_picture(args)
    if args.out is not None or args.force:
        raise UsageError("readings: --out and --force go with --picture")
    since = moment(args.since, datetime.now()) if args.since else 0.0
    path = folders_of(args).history
    if args.values:
        return _print_values(args, path, since)
    readings: Iterable[Past] = past(path, since)
    last = args.last or (None if args.since or args.csv or args.json else LAST)
    if last:
        readings = deque(readings, maxlen=last)
    if args.csv:
        _print_csv(readings)
    elif args.json:
        for one in readings:
            print(json.dumps(_values(one), ensure_ascii=False))
    else:
        _print_each(map(_line, readings), f"no readings {_when_none(args)} in {path}")
    return 0


def _save_picture(args: argparse.Namespace) -> int:
    """Write the picture of one reading where its user says."""
    from pi_reader.files import check_output, durable
    from pi_reader.kept_pictures import is_kept_picture, kept_picture
    from pi_reader.privileges import as_caller

    if not 1 <= args.picture <= _MOST_READING:
        raise UsageError(f"readings: --picture is {args.picture:.3g}, should be a reading's number")
    if args.since or args.last is not None:
        raise UsageError("readings: --picture is of one reading; leave out --since and --last")
    content = kept_picture(folders_of(args).pictures, args.picture)
    target = args.out or Path(f"reading-{args.picture}.jpg")
    with (
        as_caller(),
        durable(check_output(target, (), is_kept_picture, args.force)) as file,
    ):
        file.write(content)
    print(f"{target}: the picture of reading {args.picture}")
    return 0


def moment(words: str, now: datetime) -> float:
    """Parse a local time, absolute or relative, to seconds since 1970. Raises UsageError."""
    words = words.strip().lower()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        if words in ("today", "yesterday"):
            return (midnight - timedelta(days=words == "yesterday")).timestamp()
        if ago := _AGO.fullmatch(words):
            return (now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})).timestamp()
        if re.fullmatch(r"\d\d?:\d\d", words):
            hour, minute = map(int, words.split(":"))
            return midnight.replace(hour=hour, minute=minute).timestamp()
        return datetime.fromisoformat(words.upper()).timestamp()
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f'readings: --since is "{words:.40}", should be a day (2026-11-24), a '
            "time (2026-11-24T08:00 or 08:00), today, yesterday, or so long ago "
            "(90m, 2h, 3d, 1w)"
        ) from error


def _local(when: float) -> str:
    """A local time for people, to the second; "" if it is not known."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when)) if when else ""
    except OverflowError:  # a 32-bit time_t ends in 2038
        return ""


def _offset(when: float) -> str:
    """How far the local time was ahead of UTC, as +0200; "" if the time is not known. In the hour
    before winter time the clock shows each minute twice, and only this tells which is meant."""
    try:
        return time.strftime("%z", time.localtime(when)) if when else ""
    except OverflowError:
        return ""


def _values(one: Past) -> dict[str, object]:
    """A reading for scripts: `when` in seconds since 1970 or null, `time` the same in words."""
    return {
        "id": one.id,
        "when": one.when or None,
        "time": _local(one.when) or None,
        "text": one.text,
        "sure": one.sure,
        "confidence": round(one.confidence, 4),
        "weights": one.weights,
        "utc_offset": _offset(one.when) or None,
    }


def _print_csv(readings: Iterable[Past]) -> None:
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(_COLUMNS)
    for one in readings:
        values = _values(one)
        table.writerow([values[name] for name in _COLUMNS])


def _print_values(args: argparse.Namespace, path: Path, since: float) -> int:
    """Print the numbers of the settings, oldest first."""
    from pi_reader.history import past_numbers

    numbers: Iterable[PastNumber] = past_numbers(path, since)
    last = args.last or (None if args.since or args.csv or args.json else LAST)
    rows = map(_number_values, deque(numbers, maxlen=last) if last else numbers)  # may be millions
    if args.csv:
        table = csv.writer(sys.stdout, lineterminator="\n")
        table.writerow(_NUMBER_COLUMNS)
        table.writerows([row[name] for name in _NUMBER_COLUMNS] for row in rows)
    elif args.json:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
    else:
        _print_each(map(_number_line, rows), f"no numbers {_when_none(args)} in {path}")
    return 0


def _number_line(row: dict[str, object]) -> str:
    """A number for people."""
    shown = f"{row['value'] or row['read']} {row['unit']}".strip()
    when = row["time"] or "time not known"
    return f"{row['reading']:6}  {when!s:19}  {row['name']}  {shown}  {row['verdict']}"


def _number_values(one: PastNumber) -> dict[str, object]:
    return {
        "reading": one.reading,
        "time": _local(one.when) or None,
        "name": one.name,
        "value": one.value or None,
        "unit": one.unit,
        "verdict": one.verdict,
        "read": one.read,
        "when": one.when or None,
        "utc_offset": _offset(one.when) or None,
    }


def _print_each(lines: Iterator[str], otherwise: str) -> None:
    """Print lines as they come; if there is none, something else."""
    first = next(lines, None)
    print(otherwise if first is None else first)
    for line in lines:
        print(line)


def _when_none(args: argparse.Namespace) -> str:
    return "since then" if args.since else "yet"


def _line(one: Past) -> str:
    """A reading for people; its lines side by side."""
    text = "  ".join(one.text.split("\n"))
    return f"{one.id:6}  {_local(one.when) or 'time not known':19}  {one.confidence:4.0%}  {text}"
