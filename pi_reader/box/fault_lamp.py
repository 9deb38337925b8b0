"""The fault lamp: shows that the reader cannot run, until systemd tries to start it again.

systemd starts this when the reader has failed for good (`python -m pi_reader.box.fault_lamp`). It
blinks the unsure lamp from the settings and shows on the display what is wrong. If the settings
are broken it uses the last ones that worked; a box without that lamp blinks the board's own.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from pi_reader.box.status_file import StatusFile
from pi_reader.client.status import LARGEST
from pi_reader.config import Folders, Settings, find_folders, load_settings
from pi_reader.errors import BadData, BadSettings, CannotWrite, MissingFile, NoHardware
from pi_reader.files import read_json
from pi_reader.outputs.patterns import lamps
from pi_reader.outputs.scene import Moment, Onlooker
from pi_reader.outputs.together import Outputs
from pi_reader.parts import PartContext
from pi_reader.state import BoxState
from pi_reader.values import State

SETTINGS_THAT_WORKED = "settings-that-worked.toml"  # pi-reader.service copies them when it runs
BOARD_LAMPS = (Path("/sys/class/leds/ACT"), Path("/sys/class/leds/led0"))  # new and old kernels
TICK = 0.1  # seconds; half of the shortest blink
_NEXT = "it is tried again every 15 minutes; `journalctl -u pi-reader` says more"
_RESULTS = {  # systemd's words for how a service ended
    "watchdog": "the reader hung: no fresh frame for a minute",
    "timeout": "the reader could not be started or stopped in time",
    "oom-kill": "the memory was used up",
    "start-limit-hit": "the reader failed three times in a row",
}
_EXITS = {
    "69": "the camera or the pins are missing or do not answer",
    "73": "the card is full or cannot be written",
    "75": "the camera or a pin is used by somebody else",
}


class BoardLamp(Onlooker):
    """The green ACT lamp on the board, for boxes without an unsure lamp on the pins.

    folder: the lamp's folder in sysfs. Raises NoHardware if it is missing or not writable. Closing
    returns the lamp to its previous trigger.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = Path(folder)
        self._lit: bool | None = None
        try:
            triggers = (self._folder / "trigger").read_text()
            self._before = triggers.partition("[")[2].partition("]")[0] or "none"
            (self._folder / "trigger").write_text("none")
        except OSError as error:
            raise NoHardware(
                f"{folder}: {error.strerror}; a board has it, and the group pi-reader may write it"
            ) from error

    def draw(self, moment: Moment) -> None:
        """Blink as the unsure lamp would."""
        lit = lamps(moment).unsure > 0
        if lit != self._lit:
            (self._folder / "brightness").write_text("1" if lit else "0")
            self._lit = lit

    def close(self) -> None:
        """Return the lamp to the kernel."""
        if self._lit is not None:
            self._lit = None
            (self._folder / "trigger").write_text(self._before)


def usable_settings(folders: Folders) -> tuple[Settings, str]:
    """Settings that name the lamp, and what is wrong with the current ones, "" if nothing is."""
    try:
        return load_settings(folders.settings), ""
    except BadSettings as error:
        fault = str(error)
    try:
        return load_settings(folders.state / SETTINGS_THAT_WORKED, folders.parts), fault
    except BadSettings:
        return Settings(), fault


def reason(environment: Mapping[str, str]) -> str:
    """Why the reader is not running, from the environment that systemd gives an OnFailure= unit."""
    result, code = (
        environment.get("MONITOR_SERVICE_RESULT", ""),
        environment.get("MONITOR_EXIT_STATUS", ""),
    )
    words = _EXITS.get(code) if result == "exit-code" else _RESULTS.get(result)
    return words or f"the reader does not run ({result or 'no reason given'} {code}".rstrip() + ")"


def shine(
    settings: Settings,
    status: BoxState,
    log: Callable[[str], None],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    board_lamps: Sequence[Path] = BOARD_LAMPS,
) -> None:
    """Show the status on every available output until `sleep` raises.

    settings: name the lamp and the display; log: is given lines for people; board_lamps: folders
    of the board's own lamp; the first that exists blinks if no lamp on the pins can.
    """
    parts = {
        name: partial(part.open, at_fault, PartContext(log))
        for name, (part, section) in settings.outputs.items()
        if (at_fault := part.at_fault(section)) is not None
    }
    with ExitStack() as opened:
        outputs = [opened.enter_context(Outputs(parts, log))]
        if "leds" not in parts or "leds" in outputs[0].broken:
            lamp = next((path for path in board_lamps if path.exists()), board_lamps[0])
            outputs.append(opened.enter_context(Outputs({"board": partial(BoardLamp, lamp)}, log)))
        for output in outputs:
            output.tell(status)
        while True:
            for output in outputs:
                output.tick(clock())
            sleep(TICK)


def main() -> None:
    """Light the lamp until systemd stops the unit."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    folders = find_folders()
    settings, fault = usable_settings(folders)
    fault = f"{fault or last_word(folders.status) or reason(os.environ)}; {_NEXT}"
    print(f"pi-reader: {fault}", file=sys.stderr)
    leave_word(folders.status, fault)
    shine(settings, BoxState(State.FAULT, fault), lambda line: print(line, file=sys.stderr))


def last_word(path: Path) -> str:
    """Why the reader gave up, in its own words; "" if it left none."""
    try:
        said = read_json(path, LARGEST)
    except (BadData, MissingFile):
        return ""
    state = BoxState.from_json(said)
    return state.fault if state.state is State.FAULT and "frames" in said else ""


def leave_word(path: Path, fault: str) -> None:
    """Write the fault to the reader's status file, for `pi-reader status`."""
    state = BoxState(State.FAULT, fault, updated=time.time(), pid=os.getpid())
    try:
        StatusFile(path).write(None, state, time.monotonic())
    except CannotWrite as error:  # the lamp and the journal still report it
        print(error, file=sys.stderr)


if __name__ == "__main__":
    main()
