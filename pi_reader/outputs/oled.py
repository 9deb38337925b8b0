"""A small OLED on the I2C bus, driven by luma.oled, that shows the face of the box."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pi_reader.errors import BadSettings, NoHardware, opening
from pi_reader.outputs.scene import Moment, Onlooker, topic
from pi_reader.parts import Part, rules, setting
from pi_reader.values import State

if TYPE_CHECKING:
    from PIL import Image

SHIFT_SECONDS = 60.0  # between two shifts of the picture
_SHIFTS = ((0, 0), (1, 0), (1, 1), (0, 1))  # pixels right and down, one after the other
BRIGHT, DIM = 0xCF, 0x01  # of 255; even 0 can be read in a dark room
_DISPLAY_OFF = 0xAE  # the command that all three chips share
_ADVICE = (
    "look at its four wires, at [oled] address (i2cdetect -y 1 lists what answers), whether "
    "I2C is on (raspi-config) and the user in the group i2c"
)

SIZES = {
    "ssd1306": ((128, 64), (128, 32), (64, 32)),
    "sh1106": ((128, 64), (128, 32)),
    "ssd1309": ((128, 64), (128, 32)),
}
"""The sizes that each chip is sold with, (width, height) in pixels."""


@dataclass(frozen=True)
class OledSettings:
    """A small display on the I2C bus. Raises BadSettings if its chip has no such size."""

    on: bool = setting(
        False,
        rules.switch(),
        "A small display on the I2C bus: GPIO2 (SDA) and GPIO3 (SCL). I2C must be switched on, "
        "which `sudo raspi-config nonint do_i2c 0` does.",
        wiring=True,
    )
    chip: str = setting("ssd1306", rules.one_of(*SIZES), '"ssd1306", "sh1106" or "ssd1309".')
    port: int = setting(
        1,
        rules.whole(0, 20),
        "The bus, and the display's address there (0x3C is 60; some have 0x3D, 61).",
    )
    address: int = setting(0x3C, rules.whole(0x08, 0x77))
    width: int = setting(
        128, rules.one_of(64, 128), "Pixels: 128x64, 128x32 or, with the ssd1306, 64x32."
    )
    height: int = setting(64, rules.one_of(32, 64))
    turned: int = setting(0, rules.one_of(0, 180), "180 for a display that is mounted upside down.")
    dim_after_seconds: float = setting(
        300.0,
        rules.number(10, 86400),
        "Seconds without news until it goes dim, for its own long life.",
    )

    def __post_init__(self) -> None:
        sizes = SIZES[self.chip]
        if (self.width, self.height) not in sizes:
            raise BadSettings(
                f"oled.width, oled.height: are {self.width}x{self.height}, should be"
                f" {' or '.join(f'{wide}x{high}' for wide, high in sizes)}, which the"
                f" {self.chip} has"
            )

    @property
    def bus_lines(self) -> dict[str, tuple[int, ...]]:
        """The GPIO lines of the bus, by the key that claims them; other buses have others."""
        return {"on": (2, 3)} if self.on and self.port == 1 else {}


class Oled(Onlooker):
    """A monochrome OLED: what the camera sees, the reading, its confidence, and messages.

    chip: "ssd1306", "sh1106" or "ssd1309"; port, address: where on the I2C bus; width, height: in
    pixels; turned: 0 or 180 degrees. Against burn-in the picture moves by a pixel every minute,
    and after `dim_after_seconds` without a change it is dimmed, or replaced by a wandering dash if
    there is nothing to show.
    A picture is sent over the bus only if it changed: 1,024 bytes for 128 by 64 pixels.
    Raises NoHardware if there is no display or its chip has no such size; OSError if a wire comes
    off later.
    """

    def __init__(
        self,
        chip: str = "ssd1306",
        port: int = 1,
        address: int = 0x3C,
        width: int = 128,
        height: int = 64,
        turned: int = 0,
        dim_after_seconds: float = 300.0,
    ) -> None:
        super().__init__()
        self._dim_after = dim_after_seconds
        self._size = (width, height)
        self._drawn: tuple[object, ...] = ()  # what the picture was last drawn from
        self._sent: bytes | None = None
        self._contrast = BRIGHT
        self._news: tuple[object, ...] = ()
        self._news_at = 0.0
        self._device = _open(chip, port, address, width, height, 2 if turned == 180 else 0)

    def draw(self, moment: Moment) -> None:
        """Send a new picture if it differs from the last one."""
        if self._device is None:
            return
        from pi_reader.outputs.face import look

        news = (moment.reading.text if moment.reading else None, topic(moment.status))
        if news != self._news:
            self._news, self._news_at = news, moment.now
        dim = moment.now - self._news_at >= self._dim_after
        minute = int(moment.now // SHIFT_SECONDS)
        drawn = (look(moment), minute, dim)
        if drawn != self._drawn:
            self._drawn = drawn
            self._send(_picture(moment, self._size, minute, dim), DIM if dim else BRIGHT)

    def close(self) -> None:
        """Switch the display off and release the bus, even if it no longer answers."""
        device, self._device = self._device, None
        if device is None:
            return
        with suppress(Exception):
            device.hide()
            device.clear()
        with suppress(Exception):
            device._serial_interface.cleanup()
        # luma registers each device with atexit, which keeps it and its two lists of pixels for
        # ever: a display on a loose wire, reopened again and again, would leak memory.
        vars(device).clear()

    def _send(self, picture: Image.Image, contrast: int) -> None:
        from luma.core.error import DeviceNotFoundError

        try:
            if contrast != self._contrast:
                self._device.contrast(contrast)
                self._contrast = contrast
            if picture.tobytes() != self._sent:
                self._device.display(picture)
                self._sent = picture.tobytes()
        except DeviceNotFoundError as error:
            raise NoHardware(f"oled: {error}; {_ADVICE}") from error


def _picture(moment: Moment, size: tuple[int, int], minute: int, dim: bool) -> Image.Image:
    """The face, shifted by a pixel or not; the screen saver if nothing has happened for long."""
    from PIL import Image

    from pi_reader.outputs.face import face, resting

    status = moment.status
    if dim and status.state is State.NOTHING and not status.fault and status.progress is None:
        return resting(minute, *size)
    shifted = Image.new("1", size)
    shifted.paste(face(moment, *size), _SHIFTS[minute % len(_SHIFTS)])
    return shifted


def _open(chip: str, port: int, address: int, width: int, height: int, rotate: int) -> Any:
    """Check first whether anything answers, since luma keeps every device it created."""
    with opening("oled", "python3-luma.oled", _ADVICE):
        from luma.core.interface.serial import i2c
        from luma.oled import device

        bus = i2c(port=port, address=address)
        try:
            bus.command(_DISPLAY_OFF)
            return getattr(device, chip)(bus, width=width, height=height, rotate=rotate)
        except Exception:
            bus.cleanup()
            raise


def _opened(section: OledSettings, context: object) -> Oled:
    return Oled(**{key: value for key, value in vars(section).items() if key != "on"})


PART = Part(
    OledSettings,
    _opened,
    lambda section: section.on,
    title="display",
    absent="no display configured; [oled] on = true uses one",
    package="luma.oled",
    device="i2c-{port}",
    missing="switch I2C on with `sudo raspi-config nonint do_i2c 0` and start again",
    group="i2c",
    at_fault=lambda section: section if section.on else None,
)
