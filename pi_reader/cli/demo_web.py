"""`pi-reader demo --web`: box, clerk and page on a desktop, with a simulated camera."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import webbrowser
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pi_reader.cli.common import one_line
from pi_reader.cli.web import DEMO
from pi_reader.errors import INTERRUPTED, Busy, NoHardware, UsageError

if TYPE_CHECKING:
    from pi_reader.camera.base import Camera
    from pi_reader.config import Folders

_START_SECONDS = 60.0  # that the page may take to answer first
_MOVING = 8  # looks at which a page comes or goes; the rest of its time it lies still


def run(args: argparse.Namespace) -> int:
    """Be the box until Ctrl-C."""
    if not (0 < args.port < 65536 and 1 <= args.stay <= 3600 and 0 <= args.difficulty <= 1):
        raise UsageError("demo: needs a port, pages that stay for 1 to 3600 s, difficulty 0 to 1")
    from pi_reader.cli.build import build, make_folders
    from pi_reader.config import find_folders, load_layered

    with ExitStack() as opened:
        state = args.state or Path(
            opened.enter_context(tempfile.TemporaryDirectory(prefix="pi-reader-"))
        )
        folders = find_folders(state)
        make_folders(folders)
        opened.enter_context(_clerk(folders))
        opened.enter_context(_page(folders, args.port))
        opened.enter_context(_attendant(folders))
        _invite(folders, args.port, not args.no_open)
        interrupted = []

        def stop(number: int, _: object) -> None:
            interrupted.append(number)
            appliance.stop()

        again = True
        while again and not interrupted:
            settings, _ = load_layered(folders)
            settings = replace(settings, camera=replace(settings.camera, kind="desk"))
            camera = _camera(args, settings.service.looks_per_second)
            with ExitStack() as parts:
                appliance = build(settings, folders, _log, parts, camera)
                for number in (signal.SIGINT, signal.SIGTERM):
                    signal.signal(number, stop)
                appliance.run()
                again = appliance.wants_reload
    return INTERRUPTED if interrupted == [signal.SIGINT] else 0


def _camera(args: argparse.Namespace, looks_per_second: float) -> Camera:
    import numpy as np

    from pi_reader.camera.desk import DeskCamera

    looks = round(args.stay * looks_per_second) + _MOVING
    rng = np.random.default_rng(args.seed)
    return DeskCamera(rng, None, args.difficulty, looks=looks, values=args.values)


@contextlib.contextmanager
def _clerk(folders: Folders) -> Iterator[None]:
    """The clerk, in a thread of this process."""
    from pi_reader.box.clerk import Clerk, listen, session_of

    with listen(folders.clerk) as listening:
        clerk = Clerk(listening, partial(session_of, folders), log=_log)
        threading.Thread(target=clerk.run, args=(float("1e6"),), daemon=True).start()
        yield


@contextlib.contextmanager
def _page(folders: Folders, port: int) -> Iterator[None]:
    """The page's own process. Raises Busy if the port is taken, NoHardware if it cannot start."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        raise Busy(f"port {port}: {error.strerror}; name another with --port") from error
    command = [sys.executable, "-m", "pi_reader", "web", "run"]
    command += ["--state", str(folders.state), "--port", str(port)]
    page = subprocess.Popen(command, env={**os.environ, DEMO: "1"})
    try:
        until = time.monotonic() + _START_SECONDS
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/1/session", timeout=2).close()
                break
            if page.poll() is not None or time.monotonic() > until:
                raise NoHardware(f"demo: the page does not start on port {port}; try --port")
            time.sleep(0.1)
        yield
    finally:
        page.terminate()
        page.wait()


@contextlib.contextmanager
def _attendant(folders: Folders) -> Iterator[None]:
    """Trains when that is asked for, as systemd does, and shows codes in a display's place."""
    from pi_reader.web.access import Access

    over, access = threading.Event(), Access(folders)

    def wait() -> None:
        shown = ""
        while not over.wait(0.5):
            if (code := access.code.code) not in ("", shown):
                shown = code
                print(f"the code is {code}", flush=True)
            if (folders.requests / "retrain").exists():
                command = [sys.executable, "-m", "pi_reader", "retrain", "--state"]
                with subprocess.Popen([*command, str(folders.state)]) as training:
                    while training.poll() is None and not over.wait(0.5):
                        pass
                    training.terminate()
                (folders.requests / "retrain").unlink(missing_ok=True)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(10)


def _invite(folders: Folders, port: int, is_opened: bool) -> None:
    """Say where the page is, with a code for it, and open it."""
    from pi_reader.web.access import Access

    address = f"http://127.0.0.1:{port}/#code={Access(folders).new_code(unlocked=True).code}"
    print(f"{address}\nCtrl-C ends it", flush=True)
    if is_opened:
        webbrowser.open(address)


def _log(line: str) -> None:
    print(one_line(line), flush=True)
