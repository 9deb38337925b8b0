"""No button: nobody ever presses it."""

from __future__ import annotations

from pi_reader.parts import Part


class NoButton:
    """A button that is never pressed."""

    def events(self) -> tuple[()]:
        """No presses."""
        return ()

    def close(self) -> None:
        """Release nothing."""


PART = Part(None, lambda section, context: NoButton())
