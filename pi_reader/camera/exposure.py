"""Exposure control: automatic until it has settled, then locked until the light changes.

Permanent automatic exposure makes a still page flicker from frame to frame, so the exposure is
locked once the camera has found it, and unlocked when the light changes.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping

Controls = dict[str, int | float | bool]

# ExposureTime and AnalogueGain of 0 mean "automatic" too, to versions that do not heed AeEnable.
_FREE: Controls = {"AeEnable": True, "ExposureTime": 0, "AnalogueGain": 0.0}
_STEADY_FRAMES = 5  # frames that must agree; a new exposure shows after three or four
_OLD_FRAMES = 8  # frames after unlocking until a new exposure can show
_STEADY = 1.03  # highest ratio of the largest to the smallest of them
_BAND = 0.25  # of the distance to white or black, whichever is less; and at least:
_LEAST_BAND = 8.0  # of 255
_AWAY_FRAMES = 5  # in a row outside the band: a passing hand is no change of light


class Exposure:
    """Watches frames and returns the controls to set: mostly none, else to lock or to unlock.

    settle_seconds: how long the camera may take to settle; after that, its exposure is locked.
    clock: seconds, monotonic.
    """

    def __init__(self, settle_seconds: float, clock: Callable[[], float]) -> None:
        self._settle_seconds = settle_seconds
        self._clock = clock
        self._amounts: deque[float] = deque(maxlen=_STEADY_FRAMES)
        self._deadline = clock() + settle_seconds
        self._held_at = math.nan
        self._away = 0
        self._old = 0  # frames to come that may still show the locked exposure

    @property
    def held(self) -> bool:
        """Whether the exposure is locked."""
        return not math.isnan(self._held_at)

    def saw(self, metadata: Mapping[str, object], mean: float) -> Controls:
        """What to set after this frame, `{}` for nothing.

        metadata: the sensor's, with ExposureTime in microseconds and AnalogueGain; mean: of the
        frame, 0 to 255.
        """
        return self._watch(mean) if self.held else self._seek(metadata, mean)

    def _seek(self, metadata: Mapping[str, object], mean: float) -> Controls:
        """Wait until the exposure is steady, or the time is up."""
        time, gain = metadata.get("ExposureTime"), metadata.get("AnalogueGain")
        if not isinstance(time, int | float) or not isinstance(gain, int | float):
            self._hold(mean)  # a camera without exposure metadata can only be watched
            return {}
        if self._old:
            self._old -= 1
        else:
            self._amounts.append(time * gain)
        steady = len(self._amounts) == _STEADY_FRAMES and max(self._amounts) <= _STEADY * min(
            self._amounts
        )
        if not steady and self._clock() < self._deadline:
            return {}
        self._hold(mean)
        return {"AeEnable": False, "ExposureTime": int(time), "AnalogueGain": float(gain)}

    def _hold(self, mean: float) -> None:
        self._held_at, self._away = mean, 0

    def _watch(self, mean: float) -> Controls:
        """Unlock when the brightness has been outside its band for some frames."""
        band = max(_LEAST_BAND, _BAND * min(self._held_at, 255 - self._held_at))
        self._away = self._away + 1 if abs(mean - self._held_at) > band else 0
        if self._away < _AWAY_FRAMES:
            return {}
        self._held_at = math.nan
        self._amounts.clear()
        self._old = _OLD_FRAMES
        self._deadline = self._clock() + self._settle_seconds
        return dict(_FREE)
