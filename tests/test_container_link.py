"""Clerk and link for real: own users, own units, in a Debian that boots its own systemd.

It needs the tree of test_container.py with python3-paho-mqtt, mosquitto and mosquitto-clients
besides, named by PI_READER_LINK_ROOT.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from container import Container, booted, may_do_no_more

pytestmark = pytest.mark.emulated

LINK, CLERK = "pi-reader-link.service", "pi-reader-clerk.service"
SETTINGS = """[camera]
kind = "desk"
[link]
on = true
broker = "127.0.0.1"
id = "pir-0000002a"
user = "box"
"""
ME = "pi-reader/pir-0000002a"
ASK = "mosquitto_sub -h 127.0.0.1 -u box -P hush -W 20 -C 1 -t"


@pytest.fixture(scope="module")
def box() -> Iterator[Container]:
    with booted("PI_READER_LINK_ROOT", "usr/sbin/mosquitto") as container:
        yield container


def test_installs_what_the_settings_ask_for(box: Container) -> None:
    box.shell(
        "touch /etc/mosquitto/words && mosquitto_passwd -b /etc/mosquitto/words box hush"
        " && chmod 644 /etc/mosquitto/words"
        " && printf 'allow_anonymous false\\npassword_file /etc/mosquitto/words\\nlistener 1883\\n'"
        " > /etc/mosquitto/conf.d/box.conf && systemctl restart mosquitto"
        " && mkdir -p /etc/pi-reader && umask 077 && echo hush > /etc/pi-reader/link-password"
    )
    (box.root / "etc/pi-reader/config.toml").write_text(SETTINGS)
    box.setup("install")
    box.wait_for(LINK, "active")
    assert box.state("pi-reader-clerk.socket") == "active" and box.state(CLERK) == "inactive"
    mode = box.run("stat", "-c", "%U:%G %a", "/etc/pi-reader/link-password").stdout.strip()
    assert mode == "root:pi-reader-link 640"
    assert box.run("stat", "-c", "%U:%G %a", "/run/pi-reader-clerk.sock").stdout.strip() == (
        "pi-reader:pi-reader-view 660"
    )
    for folder_or_file, right in (("", "-x"), ("/status.json", "-r")):
        box.shell(f"runuser -u pi-reader-link -- test {right} /run/pi-reader{folder_or_file}")
    assert "on" in box.shell(f"{ASK} {ME}/availability").stdout
    assert "may see how the box is doing" in box.setup("check").stdout
    assert "took a message" in box.shell("runuser -u pi-reader-link pi-reader link test").stdout


def test_a_command_is_done_by_the_clerk_who_then_goes(box: Container) -> None:
    state = json.loads(box.shell(f"{ASK} {ME}/state").stdout)
    assert state["state"] != "not running" and state["fault"] == ""
    say = f"sleep 1; mosquitto_pub -h 127.0.0.1 -u box -P hush -t {ME}/command -m"
    for word, code in (("read", 0), ("identify", 0), ("label 99 7", 65)):
        done = box.shell(f"({say} '{word}') & {ASK} {ME}/answer")
        answer = json.loads(done.stdout)
        assert (answer["command"], answer["exit_code"]) == (word, code), answer
    box.shell(f"({say} train) & {ASK} {ME}/answer")
    assert box.show(CLERK, "User") == "pi-reader"
    box.wait_for(CLERK, "inactive", 180)
    assert box.state("pi-reader-clerk.socket") == "active"
    memory = box.shell(
        f"grep VmRSS /proc/$(systemctl show -P MainPID {LINK})/status"
    ).stdout.split()
    print(f"\nlink: {memory[1]} kB")


def test_the_links_user_may_do_nothing_else(box: Container) -> None:
    denied = (
        "touch /var/lib/pi-reader/requests/retrain",
        "cat /var/lib/pi-reader/samples.db",
        "ls /run/pi-reader",
        "cat /run/pi-reader/lock",
        "touch /run/pi-reader/x",
        "pi-reader weights rollback",
    )
    asked = (
        ("pi-reader-link", "help", 0),
        ("pi-reader-link", "weights rollback", 2),
        ("nobody", "help", 1),  # the socket is closed to it
    )
    may_do_no_more(box, "pi-reader-link", denied, asked)


def test_broker_and_link_are_killed(box: Container) -> None:
    for number in range(3):
        box.shell("systemctl kill -s KILL mosquitto; sleep 1; systemctl restart mosquitto")
        assert "online" in box.shell(f"sleep 7; {ASK} {ME}/availability").stdout, number
    box.tune(LINK, RestartSec="1")
    for number in range(3):
        box.run("systemctl", "kill", "-s", "KILL", LINK)
        assert "online" in box.shell(f"sleep 9; {ASK} {ME}/availability").stdout, number


def test_goes_when_the_settings_say_so(box: Container) -> None:
    done = box.setup("uninstall")
    assert "could not be told" not in done.stderr
    left = f"mosquitto_sub -h 127.0.0.1 -u box -P hush -W 3 -t '{ME}/#'"
    assert box.shell(left, check=False).stdout == ""
    units = "ls /etc/systemd/system | grep pi-reader | grep -v '[.]d$'"  # what was tuned stays
    assert box.shell(units, check=False).stdout == ""
    box.setup("uninstall", "--purge")
    for words in ("getent passwd pi-reader-link", "getent group pi-reader-view"):
        assert box.shell(words, check=False).returncode != 0
    assert not (box.root / "var/lib/pi-reader-link").exists()
