"""A Debian that boots its own systemd in a container, for tests that need the real thing."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
CARRIED = ("pyproject.toml", "README.md", "LICENSE", "setup.sh", "pi_reader", "systemd", "weights")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Container:
    """A copy of a Debian tree, booted without a network, with the checkout under /src."""

    def __init__(self, tree: Path, place: Path) -> None:
        self.root, self.source = place / "root", place / "src"
        subprocess.run(["cp", "-a", "--reflink=auto", str(tree), str(self.root)], check=True)
        copy_checkout(self.source)
        self._console = open(place / "console", "wb")  # noqa: SIM115 - as long as it runs
        self._process = subprocess.Popen(
            [
                "systemd-nspawn",
                "-q",
                "-D",
                str(self.root),
                f"--machine=pi-reader-{os.getpid()}",
                "--boot",
                "--register=no",
                "--keep-unit",
                "--private-network",
                "--console=pipe",
                f"--bind={self.source}:/src",
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._console,
            stderr=subprocess.STDOUT,
        )
        self._leader = 0
        self.wait(lambda: self._boots(), 60, "to boot")

    def run(
        self, *words: str, check: bool = True, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in it as root; its output comes back as text."""
        done = subprocess.run(
            [
                "nsenter",
                "-t",
                str(self._leader),
                "-a",
                "env",
                "-i",
                f"PATH={_PATH}",
                "HOME=/root",
                *words,
            ],
            capture_output=True,
            text=True,
            check=False,
            input=stdin,
            timeout=900,
        )
        assert not check or done.returncode == 0, (words, done.stdout[-2000:], done.stderr[-2000:])
        return done

    def shell(self, script: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a line of shell in it as root."""
        return self.run("sh", "-c", script, check=check)

    def setup(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run setup.sh of the checkout in it."""
        return self.run("/src/setup.sh", *words, check=check)

    def show(self, unit: str, key: str) -> str:
        """What systemd says of a unit."""
        return self.run("systemctl", "show", "-P", key, unit).stdout.strip()

    def state(self, unit: str) -> str:
        """active, inactive, failed, activating ..."""
        return self.show(unit, "ActiveState")

    def journal(self, unit: str) -> str:
        """What a unit, and systemd about it, has said."""
        return self.run("journalctl", "-u", unit, "-o", "cat", "--no-pager").stdout

    def wait(self, what: Callable[[], bool], seconds: float, words: str) -> float:
        """Wait until something is so; how long that took, in seconds."""
        began = time.monotonic()
        while not what():
            assert time.monotonic() - began < seconds, f"waited {seconds} s for it {words}"
            time.sleep(0.1)
        return time.monotonic() - began

    def wait_for(self, unit: str, state: str, seconds: float = 60) -> float:
        """Wait until a unit is in a state."""
        try:
            return self.wait(lambda: self.state(unit) == state, seconds, f"{unit} {state}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.journal(unit)[-3000:]}") from None

    def tune(self, unit: str, **keys: str) -> None:
        """Shorten a unit's times, so that a test need not wait for them. KEY=old is emptied first
        where systemd would add to it."""
        section = unit.rpartition(".")[2].capitalize()
        lines = [f"[{section}]", *(f"{key}={value}" for key, value in keys.items())]
        if "OnActiveSec" in keys:
            lines.insert(1, "OnActiveSec=")
        folder = self.root / "etc/systemd/system" / f"{unit}.d"
        folder.mkdir(exist_ok=True)
        (folder / "tune.conf").write_text("\n".join(lines) + "\n")
        self.run("systemctl", "daemon-reload")

    def is_off(self) -> bool:
        """Whether it has switched itself off."""
        return self._process.poll() is not None

    def close(self) -> None:
        """Power it off and throw it away."""
        if self._leader and not self.is_off():
            subprocess.run(["kill", "-s", "RTMIN+4", str(self._leader)], check=False)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._console.close()
        shutil.rmtree(self.root)

    def _boots(self) -> bool:
        assert self._process.poll() is None, "systemd-nspawn ended"
        found = subprocess.run(
            ["pgrep", "-P", str(self._process.pid)], capture_output=True, text=True, check=False
        ).stdout.split()
        if not found:
            return False
        self._leader = int(found[0])
        state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
        return state in ("running", "degraded")


@contextmanager
def booted(variable: str, needed: str = "usr/lib/systemd/systemd") -> Iterator[Container]:
    """A container of the tree that a variable of the environment names; needed: a file that it
    must have. Skips where it cannot be."""
    tree = os.environ.get(variable, "")
    if not tree or not Path(tree, needed).exists():
        pytest.skip(f"needs {variable}; see the head of this file")
    if os.geteuid() != 0 or not shutil.which("systemd-nspawn"):
        pytest.skip("needs root and systemd-nspawn")
    with tempfile.TemporaryDirectory(prefix="pi-reader-", dir=Path(tree).parent) as place:
        container = Container(Path(tree), Path(place))
        yield container
        container.close()


def may_do_no_more(
    box: Container, user: str, denied: Iterable[str], asked: Iterable[tuple[str, str, int]]
) -> None:
    """Assert that commands fail for a user; asked: user, words for the clerk, and its exit code."""
    for words in denied:
        done = box.shell(f"runuser -u {user} -- {words}", check=False)
        assert done.returncode != 0, words
    ask = "from pi_reader.client.clerk import ask; import pathlib, sys; "
    ask += "sys.exit(ask(pathlib.Path('/run/pi-reader-clerk.sock'), sys.argv[1:]).exit_code)"
    for name, words, code in asked:
        done = box.shell(
            f'runuser -u {name} -- /opt/pi-reader/bin/python -I -c "{ask}" {words}', check=False
        )
        assert done.returncode == code, (name, words, done.stderr)


def copy_checkout(target: Path) -> None:
    """Put what an installation needs there, anew; the folder itself stays, as it may be mounted."""
    target.mkdir(exist_ok=True)
    for name in CARRIED:
        shutil.rmtree(target / name, ignore_errors=True)
        if (CHECKOUT / name).is_dir():
            shutil.copytree(
                CHECKOUT / name, target / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(CHECKOUT / name, target / name)
