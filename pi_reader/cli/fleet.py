"""`pi-reader fleet`: a class of boxes, seen and told over one broker."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pi_reader
from pi_reader.cli.common import counted, one_line
from pi_reader.cli.options import option
from pi_reader.errors import MissingFile, NoHardware, UsageError

if TYPE_CHECKING:
    from pi_reader.link.fleet import Member

HELP = """set up and command many boxes over one broker

`init` makes, from a table with the columns name and room, a folder with cloud-init's file for each
card and the broker's list of users and rights; a table that grew leaves the boxes before as they
are. `status` says how each is doing, `read` and `train` have them all read or learn now. Exit code
69 if a box is away."""
EXAMPLE = "pi-reader fleet init boxes.csv --broker 192.168.1.5"

ACTIONS = ("init", "status", "read", "train")
_SECONDS = {"status": 3.0, "read": 10.0, "train": 10.0}  # that the boxes may take to answer

OPTIONS = (
    option("action", choices=ACTIONS, metavar="ACTION", help=", ".join(ACTIONS)),
    option("table", nargs="?", type=Path, metavar="CSV", help="for init: the boxes"),
    option(
        "--folder",
        type=Path,
        default=Path("fleet"),
        metavar="DIR",
        help="where all is kept; it holds passwords (default: %(default)s)",
    ),
    option("--broker", metavar="HOST", help="for init: the broker's name or address"),
    option("--port", type=int, default=1883, help="of the broker (%(default)s)"),
    option("--room", default="", help="only the boxes of this room"),
    option("--json", action="store_true", help="one JSON object a box"),
)


def run(args: argparse.Namespace) -> int:
    """Do what was asked for."""
    if args.action == "init":
        return _init(args)
    from pi_reader.link.fleet import Fleet

    fleet = Fleet(args.folder)
    members = [one for one in fleet.members if args.room in ("", one.room)]
    if not members:
        raise UsageError(f"--room {args.room}: no box is there")
    seconds = _SECONDS[args.action]
    if args.action == "status":
        found = fleet.states(seconds)
    else:
        found = fleet.tell(args.action, args.room, seconds)
    rows = [_row(one, found.get(one.id), args.action) for one in members]
    for line in map(json.dumps, rows) if args.json else map(one_line, _table(rows)):
        print(line)
    return 0 if all(row["online"] for row in rows) else NoHardware.exit_code


def _row(one: Member, said: dict[str, Any] | None, action: str) -> dict[str, Any]:
    """What is shown of a box; said: its state or its answer, None if it said nothing."""
    said = said or {}
    row = {"name": one.name, "room": one.room, "id": one.id}
    if action == "status":
        keys = ("state", "text", "fault", "generation")
        return row | {"online": said.get("online") is True} | {key: said.get(key) for key in keys}
    words = said.get("error") or "  ".join(map(str, said.get("lines") or ()))
    return row | {"online": bool(said), "exit_code": said.get("exit_code"), "said": words or None}


def _table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The same for people, a line each under a heading."""
    rows = [row | {"online": "yes" if row["online"] else "no"} for row in rows]
    cells = [list(rows[0])] + [
        ["" if cell is None else " ".join(str(cell).split()) for cell in row.values()]
        for row in rows
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    for line in cells:
        yield "  ".join(
            f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)
        ).rstrip()


def _init(args: argparse.Namespace) -> int:
    from pi_reader.link import fleet

    if args.table is None or not args.broker:
        raise UsageError("fleet init: needs the table of boxes and --broker HOST")
    if not 0 < args.port < 65536:
        raise UsageError(f"--port: is {args.port}, should be from 1 to 65535")
    boxes = fleet.read_list(args.table)
    fleet.init(boxes, args.folder, args.broker, args.port, _card())
    print(f"{args.folder}: {counted(len(boxes), 'card')}; the broker gets mosquitto/*")
    return 0


def _card() -> str:
    """The shipped file for a card."""
    beside = Path(pi_reader.__file__).parent.parent / "systemd" / "user-data.yaml"
    if beside.exists():
        return beside.read_text(encoding="utf-8")
    try:
        return (resources.files("pi_reader.systemd") / "user-data.yaml").read_text("utf-8")
    except (OSError, ImportError) as error:
        raise MissingFile("user-data.yaml: is missing in this installation") from error
