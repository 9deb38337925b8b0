"""Builds the box from its settings: the one place that picks concrete cameras and outputs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from pi_reader.box.appliance import Appliance
from pi_reader.box.button_actions import Button, ButtonActions
from pi_reader.box.heap import Heap
from pi_reader.box.host_monitor import HostMonitor
from pi_reader.box.memory_sync import MemorySync
from pi_reader.box.number_watch import NumberWatch
from pi_reader.box.problems import Problems
from pi_reader.box.reading_log import ReadingLog
from pi_reader.box.request_handler import RequestHandler, set_at_page
from pi_reader.box.services import Services
from pi_reader.box.status_file import StatusFile
from pi_reader.box.systemd_notifier import SystemdNotifier
from pi_reader.box.view import View
from pi_reader.box.weights import Fixed, Learned, Weights
from pi_reader.camera import CAMERAS
from pi_reader.cli.common import one_line
from pi_reader.cli.read import as_json
from pi_reader.config import Folders, Settings, load_layered
from pi_reader.errors import PiReaderError
from pi_reader.files import make_folder
from pi_reader.inputs import INPUTS
from pi_reader.learning.stores import Stores
from pi_reader.library import weights_path
from pi_reader.outputs.together import Outputs
from pi_reader.parts import Log, PartContext

if TYPE_CHECKING:
    from pi_reader.camera.base import Camera
    from pi_reader.history import History
    from pi_reader.kept_pictures import KeptPictures
    from pi_reader.outputs.base import Output
    from pi_reader.outputs.panel import Panel

_POWER_OFF = "poweroff"  # the file that pi-reader-poweroff.path watches for


def build(
    settings: Settings,
    folders: Folders,
    log: Log,
    opened: ExitStack,
    camera: Camera | None = None,
) -> Appliance:
    """The whole box as configured; `opened` closes everything that was opened.

    camera: another than the configured one. Raises NoHardware or Busy without the camera or its
    light. Any other missing part is logged, and the box runs without it.
    """
    terminal = Terminal(log)
    view = View(folders.view, folders.watched, as_json)
    log = both(terminal.log, view.log)
    problems = Problems(log)
    with problems.kept_from_stopping_us("state"):
        make_folders(folders)
    camera = opened.enter_context(camera or open_camera(settings, log))
    outputs = opened.enter_context(open_outputs(settings, log, terminal))
    reading_log = open_reading_log(settings, folders, problems, log)
    stores, pressed = Stores(folders, settings, log), settings.parts["button"]
    off = partial(power_off, folders, log) if pressed.power_off else None
    services = Services(
        problems,
        reading_log,
        HostMonitor(problems, state=folders.state, training=folders.training),
        ButtonActions(reading_log, pressed.short, off),
        open_button(settings, problems, opened),
        SystemdNotifier(),
        open_request_handler(stores, reading_log, problems),
        StatusFile(folders.status),
        MemorySync(stores.samples(), folders.memory, problems),
        Heap(),
        view,
        NumberWatch(settings.numbers, folders.numbers, folders.reference, problems.mention),
    )
    return Appliance(camera, choose_weights(stores), outputs, services, settings)


def both(one: Log, other: Log) -> Log:
    """Logs a line twice."""

    def log(line: str) -> None:
        one(line)
        other(line)

    return log


def make_folders(folders: Folders) -> None:
    """Create the folders for state and runtime files. Raises CannotWrite."""
    for folder in (folders.state, folders.runtime):
        make_folder(folder)


def open_camera(settings: Settings, log: Log) -> Camera:
    """The configured camera, with its light. Raises NoHardware or Busy."""
    from pi_reader.camera import light

    context = context_of(settings, log)
    camera: Camera = CAMERAS[settings.camera.kind].open(settings.camera, context)
    if not light.PART.is_on(settings.light):
        return camera
    return light.Lit(camera, light.PART.open(settings.light, context))


def context_of(settings: Settings, log: Log) -> PartContext:
    """What parts are told of the box."""
    return PartContext(log, settings.service.looks_per_second, settings.service.fastest)


class Terminal:
    """A terminal shared by the panel and the log."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._panel: Panel | None = None

    def shows(self, panel: Callable[[], Panel]) -> Panel:
        """The panel, opened."""
        self._panel = panel()
        return self._panel

    def log(self, line: str) -> None:
        """Log a line; above the panel if it is drawn on the same terminal."""
        if self._panel is None or not (sys.stdout.isatty() and sys.stderr.isatty()):
            return self._log(line)
        try:
            self._panel.say(f"pi-reader: {one_line(line)}")
        except OSError:  # the line itself may be about a broken panel
            self._log(line)


def open_outputs(settings: Settings, log: Log, terminal: Terminal | None = None) -> Outputs:
    """All configured outputs, each opened when it is first needed.

    terminal: where the panel is drawn; None if it shows something else.
    """
    context = context_of(settings, log)
    parts: dict[str, Callable[[], Output]] = {
        name: partial(part.open, section, context)
        for name, (part, section) in settings.outputs.items()
        if part.is_on(section)
    }
    panel = parts.pop("console", None)
    if panel is not None and terminal is not None:
        parts["console"] = partial(terminal.shows, panel)  # type: ignore[arg-type]
    return Outputs(parts, log)


def open_reading_log(
    settings: Settings, folders: Folders, problems: Problems, log: Log
) -> ReadingLog:
    """The reading log, with history, pictures and samples if configured."""
    history: History | None = None
    if settings.history.on:
        from pi_reader.history import History

        history = History(folders.history, settings.history.most)
    pictures: KeptPictures | None = None
    if history is not None and settings.history.pictures:
        from pi_reader.kept_pictures import KeptPictures

        most = min(settings.history.most_pictures, settings.history.most)
        pictures = KeptPictures(folders.pictures, most, settings.history.pictures_megabytes)
    return ReadingLog(
        problems,
        history=history,
        pictures=pictures,
        samples=Stores(folders, settings, log).samples(),
        collect_unsure=settings.samples.collect_unsure,
    )


def open_button(settings: Settings, problems: Problems, opened: ExitStack) -> Button:
    """The button; if it cannot be opened, that is reported as a problem."""
    section = settings.parts["button"]
    if INPUTS["button"].is_on(section):
        try:
            button: Button = INPUTS["button"].open(section, PartContext(problems.mention))
            opened.callback(button.close)
            return button
        except PiReaderError as error:
            problems.set("button", f"{error}; the box reads without it until it is started again")
    none: Button = INPUTS["none"].open(None, PartContext(problems.mention))
    return none


def open_request_handler(
    stores: Stores, reading_log: ReadingLog, problems: Problems
) -> RequestHandler:
    """What other processes may ask for."""
    from pi_reader.box.housekeeping import ACTS, Housekeeping
    from pi_reader.requests import Requests

    house = Housekeeping(stores)
    return RequestHandler(
        Requests(stores.folders.requests, stores.log),
        reading_log,
        problems,
        describe=as_json,
        check_settings=partial(load_layered, stores.folders),
        acts={kind: getattr(house, kind) for kind in ACTS},
        go_on=house.tick,
        set_settings=partial(set_at_page, stores.folders),
    )


def choose_weights(stores: Stores) -> Weights:
    """The learned generations, or the weights named in the settings. Raises MissingFile."""
    wanted = stores.settings.reader
    if wanted.weights != "learned":
        return Fixed(weights_path(wanted.weights), wanted.sure_at, stores.shipped)
    return Learned(stores.generations(), wanted.sure_at)


def power_off(folders: Folders, log: Log) -> None:
    """Power the system off: without root, by creating a file that systemd watches for."""
    log("the button was held for five seconds: switching off")
    try:
        (folders.runtime / _POWER_OFF).touch()
    except OSError as error:
        log(f"{folders.runtime / _POWER_OFF}: cannot be written ({error.strerror})")
