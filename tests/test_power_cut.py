"""The plug is pulled, on an emulated Raspberry Pi 3 whose card is a file here.

A killed process is no power cut, since the system still writes what it had in memory. Killing the
whole emulated board while it writes is one: what the guest had not forced to its card is gone. The
guest (power_cut_guest.py) confirms samples, switches generations of weights, keeps checkpoints and
remembers readings without end, and says on its console what it has finished; after each cut it
says what it found. Skips where no such board is. As root on Debian, in a folder of your own, with
the lines about binfmt in the head of test_emulated.py done first:

    apt-get install qemu-system-arm qemu-user-static mmdebstrap arch-test
    mmdebstrap --arch=arm64 --skip=check/qemu --variant=minbase \\
        --include=kmod,python3-numpy,python3-pil,linux-image-arm64,initramfs-tools bookworm tree
    printf '%s\\n' sdhci sdhci-iproc bcm2835 mmc_block ext4 crc32c_generic \\
        >> tree/etc/initramfs-tools/modules
    sed -i 's/^MODULES=.*/MODULES=list/' tree/etc/initramfs-tools/initramfs.conf
    chroot tree update-initramfs -u
    cp tree/boot/vmlinuz-* kernel; cp tree/boot/initrd.img-* initrd
    cp tree/usr/lib/linux-image-*/broadcom/bcm2837-rpi-3-b.dtb board.dtb
    mkdir tree/pi; cp -r CHECKOUT/pi_reader CHECKOUT/tests/power_cut_guest.py tree/pi
    cp CHECKOUT/tests/power_cut_init.sh tree/pi/init.sh; chmod +x tree/pi/init.sh
    truncate -s 2G card.img; mkfs.ext4 -q -d tree card.img
    PI_READER_PI3=$PWD python -m pytest -m emulated -s tests/test_power_cut.py

A cut takes one to two minutes; PI_READER_CUTS says how many (20 if it is not set).
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.emulated

CUTS = int(os.environ.get("PI_READER_CUTS", "20"))
LONGEST_START = 400.0  # seconds from power-on to the first line, on a busy machine
LONGEST_LIFE = 25.0  # seconds from then until the plug is pulled
COMMAND_LINE = (
    "root=/dev/mmcblk0 rootfstype=ext4 rw fsck.mode=skip init=/pi/init.sh"
    " console=ttyS1,115200 loglevel=3"
)
KINDS = ("sample", "generation", "checkpoint")


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A folder with a board and a card of its own."""
    folder = Path(os.environ.get("PI_READER_PI3", "/nonexistent"))
    if not (folder / "card.img").exists() or not shutil.which("qemu-system-aarch64"):
        pytest.skip("no emulated Raspberry Pi 3; the head of this file says how to make one")
    for name in ("kernel", "initrd", "board.dtb"):
        (tmp_path / name).symlink_to((folder / name).absolute())
    subprocess.run(
        ["cp", "--sparse=always", folder / "card.img", tmp_path / "card.img"], check=True
    )
    return tmp_path


def power_on(board: Path, console: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            "qemu-system-aarch64",
            "-M",
            "raspi3b",
            "-kernel",
            board / "kernel",
            "-initrd",
            board / "initrd",
            "-dtb",
            board / "board.dtb",
            "-drive",
            f"file={board / 'card.img'},if=sd,format=raw",
            "-append",
            COMMAND_LINE,
            "-display",
            "none",
            "-monitor",
            "none",
            "-serial",
            "null",
            "-serial",
            f"file:{console}",
        ],
        stdin=subprocess.DEVNULL,
    )


def lines(console: Path) -> list[list[str]]:
    """Whole lines of the console, as words; the last may be cut short."""
    text = console.read_bytes().decode(errors="replace") if console.exists() else ""
    return [line.split() for line in text.replace("\r", "").split("\n")[:-1]]


def last(said: list[list[str]], word: str, kind: str) -> int | None:
    """The number in the last line `word kind number`."""
    numbers = [int(line[2]) for line in said if line[:2] == [word, kind] and len(line) == 3]
    return numbers[-1] if numbers else None


def complaints(said: list[list[str]]) -> list[list[str]]:
    """What the guest found that a power cut must not cause."""
    return [line for line in said if line[:1] == ["complaint"]]


def wait_for(console: Path, word: str, kind: str, limit: float) -> None:
    end = time.monotonic() + limit
    while last(said := lines(console), word, kind) is None:
        assert not complaints(said), said
        assert time.monotonic() < end, f"no `{word} {kind}`: {said[-5:]}"
        time.sleep(0.2)


def test_ok__nothing_confirmed_is_lost_when_the_plug_is_pulled(board: Path) -> None:
    """Every cut comes at another moment of the writing; one more start looks at the last."""
    chance = random.Random()
    promised = dict.fromkeys(KINDS, -1)
    for cut in range(CUTS + 1):
        console = board / f"console-{cut}"
        running = power_on(board, console)
        try:
            wait_for(console, "found", "checkpoint", LONGEST_START)
            if cut < CUTS:
                wait_for(console, "done", "sample", 60.0)
                time.sleep(chance.uniform(0, LONGEST_LIFE))
        finally:
            running.kill()
            running.wait()
        said = lines(console)
        assert not complaints(said), said
        for kind in KINDS:
            found = last(said, "found", kind)
            assert found is not None and found >= promised[kind], (
                f"cut {cut}: {kind} {promised[kind]} was confirmed, {found} was found"
            )
            done = last(said, "done", kind)
            promised[kind] = found if done is None else done
        print(f"cut {cut}: " + ", ".join(f"{kind} {promised[kind]}" for kind in KINDS))
