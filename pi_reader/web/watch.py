"""What the box tells: its status, and what it sees while somebody watches; read once for all.

One thread looks at the files as long as anybody waits for news, and touches a file by which the
reader knows that somebody watches and takes the next frame. Everybody else sleeps until there is
something new. The more watch, the fewer frames there are: all get the same ones, and the reader has
to get on.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pi_reader.client.status import BoxStatus, read_status
from pi_reader.config import Folders

LOOK = 0.1  # seconds between two looks at the files
JUDGE = 5.0  # seconds after which the status is told again, also what has not changed
TOUCH = 2.0  # seconds after which a frame that did not come is asked for again
EACH = 0.03  # seconds between two frames for each who waits for one: a Zero's half for 20 viewers
FRESH = 20.0  # seconds; a Zero may read a printed page for so long
LARGEST_VIEW = 1 << 20  # bytes

FOR_GUESTS = ("state", "text", "sure", "since", "updated", "frozen", "last")


class Watch:
    """The box as its files show it.

    seen: counts what was new; status: of the box; view: facts of the newest frame, and it as JPEG;
    status_seen, view_seen: what the count was when they came.
    """

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._news = threading.Condition()
        self._watching = self._viewing = 0
        self._thread: threading.Thread | None = None
        self._stamps: object = None
        self._view_stamp: object = None
        self._judged = -float("inf")
        self._touch_at = 0.0
        self.seen = 0
        self.status = BoxStatus(False)
        self.status_seen = self.view_seen = 0
        self.view: tuple[dict[str, Any], bytes] = ({}, b"")

    @contextmanager
    def watching(self, view: bool = False) -> Iterator[None]:
        """Have the files looked at during the block; view: also have the reader show its frames."""
        with self._news:
            if view and not self._viewing:  # what was there before is old by now
                self.view, self._touch_at = ({}, b""), 0.0
            self._watching += 1
            self._viewing += view
        try:
            with self._news:
                if self._thread is None:
                    self.look()
                    thread = threading.Thread(target=self._run, daemon=True)
                    thread.start()  # which fails where memory is short
                    self._thread = thread
            yield
        finally:
            with self._news:
                self._watching -= 1
                self._viewing -= view

    def fresh(self) -> BoxStatus:
        """The status as it is now."""
        with self._news:
            if self._thread is None:
                self.look()
            return self.status

    def wait_for_view(self, seen: int, seconds: float) -> None:
        """Sleep until there is a frame newer than `seen`, at most so long."""
        with self._news:
            self._news.wait_for(lambda: self.view_seen > seen, seconds)

    def wait(self, seen: int, seconds: float) -> int:
        """Sleep until there is something newer than `seen`, at most so long; gives what is."""
        with self._news:
            self._news.wait_for(lambda: self.seen > seen, seconds)
            return self.seen

    def _run(self) -> None:
        while True:
            time.sleep(LOOK)
            with self._news:
                if not self._watching:
                    self._thread = None
                    return
                self.look()

    def look(self) -> None:
        """Look at the files once."""
        now = time.monotonic()
        stamps = _stamp(self._folders.status), _stamp(self._folders.training)
        if stamps != self._stamps or now - self._judged >= JUDGE:
            self._stamps, self._judged = stamps, now
            self.status = read_status(self._folders, time.time())
            self.seen += 1
            self.status_seen = self.seen
            self._news.notify_all()
        if self._viewing:
            self.look_at_view(now)

    def look_at_view(self, now: float) -> None:
        """Take the newest frame, and ask for the next when it is time."""
        if now >= self._touch_at:
            self._touch_at = now + TOUCH
            touch(self._folders.watched)
        path = self._folders.view / "latest"
        stamp = _stamp(path)
        if stamp is None or stamp == self._view_stamp:
            return
        self._view_stamp = stamp
        if time.time() - stamp[1] / 1e9 > FRESH:  # left from the last time somebody watched
            return
        with suppress(OSError, ValueError, RecursionError), open(path, "rb") as file:
            first = file.readline(LARGEST_VIEW)
            facts, picture = json.loads(first), file.read(LARGEST_VIEW)
            if isinstance(facts, dict) and type(facts.get("frame")) is int:
                self.view, self._touch_at = (facts, picture), now + EACH * self._viewing
                self.seen += 1
                self.view_seen = self.seen
                self._news.notify_all()

    def guests(self) -> str:
        """What guests may see, as the running reader's settings say."""
        return str(self.fresh().status.get("guests") or "nothing")

    def state(self, whole: bool) -> dict[str, Any]:
        """The status for the page; of it what guests may see, if not whole."""
        known = self.fresh()
        status: Mapping[str, Any] = known.status
        if not whole:
            status = {key: status[key] for key in FOR_GUESTS if key in status}
        return {
            "running": known.running,
            "problem": known.problem if whole or known.running else "not running",
            "status": dict(status) or None,
            "training": (dict(known.training) or None) if whole else None,
            "numbers": {one.name: one.to_json() for one in known.state.numbers},
            "now": round(time.time(), 3),
        }


def touch(path: Path) -> None:
    """Set a file's time to now; make it if it is not there. Does nothing where it cannot be."""
    with suppress(OSError):
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644))
        os.utime(path)


def _stamp(path: Path) -> tuple[int, int] | None:
    """What changes when a file is replaced; None if it is not there."""
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_ino, about.st_mtime_ns
