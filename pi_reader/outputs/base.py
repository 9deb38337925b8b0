"""What every output can do, whether it is a lamp, a display or a terminal."""

from __future__ import annotations

from typing import Protocol, Self

from pi_reader.state import BoxState
from pi_reader.values import Frame, Reading


class Output(Protocol):
    """Shows readings to a person; used in a `with` block, and may be closed twice.

    All calls come from one thread. A part that is missing or breaks raises NoHardware or OSError.
    """

    def show(self, reading: Reading, frame: Frame | None = None) -> None:
        """Show one reading, and what it was read from if the output can show pictures.

        Called when the reading has changed; one without lines means that the paper is gone.
        """

    def tell(self, status: BoxState) -> None:
        """Show what the box is doing; called when that has changed."""

    def tick(self, now: float) -> None:
        """Advance in time: the next digit of a long reading, a heartbeat, a dimmed display.

        now: seconds of a monotonic clock; called several times a second, must be quick.
        """

    def close(self) -> None:
        """Release the hardware; lamps go dark."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...
