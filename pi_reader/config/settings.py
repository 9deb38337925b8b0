"""Every setting of a box, with its default and its rule.

The parts declare theirs beside themselves; what belongs to none of them stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from pi_reader.camera import CameraSettings
from pi_reader.camera.light import LightSettings
from pi_reader.errors import BadSettings
from pi_reader.inputs import INPUTS
from pi_reader.numbers.settings import NumberSettings
from pi_reader.outputs import OUTPUTS
from pi_reader.parts import Part, rules, setting


@dataclass(frozen=True)
class ReaderSettings:
    """The network."""

    weights: str = setting(
        "learned",
        rules.text(),
        '"learned" reads with what this box has learned, "default" and "classic" with shipped '
        "weights; or the path of a weights file.",
    )
    sure_at: float = setting(
        0.0,
        rules.number(0, 1),
        'Confidence from which a digit is sure, 0 to 1; others are shown as "?". 0 takes the '
        "threshold that was measured for the weights.",
    )


@dataclass(frozen=True)
class ServiceSettings:
    """The main loop. Raises BadSettings for numbers that do not fit each other."""

    seen: int = setting(
        3, rules.whole(1, 20), "A reading counts when `seen` of the last `of` frames say the same."
    )
    of: int = setting(4, rules.whole(1, 30))
    looks_per_second: float = setting(
        2.0,
        rules.number(0.2, 30),
        "Looks a second while nothing moves, and while something does.",
    )
    fastest: float = setting(8.0, rules.number(0.2, 30))

    def __post_init__(self) -> None:
        if self.seen > self.of:
            raise BadSettings(
                f"service.seen: is {self.seen}, should be at most service.of, which is {self.of}"
            )
        if self.fastest < self.looks_per_second:
            raise BadSettings(
                f"service.fastest: is {self.fastest:g}, should be at least"
                f" service.looks_per_second, {self.looks_per_second:g}"
            )


@dataclass(frozen=True)
class HistorySettings:
    """The history, a database of readings."""

    on: bool = setting(
        True,
        rules.switch(),
        "Whether readings are remembered (`pi-reader readings`), and how many; the oldest go.",
    )
    most: int = setting(100_000, rules.whole(100, 10_000_000))
    pictures: bool = setting(
        False,
        rules.switch(),
        "Whether a small picture of each page read is kept with its reading (`pi-reader readings "
        "--picture`), how many, and how much room they may take. At most 3.5 MB a day are written. "
        "Pictures that are there stay when this is switched off, until you delete them.",
    )
    most_pictures: int = setting(1000, rules.whole(1, 4000))  # a backup takes 5,000 files
    pictures_megabytes: int = setting(50, rules.whole(1, 10_000))


@dataclass(frozen=True)
class SampleSettings:
    """The samples."""

    collect_unsure: bool = setting(
        False,
        rules.switch(),
        "Whether digits that the box was not sure of are kept, too, for you to label later. They "
        "are pictures of what lay under the camera.",
    )
    most: int = setting(
        5000,
        rules.whole(100, 100_000),
        "How many taught digits it keeps, and how many megabytes they may take.",
    )
    megabytes: int = setting(64, rules.whole(4, 2000))


@dataclass(frozen=True)
class NightSettings:
    """The nightly training."""

    on: bool = setting(
        True,
        rules.switch(),
        "Whether it learns at night from what it was taught, from when on, and for how many hours "
        "at most.",
    )
    starts: str = setting("02:00", rules.clock())
    hours: float = setting(4.0, rules.number(0.1, 24))
    hottest: float = setting(
        75.0, rules.number(40, 85), "Chip temperature in degrees Celsius at which training pauses."
    )
    mnist: str = setting(
        "",
        rules.text(),
        "The folder of MNIST's four files, if you have them; else it learns from drawn digits and "
        "yours.",
    )
    generations: int = setting(
        8, rules.whole(2, 100), "How many generations of weights it keeps to go back to."
    )


@dataclass(frozen=True)
class LinkSettings:
    """Whom the box tells what it read: a broker (MQTT), or a web address.

    Secrets stand alone in files of their own.
    """

    on: bool = setting(
        False,
        rules.switch(),
        "Whether readings are sent elsewhere: to a broker (MQTT, so also to Home Assistant) or to "
        "a web address. After changing it: sudo ./setup.sh install (see systemd/README.md).",
    )
    broker: str = setting(
        "",
        rules.matching("[A-Za-z0-9.:_-]{1,253}", "a host's name or address"),
        'The broker\'s name or address, "" for none; its port, 8883 with tls = true; user and '
        "password, which stands alone in a file.",
    )
    port: int = setting(1883, rules.whole(1, 65535))
    user: str = setting("", rules.text())
    password_file: str = setting("/etc/pi-reader/link-password", rules.text())
    tls: bool = setting(
        False,
        rules.switch(),
        "Whether the connection is encrypted, and the file of the authority that vouches for the "
        'broker; "" for those that the system knows.',
    )
    ca_file: str = setting("", rules.text())
    id: str = setting(
        "",
        rules.matching("pir-[0-9a-f]{8}", '"pir-" and eight digits of 0-9a-f'),
        "The box's name in topics, \"\" for one made from the machine's; the room that it stands "
        "in.",
    )
    room: str = setting("", rules.matching("[A-Za-z0-9_-]{1,32}", "letters, digits, - and _"))
    home_assistant: bool = setting(
        True, rules.switch(), "Whether it makes itself known to Home Assistant."
    )
    picture: bool = setting(
        False,
        rules.switch(),
        "Whether the broker is given the picture of the last reading, too; history.pictures = true "
        "has to keep them.",
    )
    webhook: str = setting(
        "",
        rules.matching(r"https?://[!-~]{1,500}", 'an address with "http://" or "https://"'),
        'Where readings are posted to as JSON, "" for nowhere; the file of the secret that signs '
        "them.",
    )
    secret_file: str = setting("", rules.text())


def _part_sections() -> dict[str, Any]:
    """The sections of outputs and inputs by name, at their defaults."""
    parts = {**OUTPUTS, **INPUTS}
    return {name: part.settings() for name, part in parts.items() if part.settings is not None}


@dataclass(frozen=True)
class WebSettings:
    """The page in a browser; `sudo ./setup.sh install --web` switches it on."""

    guest: str = setting(
        "reading",
        rules.one_of("nothing", "reading", "picture"),
        'What visitors may see there without a code: "nothing", the "reading", or the '
        '"picture", too.',
    )


@dataclass(frozen=True)
class Settings:
    """Everything that can be set, section by section as in the file.

    parts: the sections of outputs and inputs by name; own: outputs of the owner's own by name.
    """

    camera: CameraSettings = field(default_factory=CameraSettings)
    light: LightSettings = field(default_factory=LightSettings)
    reader: ReaderSettings = field(default_factory=ReaderSettings)
    parts: Mapping[str, Any] = field(default_factory=_part_sections)
    numbers: tuple[NumberSettings, ...] = ()
    own: Mapping[str, Part] = field(default_factory=dict, compare=False)
    service: ServiceSettings = field(default_factory=ServiceSettings)
    history: HistorySettings = field(default_factory=HistorySettings)
    samples: SampleSettings = field(default_factory=SampleSettings)
    night: NightSettings = field(default_factory=NightSettings)
    link: LinkSettings = field(default_factory=LinkSettings)
    web: WebSettings = field(default_factory=WebSettings)

    @property
    def sections(self) -> dict[str, Any]:
        """Every section by its name, in the file's order."""
        found: dict[str, Any] = {}
        for section in fields(self):
            value = getattr(self, section.name)
            if section.name not in ("own", "numbers"):
                found |= value if section.name == "parts" else {section.name: value}
        return found

    @property
    def outputs(self) -> dict[str, tuple[Part, Any]]:
        """Every output that has a section, with that section, by name."""
        known = {**OUTPUTS, **self.own}
        return {name: (known[name], one) for name, one in self.parts.items() if name in known}
