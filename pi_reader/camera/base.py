"""What every camera can do, whether it is a lens, a folder of photographs or a drawn page."""

from __future__ import annotations

from typing import Protocol, Self

from pi_reader.values import Frame


class Camera(Protocol):
    """Delivers frames one after the other; used in a `with` block, and may be closed twice."""

    def capture(self) -> Frame | None:
        """The next frame, or None at the end."""

    def close(self) -> None:
        """Release the hardware."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...
