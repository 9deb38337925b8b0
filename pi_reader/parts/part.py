"""A part of the box, a setting of it, and the tables that name all parts of a kind."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Self

from pi_reader.errors import Busy
from pi_reader.parts.findings import Finding, Machine, absent, well, wrong
from pi_reader.parts.rules import Rule

Log = Callable[[str], None]


def setting(
    default: Any, rule: Rule, words: str = "", *, wiring: Any = None, example: Any = None
) -> Any:
    """A key of a section.

    default: its value if it is not set, None for "not wired", or a type that makes one; rule: what
    it may be; words: what the example file says of it, "" if the words above it tell of it, too.
    wiring, example: another value that the example file shows, as wired in the guide or as such.
    """
    about = {"rule": rule, "words": words, "wiring": wiring, "example": example}
    return (
        field(default_factory=default, metadata=about)
        if callable(default)
        else field(default=default, metadata=about)
    )


class Closing:
    """Holds something that has to be let go: used in `with`, and may be closed twice."""

    def close(self) -> None:
        """Let go of it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def to_stderr(line: str) -> None:
    """The log of a part that is given no other."""
    print(line, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class PartContext:
    """What a part is told of the box when it is opened.

    log: is given lines for people; looks_per_second, fastest: looks a second while nothing moves,
    and while something does.
    """

    log: Log = to_stderr
    looks_per_second: float = 2.0
    fastest: float = 8.0


@dataclass(frozen=True)
class Part:
    """A part as its file declares it.

    settings: its section, a frozen dataclass of `setting`s, None if there is nothing to set; open:
    opens the part from such a section, raises NoHardware or Busy; is_on: whether it is asked for.
    title: its name in `doctor`; absent: what that says where no section asks for it.
    package: of the driver in Python; device: its files in /dev, a pattern in which {key} stands for
    a setting; missing: what to do where there is none; group: whose members may use them.
    at_fault: the section to open it with while the reader cannot run, None to leave it alone.
    examine: checks it for `doctor` when no service has it, instead of opening and closing it.
    """

    settings: type | None
    open: Callable[[Any, PartContext], Any]
    is_on: Callable[[Any], bool] = lambda section: True
    title: str = ""
    absent: str = ""
    package: str = "gpiozero"
    device: str = "gpiochip*"
    missing: str = ""
    group: str = "gpio"
    at_fault: Callable[[Any], Any | None] = lambda section: None
    examine: Callable[[Any, Machine], Finding] | None = None

    def check(self, name: str, section: Any, machine: Machine) -> Finding:
        """What `doctor` says of it: a running service has it, else it is opened and closed.

        name: in the table; section: its settings. Raises NoHardware.
        """
        if not self.is_on(section):
            return absent(self.absent)
        if machine.state is not None:
            reason = {**machine.state.faults, **machine.state.broken}.get(name)
            if reason is not None:
                return wrong(f"the service cannot use it: {reason}")
            return well("the service has it, and it works")
        if self.examine is not None:
            return self.examine(section, machine)
        if not machine.board:
            return absent("it is set, but looked for on a Raspberry Pi only")
        device = self.device.format_map(vars(section))
        usable = machine.usable(device) if device else True
        if usable is None and self.missing:
            return wrong(f"there is no /dev/{device}; {self.missing}")
        if not usable:
            return wrong(
                f"/dev/{device}: this user may not use it; run the doctor with sudo, or join the "
                f"group: `sudo adduser $USER {self.group}` and log in again"
            )
        try:
            with closing(self.open(section, PartContext())):
                return well("it opens, and nobody else has it")
        except Busy as error:
            return wrong(
                f"{error}; if the fault lamp has it: `sudo systemctl stop pi-reader-fault`",
                Busy.exit_code,
            )


class Table(Mapping[str, Part]):
    """The parts of a kind by their names, each imported when it is looked up.

    package: where their files are; files: the name of each part's file by the part's name.
    """

    def __init__(self, package: str, **files: str) -> None:
        self._package, self._files = package, files

    def __getitem__(self, name: str) -> Part:
        part = importlib.import_module(f"{self._package}.{self._files[name]}").PART
        assert isinstance(part, Part)
        return part

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)
