"""What every output can do, whether it is a lamp, a display or a terminal."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from pi_reader.values import Frame, Reading


class Output(Protocol):
    """Shows readings to a person; used in a `with` block, and may be closed twice."""

    def show(self, reading: Reading, frame: Frame | None = None) -> None:
        """Show one reading, and what it was read from if the output can show pictures."""

    def close(self) -> None:
        """Give back whatever is held; lamps go dark."""

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None: ...
