"""Determines whether it is night, even on a box whose clock was never set. Imports no numpy."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pi_reader.config.settings import NightSettings
from pi_reader.files import believed
from pi_reader.state import BoxState
from pi_reader.values import State

QUIET = 2 * 3600.0  # seconds without ink that count as night if the clock is not set
_DAY = 24 * 3600


@dataclass(frozen=True)
class Hours:
    """Whether to train now. seconds: for how long at most, 0 for not now; why: in words."""

    seconds: float
    why: str


def hours(settings: NightSettings, now: float, state: BoxState) -> Hours:
    """Whether it is night.

    now: seconds since 1970 by the box's clock, which may be wrong; state: what the service said of
    the box. Without a set clock, two hours without ink count as night; the training may then
    take the configured number of hours.
    """
    if not settings.on:
        return Hours(0.0, "learning at night is switched off (night.on in the settings)")
    if not believed(now):
        return _by_quiet(settings, now, state)
    local = time.localtime(now)
    hour, _, minute = settings.starts.partition(":")
    begins = (int(hour) * 60 + int(minute)) * 60
    since = ((local.tm_hour * 60 + local.tm_min) * 60 + local.tm_sec - begins) % _DAY
    left = settings.hours * 3600 - since
    if left > 0:
        return Hours(left, f"it is night from {settings.starts} on, for {settings.hours:g} hours")
    return Hours(0.0, f"it is not night; it learns from {settings.starts} on, or with --now")


def _by_quiet(settings: NightSettings, now: float, state: BoxState) -> Hours:
    """Whether it is night, judging by how long there has been nothing to read."""
    if state.state not in (State.NOTHING, State.DARK) or not state.since:
        return Hours(
            0.0,
            "the clock was never set, and there is something to read; it learns "
            "after two hours without, or with --now",
        )
    quiet = now - state.since
    if quiet < QUIET:
        return Hours(
            0.0,
            f"the clock was never set; nothing to read for {quiet / 60:.0f} minutes, "
            f"it learns after {QUIET / 60:.0f}, or with --now",
        )
    return Hours(
        settings.hours * 3600, "the clock was never set, but it has been quiet for two hours"
    )
