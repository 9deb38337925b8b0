"""The state of the host: temperature, power, disk and address, all cheap to read.

Nothing here raises: what cannot be measured, as on a desktop, is None.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

_THERMAL = Path("/sys/class/thermal/thermal_zone0/temp")
_THROTTLED = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
_UNDERVOLTAGE_NOW, _UNDERVOLTAGE_BEFORE = 1 << 0, 1 << 16  # bits of the firmware's answer


def temperature(path: Path = _THERMAL) -> float | None:
    """The processor's temperature, degrees Celsius."""
    try:
        return int(path.read_text()) / 1000
    except (OSError, ValueError):
        return None


def undervoltage(path: Path = _THROTTLED) -> str | None:
    """Advice if the firmware reports low voltage, "" if it does not, None if it cannot be asked."""
    try:
        bits = int(path.read_text().strip(), 16)
    except (OSError, ValueError):
        return None
    if bits & _UNDERVOLTAGE_NOW:
        return "power: the voltage is too low now; use a better supply or a shorter cable"
    if bits & _UNDERVOLTAGE_BEFORE:
        return "power: the voltage was too low since the start; use a better supply"
    return ""


def disk_free_mb(folder: Path) -> float | None:
    """Megabytes (10**6 bytes) that can still be written to the folder's disk."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return None
    return disk.f_bavail * disk.f_frsize / 1e6


def address() -> str:
    """This box's own address on the network, "" without one. Sends nothing: connecting a datagram
    socket only looks up the route, here to an address reserved for documentation."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
    except OSError:
        return ""
