"""A restricted key against a real OpenSSH server on this machine: it may say a few words."""

from __future__ import annotations

import base64
import contextlib
import getpass
import io
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fresh import loaded_by
from hostile import hostile, may_be_said

from pi_reader.cli.main import main
from pi_reader.cli.ssh import COMMAND, line_for
from pi_reader.config import find_folders
from pi_reader.errors import BadData, MissingFile
from pi_reader.files import read_json
from pi_reader.learning.generations import Generations

ROOT = Path(__file__).resolve().parents[1]
SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
needs_sshd = pytest.mark.skipif(
    SSHD is None or not shutil.which("ssh") or not shutil.which("ssh-keygen"),
    reason="needs openssh-server and openssh-client",
)


def strings(*parts: bytes) -> str:
    return base64.b64encode(
        b"".join(struct.pack(">I", len(part)) + part for part in parts)
    ).decode()


KEY = strings(b"ssh-ed25519", bytes(32))
RSA = strings(b"ssh-rsa", b"\1\0\1", b"\0" + b"\xc1" * 256)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (f"ssh-ed25519 {KEY} me@desk\n", f"ssh-ed25519 {KEY} me@desk"),
        (f"# mine\n\nssh-ed25519   {KEY}\n", f"ssh-ed25519 {KEY}"),
        (f'ssh-ed25519 {KEY} a b"c\x1b[2J,é$(id)\n', f"ssh-ed25519 {KEY} a_b_c_2J_id_"),
        (f"ssh-ed25519 {KEY} {'x' * 500}\n", f"ssh-ed25519 {KEY} {'x' * 60}"),
        (f"ssh-rsa {RSA} old\n", f"ssh-rsa {RSA} old"),
    ],
)
def test_ok__the_line_for_a_key(
    tmp_path: Path, content: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "key.pub"
    key.write_text(content)
    assert main(["ssh", "--show-line", str(key)]) == 0
    assert capsys.readouterr().out == f'restrict,command="{COMMAND}" {expected}\n'
    assert COMMAND.startswith("/")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n# nothing\n",
        b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n",
        b"ssh-ed25519",
        b"\xff\xfe",
        b"ssh-ed25519 AAAA me",
        b"ssh-dss " + KEY.encode(),
        b"ssh-rsa " + KEY.encode(),
        f"ssh-ed25519 {KEY}\nssh-ed25519 {KEY}\n".encode(),
        b"\0" * 20_000,
        f'command="sh" ssh-ed25519 {KEY}'.encode(),
        f"ssh-ed25519 {KEY[:-4]}".encode(),
        f"ssh-ed25519 {KEY}!".encode(),
        f"ssh-ed25519 {strings(b'ssh-ed25519', bytes(31))}".encode(),
        f"ssh-ed25519 {strings(b'ssh-ed25519', bytes(32), b'x')}".encode(),
        f"ssh-rsa {strings(b'ssh-rsa', b'3', bytes(1) + b'x' * 128)}".encode(),
        f"ssh-ed25519\t{KEY}".encode(),
        f"ssh-ed25519 {KEY}\r\x0bssh-ed25519 {KEY}".encode(),
    ],
)
def test_fail__keys_that_are_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key.pub").write_bytes(content)
    with pytest.raises(BadData, match=r"key\.pub: "):
        line_for(tmp_path / "key.pub")


def test_fail__keys_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingFile):
        line_for(tmp_path / "key.pub")
    with pytest.raises(BadData):
        line_for(tmp_path)


@pytest.mark.parametrize("command", ["help", "status", "retrain", "readings", "weights list"])
def test_ok__quick_words_come_without_numpy(
    tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_ORIGINAL_COMMAND", command)
    assert not loaded_by(["ssh", "--state", str(tmp_path)]) & {"numpy", "subprocess"}


class Server:
    """An sshd of our own on the loopback, that lets one key in, and a box behind it."""

    def __init__(self, folder: Path, pam: bool, forced: bool) -> None:
        self.folder = folder
        self.mark = folder / "mark"
        self.folders = find_folders(folder / "state")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        for name in ("host", "key"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True
            )
        wrapper = folder / "pi-reader-ssh"
        wrapper.write_text(
            f"#!/bin/sh\nPYTHONPATH='{ROOT}' exec '{sys.executable}' -m pi_reader "
            f"ssh --state '{self.folders.state}'\n"
        )
        wrapper.chmod(0o755)
        line = line_for(folder / "key.pub").replace(COMMAND, str(wrapper))
        if forced:  # as on the device, where the server's word stands above the key's
            line = line.replace(str(wrapper), "/bin/sh")
        (folder / "authorized_keys").write_text(line + "\n")
        config = folder / "sshd_config"
        config.write_text(
            "\n".join(
                (
                    f"Port {self.port}",
                    "ListenAddress 127.0.0.1",
                    f"HostKey {folder}/host",
                    "PidFile none",
                    f"AuthorizedKeysFile {folder}/authorized_keys",
                    "StrictModes no",
                    "PasswordAuthentication no",
                    "KbdInteractiveAuthentication no",
                    f"UsePAM {'yes' if pam else 'no'}",
                    "PermitRootLogin yes",
                    "AcceptEnv LANG LC_*",
                    "Subsystem sftp internal-sftp",
                    "MaxStartups 50",
                    *(
                        (
                            f"ForceCommand {wrapper}",
                            "DisableForwarding yes",
                            "PermitTTY no",
                            "PermitUserRC no",
                        )
                        if forced
                        else ()
                    ),
                ),
            )
            + "\n"
        )
        with contextlib.suppress(OSError):  # where sshd, as root, drops its rights
            os.makedirs("/run/sshd", exist_ok=True)
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen([str(SSHD), "-D", "-e", "-f", config], stderr=log)
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + 10
        while time.monotonic() < until and self.process.poll() is None:
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.port), 1),
            ):
                return
            time.sleep(0.05)
        self.close()
        pytest.skip(f"sshd does not start here: {(self.folder / 'log').read_text()[-300:]}")

    def options(self, program: str = "ssh") -> list[str]:
        port = "-p" if program == "ssh" else "-P"
        return [
            program,
            "-F",
            "none",
            port,
            str(self.port),
            "-i",
            f"{self.folder}/key",
            "-o",
            "IdentitiesOnly=yes",
            "-o",
            "BatchMode=yes",
            "-o",
            "LogLevel=ERROR",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
        ]

    def ssh(
        self,
        *command: str,
        sent: bytes = b"",
        more: tuple[str, ...] = (),
        variables: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        place = f"{getpass.getuser()}@127.0.0.1"
        return subprocess.run(
            [*self.options(), *more, place, "--", *command],
            input=sent,
            capture_output=True,
            check=False,
            timeout=60,
            env={**os.environ, **(variables or {})},
        )

    def follow(self, command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*self.options(), f"{getpass.getuser()}@127.0.0.1", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )

    def servants(self) -> list[int]:
        """The processes that serve a caller of this server."""
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if b"pi_reader" in words and os.fsencode(self.folders.state) in words:
                    found.append(int(entry.name))
        return found

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@contextlib.contextmanager
def serving(folder: Path, pam: bool, forced: bool) -> Iterator[Server]:
    server = Server(folder, pam, forced)
    try:
        yield server
    finally:
        server.close()


@pytest.fixture(scope="module", params=["forced, PAM", "by the key's line, no PAM"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    forced = request.param.startswith("forced")
    with serving(tmp_path_factory.mktemp("server"), pam=forced, forced=forced) as one:
        login = one.ssh("help")
        if login.returncode == 255:
            pytest.skip(f"sshd lets nobody in here: {(one.folder / 'log').read_text()[-300:]}")
        yield one


@needs_sshd
def test_ok__the_words(server: Server) -> None:
    assert server.ssh().stdout.startswith(b"help "), "no command: no shell"
    assert b"not running" in server.ssh("status").stdout
    assert b"shipped" in server.ssh("weights", "list").stdout
    assert server.ssh("retrain").returncode == 0
    assert (server.folders.requests / "retrain").exists()
    (server.folders.requests / "retrain").unlink()


@needs_sshd
def test_ok__files_there_and_back(server: Server) -> None:
    from pi_reader.learning.samples import New, Samples

    with Samples(server.folders.samples) as samples:
        samples.keep([New(np.full((28, 28), 9, np.uint8), 1, 0.5, 7)])
    exported = server.ssh("samples", "export").stdout
    assert np.load(io.BytesIO(exported))["y"].tolist() == [7]
    assert b"0 new, 0 labelled, 1 known" in server.ssh("samples", "import", sent=exported).stdout
    offered = server.ssh("weights offer", sent=(ROOT / "weights" / "default.npz").read_bytes())
    assert offered.returncode == 0 and b"waits for the judge" in offered.stdout
    kept = Generations(server.folders.weights, ROOT / "weights" / "default.npz").list()
    assert kept[-1].state == "candidate" and kept[-1].sha256 == kept[0].sha256
    (server.folders.requests / "retrain").unlink()


@needs_sshd
def test_fail__huge_input(server: Server) -> None:
    done = server.ssh("weights offer", sent=bytes(3 << 20))
    assert done.returncode == 65 and b"bytes; send less" in done.stderr


@needs_sshd
@pytest.mark.parametrize(
    "command",
    [
        "weights list; touch {}",
        "weights list\ntouch {}",
        "help $(touch {})",
        "sh -c 'touch {}'",
        "status > {}",
        "help " + "7" * 20_000,
    ],
)
def test_fail__what_a_shell_would_do(server: Server, command: str) -> None:
    done = server.ssh(command.format(server.mark))
    assert done.returncode == 2 and done.stdout == b"" and not server.mark.exists()
    assert done.stderr.startswith(b"pi-reader: request") and done.stderr.count(b"\n") == 1


@needs_sshd
def test_fail__the_callers_environment(server: Server, tmp_path: Path) -> None:
    evil = tmp_path / "evil.py"
    evil.write_text(f"open({str(server.mark)!r}, 'w')")
    hostile_variables = {
        "PYTHONSTARTUP": str(evil),
        "PYTHONINSPECT": "1",
        "PYTHONPATH": str(tmp_path),
        "BASH_ENV": str(evil),
        "ENV": str(evil),
        "SSH_ORIGINAL_COMMAND": "samples export",
        "LC_ALL": "xx_XX.nonsense",
        "LANG": "$(id)",
        "LC_EVIL": "\x1b[2J",
    }
    done = server.ssh(
        "help", more=("-o", f"SendEnv={' '.join(hostile_variables)}"), variables=hostile_variables
    )
    assert done.stdout.startswith(b"help ") and not server.mark.exists()


@needs_sshd
def test_fail__doors_other_than_the_words(server: Server, tmp_path: Path) -> None:
    place = f"{getpass.getuser()}@127.0.0.1"
    for command in (
        [*server.options("sftp"), "-b", "-", place],
        [*server.options("scp"), "-q", str(ROOT / "setup.sh"), f"{place}:{server.mark}"],
        [*server.options("scp"), "-O", "-q", str(ROOT / "setup.sh"), f"{place}:{server.mark}"],
        [*server.options("scp"), "-O", "-q", f"{place}:/etc/passwd", str(tmp_path / "got")],
    ):
        done = subprocess.run(command, input=b"ls\n", capture_output=True, check=False, timeout=60)
        assert done.returncode != 0 and b"root:" not in done.stdout
    assert not server.mark.exists() and not (tmp_path / "got").exists()
    terminal = server.ssh("help", more=("-tt",))
    assert b"\r\n" not in terminal.stdout, "there is a terminal"
    with socket.create_server(("127.0.0.1", 0)) as target:
        inside = target.getsockname()[1]
        tunnel = server.ssh(
            "help", more=("-o", "ExitOnForwardFailure=yes", "-W", f"127.0.0.1:{inside}")
        )
        assert tunnel.returncode != 0
        backwards = server.ssh(
            "help", more=("-o", "ExitOnForwardFailure=yes", "-R", f"127.0.0.1:0:127.0.0.1:{inside}")
        )
        assert backwards.returncode != 0
        target.settimeout(0.2)
        with pytest.raises(TimeoutError):
            target.accept()


TRAINING = """
import sys, time
from pi_reader.config import find_folders
from pi_reader.files import write_json
from pi_reader.requests import Requests
folders = find_folders(sys.argv[1])
requests = Requests(folders.requests)
folders.runtime.mkdir(parents=True, exist_ok=True)
for step in range(600):
    stopped = requests.take("cancel")
    write_json(folders.training, {"state": "failed" if stopped else "training",
        "progress": step / 600, "message": "stopped" if stopped else "", "updated": time.time()})
    if stopped: break
    time.sleep(0.1)
"""


@needs_sshd
def test_ok__a_training_is_followed_and_outlives_the_caller(server: Server) -> None:
    training = subprocess.Popen([sys.executable, "-c", TRAINING, server.folders.state], cwd=ROOT)
    try:
        until = time.monotonic() + 20
        while not server.folders.training.exists() and time.monotonic() < until:
            time.sleep(0.05)
        caller = server.follow("status")
        assert caller.stdout
        lines = [caller.stdout.readline() for _ in range(4)]
        assert [line[:19] for line in lines[1:]] == [b"training: training "] * 3
        assert len(set(lines)) == 4, "it is told live"
        caller.kill()
        caller.wait()
        caller.stdout.close()
        while server.servants() and time.monotonic() < until:
            time.sleep(0.1)
        assert server.servants() == [], "who hung up is served no longer"
        before = read_json(server.folders.training)["progress"]
        time.sleep(0.5)
        assert training.poll() is None and read_json(server.folders.training)["progress"] > before
        done = server.ssh("cancel")
        assert done.stdout == b"training: failed: stopped\n"
        assert training.wait(10) == 0
    finally:
        training.kill()
        training.wait()
        server.folders.training.unlink(missing_ok=True)


@needs_sshd
@pytest.mark.acceptance
def test_ok__two_hundred_hostile_requests(tmp_path: Path) -> None:
    rng = random.Random(9)
    with serving(tmp_path, pam=True, forced=True) as server:
        for _ in range(200):
            command = hostile(rng, str(server.mark)).replace("\0", "\x01")  # no program can send it
            done = server.ssh(*([command] if command else []), sent=b"x")
            assert (done.returncode != 2) == may_be_said(command), (command, done)
            assert done.returncode in (0, 2, 65, 66, 75), (command, done)
            assert not server.mark.exists(), command
            (server.folders.requests / "retrain").unlink(missing_ok=True)  # `status` waits for it
        assert server.servants() == []
