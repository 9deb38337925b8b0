"""Where a box keeps its things: settings, state that survives, and what is only true right now."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pi_reader.errors import BadSettings, MissingFile

DEVICE_SETTINGS = Path("/etc/pi-reader/config.toml")
DEVICE_STATE = Path("/var/lib/pi-reader")
DEVICE_RUNTIME = Path("/run/pi-reader")


@dataclass(frozen=True)
class Folders:
    """The places of one box.

    settings: the TOML file; state: survives, on the card; runtime: in memory, gone at power-off.
    """

    settings: Path
    state: Path
    runtime: Path

    @property
    def is_device(self) -> bool:
        """Whether this is an installed box, no desktop or trial: systemd starts all it does."""
        return self.state == DEVICE_STATE

    @property
    def weights(self) -> Path:
        """The generations of weights that were learned here."""
        return self.state / "weights"

    @property
    def samples(self) -> Path:
        """The database of what the box was taught."""
        return self.state / "samples.db"

    @property
    def history(self) -> Path:
        """The database of what was read."""
        return self.state / "history.db"

    @property
    def requests(self) -> Path:
        """Where one process leaves word for another."""
        return self.state / "requests"

    @property
    def status(self) -> Path:
        """What the service says of itself, as JSON, for other processes."""
        return self.runtime / "status.json"

    @property
    def lock(self) -> Path:
        """What the service holds for as long as it runs."""
        return self.runtime / "lock"

    @property
    def training(self) -> Path:
        """What the training says of itself, as JSON."""
        return self.runtime / "training.json"


def find_folders(state: Path | None = None, settings: Path | None = None) -> Folders:
    """The device's own folders if this is one, else the user's, else all inside `state`.

    state: a folder that holds everything, for trying things out; settings: another file than the
    usual. Nothing is created. Raises BadSettings where a user has no home, MissingFile where the
    current folder is gone.
    """
    if state is not None:
        try:
            state = Path(state).absolute()
        except FileNotFoundError as error:
            raise MissingFile(
                f"{state}: the folder that it is counted from was removed; change to another folder"
            ) from error
        return Folders(Path(settings or state / "config.toml").absolute(), state, state / "run")
    if DEVICE_STATE.is_dir():
        return Folders(settings or DEVICE_SETTINGS, DEVICE_STATE, DEVICE_RUNTIME)
    try:
        home = Path.home()
    except RuntimeError as error:
        raise BadSettings(
            "HOME: is not set, and this user has no home folder; name a folder with --state DIR"
        ) from error
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    kept = Path(os.environ.get("XDG_STATE_HOME") or home / ".local" / "state") / "pi-reader"
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return Folders(
        settings or config / "pi-reader" / "config.toml",
        kept,
        Path(runtime) / "pi-reader" if runtime else kept / "run",
    )
