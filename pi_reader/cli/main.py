"""`pi-reader COMMAND`: finds the command, runs it, and turns errors into exit codes.

Commands are imported to read their options, so none of them imports numpy before it runs: on a
Pi Zero that alone takes more than two seconds, and `--help` should not.
"""

from __future__ import annotations

import argparse
import codecs
import errno
import importlib
import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn, Protocol, cast

from pi_reader import __version__
from pi_reader.cli.common import one_line
from pi_reader.cli.options import OneOf, Option, declare
from pi_reader.errors import INTERRUPTED, CannotWrite, PiReaderError

COMMANDS = (
    "read",
    "demo",
    "run",
    "train",
    "evaluate",
    "retrain",
    "samples",
    "weights",
    "readings",
    "numbers",
    "lesson",
    "sweep",
    "aim",
    "doctor",
    "status",
    "ssh",
    "link",
    "fleet",
    "web",
)

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)  # errors of writing our output
_FAILING = ("strict", "surrogateescape")  # error handlers that may fail; the second with LANG=C
_SPELLED = {
    "×": "x",
    "·": "*",
    "÷": "/",
    "²": "^2",
    "°": " degrees",
    "−": "-",
    "–": "-",
    "—": "-",
    "→": "->",
    "…": "...",
    "’": "'",
}
_interrupts: list[int] = []  # signals that `interrupt` answered


class Command(Protocol):
    """The interface of each command's module. The first line of `HELP` is shown in the overview.

    OPTIONS: what it takes; a command with actions has a function `add_arguments` instead.
    """

    HELP: str
    EXAMPLE: str
    OPTIONS: tuple[Option | OneOf, ...]

    def run(self, args: argparse.Namespace) -> int:
        """Do the work and return the exit code; raises PiReaderError for what users can cause."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (by default the process's own) and return the exit code."""
    _open_streams()
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        return _flushed(_run(words))
    except SystemExit:  # of argparse, after --help, --version or a mistake
        _flushed(0)
        raise


def _flushed(code: int) -> int:
    """The exit code, after the last of our output has gone its way: who does not listen any more,
    as in `| head`, does not change it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
    except OSError as error:
        _drop_output()
        return code or _cannot_print(error)
    return code


def _run(words: list[str]) -> int:
    """Do what the words say, and turn what went wrong into an exit code."""
    _interrupts.clear()
    try:  # reading the options imports commands, which takes a second on a Zero
        args = _arguments(words)
        # Idle BLAS threads spin (numpy#6237), and one frame is too small to parallelise; training
        # has its own threads. This must be set before numpy is imported.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", args.blas_threads)
        return int(args.run(args))
    except PiReaderError as error:
        print(f"pi-reader: {one_line(str(error))}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return _stopped()
    except BrokenPipeError:  # in the middle: what would have come is not wanted
        _drop_output()
        return 0
    except PermissionError as error:
        place = f"{error.filename}: " if error.filename else ""
        line = one_line(f"pi-reader: {place}no permission; its owner, or sudo, may")
        print(line, file=sys.stderr)
        return CannotWrite.exit_code
    except Exception as error:
        if _interrupts:
            return _stopped()
        if isinstance(error, OSError) and error.errno in _FULL and error.filename is None:
            _drop_output()
            return _cannot_print(error)
        traceback.print_exc()
        print("pi-reader: this is our fault; please report the lines above", file=sys.stderr)
        return PiReaderError.exit_code


def _stopped() -> int:
    print("pi-reader: stopped", file=sys.stderr)
    return INTERRUPTED


def interrupt(number: int, frame: object) -> NoReturn:
    """Answer Ctrl-C as Python does, and remember it: a library that is being imported, or a class
    body before Python 3.12, may end in an error of another kind."""
    _interrupts.append(number)
    raise KeyboardInterrupt


def _cannot_print(error: OSError) -> int:
    print(f"pi-reader: the output cannot be written, {error.strerror}", file=sys.stderr)
    return CannotWrite.exit_code


def _arguments(words: list[str]) -> argparse.Namespace:
    """Parse the words; exits the program if they are invalid."""
    args, unknown = _parser(words[0] if words else "").parse_known_args(words)
    if unknown:
        args.parser.error(f"there is no {unknown[0]!r:.40} here; --help tells what there is")
    return args


def _open_streams() -> None:
    """Make the output streams writable, whatever the shell provided.

    A closed stream (`>&-`) goes to /dev/null; a character that the terminal's encoding lacks, as
    in a formula, a file name or a picture of dots, is replaced by others.
    """
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - as long as we run
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors in _FAILING:
        codecs.register_error("spelled", _spelled)
        sys.stdout.reconfigure(errors="spelled")


def _spelled(error: UnicodeError) -> tuple[str, int]:
    """Replacements for characters that an encoding lacks: see `codecs.register_error`."""
    assert isinstance(error, UnicodeEncodeError)
    signs = error.object[error.start : error.end]
    return "".join(
        _SPELLED.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in signs
    ), error.end


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser that lists the valid words if one is missing or mistyped."""

    def _check_value(self, action: argparse.Action, value: object) -> None:
        known = list(map(str, action.choices or ()))
        if known and value not in known:
            import difflib

            near = difflib.get_close_matches(str(value), known, 1)
            raise argparse.ArgumentError(
                action,
                f"there is no {value!r:.40}; "
                + (f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"),
            )

    def error(self, message: str) -> NoReturn:
        for action in self._actions:
            if action.choices and message.endswith(f"required: {action.metavar}"):
                message = f"{action.metavar} is missing; there are {', '.join(action.choices)}"
        super().error(message)


def _drop_output() -> None:
    """Redirect stdout to /dev/null, so that Python's flush at exit does not fail, too."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser(wanted: str = "") -> argparse.ArgumentParser:
    """A parser with the options of the wanted command, or of all if there is no such command."""
    parser = _Parser(
        prog="pi-reader",
        description="Read handwritten numbers, and train the networks that do it.",
        epilog="`pi-reader COMMAND --help` explains one command.",
    )
    parser.add_argument("--version", action="version", version=f"pi-reader {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in [wanted] if wanted in COMMANDS else COMMANDS:
        command = _command(name)
        one = commands.add_parser(
            name,
            help=command.HELP.splitlines()[0],
            description=command.HELP,
            epilog=f"example:\n  {command.EXAMPLE}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        arguments(one, command)
        one.set_defaults(
            run=command.run, parser=one, blas_threads=getattr(command, "BLAS_THREADS", "1")
        )
    return parser


def arguments(parser: argparse.ArgumentParser, command: Command) -> None:
    """Have a parser take what a command takes."""
    if hasattr(command, "add_arguments"):
        command.add_arguments(parser)
    else:
        declare(parser, command.OPTIONS)


def _command(name: str) -> Command:
    return cast(Command, importlib.import_module(f"pi_reader.cli.{name}"))
