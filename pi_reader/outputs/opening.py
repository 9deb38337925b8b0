"""Opening parts that may be missing: whatever a driver raises becomes a line a person can use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pi_reader.errors import Busy, NoHardware, PiReaderError


@contextmanager
def opening(what: str, package: str, advice: str) -> Iterator[None]:
    """Turn a driver's exceptions into ours.

    what: the part, as the settings call it; package: what to install if its driver is missing;
    advice: what to look at otherwise. Raises Busy if another process holds it, else NoHardware.
    """
    try:
        yield
    except PiReaderError:
        raise
    except ModuleNotFoundError as error:
        raise NoHardware(f"{what}: {error.name} is not installed; "
                         f"apt install {package}") from error
    except Exception as error:  # lgpio, gpiozero and luma each have a family of their own
        reason = f"{what}: {error or type(error).__name__}"
        if "busy" in reason.lower() or type(error).__name__ == "GPIOPinInUse":
            raise Busy(f"{reason}; stop what uses it, each pin belongs to one process") from error
        raise NoHardware(f"{reason}; {advice}") from error
