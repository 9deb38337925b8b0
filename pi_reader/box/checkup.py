"""What the doctor finds, for those who ask often: looked for beside, and answered at once.

The doctor loads numpy and all that is stored, which takes a Zero half a minute, so it is a process
of its own, one at a time. Whoever asks is told what is known and how old that is.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from pi_reader.config import Folders
from pi_reader.parts.findings import Verdict

FRESH = 20.0  # seconds for which findings need not be looked for anew
FIRST = 1.0  # seconds that the first one to ask may have to wait
LONGEST = 120.0  # seconds of a doctor; then he is taken for lost

Finding = Mapping[str, Any]  # name, verdict and words, as `doctor --json` has them


class Checkup:
    """The findings of a command that prints them as `pi-reader doctor --json` does.

    clock: seconds, monotonic.
    """

    def __init__(self, command: Sequence[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._command, self._clock = command, clock
        self._news = threading.Condition()
        self._found: list[Finding] = []
        self._at: float | None = None
        self._is_looking = False

    def findings(self, patience: float = FIRST) -> tuple[float | None, list[Finding]]:
        """How old they are in seconds, None if there are none yet, and what is known.

        Has them looked for anew if they are not fresh; patience: seconds that may pass until there
        are any.
        """
        with self._news:
            is_fresh = self._at is not None and self._clock() - self._at < FRESH
            if not is_fresh and not self._is_looking:
                threading.Thread(target=self._look, daemon=True).start()
                self._is_looking = True  # not before: where memory is short, none can be started
            self._news.wait_for(lambda: self._at is not None, patience)
            return None if self._at is None else self._clock() - self._at, self._found

    def _look(self) -> None:
        try:
            found = self._examine()
        except Exception as error:  # whatever it is, the next look may go better
            words = f"did not come to an end ({error!r:.200}); `pi-reader doctor` tells why"
            known = [one for one in self._found if one.get("name") != "doctor"]
            found = [{"name": "doctor", "verdict": str(Verdict.LOOK), "words": words}, *known]
        with self._news:
            self._found, self._at, self._is_looking = found, self._clock(), False
            self._news.notify_all()

    def _examine(self) -> list[Finding]:
        done = subprocess.run(self._command, capture_output=True, timeout=LONGEST, check=False)
        if not done.stdout:
            last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            raise ValueError(f"exit code {done.returncode}, {last or 'without a word'}")
        return [dict(one) for one in json.loads(done.stdout)["checks"]]


@cache
def checkup_of(folders: Folders) -> Checkup:
    """The one of a box."""
    command = [sys.executable, "-I", "-m", "pi_reader", "doctor", "--json"]
    return Checkup(command + ([] if folders.is_device else ["--state", str(folders.state)]))
