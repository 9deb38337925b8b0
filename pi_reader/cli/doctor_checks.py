"""The doctor's checks: attached parts, the system, and stored data.

Parts that a running service uses are not opened a second time: its status tells how they are doing.
"""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import time
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from pi_reader import __version__
from pi_reader.camera import CAMERAS, light
from pi_reader.cli.common import counted
from pi_reader.config import Folders, Settings
from pi_reader.errors import BadData, CannotWrite, MissingFile
from pi_reader.files import believed, check_file
from pi_reader.inputs import INPUTS
from pi_reader.outputs import OUTPUTS
from pi_reader.parts import Part
from pi_reader.parts.findings import Finding, Machine, absent, well, worth_a_look, wrong
from pi_reader.state import is_number
from pi_reader.values import ADVICE

SERVICE_USER = "pi-reader"
FEW_FREE_MB = 200  # megabytes: enough for everything stored, and for the system's own logs
LEAST_MEMORY_MB = 60  # megabytes that the reader needs to start on a Zero
HOT = 70  # degrees Celsius; close to where the processor throttles itself
SLOWEST_BLAS = 0.1  # GFLOPS: the reference BLAS reaches 0.025 on a Zero, OpenBLAS 0.267
MANY_WRITTEN_MB = 50  # megabytes a day; ordinary use stays below 5, a card bears far more
_RATE_SECONDS = 3600.0  # of uptime from which what was written tells of a day
_SIDE = 128  # of the matrices multiplied for the test: at worst a sixth of a second
_TRIES = 3  # the fastest counts
_HOMES = {"/home", "/root", "/run/user"}  # hidden from the training by its unit's ProtectHome
_GOOD_BLAS = ("openblas", "mkl", "blis", "accelerate", "armpl", "libatlas", "satlas", "tatlas")


@dataclass
class Box(Machine):
    """The box being checked. settings: the defaults if the file is invalid."""

    folders: Folders = field(kw_only=True)
    settings: Settings = field(default_factory=Settings)

    @property
    def is_device(self) -> bool:
        """Whether this is an installed box, not a desktop or a trial."""
        return self.folders.is_device


def board(box: Box) -> Finding:
    """Which Raspberry Pi it is."""
    return (
        well(box.board)
        if box.board
        else absent("not a Raspberry Pi, so there are no pins to check")
    )


def camera(box: Box) -> Finding:
    """Whether the camera delivers frames, and whether they are usable."""
    part, state = CAMERAS[box.settings.camera.kind], box.state
    if state is None:
        assert part.examine is not None
        return part.examine(box.settings.camera, box)
    if state.state in ADVICE:
        advice = f"{ADVICE[state.state]}, `pi-reader aim` helps"
        return worth_a_look(f"the service sees {state.frames} frames; {state.state}: {advice}")
    mean = (state.conditions or {}).get("mean")
    light = f", light {mean:.0f} of 255" if is_number(mean) else ""
    return well(f"the service has seen {state.frames} frames{light}")


def parts(settings: Settings) -> dict[str, tuple[Part, str]]:
    """The light, all outputs and inputs by the names that people know, each with its own."""
    found = {"light": light.PART, **OUTPUTS, **INPUTS, **settings.own}
    return {part.title or name: (part, name) for name, part in found.items() if part.title}


def part(title: str, box: Box) -> Finding:
    """Whether a part can be used."""
    one, name = parts(box.settings)[title]
    return one.check(name, box.settings.sections[name], box)


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


def software(box: Box) -> Finding:
    """The versions of the packages that the settings need."""
    settings = box.settings
    wanted = {"numpy": True, "pillow": True}
    if package := CAMERAS[settings.camera.kind].package:
        wanted[package] = True
    for one, name in parts(settings).values():
        if one.package:
            is_on = one.is_on(settings.sections[name])
            wanted[one.package] = wanted.get(one.package, False) or is_on
    words = [f"pi-reader {__version__}", f"Python {platform.python_version()}"]
    missing = []
    for name, is_wanted in wanted.items():
        try:
            words.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            if is_wanted and (box.board or name in ("numpy", "pillow")):
                missing.append(name)
    return (
        wrong(
            f"{', '.join(missing)} missing beside {', '.join(words)}; `sudo ./setup.sh "
            "install` brings what the settings need"
        )
        if missing
        else well(", ".join(words))
    )


def blas(box: Box) -> Finding:
    """Which BLAS library is in use, and how fast it is: the wrong one costs a factor of ten."""
    import numpy as np

    matrix = np.ones((_SIDE, _SIDE), np.float32)
    matrix @ matrix  # loads the library
    seconds = []
    for _ in range(_TRIES):
        begun = time.perf_counter()
        matrix @ matrix
        seconds.append(time.perf_counter() - begun)
    maps = box.text("proc/self/maps").splitlines()
    libraries = {line.split()[-1] for line in maps if re.search("blas|mkl|atlas|blis", line)}
    return judge_blas(libraries, 2e-9 * _SIDE**3 / max(1e-9, min(seconds)))


def judge_blas(libraries: set[str], speed: float) -> Finding:
    """Assess the loaded libraries; speed: GFLOPS in float32."""
    good = [path for path in libraries if any(name in path.lower() for name in _GOOD_BLAS)]
    words = (
        f"{', '.join(sorted(Path(path).name for path in good or libraries)) or 'unknown'}, "
        f"{speed:.2g} GFLOPS"
    )
    if good or (not libraries and speed > SLOWEST_BLAS):
        return well(words)
    return worth_a_look(
        f"{words}: the slow one; `sudo apt install libopenblas0-pthread` makes "
        "reading and learning up to ten times faster"
    )


def temperature(box: Box) -> Finding:
    """How hot the processor is."""
    from pi_reader.box import host_sensors
    from pi_reader.box.host_monitor import TOO_HOT

    degrees = host_sensors.temperature(box.root / "sys/class/thermal/thermal_zone0/temp")
    if degrees is None:
        return absent("this machine has no temperature sensor")
    words = f"{degrees:.0f} °C"
    if degrees >= HOT:
        return worth_a_look(
            f"{words}, it slows down at {TOO_HOT:.0f}; give the box more air"
            if degrees < TOO_HOT
            else f"{words}: it has slowed down; give it air"
        )
    return well(words)


def power(box: Box) -> Finding:
    """Whether the power supply is sufficient."""
    from pi_reader.box import host_sensors

    words = host_sensors.undervoltage(
        box.root / "sys/devices/platform/soc/soc:firmware/get_throttled"
    )
    if words is None:
        return absent("this machine does not monitor its power supply")
    return (
        worth_a_look(words.removeprefix("power: "))
        if words
        else well("the voltage has been right since the start")
    )


def memory(box: Box) -> Finding:
    """Whether there is enough free memory."""
    for line in box.text("proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            free = int(line.split()[1]) / 1e3
            words = f"{free:.0f} MB free"
            return (
                well(words)
                if free >= LEAST_MEMORY_MB or box.state
                else worth_a_look(
                    f"{words}; the reader needs {LEAST_MEMORY_MB} to start; end other programs"
                )
            )
    return absent("nothing here says how much memory there is")


def disk(box: Box) -> Finding:
    """Whether there is enough free disk space for readings and samples."""
    from pi_reader.box.host_monitor import LEAST_FREE_MB

    folder = box.folders.state
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        facts = os.statvfs(folder)
    except OSError as error:
        return wrong(f"{folder}: {error.strerror}", CannotWrite.exit_code)
    free = facts.f_bavail * facts.f_frsize / 1e6
    words = f"{free:.0f} MB free for {box.folders.state}"
    if facts.f_flag & os.ST_RDONLY:
        return wrong(
            f"{folder}: is mounted read-only, so nothing is kept; `sudo mount -o "
            "remount,rw /` may help, else the card is worn out: replace it",
            73,
        )
    if free < LEAST_FREE_MB:
        return wrong(f"{words}, should be {FEW_FREE_MB}; make room", CannotWrite.exit_code)
    return (
        well(words)
        if free >= FEW_FREE_MB
        else worth_a_look(f"{words}, should be {FEW_FREE_MB}; make room")
    )


def writes(box: Box) -> Finding:
    """How much the service writes to the card, which wears out by it."""
    written, seconds = (box.state.written_mb, box.state.uptime) if box.state else (None, 0.0)
    if written is None:
        return absent("only a running service counts what it writes to the card")
    if seconds < _RATE_SECONDS:  # the first minutes say nothing about a day
        return well(f"{written:.1f} MB since the service was started")
    rate = written * 86400 / seconds
    words = f"{rate:.1f} MB a day"
    if rate < MANY_WRITTEN_MB:
        return well(words)
    return worth_a_look(
        f"{words}, should be less than {MANY_WRITTEN_MB}; does what lies there change all the time?"
    )


def overlay(box: Box) -> Finding:
    """Whether writes reach the card: an overlay loses everything at power-off."""
    if not box.board:
        return absent("looked for only on a Raspberry Pi")
    mounts = [line.split() for line in box.text("proc/mounts").splitlines()]
    if any(
        len(words) > 2 and words[1] == "/" and "overlay" in (words[0] + words[2])
        for words in mounts
    ):
        return worth_a_look(
            "an overlay lies over the card: all that is learned is lost at "
            "power-off; `sudo raspi-config nonint disable_overlayfs` and a restart "
            "take it away"
        )
    return well("the card itself is written to")


def clock(box: Box) -> Finding:
    """Whether the clock is set; training starts by it, and readings are dated by it."""
    now = time.strftime("%Y-%m-%d %H:%M %Z", time.localtime())
    if not believed(time.time()):
        return worth_a_look(
            f"{now} cannot be; a Pi has no clock of its own: give it a network, or "
            "set the clock with `sudo date -s`; until then, two hours without ink count "
            "as night"
        )
    if (box.root / "run/systemd/timesync/synchronized").exists():
        return well(f"{now}, set by the network")
    return well(now)


def weights(box: Box) -> Finding:
    """Whether the weights in use can be loaded. Raises MissingFile, BadData."""
    from pi_reader.learning.stores import Stores
    from pi_reader.library import weights_path
    from pi_reader.network import store

    name = box.settings.reader.weights
    if name != "learned":
        path = weights_path(name)
        store.load(path)
        return well(f"{path}")
    generations = Stores(box.folders, box.settings).generations()
    current = generations.current()
    generations.load(current.number)
    words = "the shipped weights" if current.number == 0 else f"generation {current.number}"
    if trouble := generations.trouble():
        return worth_a_look(f"{words}; {trouble}")
    bad = [f"{one.number} ({one.why})" for one in generations.list() if one.state == "bad"]
    if bad:
        return worth_a_look(f"{words}; bad: {', '.join(bad)}; `pi-reader weights list` shows all")
    return well(words)


def history(box: Box) -> Finding:
    """Whether the history can be read. Raises BadData, Busy."""
    from pi_reader.history import past

    if not box.folders.history.exists():
        return absent(f"nothing read yet; the history will be {box.folders.history}")
    count = sum(1 for _ in past(box.folders.history))
    return well(counted(count, "reading"))


def samples(box: Box) -> Finding:
    """Whether the database of samples is intact."""
    path = box.folders.samples
    if not path.exists():
        return absent(f"nothing taught yet; samples will be in {path}")
    check_file(path)
    try:
        database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            (count,) = database.execute("SELECT count(*) FROM samples").fetchone()
            (answer,) = database.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            database.close()
    except sqlite3.Error as error:
        return wrong(
            f"{path}: cannot be read ({error}); read it with sudo; if it is damaged, "
            "restore a backup",
            BadData.exit_code,
        )
    return (
        well(counted(count, "digit"))
        if answer == "ok"
        else wrong(f"{path}: is damaged ({answer}); restore a backup", BadData.exit_code)
    )


def training(box: Box) -> Finding:
    """The result of the last training."""
    from pi_reader.client.status import read_training
    from pi_reader.state import Stage

    said = read_training(box.folders)
    if said.state is Stage.NONE:
        return absent("no training since the box started")
    words = f"{said.state}: {said.message or 'nothing to say'}"
    if said.written_mb is not None:
        words += f" ({said.written_mb:.1f} MB written to the card)"
    if said.state is Stage.FAILED:
        return worth_a_look(f"{words}; `journalctl -u pi-reader-train -n 30` says more")
    return well(words)


def mnist(box: Box) -> Finding:
    """Whether the training finds the configured MNIST files; it can do without them."""
    from pi_reader.training import data

    if not box.settings.night.mnist:
        return absent("night.mnist is empty; nights train with drawn digits instead")
    folder = Path(box.settings.night.mnist)
    if box.is_device and _HOMES.intersection(map(str, folder.absolute().parents)):
        return worth_a_look(
            f"night.mnist: {folder} is somebody's own, where the night may not "
            f"look; put it into {box.folders.state}"
        )
    try:
        learned, tested = data.load_train(folder, mapped=True), data.load_test(folder, mapped=True)
    except (BadData, MissingFile) as error:
        if isinstance(error.__cause__, PermissionError):
            raise
        return worth_a_look(f"night.mnist: {error}; until then the nights learn without it")
    return well(f"{folder}: {len(learned[1])} digits to learn from, {len(tested[1])} to judge by")
