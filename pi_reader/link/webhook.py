"""Readings, posted as JSON to a web address, signed so that the other side can trust them.

`X-Pi-Reader-Signature: sha256=...` is the HMAC of the body with the secret that both sides know.
What cannot be delivered waits on the card and is tried again with growing pauses.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from pi_reader import __version__
from pi_reader.config.settings import LinkSettings
from pi_reader.errors import CannotWrite, NoHardware
from pi_reader.link.broker import secret
from pi_reader.link.messages import as_json
from pi_reader.link.spool import Spool

MOST = 100  # readings that wait
PAUSES = (2.0, 10.0, 60.0, 300.0)  # seconds between the five tries
TIMEOUT = 10.0  # seconds for the other side to answer


class _StayHere(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: a signed reading goes to the address that was set, and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        """None: the redirect is an error then."""


def post(settings: LinkSettings, values: Mapping[str, Any]) -> None:
    """Post one message. Raises NoHardware if it does not arrive, BadData without the secret."""
    body = as_json(values).encode()
    headers = {"Content-Type": "application/json", "User-Agent": f"pi-reader/{__version__}"}
    if settings.secret_file:
        digest = hmac.new(secret(settings.secret_file).encode(), body, hashlib.sha256).hexdigest()
        headers["X-Pi-Reader-Signature"] = f"sha256={digest}"
    request = urllib.request.Request(settings.webhook, body, headers, method="POST")
    try:
        with urllib.request.build_opener(_StayHere).open(request, timeout=TIMEOUT):
            pass
    except urllib.error.HTTPError as error:
        error.close()
        raise NoHardware(f"webhook: answers {error.code} {error.reason}") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise NoHardware(f"webhook: cannot be reached ({error})") from error


class Webhook:
    """Posts readings from a thread of its own. trouble: what the last try met, "" if it arrived.

    lost: how many were given up after five tries.
    """

    def __init__(
        self,
        settings: LinkSettings,
        spool: Spool,
        log: Callable[[str], None],
        pauses: tuple[float, ...] = PAUSES,
    ) -> None:
        self.trouble, self.lost = "", 0
        self._settings, self._spool, self._log, self._pauses = settings, spool, log, pauses
        self._lock = threading.Lock()
        self._news = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def waiting(self) -> int:
        """How many are still to be delivered."""
        return len(self._spool.waiting)

    def add(self, reading: dict[str, Any]) -> None:
        """Have a reading posted."""
        with self._lock:
            try:
                self._spool.add(reading)
            except CannotWrite as error:
                self._log(f"webhook: {error}")
        self._news.set()

    def _run(self) -> None:
        while True:
            while self._spool.waiting:
                self._deliver(self._spool.waiting[0])
            self._news.wait()
            self._news.clear()

    def _deliver(self, reading: dict[str, Any]) -> None:
        """Try it five times; then it is given up."""
        for pause in (*self._pauses, None):
            try:
                post(self._settings, reading)
                self.trouble = ""
                break
            except Exception as error:  # whatever the other side does, the next one is tried
                if str(error) != self.trouble:
                    self._log(f"webhook: {error}")
                self.trouble = str(error)
                if pause is None:
                    self.lost += 1
                else:
                    time.sleep(pause)
        with self._lock:
            if self._spool.waiting and self._spool.waiting[0] is reading:  # else it fell off
                try:
                    self._spool.drop()
                except CannotWrite as error:
                    self._log(f"webhook: {error}")
