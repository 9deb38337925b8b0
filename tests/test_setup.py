"""setup.sh: what it would do to a device, and what it refuses, without touching this machine.

Everything here runs with --dry-run, or as far as a refusal, in a root folder of its own. The real
thing is in test_container.py.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from pi_reader.config import load_settings

CHECKOUT = Path(__file__).resolve().parents[1]
RELEASES = {
    "bookworm": 'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\nVERSION_CODENAME=bookworm',
    "trixie": 'PRETTY_NAME="Debian GNU/Linux 13"\nID=debian\nVERSION_CODENAME=trixie',
    "pi, 32 bits": 'PRETTY_NAME="Raspbian GNU/Linux 12"\nID=raspbian\nVERSION_CODENAME=bookworm',
    "bullseye": 'PRETTY_NAME="Debian GNU/Linux 11"\nID=debian\nVERSION_CODENAME=bullseye',
    "ubuntu": 'PRETTY_NAME="Ubuntu 24.04"\nID=ubuntu\nVERSION_CODENAME=noble',
}
ON_A_PI = ["python3-picamera2", "python3-lgpio"]


class Device:
    """A root folder with what setup.sh looks at, and a few commands that answer as told."""

    def __init__(self, place: Path) -> None:
        self.root, self.commands = place / "root", place / "bin"
        for folder in (self.root / "etc", self.root / "proc", self.commands):
            folder.mkdir(parents=True)
        self.system("bookworm")
        self.mounts("/dev/mmcblk0p2 / ext4 rw 0 0")
        self.answer("id", "echo 0")
        self.answer("getent", "exit 2")
        self.packages("ii")

    def system(self, name: str) -> None:
        (self.root / "etc" / "os-release").write_text(RELEASES[name])

    def mounts(self, text: str) -> None:
        (self.root / "proc" / "mounts").write_text(text + "\n")

    def packages(self, *missing: str) -> None:
        """Let all of apt's packages be installed but these."""
        words = "|".join(missing)
        self.answer("dpkg-query", f'case "$4" in {words}) exit 1 ;; esac; printf installed')

    def answer(self, command: str, script: str) -> None:
        path = self.commands / command
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment: Mapping[str, str] = {
            **os.environ,
            "PATH": f"{self.commands}:{os.environ['PATH']}",
            "PI_READER_ROOT": str(self.root),
            "SUDO_USER": "",
            **more,
        }
        return subprocess.run(
            [CHECKOUT / "setup.sh", *words],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
        )

    def plan(self, *words: str, **more: str) -> str:
        """What a dry run prints; it must end well and leave nothing behind."""
        before = sorted(self.root.rglob("*"))
        done = self.run(*words, "--dry-run", **more)
        assert done.returncode == 0, done.stderr
        assert sorted(self.root.rglob("*")) == before
        last = done.stderr.splitlines()[-1]
        assert last == f"nothing was changed; this is what {words[0]} would do"
        assert "installed;" not in done.stderr and "removed everything" not in done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path)


def said(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that a refusal ends with."""
    assert done.returncode == 1 and "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("system", ["bookworm", "trixie", "pi, 32 bits"])
def test_ok__plans_everything_in_order(device: Device, system: str) -> None:
    device.system(system)
    plan = device.plan("install")
    steps = [
        plan.index(words)
        for words in (
            "-m venv --system-site-packages /opt/pi-reader.1",
            "pip install",
            "systemd-sysusers",
            "/etc/pi-reader/config.toml",
            "mv -T /opt/pi-reader.next /opt/pi-reader",
            "/etc/systemd/system/pi-reader.service",
            "systemctl enable",
        )
    ]
    assert steps == sorted(steps)
    assert "--no-deps --no-build-isolation" in plan and "--no-index" in plan
    assert "apt-get" not in plan  # everything is there, so no network is needed
    assert "break-system-packages" not in plan and "swap" not in plan


def test_ok__asks_apt_for_what_is_missing_and_only_that(device: Device) -> None:
    device.packages("python3-pil", "libopenblas0-pthread", *ON_A_PI)
    (line,) = re.findall("apt-get install.*", device.plan("install"))
    assert line.endswith("--no-install-recommends python3-pil libopenblas0-pthread")


def test_ok__raspberry_pi_os_has_a_camera(device: Device) -> None:
    (device.root / "etc" / "rpi-issue").write_text("Raspberry Pi reference 2025-05-13")
    device.packages(*ON_A_PI)
    plan = device.plan("install")
    (line,) = re.findall("apt-get install.*", plan)
    assert line.endswith(" ".join(ON_A_PI)) and "simulated" not in plan


def test_ok__debian_gets_the_simulated_camera(device: Device, tmp_path: Path) -> None:
    device.packages(*ON_A_PI)
    assert 'camera.kind = "desk"' in device.plan("install")
    # What is then written, by the very line of the script:
    script = (CHECKOUT / "systemd" / "steps.sh").read_text()
    (edit,) = re.findall(r"sed ('s/.*desk.*/') ", script)
    written = subprocess.run(
        f"sed {edit} systemd/config.toml", shell=True, check=True, cwd=CHECKOUT, capture_output=True
    ).stdout
    (tmp_path / "config.toml").write_bytes(written)
    assert load_settings(tmp_path / "config.toml").camera.kind == "desk"
    assert load_settings(CHECKOUT / "systemd" / "config.toml").camera.kind == "pi"


def test_ok__settings_that_are_there_stay(device: Device) -> None:
    (device.root / "etc" / "pi-reader").mkdir()
    (device.root / "etc" / "pi-reader" / "config.toml").write_text("[leds]\n")
    plan = device.plan("install")
    assert "keeping /etc/pi-reader/config.toml" in plan
    assert "would write: /etc/pi-reader/config.toml" not in plan


def test_ok__whoever_installs_may_ask_the_reader(device: Device) -> None:
    assert "usermod -aG pi-reader ada" in device.plan("install", SUDO_USER="ada")
    assert "usermod -aG" not in device.plan("install", SUDO_USER="root")


def test_ok__uninstall_keeps_what_was_learned(device: Device) -> None:
    plan = device.plan("uninstall")
    assert "kept: /etc/pi-reader, /var/lib/pi-reader" in plan
    assert not re.search(r"would run:.*(/var/lib/pi-reader|/etc/pi-reader|userdel)", plan)


def test_ok__purge_says_what_it_takes(device: Device) -> None:
    device.answer("getent", "exit 0")
    plan = device.plan("uninstall", "--purge")
    assert "rm -rf /etc/pi-reader /var/lib/pi-reader" in plan and "userdel pi-reader" in plan


def test_ok__upgrade_touches_neither_settings_nor_state(device: Device) -> None:
    plan = device.plan("upgrade")
    assert "/etc/pi-reader" not in plan and "/var/lib/pi-reader" not in plan


def test_ok__restore_looks_before_it_stops_anything(device: Device) -> None:
    plan = device.plan("restore", "box.tar")
    assert plan.index(f"check {Path.cwd()}/box.tar") < plan.index(f"restore {Path.cwd()}/box.tar")


@pytest.mark.parametrize("system", ["bullseye", "ubuntu"])
def test_fail__another_system(device: Device, system: str) -> None:
    device.system(system)
    assert "bookworm or trixie" in said(device.run("install", "--dry-run"))


def test_fail__an_unknown_system(device: Device) -> None:
    (device.root / "etc" / "os-release").unlink()
    assert "this is an unknown system" in said(device.run("install", "--dry-run"))


@pytest.mark.parametrize("action", ["install", "upgrade", "uninstall"])
def test_fail__an_overlay(device: Device, action: str) -> None:
    device.mounts("overlayroot / overlay rw,lowerdir=/media/root-ro 0 0")
    assert "lost at the next boot" in said(device.run(action, "--dry-run"))


@pytest.mark.parametrize(
    "words",
    [["install"], ["upgrade"], ["uninstall", "--purge"], ["backup", "x.tar"], ["restore", "x.tar"]],
)
def test_fail__not_root(device: Device, words: list[str]) -> None:
    device.answer("id", "echo 1000")
    assert f"needs root: sudo ./setup.sh {words[0]}" in said(device.run(*words))


def test_fail__another_root_for_real(device: Device) -> None:
    assert "--dry-run only" in said(device.run("install"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        ("not a key", "is no public key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n", "is a private key"),
    ],
)
def test_fail__a_key_that_is_none(
    device: Device, tmp_path: Path, content: str | None, words: str
) -> None:
    key = tmp_path / "key.pub"
    if content is not None:
        key.write_text(content)
    assert words in said(device.run("install", "--dry-run", "--ssh-key", str(key)))


@pytest.mark.parametrize(
    "words",
    [
        ["install", "--purge"],
        ["backup"],
        ["restore", "a", "b"],
        ["install", "--ssh-key"],
        ["uninstall", "x"],
        ["check", "x"],
    ],
)
def test_fail__words_that_do_not_go_together(device: Device, words: list[str]) -> None:
    done = device.run(*words)
    assert done.returncode == 2 and done.stderr.startswith("usage:")


def test_ok__the_card_that_sets_itself_up(tmp_path: Path) -> None:
    """Its settings are ones that exist, and it calls setup.sh as setup.sh is called."""
    lines = (CHECKOUT / "systemd" / "user-data.yaml").read_text().splitlines()
    assert lines[0] == "#cloud-config"
    first = lines.index("    content: |") + 1
    settings = "\n".join(line.strip() for line in lines[first : lines.index("", first)])
    (tmp_path / "config.toml").write_text(settings)
    assert load_settings(tmp_path / "config.toml").parts["leds"].unsure == 27
    (call,) = [line for line in lines if "setup.sh" in line]
    assert "/usr/local/src/pi-reader/setup.sh install" in call and "--ssh-key" in call


def test_ok__the_link_comes_and_goes_with_the_settings(device: Device) -> None:
    device.packages("python3-paho-mqtt")
    (device.root / "etc" / "pi-reader").mkdir()
    settings = device.root / "etc" / "pi-reader" / "config.toml"
    for text in ("", "[link]\n# on = true\n", "[link]\non = false\n[oled]\non = true\n"):
        settings.write_text(text)
        plan = device.plan("install")
        assert (
            "pi-reader-link.sysusers" not in plan and "enable --quiet pi-reader-clerk" not in plan
        )
    settings.write_text('[oled]\non = false\n[link]\nbroker = "mqtt"\non = true\n')
    (settings.parent / "link-password").write_text("x")
    plan = device.plan("install")
    steps = (
        "apt-get install -y -qq --no-install-recommends python3-paho-mqtt",
        "systemd-sysusers /etc/sysusers.d/pi-reader-link.conf",
        "chown root:pi-reader-link /etc/pi-reader/link-password",
        "chmod 0640 /etc/pi-reader/link-password",
        "enable --quiet pi-reader-clerk.socket pi-reader-link.service",
    )
    assert sorted(map(plan.index, steps)) == [plan.index(step) for step in steps]
    assert "/etc/systemd/system/pi-reader-clerk.socket" in plan


def test_ok__the_page_comes_when_it_is_asked_for_and_stays(device: Device) -> None:
    assert "pi-reader-web.sysusers" not in device.plan("install")
    assert "enable --quiet pi-reader-clerk.socket" not in device.plan("install")
    device.packages("python3-segno")
    (device.root / "etc" / "avahi" / "services").mkdir(parents=True)
    steps = (
        "apt-get install -y -qq --no-install-recommends python3-segno",
        "systemd-sysusers /etc/sysusers.d/pi-reader-web.conf",
        "systemd-tmpfiles --create /etc/tmpfiles.d/pi-reader-web.conf",
        "/etc/avahi/services/pi-reader.service",
        "enable --quiet pi-reader-clerk.socket pi-reader-web.socket",
    )
    plan = device.plan("install", "--web")
    assert sorted(map(plan.index, steps)) == [plan.index(step) for step in steps]
    (device.root / "etc" / "sysusers.d").mkdir(parents=True)
    (device.root / "etc" / "sysusers.d" / "pi-reader-web.conf").write_text("")
    assert steps[-1] in device.plan("install") and steps[-1] in device.plan("upgrade")
    plan = device.plan("install", "--no-web")
    off = "disable --quiet --now pi-reader-web.socket pi-reader-web.service"
    assert off in plan and "disable --quiet --now pi-reader-clerk.socket" in plan
    assert off in device.plan("uninstall")
    assert "rm -rf /var/lib/pi-reader-web" in device.plan("uninstall", "--purge")


@pytest.mark.parametrize(
    ("ends", "code", "runs"),
    [
        ("0", 0, 1),
        ("1 0", 0, 2),  # late, and in time when alone
        ("1 1", 1, 2),  # wrong
        ("2", 2, 1),  # not tests that failed: pytest itself
    ],
)
def test_ok__tests_that_fail_are_run_once_more_alone(
    tmp_path: Path, ends: str, code: int, runs: int
) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(
        "#!/usr/bin/env bash\n"
        '[ "$1" = -c ] && exit\n'
        f'echo "$*" >> {tmp_path}/runs\n'
        f"ends=({ends}); exit ${{ends[$(wc -l < {tmp_path}/runs) - 1]}}\n"
    )
    python.chmod(0o755)
    setup = (CHECKOUT / "setup.sh").read_text()
    function = setup[setup.index("run_tests() {") : setup.index("# The tools and newest packages")]
    script = f'set -euo pipefail\nsay() {{ echo "$*"; }}\n{function}\nrun_tests {tmp_path} -k one'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stderr
    lines = (tmp_path / "runs").read_text().splitlines()
    assert len(lines) == runs
    assert "--last-failed" not in lines[0]
    assert all("--last-failed" in line and line.endswith("-k one -n 0") for line in lines[1:])
