"""Whether the box doubts more than it used to: a new pen, a new hand, a dirty lens.

Compared are the last readings with all before them, by the usual test for two shares (the normal
approximation to the difference of two binomials).
"""

from __future__ import annotations

from collections import deque
from math import sqrt

RECENT = 100  # readings that are "lately"
LEAST_BEFORE = 200  # readings before those that make a baseline
SIGNIFICANT = 3.3  # standard deviations: by chance once in two thousand times
WORSE = 1.5  # times the baseline; less is not worth anybody's time
FORGOTTEN_AFTER = 20_000  # readings: older ones fade, so that the baseline is of this year


class Drift:
    """Counts readings with and without a `?`.

    unsure, count: what the history knows of earlier readings, so that a restart forgets nothing.
    """

    def __init__(self, unsure: int = 0, count: int = 0) -> None:
        self._unsure_before = float(unsure)
        self._before = float(count)
        self._recent: deque[bool] = deque()

    @property
    def share(self) -> float | None:
        """Share of unsure readings lately, 0 to 1; None before the first."""
        return sum(self._recent) / len(self._recent) if self._recent else None

    @property
    def hint(self) -> str:
        """A line for the owner, "" while all is as usual."""
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
        """Count a reading that was said."""
        self._recent.append(not sure)
        if len(self._recent) > RECENT:
            self._unsure_before += self._recent.popleft()
            self._before += 1
        if self._before > FORGOTTEN_AFTER:
            self._before, self._unsure_before = self._before / 2, self._unsure_before / 2
