"""A lamp over the page, lit only while the camera captures."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from pi_reader.camera.base import Camera
from pi_reader.errors import opening
from pi_reader.parts import Closing, Part, rules, setting
from pi_reader.values import Frame

_ADVICE = "look at light.pin in the settings, and whether the user is in the group gpio"


@dataclass(frozen=True)
class LightSettings:
    """A lamp over the page."""

    pin: int | None = setting(
        None,
        rules.pin(),
        "A lamp over the page that is on only while the camera looks; none unless you name its "
        "line.",
        wiring=11,
    )
    settle_seconds: float = setting(0.2, rules.number(0, 5), "Seconds until the lamp is steady.")


class Light:
    """A lamp on a GPIO pin (BCM number), through a transistor: high is lit.

    settle_seconds: until its light is steady and no frame exposed in the dark is left in the
    camera. Raises NoHardware if there are no pins, Busy if another process uses this one.
    """

    def __init__(
        self, pin: int, settle_seconds: float = 0.2, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._settle_seconds = settle_seconds
        self._sleep = sleep
        self._lamp: Any = None
        with opening("light", "python3-gpiozero python3-lgpio", _ADVICE):
            from gpiozero import LED

            self._lamp = LED(pin)

    def __enter__(self) -> Self:
        """Switch it on, and wait until it is steady."""
        if self._lamp is not None:
            self._lamp.on()
            self._sleep(self._settle_seconds)
        return self

    def __exit__(self, *_: object) -> None:
        """Switch it off; it can be switched on again."""
        if self._lamp is not None:
            self._lamp.off()

    def close(self) -> None:
        """Release the pin; the lamp stays dark."""
        lamp, self._lamp = self._lamp, None
        if lamp is not None:
            lamp.close()


class Lit(Closing):
    """Any camera with a light that is on during each capture; closes both."""

    def __init__(self, camera: Camera, light: Light) -> None:
        self._camera = camera
        self._light = light

    def capture(self) -> Frame | None:
        """The camera's next frame, with the lamp on."""
        with self._light:
            return self._camera.capture()

    @property
    def figures(self) -> dict[str, float]:
        """The camera's figures, if it has any."""
        return dict(getattr(self._camera, "figures", {}))

    def close(self) -> None:
        """Close the camera, and in any case the lamp."""
        try:
            self._camera.close()
        finally:
            self._light.close()


PART = Part(
    LightSettings,
    lambda section, context: Light(section.pin, section.settle_seconds),
    lambda section: section.pin is not None,
    title="light",
    absent="no lamp over the page configured; set its pin in [light]",
)
