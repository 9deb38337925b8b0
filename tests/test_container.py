"""The units and setup.sh for real: in a Debian that boots its own systemd, without a network.

One story: installed, alive, killed, hung, misconfigured, without a camera, asked over SSH, backed
up, upgraded, taken off. It skips where there is no tree to boot. As root on Debian:

    apt-get install mmdebstrap systemd-container
    for release in bookworm trixie; do
        mmdebstrap --variant=minbase --include=systemd,systemd-sysv,dbus,udev,procps,iproute2,\\
    openssh-server,openssh-client,python3-venv,python3-setuptools,python3-wheel,python3-numpy,\\
    python3-pil,python3-tqdm,python3-gpiozero,python3-luma.oled,libopenblas0-pthread,\\
    fonts-dejavu-core $release /srv/$release
    done
    PI_READER_BOOKWORM_ROOT=/srv/bookworm PI_READER_TRIXIE_ROOT=/srv/trixie \\
        python -m pytest -m emulated -sv tests/test_container.py

The tree is copied first and stays as it is; the container has no network, so that everything is
installed from what is there. Each release takes about three minutes.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator

import pytest
from container import Container, booted, copy_checkout

pytestmark = pytest.mark.emulated

READER, FAULT, TRAIN = "pi-reader.service", "pi-reader-fault.service", "pi-reader-train.service"
RETRY_SECONDS = 8  # instead of 15 minutes
SETTINGS, STATE = "etc/pi-reader/config.toml", "var/lib/pi-reader"
DESK = '[camera]\nkind = "desk"\n'


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def box(request: pytest.FixtureRequest) -> Iterator[Container]:
    with booted(f"PI_READER_{request.param.upper()}_ROOT") as container:
        yield container


def settings(box: Container, text: str) -> None:
    (box.root / SETTINGS).write_text(text)


def reading(box: Container, seconds: float = 60) -> None:
    """The reader is up, whatever was done to it before."""
    box.wait_for(READER, "active", seconds)
    assert box.state(FAULT) == "inactive"


def restarted(box: Container, before: str) -> float:
    """The reader is up again as another process; how many seconds that took."""
    return box.wait(
        lambda: box.show(READER, "MainPID") not in ("0", before) and box.state(READER) == "active",
        60,
        "to be restarted",
    )


def said(box: Container) -> str:
    """What the status command says of a box that does not run."""
    done = box.run("pi-reader", "status", check=False)
    assert done.returncode == 69
    return done.stdout


def test_installs_without_a_network(box: Container) -> None:
    assert "lo" in box.run("ip", "-br", "link").stdout and "eth" not in box.run("ip", "link").stdout
    done = box.setup("install")
    print("\n" + done.stderr)
    reading(box)
    assert 'kind = "desk"' in (box.root / SETTINGS).read_text()
    assert box.setup("check").stderr.startswith("all is as it should be")
    status = box.run("pi-reader", "status")
    print(status.stdout)
    assert box.show(READER, "StatusText")
    assert box.show(READER, "User") == "pi-reader"


def test_systemd_finds_nothing_to_complain_about(box: Container) -> None:
    names = box.shell(
        "cd /etc/systemd/system && ls -d pi-reader*.service pi-reader*.timer pi-reader*.path"
    ).stdout.split()
    done = box.run("systemd-analyze", "verify", "--recursive-errors=one", *names)
    assert "pi-reader" not in done.stdout + done.stderr
    for name in (READER, FAULT, TRAIN):
        score = box.run(
            "systemd-analyze",
            "security",
            "--no-pager",
            f"--threshold={20 if name == READER else 15}",
            name,
        ).stdout
        print("\n" + score.splitlines()[-1])


def test_installs_again_and_keeps_the_settings(box: Container) -> None:
    settings(box, DESK + "# mine\n")
    assert "keeping" in box.setup("install").stderr
    reading(box)
    assert (box.root / SETTINGS).read_text().endswith("# mine\n")


def test_stops_cleanly(box: Container) -> None:
    began = time.monotonic()
    box.run("systemctl", "stop", READER)
    took = time.monotonic() - began
    print(f"\nclean stop after {took:.1f} s")
    assert took < 5
    assert box.state(READER) == "inactive" and box.state(FAULT) == "inactive"
    assert box.show(READER, "Result") == "success"
    box.run("systemctl", "start", READER)


def test_new_settings_by_hangup(box: Container) -> None:
    """Were it to say STOPPING=1 between the old settings and the new, systemd would kill it."""
    box.tune(READER, TimeoutStopSec="3")
    box.run("systemctl", "restart", READER)
    reading(box)
    pid = box.show(READER, "MainPID")
    box.run("systemctl", "kill", "--signal=HUP", READER)
    time.sleep(8)
    assert box.state(READER) == "active" and box.show(READER, "MainPID") == pid
    box.tune(READER)


def test_is_restarted_when_killed(box: Container) -> None:
    pid = box.show(READER, "MainPID")
    box.run("kill", "-KILL", pid)
    print(f"\nkill -9: reading again after {restarted(box, pid):.1f} s")
    reading(box)


def test_a_hang_is_caught_by_the_watchdog(box: Container) -> None:
    box.run("systemctl", "reset-failed", READER)
    box.tune(READER, WatchdogSec="6")
    box.run("systemctl", "restart", READER)
    pid = box.show(READER, "MainPID")
    box.run("kill", "-STOP", pid)
    print(f"\nhung: reading again after {restarted(box, pid):.1f} s, with a watchdog of 6 s")
    assert "Watchdog timeout" in box.journal(READER)
    reading(box)


def test_broken_settings_light_the_lamp_until_they_are_mended(box: Container) -> None:
    box.tune("pi-reader-fault.timer", OnActiveSec=f"{RETRY_SECONDS}s", AccuracySec="1s")
    box.run("systemctl", "reset-failed", READER)
    settings(box, '[camera]\nkindd = "desk"\n')
    restarts = box.show(READER, "NRestarts")
    box.run("systemctl", "restart", READER, check=False)
    box.wait_for(FAULT, "active", 20)
    assert box.show(READER, "ExecMainStatus") == "78"
    assert box.show(READER, "NRestarts") == restarts  # not tried again at once
    box.wait(lambda: "did you mean kind" in said(box), 10, "to say what is wrong")
    print("\n" + said(box))
    settings(box, DESK)
    took = box.wait(lambda: box.state(READER) == "active", RETRY_SECONDS + 60, "to be tried again")
    print(f"mended: reading again after {took:.1f} s, with a retry every {RETRY_SECONDS} s")
    reading(box)
    assert box.state("pi-reader-fault.timer") == "inactive"


def test_a_missing_camera_lights_the_lamp_after_three_tries(box: Container) -> None:
    box.run("systemctl", "reset-failed", READER)
    settings(box, '[camera]\nkind = "pi"\n')
    began = time.monotonic()
    box.run("systemctl", "restart", READER, check=False)
    box.wait_for(FAULT, "active", 120)
    print(f"\nno camera: fault lamp after {time.monotonic() - began:.1f} s and three tries")
    journal = box.journal(READER)
    assert "Start request repeated too quickly" in journal
    assert journal.count("picamera2 is not installed") == 3
    box.wait(lambda: "picamera2 is not installed" in said(box), 10, "to say what is wrong")
    box.run("systemctl", "start", READER, check=False)  # as advised, though nothing is mended
    box.wait_for(FAULT, "active", 120)
    assert box.state("pi-reader-fault.timer") == "active"
    settings(box, DESK)
    box.run("systemctl", "start", READER)  # by hand: that ends the lamp as well
    reading(box)


def test_starts_by_hand_do_not_use_up_the_limit(box: Container) -> None:
    for _ in range(6):
        box.run("systemctl", "restart", READER)
    reading(box)
    for _ in range(6):  # before it is ready
        box.run("systemctl", "restart", "--no-block", READER)
        time.sleep(0.3)
    reading(box)


def test_comes_back_by_itself_whatever_was_broken_and_tried(box: Container) -> None:
    """Broken, mended, started and stopped at random: mended, it always reads again by itself."""
    sequences = int(os.environ.get("PI_READER_SEQUENCES", "5"))
    broken = ('[camera]\nkind = "pi"\n', '[camera]\nkindd = "desk"\n', "nonsense")
    box.tune("pi-reader-fault.timer", OnActiveSec=f"{RETRY_SECONDS}s", AccuracySec="1s")
    longest = 0.0
    for number in range(sequences):
        dice = random.Random(number)
        for _ in range(dice.randint(3, 8)):
            settings(box, dice.choice((*broken, DESK)))
            act = dice.choice(("start", "restart", "stop", "kill", "reload-or-restart", "wait"))
            if act == "kill":
                box.run("systemctl", "kill", "--signal=KILL", READER, check=False)
            elif act != "wait":
                box.run("systemctl", act, "--no-block", READER, check=False)
            time.sleep(dice.uniform(0, 4))
        settings(box, broken[0])
        box.run("systemctl", "start", "--no-block", READER)  # a stopped one stays so
        time.sleep(dice.uniform(0, 6))
        settings(box, DESK)
        what = f"to come back after sequence {number}"
        longest = max(longest, box.wait(lambda: box.state(READER) == "active", 90, what))
        reading(box)
    print(f"\n{sequences} sequences: reading again at most {longest:.1f} s after mending")
    box.tune("pi-reader-fault.timer", OnActiveSec="15min")


def test_whoever_belongs_to_its_group_may_look_and_ask(box: Container) -> None:
    """And takes nothing away from the reader by that, also while it does not run."""
    box.run("useradd", "-G", "pi-reader", "ada")
    box.wait(lambda: (box.root / STATE / "history.db").exists(), 60, "to remember something")
    box.run("systemctl", "stop", READER)
    box.run("runuser", "-u", "ada", "--", "pi-reader", "readings")
    box.run("runuser", "-u", "ada", "--", "pi-reader", "samples", "list", check=False)
    for path in ("", "/history.db", "/samples.db", "/weights", "/x"):
        done = box.shell(f"runuser -u ada -- touch /{STATE}{path}/x", check=False)
        assert done.returncode != 0, path
    box.shell(f"runuser -u ada -- touch /{STATE}/requests/x")
    box.run("useradd", "bob")
    assert box.shell("runuser -u bob -- cat /run/pi-reader/status.json", check=False).returncode
    box.run("systemctl", "start", READER)
    box.wait(lambda: "last " in box.run("pi-reader", "status").stdout, 60, "to read")
    box.run("runuser", "-u", "ada", "--", "pi-reader", "status")
    time.sleep(35)  # readings are written every half minute
    assert "cannot be written" not in box.journal(READER)


def test_a_request_starts_the_training(box: Container) -> None:
    box.shell("runuser -u pi-reader -- touch /var/lib/pi-reader/requests/retrain")
    box.wait(lambda: box.show(TRAIN, "ExecMainStartTimestamp") != "", 20, "to train")
    box.wait(lambda: box.state(TRAIN) in ("inactive", "failed"), 300, "to train")
    print("\n" + box.journal(TRAIN))
    assert box.show(TRAIN, "Result") == "success"
    assert not (box.root / STATE / "requests" / "retrain").exists()
    assert box.state("pi-reader-train.path") == "active"
    assert box.state("pi-reader-train.timer") == "active"


def test_no_request_ends_the_path_unit(box: Container) -> None:
    """Neither somebody's folder in its place, which is not the box's to empty, nor a burst."""
    folder = f"/{STATE}/requests/retrain"
    box.shell(f"mkdir -p {folder}/full && chmod 700 {folder} && chown ada:pi-reader {folder}")
    box.wait(lambda: not (box.root / folder[1:]).exists(), 120, "to be moved aside")
    for _ in range(15):
        box.shell(f"runuser -u pi-reader -- touch {folder}")
        box.wait(lambda: not (box.root / folder[1:]).exists(), 60, "to be taken")
    assert box.state("pi-reader-train.path") == "active"


def test_nothing_in_the_state_is_run(box: Container) -> None:
    """Were it Python's home, whoever writes there would have code run as the box, or as root."""
    box.shell(
        f"version=$(ls /opt/pi-reader/lib) && cd /{STATE} && "
        "mkdir -p .local/lib/$version/site-packages && "
        'echo \'open("/tmp/run", "a")\' > .local/lib/$version/site-packages/usercustomize.py && '
        'echo \'import os; open("/tmp/run", "a")\' > .local/lib/$version/site-packages/x.pth && '
        "chown -R pi-reader: .local"
    )
    box.run("systemctl", "restart", READER)
    reading(box)
    box.shell(f"cd /{STATE} && HOME=/{STATE} pi-reader samples list")
    box.shell(f"runuser -u pi-reader -- sh -c 'HOME=/{STATE} pi-reader ssh'", check=False)
    assert not (box.root / "tmp/run").exists()
    assert box.shell("head -1 /opt/pi-reader/bin/pi-reader").stdout.endswith("python -I\n")
    box.shell(f"rm -r /{STATE}/.local")


def test_a_state_of_an_earlier_version_is_migrated(box: Container) -> None:
    box.shell(f"cd /{STATE} && chmod 2770 . weights; chmod 660 *.db; ln -s /etc/passwd link; true")
    before = box.shell("stat -c %a:%U /etc/passwd").stdout
    box.shell("umask 077 && /src/setup.sh install")
    reading(box)
    assert box.shell(f"stat -c %a:%U /{STATE}/history.db").stdout == "640:pi-reader\n"
    assert box.shell(f"stat -c %a:%U /{STATE} /{STATE}/requests").stdout == (
        "750:pi-reader\n2770:pi-reader\n"
    )
    assert box.shell("stat -c %a:%U /etc/passwd").stdout == before
    assert box.setup("check").stderr.startswith("all is as it should be")
    assert not box.shell("ls -A /tmp | grep -i pip; true").stdout
    box.shell(f"rm /{STATE}/link")


def test_a_key_may_ask_and_nothing_else(box: Container) -> None:
    box.shell("ssh-keygen -q -t ed25519 -N '' -f /root/key")
    box.setup("install", "--ssh-key", "/root/key.pub")
    reading(box)
    box.run("systemctl", "start", "ssh.service")
    ssh = [
        "ssh",
        "-F",
        "none",
        "-i",
        "/root/key",
        "-o",
        "IdentitiesOnly=yes",
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "BatchMode=yes",
        "pi-reader@127.0.0.1",
    ]
    status = box.run(*ssh, "status")
    print("\nssh status:", status.stdout)
    for hostile in ("id", "status; id", "$(id)", "sh -c id", "", "status\nid", "-oProxyCommand=id"):
        assert "uid=" not in box.run(*ssh[:-1], "--", ssh[-1], hostile, check=False).stdout
    assert box.run(
        *ssh[:-1],
        "-N",
        "-L",
        "9999:127.0.0.1:22",
        "-o",
        "ExitOnForwardFailure=yes",
        "-f",
        ssh[-1],
        check=False,
    ).returncode in (0, 255)
    forwarded = box.shell("ssh-keyscan -T 2 -p 9999 127.0.0.1 2>&1", check=False).stdout
    assert "ssh-ed25519" not in forwarded
    before = (box.root / "etc/pi-reader/authorized_keys").read_text()
    box.setup("install", "--ssh-key", "/root/key.pub")
    assert (box.root / "etc/pi-reader/authorized_keys").read_text() == before


def test_comes_back_from_a_backup(box: Container) -> None:
    learned = box.root / STATE / "night" / "proof.json"
    learned.parent.mkdir(exist_ok=True)
    learned.write_text("learned")
    print("\n" + box.setup("backup", "/root/box.tar").stdout)
    learned.write_text("spoiled")
    settings(box, DESK + "# later\n")
    print(box.setup("restore", "/root/box.tar").stdout)
    reading(box)
    assert learned.read_text() == "learned"
    assert (box.root / SETTINGS).read_text() == DESK
    assert box.shell("stat -c %U:%a /var/lib/pi-reader").stdout == "pi-reader:750\n"
    box.shell("truncate -s 5000 /root/box.tar")
    assert box.setup("restore", "/root/box.tar", check=False).returncode != 0
    reading(box)
    assert learned.read_text() == "learned"


def test_an_upgrade_that_does_not_start_is_taken_back(box: Container) -> None:
    bad = box.source / "pi_reader" / "cli" / "run.py"
    bad.write_text(bad.read_text() + "\n\ndef run(args):\n    raise UsageError('a bad version')\n")
    done = box.setup("upgrade", check=False)
    print("\n" + done.stderr)
    assert done.returncode == 1 and "the old version is back and runs" in done.stderr
    assert "does not start: pi-reader: a bad version" in done.stderr
    reading(box)
    copy_checkout(box.source)


def test_an_upgrade_keeps_what_was_learned(box: Container) -> None:
    before = os.readlink(box.root / "opt/pi-reader")
    learned = box.root / STATE / "night" / "proof.json"
    print("\n" + box.setup("upgrade").stderr)
    reading(box)
    assert os.readlink(box.root / "opt/pi-reader") != before
    assert learned.read_text() == "learned"


def left(box: Container) -> list[str]:
    """What of pi-reader is still there; drop-ins are this test's own."""
    found = box.shell(
        "find / -xdev -name '*pi-reader*' -not -path '/src/*' -not -path '/proc/*' "
        "-not -path '/var/log/*' -not -path '/tmp/*' -not -name '*.d'"
    ).stdout
    return sorted(found.split())


def test_leaves_without_a_trace_but_what_was_learned(box: Container) -> None:
    print("\n" + box.setup("uninstall").stderr)
    assert left(box) == [
        "/etc/pi-reader",
        "/var/lib/pi-reader",
        "/var/lib/pi-reader.before-restore",
    ]
    box.setup("install")
    reading(box)
    print(box.setup("uninstall", "--purge").stderr)
    assert left(box) == []
    assert box.run("getent", "passwd", "pi-reader", check=False).returncode != 0


def test_the_button_switches_the_box_off(box: Container) -> None:
    """As `pi-reader run` asks for it; systemd itself does it."""
    box.setup("install")
    reading(box)
    box.shell("runuser -u pi-reader -- touch /run/pi-reader/poweroff")
    print(f"\noff after {box.wait(box.is_off, 60, 'to switch off'):.1f} s")
