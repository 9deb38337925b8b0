"""Whether the box is unsure more often than it used to be: a new pen, a new writer, a dirty lens.

The latest readings are compared with all earlier ones by the two-proportion z-test (the normal
approximation to the difference of two binomials).
"""

from __future__ import annotations

from collections import deque
from math import sqrt

RECENT = 100  # readings that count as recent
LEAST_BEFORE = 200  # earlier readings needed for a baseline
SIGNIFICANT = 3.3  # z score: exceeded by chance once in two thousand tests
WORSE = 1.5  # times the baseline; a smaller increase is not worth reporting
FORGOTTEN_AFTER = 20_000  # readings: older ones fade, so that the baseline stays current


class Drift:
    """Counts readings with and without a `?`.

    unsure, count: earlier readings from the history, so that a restart loses nothing.
    """

    def __init__(self, unsure: int = 0, count: int = 0) -> None:
        self._unsure_before = float(unsure)
        self._before = float(count)
        self._recent: deque[bool] = deque()

    @property
    def share(self) -> float | None:
        """Share of unsure readings among the recent ones, 0 to 1; None before the first."""
        return sum(self._recent) / len(self._recent) if self._recent else None

    @property
    def hint(self) -> str:
        """A message for the owner, "" if there is no drift."""
        if len(self._recent) < RECENT or self._before < LEAST_BEFORE:
            return ""
        now, before = sum(self._recent) / RECENT, self._unsure_before / self._before
        both = (sum(self._recent) + self._unsure_before) / (RECENT + self._before)
        spread = sqrt(both * (1 - both) * (1 / RECENT + 1 / self._before))
        if now - before > SIGNIFICANT * spread and now > WORSE * before:
            return (
                f"unsure of {now:.0%} of the last {RECENT} readings, {before:.0%} before; "
                "correct some, or look at lens and light"
            )
        return ""

    def add(self, sure: bool) -> None:
        """Count an announced reading."""
        self._recent.append(not sure)
        if len(self._recent) > RECENT:
            self._unsure_before += self._recent.popleft()
            self._before += 1
        if self._before > FORGOTTEN_AFTER:
            self._before, self._unsure_before = self._before / 2, self._unsure_before / 2
