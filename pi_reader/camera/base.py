"""What every camera can do, whether it is a lens, a folder of photographs or a drawn page."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Protocol, Self

from pi_reader.values import Frame


class Camera(Protocol):
    """Gives frames one after the other; used in a `with` block, and may be closed twice."""

    def capture(self) -> Frame | None:
        """The next frame, or None when there will be no more."""

    def close(self) -> None:
        """Give back whatever is held."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def to_stderr(line: str) -> None:
    """Where a camera says what is no error, unless it was given another place."""
    print(line, file=sys.stderr, flush=True)
