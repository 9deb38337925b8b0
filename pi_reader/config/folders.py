"""The folders of a box: settings, persistent state, and runtime files."""

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
    """The paths of one box.

    settings: the TOML file; state: persistent, on the card; runtime: in memory, lost at power-off.
    """

    settings: Path
    state: Path
    runtime: Path

    @property
    def is_device(self) -> bool:
        """Whether this is an installed box run by systemd, not a desktop or a trial."""
        return self.state == DEVICE_STATE

    @property
    def parts(self) -> Path:
        """The outputs of the owner's own, a file each."""
        return self.settings.parent / "parts"

    @property
    def weights(self) -> Path:
        """The generations of weights that were learned here."""
        return self.state / "weights"

    @property
    def samples(self) -> Path:
        """The database of samples."""
        return self.state / "samples.db"

    @property
    def memory(self) -> Path:
        """The files with what networks make of the samples, for the memory beside them."""
        return self.state / "memory"

    @property
    def history(self) -> Path:
        """The database of readings."""
        return self.state / "history.db"

    @property
    def pictures(self) -> Path:
        """The pictures of readings that are kept."""
        return self.state / "pictures"

    @property
    def numbers(self) -> Path:
        """The last good value of each number of the settings, JSON."""
        return self.state / "numbers.json"

    @property
    def reference(self) -> Path:
        """The picture that tells how the page lay when its numbers were set, PNG."""
        return self.state / "numbers.png"

    @property
    def requests(self) -> Path:
        """The folder for requests between processes."""
        return self.state / "requests"

    @property
    def status(self) -> Path:
        """The service's status file, JSON, for other processes."""
        return self.runtime / "status.json"

    @property
    def lock(self) -> Path:
        """The lock that the service holds while it runs."""
        return self.runtime / "lock"

    @property
    def clerk(self) -> Path:
        """The socket where the page and the broker's process ask."""
        return Path(f"{DEVICE_RUNTIME}-clerk.sock") if self.is_device else self.runtime / "clerk"

    @property
    def link(self) -> Path:
        """What the broker's process says of itself, as JSON; that process alone writes there."""
        folder = Path(f"{DEVICE_RUNTIME}-link") if self.is_device else self.runtime
        return folder / "link.json"

    @property
    def link_state(self) -> Path:
        """What it has still to send."""
        return Path(f"{DEVICE_STATE}-link") if self.is_device else self.state / "link"

    @property
    def own_settings(self) -> Path:
        """What was set at the page: laid over `settings`, which belongs to root."""
        return self.state / "own.toml"

    @property
    def view(self) -> Path:
        """The folder where the reader shows what it sees while somebody watches."""
        return self.runtime / "view"

    @property
    def web_runtime(self) -> Path:
        """Where the page's process keeps a code, and word that somebody watches."""
        return Path(f"{DEVICE_RUNTIME}-web") if self.is_device else self.runtime / "web"

    @property
    def watched(self) -> Path:
        """A file that is touched as long as somebody watches."""
        return self.web_runtime / "watched"

    @property
    def web_state(self) -> Path:
        """Who may use the page."""
        return Path(f"{DEVICE_STATE}-web") if self.is_device else self.state / "web"

    @property
    def training(self) -> Path:
        """The training's status file, JSON."""
        return self.runtime / "training.json"


def find_folders(state: Path | None = None, settings: Path | None = None) -> Folders:
    """The device's folders on a device, otherwise the user's; with `state`, all inside it.

    state: a folder that holds everything, for trying things out; settings: a file instead of the
    usual one. Nothing is created. Raises BadSettings if the user has no home, MissingFile if the
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
