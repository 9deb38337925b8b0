"""Builds the box from its settings: the one place that picks concrete cameras and outputs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pi_reader.box.appliance import Appliance
from pi_reader.box.button_actions import Button, ButtonActions
from pi_reader.box.crop import Crop
from pi_reader.box.heap import Heap
from pi_reader.box.host_monitor import HostMonitor
from pi_reader.box.problems import Problems
from pi_reader.box.reading_log import ReadingLog
from pi_reader.box.request_handler import RequestHandler
from pi_reader.box.status_file import StatusFile
from pi_reader.box.systemd_notifier import SystemdNotifier
from pi_reader.box.vote import Vote
from pi_reader.box.weights import Fixed, Learned, Weights
from pi_reader.cli.common import one_line
from pi_reader.cli.read import as_json
from pi_reader.config import Folders, Settings, load_settings
from pi_reader.errors import CannotWrite, PiReaderError
from pi_reader.library import weights_path

if TYPE_CHECKING:
    from pi_reader.camera.base import Camera
    from pi_reader.history import History
    from pi_reader.learning.samples import Samples
    from pi_reader.outputs.base import Output
    from pi_reader.outputs.panel import Panel

DESK_DIFFICULTY = 0.3  # of the simulated camera's pages
DESK_SECONDS = 4.0  # that each of them stays on the desk
FOLDER_SECONDS = 4.0  # that each picture of a folder is shown
_POWER_OFF = "poweroff"  # the file that pi-reader-poweroff.path watches for

Log = Callable[[str], None]


def build(settings: Settings, folders: Folders, log: Log, opened: ExitStack) -> Appliance:
    """The whole box as configured; `opened` closes everything that was opened.

    Raises NoHardware or Busy without the camera or its light. Any other missing part is logged,
    and the box runs without it.
    """
    terminal = Terminal(log)
    log = terminal.log
    problems = Problems(log)
    with problems.kept_from_stopping_us("state"):
        make_folders(folders)
    camera = opened.enter_context(open_camera(settings, log))
    outputs = opened.enter_context(open_outputs(settings, log, terminal.panel))
    reading_log = open_reading_log(settings, folders, problems, log)
    button = open_button(settings, problems, opened)
    service = settings.service
    return Appliance(
        camera,
        choose_weights(settings, folders),
        outputs,
        problems=problems,
        reading_log=reading_log,
        host_monitor=HostMonitor(problems, state=folders.state, training=folders.training),
        actions=ButtonActions(
            reading_log,
            settings.button.short,
            partial(power_off, folders, log) if settings.button.power_off else None,
        ),
        vote=Vote(service.seen, service.of),
        notifier=SystemdNotifier(),
        request_handler=open_request_handler(settings, folders, reading_log, problems, log),
        button=button,
        status_file=StatusFile(folders.status),
        heap=Heap(),
        log=log,
        crop=Crop(settings.camera.region, settings.camera.masked),
        looks_per_second=service.looks_per_second,
        fastest=service.fastest,
    )


def make_folders(folders: Folders) -> None:
    """Create the folders for state and runtime files. Raises CannotWrite."""
    for folder in (folders.state, folders.runtime):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotWrite(
                f"{folder}: cannot be made ({error.strerror}); nothing is kept"
            ) from error


def open_camera(settings: Settings, log: Log) -> Camera:
    """The configured camera, with its light. Raises NoHardware or Busy."""
    camera = _bare_camera(settings, log)
    if settings.light.pin is None:
        return camera
    from pi_reader.camera.light import Light, Lit

    return Lit(camera, Light(settings.light.pin, settings.light.settle_seconds))


def _bare_camera(settings: Settings, log: Log) -> Camera:
    wanted, fastest = settings.camera, settings.service.fastest
    if wanted.kind == "desk":
        import numpy as np

        from pi_reader.camera.desk import DeskCamera

        return DeskCamera(
            np.random.default_rng(),
            None,
            DESK_DIFFICULTY,
            looks=round(DESK_SECONDS * settings.service.looks_per_second) + 8,
            size=(wanted.width, wanted.height),
        )
    if wanted.kind == "folder":
        from pi_reader.camera.files import FolderCamera

        return FolderCamera(Path(wanted.folder), True, max(1, round(FOLDER_SECONDS * fastest)), log)
    from pi_reader.camera.pi import PiCamera

    return PiCamera(
        wanted.width,
        wanted.height,
        wanted.rotation,
        wanted.mirrored,
        wanted.focus_metres,
        wanted.settle_seconds,
        wanted.wait_seconds,
        wanted.controls,
        log,
    )


class Terminal:
    """A terminal shared by the panel and the log."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._panel: Panel | None = None

    def panel(self) -> Output:
        """The panel, opened."""
        from pi_reader.outputs.panel import Panel

        self._panel = Panel(sys.stdout)
        return self._panel

    def log(self, line: str) -> None:
        """Log a line; above the panel if it is drawn on the same terminal."""
        if self._panel is None or not (sys.stdout.isatty() and sys.stderr.isatty()):
            return self._log(line)
        try:
            self._panel.say(f"pi-reader: {one_line(line)}")
        except OSError:  # the line itself may be about a broken panel
            self._log(line)


def open_outputs(settings: Settings, log: Log, panel: Callable[[], Output] | None = None) -> Output:
    """All configured outputs, each opened when it is first needed.

    panel: opens the terminal's panel; None if the terminal shows something else.
    """
    from pi_reader.outputs.together import Outputs

    parts: dict[str, Callable[[], Output]] = {}
    leds, segments, oled = settings.leds, settings.segments, settings.oled
    if leds.digits or not {leds.sure, leds.unsure, leds.heartbeat} <= {None}:
        parts["leds"] = partial(_leds, settings)
    if segments.pins:
        parts["segments"] = partial(_segments, settings)
    if oled.on:
        parts["oled"] = partial(_oled, settings)
    if settings.console.on and panel is not None:
        parts["console"] = panel
    return Outputs(parts, log)


def _leds(settings: Settings) -> Output:
    from pi_reader.outputs.leds import Leds

    return Leds(**vars(settings.leds))


def _segments(settings: Settings) -> Output:
    from pi_reader.outputs.segments import Segments

    return Segments(**vars(settings.segments))


def _oled(settings: Settings) -> Output:
    from pi_reader.outputs.oled import Oled

    return Oled(**{key: value for key, value in vars(settings.oled).items() if key != "on"})


def open_reading_log(
    settings: Settings, folders: Folders, problems: Problems, log: Log
) -> ReadingLog:
    """The reading log, with history and samples if configured."""
    history: History | None = None
    if settings.history.on:
        from pi_reader.history import History

        history = History(folders.history, settings.history.most)
    from pi_reader.learning.samples import Samples

    samples: Samples = Samples(
        folders.samples, settings.samples.most, settings.samples.megabytes, log
    )
    return ReadingLog(
        problems, history=history, samples=samples, collect_unsure=settings.samples.collect_unsure
    )


def open_button(settings: Settings, problems: Problems, opened: ExitStack) -> Button | None:
    """The button, if configured; if it cannot be opened, that is reported as a problem."""
    if settings.button.pin is None:
        return None
    from pi_reader.inputs.button import Button as PinButton

    try:
        return opened.enter_context(PinButton(settings.button.pin, settings.button.long_seconds))
    except PiReaderError as error:
        problems.set("button", f"{error}; the box reads without it until it is started again")
        return None


def open_request_handler(
    settings: Settings, folders: Folders, reading_log: ReadingLog, problems: Problems, log: Log
) -> RequestHandler:
    """What other processes may ask for."""
    from pi_reader.box.housekeeping import ACTS, Housekeeping
    from pi_reader.cli.common import generations_of
    from pi_reader.requests import Requests

    limits = settings.samples
    house = Housekeeping(
        folders.samples,
        limits.most,
        limits.megabytes,
        generations_of(folders, settings),
        folders.state / "night",
    )

    return RequestHandler(
        Requests(folders.requests, log),
        reading_log,
        problems,
        describe=as_json,
        check_settings=partial(load_settings, folders.settings),
        acts={kind: getattr(house, kind) for kind in ACTS},
    )


def choose_weights(settings: Settings, folders: Folders) -> Weights:
    """The learned generations, or the weights named in the settings. Raises MissingFile."""
    wanted = settings.reader
    if wanted.weights != "learned":
        return Fixed(weights_path(wanted.weights), wanted.sure_at, weights_path("default"))
    from pi_reader.learning.generations import Generations

    shipped = weights_path("default")
    return Learned(
        Generations(folders.weights, shipped, settings.night.generations), wanted.sure_at
    )


def power_off(folders: Folders, log: Log) -> None:
    """Power the system off: without root, by creating a file that systemd watches for."""
    log("the button was held for five seconds: switching off")
    try:
        (folders.runtime / _POWER_OFF).touch()
    except OSError as error:
        log(f"{folders.runtime / _POWER_OFF}: cannot be written ({error.strerror})")
