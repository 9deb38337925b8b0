"""The units on paper: what systemd says of them, and the facts that the box's nights depend on."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from pi_reader.box.status_file import StatusFile
from pi_reader.camera.pi import CLOSE_SECONDS
from pi_reader.cli.build import power_off
from pi_reader.cli.run import STOP_WITHIN
from pi_reader.config import settings_from
from pi_reader.config.folders import DEVICE_RUNTIME, Folders
from pi_reader.errors import BadSettings
from pi_reader.files import locked, write_json
from pi_reader.state import BoxState

SYSTEMD = Path(__file__).resolve().parents[1] / "systemd"
UNITS = sorted(
    path for kind in ("service", "socket", "timer", "path") for path in SYSTEMD.glob(f"*.{kind}")
)
# The highest score that `systemd-analyze security` may give.
SANDBOXED = {
    "pi-reader.service": 2.0,
    "pi-reader-fault.service": 1.5,
    "pi-reader-train.service": 1.5,
    "pi-reader-poweroff.service": 1.5,
    "pi-reader-clerk.service": 1.5,
    "pi-reader-link.service": 1.5,
    "pi-reader-web.service": 1.5,
}

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")

Unit = dict[str, list[str]]


def unit(name: str) -> Unit:
    """A unit's settings by "Section.Key", each with all its values in order."""
    section, values = "", {}
    for line in (SYSTEMD / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and line[0] not in "#;":
            key, _, value = line.partition("=")
            values.setdefault(f"{section}.{key}", []).append(value)
    return values


def refused(settings: str) -> bool:
    """Whether such settings are refused."""
    try:
        settings_from(tomllib.loads(settings))
    except BadSettings:
        return True
    return False


def seconds(text: str) -> int:
    """systemd's spans of time, as far as the units use them."""
    number, word = re.fullmatch(r"(\d+) ?(|s|min|h)", text).groups()
    return int(number) * {"": 1, "s": 1, "min": 60, "h": 3600}[word]


@needs_systemd
def test_ok__systemd_finds_nothing_to_complain_about(tmp_path: Path) -> None:
    for path in UNITS:
        text = re.sub(r"/opt/pi-reader/bin/[-\w]+", "/bin/true", path.read_text(encoding="utf-8"))
        (tmp_path / path.name).write_text(text)
    done = subprocess.run(
        [
            "systemd-analyze",
            "verify",
            "--recursive-errors=one",
            *(str(tmp_path / path.name) for path in UNITS),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "pi-reader" in line]
    assert (done.returncode, ours) == (0, [])


@needs_systemd
@pytest.mark.parametrize("name", SANDBOXED)
def test_ok__the_sandbox_is_tight(name: str) -> None:
    done = subprocess.run(
        [
            "systemd-analyze",
            "security",
            "--offline=yes",
            "--no-pager",
            f"--threshold={SANDBOXED[name] * 10:.0f}",
            str(SYSTEMD / name),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout.splitlines()[-1]


@needs_systemd
def test_fail__a_wrong_key_would_be_seen(tmp_path: Path) -> None:
    bad = tmp_path / "pi-reader-bad.service"
    bad.write_text("[Service]\nExecStart=/bin/true\nWatchDogSecs=3\n")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=one", str(bad)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0 and "WatchDogSecs" in done.stderr


def test_ok__the_start_limit_can_be_reached_and_ends_before_the_next_try() -> None:
    reader = unit("pi-reader.service")
    times = {
        key: seconds(reader[f"Service.{key}"][0])
        for key in ("WatchdogSec", "TimeoutStartSec", "TimeoutAbortSec", "RestartSec")
    }
    one_try = sum(times.values()) + times["TimeoutAbortSec"]  # killed as long after the abort again
    interval = seconds(reader["Unit.StartLimitIntervalSec"][0])
    assert int(reader["Unit.StartLimitBurst"][0]) * one_try < interval
    assert interval < seconds(unit("pi-reader-fault.timer")["Timer.OnActiveSec"][0])
    assert times["TimeoutStartSec"] >= 120  # a Zero imports slowly
    settle, wait = (
        max(
            value for value in (10.0, 15.0, 30.0, 60.0) if not refused(f"[camera]\n{key} = {value}")
        )
        for key in ("settle_seconds", "wait_seconds")
    )
    assert 2 * (settle + wait) + CLOSE_SECONDS < times["WatchdogSec"], "a camera opened anew"
    given_up = STOP_WITHIN + CLOSE_SECONDS
    assert seconds(reader["Service.TimeoutStopSec"][0]) >= given_up + 10, "room for a slow card"


def test_ok__a_fault_lights_the_lamp_which_lets_go_before_the_next_try() -> None:
    reader, fault = unit("pi-reader.service"), unit("pi-reader-fault.service")
    assert reader["Unit.OnFailure"] == ["pi-reader-fault.service"]
    assert reader["Unit.Conflicts"] == reader["Unit.After"] == ["pi-reader-fault.service"]
    assert fault["Unit.Wants"] == ["pi-reader-fault.timer"]
    assert unit("pi-reader-fault.timer")["Timer.Unit"] == ["pi-reader.service"]
    assert unit("pi-reader-fault.timer")["Unit.PartOf"] == ["pi-reader-fault.service"]


def test_ok__broken_settings_are_not_tried_again() -> None:
    reader = unit("pi-reader.service")
    assert reader["Service.Type"] == ["notify"]
    assert reader["Service.Restart"] == ["always"]
    assert reader["Service.RestartPreventExitStatus"] == ["78"]


def test_ok__newer_systemd_too_lights_the_lamp_only_at_the_end() -> None:
    assert unit("pi-reader-direct.conf") == {"Service.RestartMode": ["direct"]}
    assert "Service.RestartMode" not in unit("pi-reader.service")  # bookworm would complain


def test_ok__pins_and_blas_are_set_up_before_python_starts() -> None:
    reader = unit("pi-reader.service")
    words = " ".join(reader["Service.Environment"]).split()
    assert {"GPIOZERO_PIN_FACTORY=lgpio", "OPENBLAS_NUM_THREADS=1"} <= set(words)
    assert reader["Service.WorkingDirectory"] == ["/run/pi-reader"]  # lgpio's pipe


def test_ok__only_the_reader_owns_the_runtime_folder() -> None:
    owners = {path.name: unit(path.name).get("Service.RuntimeDirectory") for path in UNITS}
    assert {name: owned for name, owned in owners.items() if owned} == {
        "pi-reader.service": ["pi-reader"],
        "pi-reader-link.service": ["pi-reader-link"],
        "pi-reader-web.service": ["pi-reader-web"],
    }
    assert unit("pi-reader.service")["Service.RuntimeDirectoryPreserve"] == ["yes"]


def test_ok__the_reader_keeps_what_the_camera_needs() -> None:
    """These keys of the sandbox break camera, pins or board detection, each for a known reason."""
    reader = unit("pi-reader.service")
    assert not {
        "Service.PrivateDevices",
        "Service.ProcSubset",
        "Service.MemoryDenyWriteExecute",
        "Service.SupplementaryGroups",
        "Service.PrivateNetwork",
    } & set(reader)
    allowed = {value.split()[0] for value in reader["Service.DeviceAllow"]}
    assert {"char-video4linux", "char-media", "char-dma_heap", "char-gpiochip"} <= allowed
    assert "AF_NETLINK" in reader["Service.RestrictAddressFamilies"][0]


def test_ok__training_stands_back() -> None:
    train, reader = unit("pi-reader-train.service"), unit("pi-reader.service")
    assert train["Service.Nice"] == ["19"] and train["Service.IOSchedulingClass"] == ["idle"]
    assert int(reader["Service.OOMScoreAdjust"][0]) < 0 < int(train["Service.OOMScoreAdjust"][0])
    assert train["Service.Type"] == ["oneshot"]  # for which RuntimeMaxSec would do nothing
    assert "Service.RuntimeMaxSec" not in train and seconds(train["Service.TimeoutStartSec"][0])
    for key in ("PrivateDevices", "PrivateNetwork", "MemoryDenyWriteExecute"):
        assert train[f"Service.{key}"] == ["yes"]


def test_ok__training_starts_at_night_and_when_asked() -> None:
    timer, path = unit("pi-reader-train.timer"), unit("pi-reader-train.path")
    assert timer["Timer.Persistent"] == ["no"]
    (watched,) = path["Path.PathExists"]
    train = unit("pi-reader-train.service")
    remove, move = train["Service.ExecStopPost"]
    assert remove == f"-/bin/rm -rf {watched}" and move.endswith(f" {watched}")
    assert train["Unit.StartLimitIntervalSec"] == ["0"], "else a burst would end the path unit"


def test_ok__whatever_lies_in_a_requests_place_is_out_of_the_way(tmp_path: Path) -> None:
    """A folder that is not ours to empty is moved aside, each under a name of its own."""
    _, move = unit("pi-reader-train.service")["Service.ExecStopPost"]
    watched = tmp_path / "requests" / "retrain"
    words = shlex.split(move.removeprefix("-").replace("$$", "$").replace("%%", "%"))
    for _ in range(2):
        (watched / "full").mkdir(parents=True)
        subprocess.run([*words[:-1], str(watched)], check=True)
        assert not watched.exists()
    names = [path.name for path in watched.parent.iterdir()]
    assert len(names) == 2 and all(name.startswith(".odd-") for name in names)
    subprocess.run([*words[:-1], str(watched)], check=True)


def test_ok__starts_by_hand_do_not_use_up_the_limit() -> None:
    reader, fault = unit("pi-reader.service"), unit("pi-reader-fault.service")
    (after,) = reader["Service.ExecStopPost"]
    assert after.startswith("-+/bin/sh") and "systemctl reset-failed %n" in after
    assert '"$$SERVICE_RESULT" = success' in after, "a failure counts"
    # Only once the lamp runs: by then systemd has told it how the reader ended.
    assert fault["Service.ExecStartPost"] == ["-+/bin/systemctl reset-failed pi-reader.service"]


def test_ok__nothing_reboots_unless_asked() -> None:
    actions = {
        f"{path.name} {key}" for path in UNITS for key in unit(path.name) if key.endswith("Action")
    }
    assert actions == {"pi-reader-poweroff.service Unit.SuccessAction"}
    assert unit("pi-reader-reboot.conf") == {"Unit.StartLimitAction": ["reboot"]}


def test_ok__keys_get_no_shell() -> None:
    text = (SYSTEMD / "pi-reader.sshd.conf").read_text()
    rules = [line.strip() for line in text.splitlines() if line and line[0] != "#"]
    assert rules[0] == "Match User pi-reader"
    assert {
        "ForceCommand /opt/pi-reader/bin/pi-reader ssh",
        "DisableForwarding yes",
        "AuthorizedKeysFile /etc/pi-reader/authorized_keys",
        "PermitTTY no",
    } <= set(rules)
    assert "/bin/sh" in (SYSTEMD / "pi-reader.sysusers.conf").read_text()  # nologin breaks it


def test_ok__the_button_leaves_the_file_that_is_watched_for(tmp_path: Path) -> None:
    (watched,) = unit("pi-reader-poweroff.path")["Path.PathExists"]
    assert Path(watched).parent == DEVICE_RUNTIME
    power_off(Folders(tmp_path, tmp_path, tmp_path), lambda line: None)
    assert [path.name for path in tmp_path.iterdir()] == [Path(watched).name]


def test_ok__python_runs_isolated_everywhere() -> None:
    """Else whoever writes into the state, the home of the box's user, has code run at its start."""
    for path in UNITS:
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("Exec") and "python" in line:
                assert "/opt/pi-reader/bin/python -I " in line, path.name
            assert not re.match(r"Exec\w+=\S*/bin/pi-reader", line), path.name
    steps = (SYSTEMD / "steps.sh").read_text() + (SYSTEMD / "install.sh").read_text()
    assert '1s/$/ -I/\' "$new/bin/pi-reader"' in steps, "sshd and people start this one"
    assert not re.search(r'bin/python"? (?!-I)-', steps)


def test_ok__the_group_writes_requests_alone() -> None:
    lines = (SYSTEMD / "pi-reader.tmpfiles.conf").read_text().splitlines()
    modes = {line.split()[1]: line.split()[2] for line in lines if line.startswith("d ")}
    assert modes == {
        "/run/pi-reader": "0750",
        "/var/lib/pi-reader": "0750",
        "/var/lib/pi-reader/requests": "2770",
    }
    for name in ("pi-reader.service", "pi-reader-train.service"):
        assert unit(name)["Service.StateDirectoryMode"] == ["0750"]
        assert unit(name)["Service.UMask"] == ["0027"]
    assert unit("pi-reader.service")["Service.RuntimeDirectoryMode"] == ["0750"]


BOX, MEMBERS, VIEW, STRANGERS = 54321, 54322, 54323, 54324  # ids that nobody has


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")
@pytest.mark.skipif(not shutil.which("systemd-tmpfiles"), reason="needs systemd-tmpfiles")
def test_ok__who_may_see_how_the_box_is_doing() -> None:
    """The lines of tmpfiles, carried out: the network's processes, in group pi-reader-view alone,
    read status and training as members of the box's group do, and nobody else does."""
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        run, rules = Path(place, "run"), Path(place, "rules.conf")
        lines = [
            line.replace("/run/pi-reader", str(run))
            .replace("pi-reader-view", str(VIEW))
            .replace("pi-reader pi-reader", f"{BOX} {MEMBERS}")
            for line in (SYSTEMD / "pi-reader.tmpfiles.conf").read_text().splitlines()
            if "/run/pi-reader" in line
        ]
        rules.write_text("\n".join(lines) + "\n")
        run.mkdir(mode=0o750)
        write_json(run / "training.json", {}, 0o640)  # an earlier version's
        os.chown(run / "training.json", BOX, MEMBERS)
        subprocess.run(["systemd-tmpfiles", "--create", str(rules)], check=True)
        os.chmod(run, 0o750)
        assert as_user(BOX, MEMBERS, lambda: leave_status(run)) == 0
        seen = {
            name: [
                as_user(STRANGERS, group, lambda path=run / name: os.close(os.open(path, 0))) == 0
                for group in (MEMBERS, VIEW, STRANGERS)
            ]
            for name in ("status.json", "training.json", "view/frame", "lock", "")
        }
        assert seen == {
            "status.json": [True, True, False],
            "training.json": [True, True, False],
            "view/frame": [True, True, False],
            "lock": [False, False, False],  # else it could be held
            "": [True, False, False],
        }
        for group in (MEMBERS, VIEW):
            assert as_user(STRANGERS, group, (run / "more").touch) != 0


def leave_status(run: Path) -> None:
    """What the service leaves there, with the unit's umask."""
    os.umask(0o027)
    for _ in range(2):  # made, and replaced
        StatusFile(run / "status.json").write(None, BoxState(frames=1), 0.0)
    (run / "view").mkdir()
    (run / "view" / "frame").touch()
    with locked(run / "lock"):
        pass


def as_user(user: int, group: int, act: Callable[[], object]) -> int:
    """The exit code of a process of such a user, in that group alone, that does something."""
    child = os.fork()
    if not child:
        code = 1
        try:
            os.setgroups([])
            os.setgid(group)
            os.setuid(user)
            act()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_ok__the_group_that_may_see_is_there_before_it_is_given_anything() -> None:
    assert "g pi-reader-view -" in (SYSTEMD / "pi-reader.sysusers.conf").read_text().splitlines()
    link = (SYSTEMD / "pi-reader-link.sysusers.conf").read_text().splitlines()
    assert "m pi-reader-link pi-reader-view" in link
    install = (SYSTEMD / "install.sh").read_text()
    for action in ("install_device()", "upgrade_device()"):
        steps = install.split(action)[1]
        assert steps.index("make_user") < steps.index("switch_to"), "whose step is systemd-tmpfiles"
