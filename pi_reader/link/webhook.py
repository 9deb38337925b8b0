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
from pi_reader.errors import NoHardware
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
    """Posts readings from a thread of its own.

    trouble: why the last attempt failed, "" if it did not; lost: how many readings were given up
    after five attempts.
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
        self._news = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def figures(self) -> dict[str, Any]:
        """How it is going; waiting: readings still to be delivered."""
        waiting = len(self._spool.waiting)
        return {"trouble": self.trouble, "lost": self.lost, "waiting": waiting}

    def add(self, reading: dict[str, Any]) -> None:
        """Have a reading posted."""
        self._spool.add(reading)
        self._news.set()

    def _run(self) -> None:
        while True:
            while self._spool.waiting:
                reading = self._spool.waiting[0]
                self._deliver(reading)
                self._spool.drop(first=reading)  # a full queue may have lost it meanwhile
            self._news.wait()
            self._news.clear()

    def _deliver(self, reading: dict[str, Any]) -> None:
        """Try five times, then give up."""
        for pause in (*self._pauses, None):
            try:
                post(self._settings, reading)
                self.trouble = ""
                return
            except Exception as error:  # whatever the other side does, the next one is tried
                if str(error) != self.trouble:
                    self._log(f"webhook: {error}")
                self.trouble = str(error)
            if pause is not None:
                time.sleep(pause)
        self.lost += 1
