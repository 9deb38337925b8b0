"""The doctor's look at what is plugged in: camera, lamps, button, display, and who may use them.

What a running service holds is not opened a second time: the service says how it is doing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

from pi_reader.cli.common import counted
from pi_reader.cli.findings import Box, Finding, absent, well, worth_a_look, wrong
from pi_reader.client.status import is_number
from pi_reader.errors import Busy

SERVICE_USER = "pi-reader"
_TROUBLES = {
    "too dark": "it is too dark; switch on a light over the page",
    "glare": "the light is mirrored in the page; move it to the side",
    "out of focus": "it is out of focus, or nothing is written there; `pi-reader aim` helps",
}


def board(box: Box) -> Finding:
    """Which Raspberry Pi it is."""
    return (
        well(box.board)
        if box.board
        else absent("this is no Raspberry Pi; what it would have on its pins is not looked for")
    )


def camera(box: Box) -> Finding:
    """Whether frames come, and whether anything can be seen on them."""
    kind = box.settings.camera.kind
    if box.status:
        frames = box.status.get("frames")
        view = box.status.get("conditions")
        trouble = _TROUBLES.get(str(box.status.get("state")), "")
        if trouble:
            return worth_a_look(f"the service sees {frames} frames, but {trouble}")
        return well(f"the service has seen {frames} frames" + _light(view))
    if kind == "desk":
        return well('the settings ask for drawn pages (camera.kind = "desk")')
    if kind == "folder":
        return _photographs(box)
    if not box.board:
        return absent(
            'cameras are looked for on a Raspberry Pi only; camera.kind = "desk" draws pages'
        )
    return _first_frame(box)


def _first_frame(box: Box) -> Finding:
    """Open the camera and look once. Raises NoHardware, Busy, BadSettings."""
    from pi_reader.box.image_quality import conditions
    from pi_reader.cli.build import open_camera

    with open_camera(box.settings, lambda line: None) as device:
        frame = device.capture()
    if frame is None:
        return wrong("gives no frames")
    view = conditions(frame.grey)
    height, width = frame.grey.shape
    words = f"gives frames of {width}x{height} pixels" + _light({"mean": view.mean})
    if view.trouble is not None:
        return worth_a_look(f"{words}, but {_TROUBLES[str(view.trouble)]}")
    return well(words)


def _light(view: Any) -> str:
    mean = view.get("mean") if isinstance(view, dict) else None
    return f", light {mean:.0f} of 255" if is_number(mean) else ""


def _photographs(box: Box) -> Finding:
    folder = box.settings.camera.folder
    try:
        count = len(os.listdir(folder))
    except OSError as error:
        return wrong(
            f"camera.folder: {folder} cannot be read ({error.strerror}); name a folder "
            "with photographs",
            78,
        )
    return (
        well(f"{counted(count, 'file')} in {folder}")
        if count
        else wrong(f"camera.folder: {folder} is empty; put photographs there", 78)
    )


def lamps(box: Box) -> Finding:
    """The single lamps."""
    chosen = box.settings.leds
    wired = [*chosen.digits, chosen.sure, chosen.unsure, chosen.heartbeat]
    if not any(pin is not None for pin in wired):
        return absent("no lamps are set; [leds] names their lines")

    def opened() -> Any:
        from pi_reader.outputs.leds import Leds

        return Leds(**vars(chosen))

    return _part(box, "leds", opened)


def segments(box: Box) -> Finding:
    """The 7-segment digit."""
    chosen = box.settings.segments
    if not chosen.pins:
        return absent("no 7-segment digit is set; [segments] names its lines")

    def opened() -> Any:
        from pi_reader.outputs.segments import Segments

        return Segments(**vars(chosen))

    return _part(box, "segments", opened)


def button(box: Box) -> Finding:
    """The button."""
    pin, long_seconds = box.settings.button.pin, box.settings.button.long_seconds
    if pin is None:
        return absent("no button is set; [button] names its line")

    def opened() -> Any:
        from pi_reader.inputs.button import Button

        return Button(pin, long_seconds)

    return _part(box, "button", opened)


def light(box: Box) -> Finding:
    """The lamp over the page."""
    pin = box.settings.light.pin
    if pin is None:
        return absent("no lamp over the page is set; [light] names its line")

    def opened() -> Any:
        from pi_reader.camera.light import Light

        return Light(pin)

    return _part(box, "light", opened)


def display(box: Box) -> Finding:
    """The bus and the display on it."""
    chosen = box.settings.oled
    if not chosen.on:
        return absent("no display is set; [oled] on = true asks for one")
    if box.board and not box.status:
        bus = f"dev/i2c-{chosen.port}"
        if not (box.root / bus).exists():
            return wrong(
                f"there is no /{bus}; switch I2C on with `sudo raspi-config nonint "
                "do_i2c 0` and start again"
            )
        if not box.is_usable(bus):
            return _forbidden(f"/{bus}", "i2c")

    def opened() -> Any:
        from pi_reader.outputs.oled import Oled

        options = {name: value for name, value in vars(chosen).items() if name != "on"}
        return Oled(**options)

    return _part(box, "oled", opened)


def _part(box: Box, name: str, opened: Callable[[], Any]) -> Finding:
    """Open a part and let it go again, or hear how it does in the service's hands."""
    for key in ("broken", "faults"):
        reasons = box.status.get(key)
        if isinstance(reasons, dict) and name in reasons:
            return wrong(f"the service cannot use it: {reasons[name]}")
    if box.status:
        return well("the service has it, and it works")
    if not box.board:
        return absent("it is set, but looked for on a Raspberry Pi only")
    if name != "oled" and not any(map(box.is_usable, _chips(box))):
        return _forbidden("/dev/gpiochip*", "gpio")
    try:
        with closing(opened()):
            return well("it opens, and nobody else has it")
    except Busy as error:
        return wrong(
            f"{error}; if the fault lamp has it: `sudo systemctl stop pi-reader-fault`",
            Busy.exit_code,
        )


def _chips(box: Box) -> Iterator[str]:
    for path in (box.root / "dev").glob("gpiochip*"):
        yield f"dev/{path.name}"


def _forbidden(what: str, group: str) -> Finding:
    return wrong(
        f"{what}: this user may not use it; run the doctor with sudo, or join the group: "
        f"`sudo adduser $USER {group}` and log in anew"
    )


def groups(box: Box) -> Finding:
    """Whether the service's user may use what the settings ask for."""
    import grp
    import pwd

    try:
        user = pwd.getpwnam(SERVICE_USER)
    except KeyError:
        return absent(f"there is no user {SERVICE_USER}; `sudo ./setup.sh install` makes one")
    ids = set(os.getgrouplist(user.pw_name, user.pw_gid))
    there = {group.gr_name: group.gr_gid for group in grp.getgrall()}
    missing = [
        name for name in ("video", "gpio", "i2c", "spi") if name in there and there[name] not in ids
    ]
    if missing:
        return wrong(
            f"user {SERVICE_USER} is not in {', '.join(missing)}; "
            f"`sudo usermod -aG {','.join(missing)} {SERVICE_USER}` adds it"
        )
    return well(f"user {SERVICE_USER} is in every group it needs")
