"""The lamp over the page is on while the camera looks, and at no other time."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pi_reader.camera.desk import DeskCamera
from pi_reader.camera.light import Light, Lit
from pi_reader.errors import Busy, NoHardware
from pi_reader.values import Frame

if TYPE_CHECKING:
    from gpiozero.pins.mock import MockFactory

PIN = 11


class Watching(DeskCamera):
    """A camera that notes whether the lamp is lit when it looks."""

    def __init__(self, pins: MockFactory) -> None:
        super().__init__(np.random.default_rng(0), 2)
        self.figures = {"lux": 3.0}
        self.lit: list[object] = []
        self.closed = 0
        self.fails = False
        self._pin = pins.pin(PIN)

    def capture(self) -> Frame | None:
        self.lit.append(self._pin.state)
        if self.fails:
            raise NoHardware("camera: none is found")
        return super().capture()

    def close(self) -> None:
        super().close()
        self.closed += 1


def test_ok__lit_while_it_looks(pins: MockFactory) -> None:
    slept: list[tuple[float, object]] = []
    light = Light(PIN, 0.3, sleep=lambda s: slept.append((s, pins.pin(PIN).state)))
    with Lit(watching := Watching(pins), light) as camera:
        assert not pins.pin(PIN).state
        for _ in range(2):
            assert camera.capture() is not None
            assert not pins.pin(PIN).state
        assert camera.capture() is None
        assert camera.figures == {"lux": 3.0}
    assert watching.lit == [True] * 3
    assert slept == [(0.3, True)] * 3  # it waits with the lamp on
    assert watching.closed == 1


def test_ok__dark_again_when_the_camera_fails(pins: MockFactory) -> None:
    watching = Watching(pins)
    watching.fails = True
    with Lit(watching, Light(PIN, 0)) as camera:
        with pytest.raises(NoHardware):
            camera.capture()
        assert not pins.pin(PIN).state
    camera.close()
    Light(PIN).close()  # the pin is free


def test_ok__the_pin_is_given_back_though_closing_fails(pins: MockFactory) -> None:
    class Stuck(Watching):
        def close(self) -> None:
            raise NoHardware("camera: hangs")

    with pytest.raises(NoHardware, match="hangs"):
        Lit(Stuck(pins), Light(PIN, 0)).close()
    Light(PIN).close()


def test_fail__the_pin_is_taken(pins: MockFactory) -> None:
    with Light(PIN, 0), pytest.raises(Busy, match=r"^light: "):
        Light(PIN)


def test_fail__no_gpiozero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    with pytest.raises(NoHardware, match=r"^light: gpiozero is not installed; "):
        Light(PIN)
