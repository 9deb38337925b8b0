"""Several outputs at once, each of which may fail without affecting the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Self

from pi_reader.outputs.base import Output
from pi_reader.parts import Closing
from pi_reader.state import BoxState
from pi_reader.values import Frame, Reading

RETRY_SECONDS = 60.0
LONGEST_RETRY = 3600.0  # seconds: a loose wire that comes and goes must not fill the log


class Outputs(Closing):
    """All outputs of the box as one.

    parts: a function that opens each, by its name in the log; log: is given lines for people. An
    output that breaks or cannot be opened is logged once, closed, and reopened every
    `retry_seconds`; once it is back, that is logged and it is shown the current state. The pause
    doubles each time it soon breaks again, up to an hour.
    broken: the names of broken outputs, with the reason.
    """

    def __init__(
        self,
        parts: Mapping[str, Callable[[], Output]],
        log: Callable[[str], None],
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self.broken: dict[str, str] = {}
        self._parts = dict(parts)
        self._log = log
        self._retry_seconds = retry_seconds
        self._open: dict[str, Output] = {}
        self._retry_at: dict[str, float | None] = {}  # None: to be counted from the next tick on
        self._pause: dict[str, float] = {}  # seconds between two tries
        self._proven_at: dict[str, float] = {}  # when what came back will have held for long enough
        self._now = 0.0
        self._seen: tuple[Reading, Frame | None] | None = None
        self._told: BoxState | None = None
        self._closed = False

    def show(self, reading: Reading, frame: Frame | None = None) -> None:
        """Show the reading on every output that works."""
        self._open_all()
        self._seen = (reading, frame)
        self._each(lambda output: output.show(reading, frame))

    def tell(self, status: BoxState) -> None:
        """Show the status on every output that works."""
        self._open_all()
        self._told = status
        self._each(lambda output: output.tell(status))

    def tick(self, now: float) -> None:
        """Advance all in time, and try broken ones again when it is due."""
        self._open_all()
        self._now = now
        for name, when in list(self._retry_at.items()):
            if when is None:
                self._retry_at[name] = now + self._pause[name]
            elif now >= when:
                self._try_again(name, now)
        self._each(lambda output: output.tick(now))

    def close(self) -> None:
        """Close all, ignoring errors."""
        self._closed = True
        for name in list(self._open):
            self._drop(name)

    def __enter__(self) -> Self:
        self._open_all()
        return self

    def _each(self, act: Callable[[Output], None]) -> None:
        for name, output in list(self._open.items()):
            self._guarded(name, lambda output=output: act(output))  # type: ignore[misc]

    def _open_all(self) -> None:
        """Open outputs that were not tried yet; lazily, since drivers take seconds to load."""
        if self._closed:
            return
        for name in self._parts:
            if name not in self._open and name not in self.broken:
                self._guarded(name, lambda name=name: self._opened(name))  # type: ignore[misc]

    def _opened(self, name: str) -> None:
        """Open one and show it the current state."""
        self._open[name] = self._parts[name]()
        if self._told is not None:
            self._open[name].tell(self._told)
        if self._seen is not None:
            self._open[name].show(*self._seen)

    def _try_again(self, name: str, now: float) -> None:
        before = self.broken[name]
        self._retry_at[name] = now + self._pause[name]
        if self._guarded(name, lambda: self._opened(name)):
            del self.broken[name], self._retry_at[name]
            self._proven_at[name] = now + LONGEST_RETRY
            self._log(f"{name}: works again (was: {before})")

    def _guarded(self, name: str, act: Callable[[], None]) -> bool:
        """Call `act`; an error marks only this output as broken. Returns whether it succeeded."""
        try:
            act()
        except Exception as error:  # each driver has a family of errors of its own
            self._drop(name)
            self._note(name, (str(error) or type(error).__name__).removeprefix(f"{name}: "))
            return False
        return True

    def _note(self, name: str, reason: str) -> None:
        if name not in self.broken:
            again = self._now < self._proven_at.get(name, self._now)
            pause = min(2 * self._pause[name], LONGEST_RETRY) if again else self._retry_seconds
            self._log(
                f"{name}: broken, the box goes on without it and tries it again every "
                f"{pause:g} s: {reason}"
            )
            self._pause[name], self._retry_at[name] = pause, None
        self.broken[name] = reason

    def _drop(self, name: str) -> None:
        output = self._open.pop(name, None)
        if output is not None:
            with suppress(Exception):  # of what is broken, closing may fail as well
                output.close()
