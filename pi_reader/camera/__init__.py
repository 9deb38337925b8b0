"""Where frames come from: photographs on disk, drawn pages, and the camera of a Raspberry Pi.

A new camera is one file here, with its `PART`, and its name in this table; all share a section of
the settings, [camera].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pi_reader.errors import BadSettings
from pi_reader.parts import Table, rules, setting

CAMERAS = Table(__name__, pi="pi", folder="files", desk="desk")
SMALLEST_REGION = 32  # pixels


@dataclass(frozen=True)
class CameraSettings:
    """The camera. Regions are in pixels of the frame after its rotation.

    Twice the sum of settle_seconds and wait_seconds, as when a camera is reopened, must be less
    than the watchdog's minute. Raises BadSettings for a region outside the frame, or no folder.
    """

    kind: str = setting(
        "pi",
        rules.one_of(*CAMERAS),
        'What looks at the page: "pi" a Raspberry Pi camera, "folder" photographs in turn, "desk" '
        "pages that are drawn, to try the box without a camera.",
    )
    drawn: str = setting(
        "digits",
        rules.one_of("digits", "values"),
        'What the pages of kind = "desk" show: "digits" alone, or "values": prices, temperatures, '
        "dates, times, columns.",
    )
    folder: str = setting("", rules.text(), 'The folder of photographs for kind = "folder".')
    width: int = setting(
        640,
        rules.whole(160, 1920, 2),
        "Pixels of a frame, both even. More costs time in proportion; 640x480 reads digits from 15 "
        "pixels.",
    )
    height: int = setting(480, rules.whole(120, 1440, 2))
    rotation: int = setting(
        0,
        rules.one_of(0, 90, 180, 270),
        "Degrees by which to turn the picture clockwise so that it is upright: 0, 90, 180 or 270.",
    )
    mirrored: bool = setting(False, rules.switch(), "Whether the camera looks into a mirror.")
    region: tuple[int, ...] = setting(
        (),
        rules.box(),
        "The part that is read, [x, y, width, height] in pixels of the turned frame; [] for all of "
        "it.",
    )
    masked: tuple[tuple[int, ...], ...] = setting(
        (),
        rules.boxes(),
        "Parts that are painted over before reading, such as the edge of the box: "
        "[[x, y, width, height]].",
    )
    focus_metres: float = setting(
        0.0,
        rules.number(0, 10),
        "Metres from lens to paper, for a lens that focuses by motor (Camera Module 3); 0 for one "
        "that you turn by hand (`pi-reader aim` helps).",
    )
    settle_seconds: float = setting(
        3.0,
        rules.number(0.1, 10),
        "Seconds for the exposure to settle before it is locked.",
    )
    wait_seconds: float = setting(
        5.0,
        rules.number(0.5, 15),
        "Seconds to wait for a frame before the camera is reopened.",
    )
    controls: Mapping[str, Any] = setting(
        dict,
        rules.controls(),
        "More of picamera2's controls by name, such as { Sharpness = 1.0, ExposureValue = 0.5 }.",
    )

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height of a frame after its rotation, in pixels."""
        turned = self.rotation in (90, 270)
        return (self.height, self.width) if turned else (self.width, self.height)

    @property
    def frame(self) -> tuple[int, int]:
        """Width and height of what is read of it."""
        return (self.region[2], self.region[3]) if self.region else self.upright

    def __post_init__(self) -> None:
        if self.kind == "folder" and not self.folder:
            raise BadSettings(
                'camera.folder: is empty, should name the folder of camera.kind "folder"'
            )
        width, height = self.upright
        boxes = [("masked", box) for box in self.masked]
        for key, box in [*([("region", self.region)] if self.region else []), *boxes]:
            x, y, wide, high = box
            if x + wide > width or y + high > height:
                raise BadSettings(
                    f"camera.{key}: {list(box)} reaches beyond the frame of"
                    f" {width}x{height} pixels; make it smaller"
                )
        if self.region and min(self.region[2:]) < SMALLEST_REGION:
            raise BadSettings(
                f"camera.region: {list(self.region)} has no room for a digit, should be"
                f" at least {SMALLEST_REGION} pixels wide and high"
            )
