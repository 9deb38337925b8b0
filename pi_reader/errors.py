"""The exceptions of pi-reader, each with its exit code.

The message tells the user everything, in the form *place: what is, what should be; what to do*.
Codes follow sysexits.h, so that systemd and scripts can tell a typing error from a full disk.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

INTERRUPTED = 130
"""The exit code after Ctrl-C, of every command: 128 + SIGINT, what shells report."""


class PiReaderError(Exception):
    """Base class of all errors that users may see. Exit code 70 stands for a bug of ours."""

    exit_code = 70


class UsageError(PiReaderError):
    """The command line names something that does not exist, or conflicting options."""

    exit_code = 2


class BadData(PiReaderError, ValueError):
    """A file exists but is invalid: truncated, of another kind, out of range."""

    exit_code = 65


class MissingFile(PiReaderError, FileNotFoundError):
    """A requested file or folder does not exist."""

    exit_code = 66


class NoHardware(PiReaderError):
    """There is no camera, pin, display or network connection where one is needed."""

    exit_code = 69


class CannotWrite(PiReaderError, OSError):
    """The disk is full or read-only, or the folder belongs to another user."""

    exit_code = 73


class Busy(PiReaderError):
    """In use by another process; the same call may work later."""

    exit_code = 75


class BadSettings(PiReaderError, ValueError):
    """A setting is unknown, of the wrong type or out of its range."""

    exit_code = 78


def error_of(exit_code: object, words: str) -> PiReaderError:
    """An error reported by another process: the class with that exit code."""
    kinds = (kind for kind in PiReaderError.__subclasses__() if kind.exit_code == exit_code)
    return next(kinds, PiReaderError)(words)


def how_to_install(package: str) -> str:
    """What to do about a Debian package that is missing, here: apt's modules are not seen by each
    virtual environment."""
    if sys.prefix == sys.base_prefix or not Path(sys.prefix, "pyvenv.cfg").exists():
        return f"sudo apt install {package}"
    words = Path(sys.prefix, "pyvenv.cfg").read_text(encoding="utf-8", errors="replace").lower()
    if re.search(r"include-system-site-packages\s*=\s*true", words):
        return f"sudo apt install {package}"
    module = package.removeprefix("python3-")
    return (
        f"this virtual environment, {sys.prefix}, does not see what apt installs; pip install "
        f"{module} into it, or make it with --system-site-packages"
    )


@contextmanager
def opening(what: str, package: str, advice: str) -> Iterator[None]:
    """Guard the opening of a part: whatever its driver raises becomes one of our errors.

    what: the part, as the settings call it; package: what to install if its driver is missing;
    advice: what to check otherwise. Raises Busy if another process uses it, otherwise NoHardware.
    """
    try:
        yield
    except PiReaderError:
        raise
    except ModuleNotFoundError as error:
        raise NoHardware(
            f"{what}: {error.name} is not installed; {how_to_install(package)}"
        ) from error
    except Exception as error:  # lgpio, gpiozero and luma each have a family of their own
        reason = f"{what}: {error or type(error).__name__}"
        if "busy" in reason.lower() or type(error).__name__ == "GPIOPinInUse":
            raise Busy(f"{reason}; stop what uses it, each pin belongs to one process") from error
        raise NoHardware(f"{reason}; {advice}") from error
