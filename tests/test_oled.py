"""The OLED: its driver on a pretended bus, counted byte by byte."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pi_reader.errors import NoHardware
from pi_reader.outputs.oled import BRIGHT, DIM, Oled
from pi_reader.outputs.together import Outputs
from pi_reader.state import BoxState
from pi_reader.values import Box, Digit, Frame, Line, Reading, State

pytest.importorskip("luma.oled")
# luma still asks Pillow for its pixels in the way that Pillow 12.1 calls old.
pytestmark = pytest.mark.filterwarnings("ignore:.*getdata.*:DeprecationWarning")

SEVEN = Reading("page", (640, 480), (Line((Digit(7, 0.98, (1, 0.01), True, Box(9, 9, 9, 9)),)),))
EIGHT = Reading("page", (640, 480), (Line((Digit(8, 0.98, (1, 0.01), True, Box(9, 9, 9, 9)),)),))
FRAME = Frame(np.full((480, 640), 200, np.uint8))
SET_CONTRAST = 0x81


class Bus:
    """What luma calls a serial interface: it remembers, or fails as a real one does."""

    everything: list[Bus]
    error: Exception | None = None

    def __init__(self, port: int, address: int) -> None:
        self.where = (port, address)
        self.commands: list[tuple[int, ...]] = []
        self.bytes = 0
        self.cleaned = 0
        type(self).everything.append(self)

    def command(self, *command: int) -> None:
        self._check()
        self.commands.append(command)

    def data(self, data: list[int]) -> None:
        self._check()
        self.bytes += len(data)

    def cleanup(self) -> None:
        self.cleaned += 1

    def _check(self) -> None:
        if type(self).error is not None:
            raise type(self).error


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Bus]:
    monkeypatch.setattr("luma.core.interface.serial.i2c", Bus)
    Bus.everything, Bus.error = [], None
    return lambda: Bus.everything[-1]


@pytest.mark.parametrize(
    ("chip", "height", "bytes_each"),
    [
        ("ssd1306", 64, 1024),
        ("sh1106", 64, 1024),
        ("ssd1309", 64, 1024),
        ("ssd1306", 32, 512),
        ("sh1106", 32, 512),
    ],
)
def test_ok__a_picture_is_sent_once_and_only_if_it_changed(
    bus: Callable[[], Bus], chip: str, height: int, bytes_each: int
) -> None:
    with Oled(chip, 1, 0x3D, height=height) as oled:
        assert bus().where == (1, 0x3D)
        oled.tell(BoxState(State.READING))
        bus().bytes = 0
        oled.show(SEVEN, FRAME)
        assert bus().bytes == bytes_each
        for step in range(1, 200):
            oled.tick(step / 10)
            oled.show(SEVEN, FRAME)
        assert bus().bytes == bytes_each
        oled.show(EIGHT, FRAME)
        assert bus().bytes == 2 * bytes_each
    assert bus().cleaned == 1


def test_ok__it_moves_by_a_pixel_and_dims_and_wakes(bus: Callable[[], Bus]) -> None:
    def contrasts() -> list[int]:
        return [command[1] for command in bus().commands if command[0] == SET_CONTRAST]

    with Oled(dim_after_seconds=300) as oled:
        oled.tell(BoxState(State.READING))
        oled.tick(0.0)
        oled.show(SEVEN, FRAME)
        bus().bytes, bus().commands = 0, []
        for now in range(1, 300):
            oled.tick(now)
        assert bus().bytes == 4 * 1024, "once a minute it moves by a pixel"
        assert not contrasts()
        oled.tick(300.0)
        assert contrasts() == [DIM]
        oled.tell(BoxState(State.READING, progress=0.5))
        assert contrasts() == [DIM], "a training that goes on is no news"
        oled.show(EIGHT, FRAME)
        assert contrasts() == [DIM, BRIGHT]


def test_ok__with_nothing_to_show_for_long_it_is_nearly_dark(monkeypatch: Any) -> None:
    """With luma's own pretended display, which keeps its picture."""
    from luma.core import device

    made: list[Any] = []

    def dummy(bus: object, **words: Any) -> Any:
        made.append(device.dummy(mode="1", **words))
        return made[-1]

    monkeypatch.setattr("luma.core.interface.serial.i2c", Bus)
    monkeypatch.setattr("luma.oled.device.ssd1306", dummy)
    Bus.everything, Bus.error = [], None
    with Oled(dim_after_seconds=300) as oled:
        oled.tell(BoxState(State.NOTHING, address="192.168.0.17"))
        shown = []
        for now in (0, 100, 400, 460):
            oled.tick(now)
            shown.append(np.asarray(made[0].image))
    glowing = [int(picture.sum()) for picture in shown]
    assert glowing[0] == glowing[1] > 400 and glowing[2] == glowing[3] <= 6
    assert not (shown[2] & shown[3]).any(), "the dash has wandered"


def test_fail__no_display_says_what_to_look_at_and_leaves_nothing_open(bus: Any) -> None:
    from luma.core.error import DeviceNotFoundError

    Bus.error = DeviceNotFoundError("I2C device not found on address: 0x3C")
    for _ in range(3):
        with pytest.raises(NoHardware, match=r"0x3C; look at its four wires.*i2cdetect"):
            Oled()
    assert [one.cleaned for one in Bus.everything] == [1, 1, 1]


class Wires:
    """What smbus2 calls a bus, with or without a display on it."""

    error: OSError | None = None
    sent = closed = 0

    def __init__(self, port: int) -> None:
        if isinstance(self.error, PermissionError):
            raise self.error

    def write_i2c_block_data(self, address: int, register: int, data: list[int]) -> None:
        if self.error is not None:
            raise self.error

    def i2c_rdwr(self, message: Any) -> None:
        self.write_i2c_block_data(0, 0, [])
        type(self).sent += len(list(message)) - 1  # the first byte says that data follow

    def close(self) -> None:
        type(self).closed += 1


def test_ok__luma_sends_it_all_at_once_over_the_real_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smbus2.SMBus", Wires)
    with Oled() as oled:
        Wires.sent = Wires.closed = 0
        oled.show(SEVEN)
        assert Wires.sent == 1024
    assert Wires.closed == 1


@pytest.mark.parametrize(
    "error",
    [
        OSError(121, "Remote I/O error"),
        OSError(5, "Input/output error"),
        PermissionError(13, "Permission denied", "/dev/i2c-1"),
        OSError(110, "Connection timed out"),
    ],
)
def test_fail__whatever_the_bus_says_becomes_one_kind_of_error(
    monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    monkeypatch.setattr("smbus2.SMBus", Wires)
    monkeypatch.setattr(Wires, "error", error)
    with pytest.raises(NoHardware, match=r"oled: .*i2cdetect"):
        Oled()
    monkeypatch.setattr(Wires, "error", None)
    with Oled() as oled:
        monkeypatch.setattr(Wires, "error", error)
        with pytest.raises((NoHardware, OSError)):
            oled.show(SEVEN)


def test_fail__a_size_that_the_chip_does_not_have(bus: Any) -> None:
    with pytest.raises(NoHardware, match="oled: Unsupported display mode: 64 x 32"):
        Oled("sh1106", width=64, height=32)


@pytest.mark.parametrize("error", [OSError(121, "Remote I/O error"), OSError(5, "I/O error")])
def test_fail__a_wire_that_comes_off_is_left_to_the_others(bus: Any, error: OSError) -> None:
    with Oled() as oled:
        Bus.error = error
        with pytest.raises(OSError, match=error.strerror):
            oled.show(SEVEN)
    assert bus().cleaned == 1, "closed, though it no longer answered"


def test_ok__a_display_on_a_loose_wire_comes_back_and_holds_no_memory(bus: Any) -> None:
    import gc

    from luma.oled.device import ssd1306

    log: list[str] = []
    outputs = Outputs({"oled": Oled}, log.append, retry_seconds=1)
    for now in range(150):
        Bus.error = OSError(121, "Remote I/O error") if now % 7 > 3 else None
        outputs.show(SEVEN if now % 2 else EIGHT)
        outputs.tick(now)
    assert sum("works again" in line for line in log) >= 4
    outputs.close()
    held = [one for one in gc.get_objects() if isinstance(one, ssd1306) and vars(one)]
    assert not held
