"""What may be said on the command line: each command has a table of these, in the help's order."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Option:
    """An option or a word, as `ArgumentParser.add_argument` takes it."""

    names: tuple[str, ...]
    about: dict[str, Any]


@dataclass(frozen=True)
class OneOf:
    """Options of which one may be given, or must."""

    options: tuple[Option, ...]
    required: bool = False


def option(*names: str, **about: Any) -> Option:
    """An option by its names, with what `add_argument` is to know of it."""
    return Option(names, about)


def declare(parser: Any, options: Iterable[Option | OneOf]) -> None:
    """Have a parser, or a group of one, take these options."""
    for one in options:
        if isinstance(one, OneOf):
            group = parser.add_mutually_exclusive_group(required=one.required)
            declare(group, one.options)
        else:
            parser.add_argument(*one.names, **one.about)


def actions_of(
    parser: argparse.ArgumentParser, shared: Iterable[Option], *actions: tuple[Any, ...]
) -> None:
    """Have a command take actions, each a tuple of its name, its purpose, what does it, and its
    options; shared: options of all of them. What was chosen is `args.action`."""
    found = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for name, purpose, do, *options in actions:
        one = found.add_parser(name, help=purpose, description=purpose)
        declare(one, (*options, *shared))
        one.set_defaults(action=do)


STATE = option(
    "--state",
    type=Path,
    metavar="DIR",
    help="folder that holds settings and state of another box, or of a trial "
    "(default: the box's own, on a desktop the user's)",
)
"""For commands that use a box's folders."""

FORCE = option(
    "--force",
    action="store_true",
    help="also replace a file that pi-reader did not write, but never an input",
)
"""For commands that write files."""
