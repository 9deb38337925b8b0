"""All settings, section by section as in the file, each with its default and its rule.

systemd/config.toml shows the same settings with a comment on each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pi_reader.parts import rules
from pi_reader.parts.rules import Rule

OLED_SIZES = {
    "ssd1306": ((128, 64), (128, 32), (64, 32)),
    "sh1106": ((128, 64), (128, 32)),
    "ssd1309": ((128, 64), (128, 32)),
}
"""The sizes that each chip of a display is sold with, (width, height) in pixels."""


def _setting(default: Any, rule: Rule) -> Any:
    """A setting with its rule; a mutable default, like a table, is copied for each instance."""
    if callable(default):
        return field(default_factory=default, metadata={"rule": rule})
    return field(default=default, metadata={"rule": rule})


@dataclass(frozen=True)
class CameraSettings:
    """The camera. Regions are in pixels of the frame after its rotation.

    kind: "pi" a camera on the ribbon cable, "folder" photographs in turn, "desk" drawn pages.
    region: the part that is read, () for all; masked: parts of it that are not.
    focus_metres: distance of the paper, 0 for a lens that is focused by hand.
    settle_seconds: how long the exposure may take to settle; wait_seconds: how long a frame may
    take; twice their sum, as when a camera is reopened, must be less than the watchdog's minute.
    controls: more of picamera2's controls, by name.
    """

    kind: str = _setting("pi", rules.one_of("pi", "folder", "desk"))
    folder: str = _setting("", rules.text())
    width: int = _setting(640, rules.whole(160, 1920, 2))
    height: int = _setting(480, rules.whole(120, 1440, 2))
    rotation: int = _setting(0, rules.one_of(0, 90, 180, 270))
    mirrored: bool = _setting(False, rules.switch())
    region: tuple[int, ...] = _setting((), rules.box())
    masked: tuple[tuple[int, ...], ...] = _setting((), rules.boxes())
    focus_metres: float = _setting(0.0, rules.number(0, 10))
    settle_seconds: float = _setting(3.0, rules.number(0.1, 10))
    wait_seconds: float = _setting(5.0, rules.number(0.5, 15))
    controls: Mapping[str, Any] = _setting(dict, rules.controls())


@dataclass(frozen=True)
class LightSettings:
    """A lamp over the page, on only during captures. settle_seconds: until it is steady."""

    pin: int | None = _setting(None, rules.pin())
    settle_seconds: float = _setting(0.2, rules.number(0, 5))


@dataclass(frozen=True)
class ReaderSettings:
    """The network. weights: "learned" for the generation in use, a shipped name, or a file.

    sure_at: confidence from which a digit is sure; 0 takes the threshold from the weights' card.
    """

    weights: str = _setting("learned", rules.text())
    sure_at: float = _setting(0.0, rules.number(0, 1))


@dataclass(frozen=True)
class LedSettings:
    """Single lamps. digits: ten lines, 0 first, or the four bits, lowest first; () for none."""

    digits: tuple[int, ...] = _setting((), rules.pins(4, 10))
    sure: int | None = _setting(None, rules.pin())
    unsure: int | None = _setting(None, rules.pin())
    heartbeat: int | None = _setting(None, rules.pin())
    active_high: bool = _setting(True, rules.switch())


@dataclass(frozen=True)
class SegmentSettings:
    """A 7-segment digit. pins: segments a to g; point: its dot; active_high: common cathode.

    seconds: how long each digit of a longer reading is shown; gap: dark between them.
    """

    pins: tuple[int, ...] = _setting((), rules.pins(7))
    point: int | None = _setting(None, rules.pin())
    active_high: bool = _setting(True, rules.switch())
    seconds: float = _setting(0.8, rules.number(0.1, 10))
    gap: float = _setting(0.2, rules.number(0.05, 5))


@dataclass(frozen=True)
class OledSettings:
    """A small display on the I2C bus (pins GPIO2 and GPIO3)."""

    on: bool = _setting(False, rules.switch())
    chip: str = _setting("ssd1306", rules.one_of(*OLED_SIZES))
    port: int = _setting(1, rules.whole(0, 20))
    address: int = _setting(0x3C, rules.whole(0x08, 0x77))
    width: int = _setting(128, rules.one_of(64, 128))
    height: int = _setting(64, rules.one_of(32, 64))
    turned: int = _setting(0, rules.one_of(0, 180))
    dim_after_seconds: float = _setting(300.0, rules.number(10, 86400))


@dataclass(frozen=True)
class ConsoleSettings:
    """The panel in a terminal that shows what the displays show."""

    on: bool = _setting(False, rules.switch())


@dataclass(frozen=True)
class ButtonSettings:
    """A button between its line and ground. short: what a short press does.

    long_seconds: duration from which a press starts a correction; power_off: whether holding it
    for five seconds switches the box off.
    """

    pin: int | None = _setting(None, rules.pin())
    short: str = _setting("read", rules.one_of("read", "freeze"))
    long_seconds: float = _setting(1.0, rules.number(0.4, 3))
    power_off: bool = _setting(False, rules.switch())


@dataclass(frozen=True)
class ServiceSettings:
    """The main loop. A reading counts when `seen` of the last `of` frames agree.

    looks_per_second: while nothing moves; fastest: while something moves or is not yet certain.
    """

    seen: int = _setting(3, rules.whole(1, 20))
    of: int = _setting(4, rules.whole(1, 30))
    looks_per_second: float = _setting(2.0, rules.number(0.2, 30))
    fastest: float = _setting(8.0, rules.number(0.2, 30))


@dataclass(frozen=True)
class HistorySettings:
    """The history, a database of at most `most` readings."""

    on: bool = _setting(True, rules.switch())
    most: int = _setting(100_000, rules.whole(100, 10_000_000))


@dataclass(frozen=True)
class SampleSettings:
    """The samples. collect_unsure: also keep unsure digits, unlabelled."""

    collect_unsure: bool = _setting(False, rules.switch())
    most: int = _setting(5000, rules.whole(100, 100_000))
    megabytes: int = _setting(64, rules.whole(4, 2000))


@dataclass(frozen=True)
class NightSettings:
    """The nightly training.

    starts, hours: from when and for how long; hottest: degrees Celsius at which it pauses.
    mnist: the folder of MNIST's files, "" for drawn digits only; generations: how many to keep.
    """

    on: bool = _setting(True, rules.switch())
    starts: str = _setting("02:00", rules.clock())
    hours: float = _setting(4.0, rules.number(0.1, 24))
    hottest: float = _setting(75.0, rules.number(40, 85))
    mnist: str = _setting("", rules.text())
    generations: int = _setting(8, rules.whole(2, 100))


@dataclass(frozen=True)
class LinkSettings:
    """Whom the box tells what it read: a broker (MQTT), or a web address.

    broker: the broker's name or address, "" for none; password_file, secret_file: hold one line
    each, so that no secret stands here. tls: whether the connection is encrypted, ca_file: by whose
    word, "" for the system's. id: the box's name in topics, "" for one made from the machine's.
    home_assistant: whether it makes itself known there. webhook: where readings are posted to.
    """

    on: bool = _setting(False, rules.switch())
    broker: str = _setting("", rules.matching("[A-Za-z0-9.:_-]{1,253}", "a host's name or address"))
    port: int = _setting(1883, rules.whole(1, 65535))
    user: str = _setting("", rules.text())
    password_file: str = _setting("/etc/pi-reader/link-password", rules.text())
    tls: bool = _setting(False, rules.switch())
    ca_file: str = _setting("", rules.text())
    id: str = _setting("", rules.matching("pir-[0-9a-f]{8}", '"pir-" and eight digits of 0-9a-f'))
    room: str = _setting("", rules.matching("[A-Za-z0-9_-]{1,32}", "letters, digits, - and _"))
    home_assistant: bool = _setting(True, rules.switch())
    webhook: str = _setting(
        "", rules.matching(r"https?://[!-~]{1,500}", 'an address with "http://" or "https://"')
    )
    secret_file: str = _setting("", rules.text())


@dataclass(frozen=True)
class Settings:
    """Everything that can be set, section by section as in the file."""

    camera: CameraSettings = field(default_factory=CameraSettings)
    light: LightSettings = field(default_factory=LightSettings)
    reader: ReaderSettings = field(default_factory=ReaderSettings)
    leds: LedSettings = field(default_factory=LedSettings)
    segments: SegmentSettings = field(default_factory=SegmentSettings)
    oled: OledSettings = field(default_factory=OledSettings)
    console: ConsoleSettings = field(default_factory=ConsoleSettings)
    button: ButtonSettings = field(default_factory=ButtonSettings)
    service: ServiceSettings = field(default_factory=ServiceSettings)
    history: HistorySettings = field(default_factory=HistorySettings)
    samples: SampleSettings = field(default_factory=SampleSettings)
    night: NightSettings = field(default_factory=NightSettings)
    link: LinkSettings = field(default_factory=LinkSettings)
