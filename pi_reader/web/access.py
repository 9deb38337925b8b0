"""Who somebody is to the page: guest, pupil or owner; pairing by a code, sessions, and tokens.

A code of six digits is shown on the box itself, so only who stands before it can become an owner.
Of a session the box keeps no more than the sha256. The page's process and `pi-reader web` share two
small files under a lock. Codes lie in memory and count boot time, which nobody can set: they are
gone when the box is switched off, and a clock that is set for the first time does not end them.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pi_reader.config import Folders
from pi_reader.errors import BadData, CannotWrite, MissingFile, PiReaderError
from pi_reader.files import identity_of, locked, read_json, write_json
from pi_reader.web.answers import Failed

OPEN, READING, PICTURE, PUPIL, OWNER = "open", "reading", "picture", "pupil", "owner"
LEVELS = (OPEN, READING, PICTURE, PUPIL, OWNER)  # each may do what those before it may
GUEST = "guest"
GUEST_MAY = {"nothing": OPEN, "reading": READING, "picture": PICTURE}

CODE_SECONDS = 600.0
GUESSES = 5  # for the whole box; then a new code is needed
FIRST_LOCK, LONGEST_LOCK = 60.0, 3600.0  # seconds without a new code, doubled with each one spent
MOST_SESSIONS = 64  # the one that was seen longest ago goes first, and pupils before owners
DAYS = 90  # without a visit, after which a session ends
_SEEN_EVERY = 86400.0  # seconds between two notes that a session was seen: they wear the card


@dataclass(frozen=True)
class Session:
    """A browser that was paired, or a token for scripts.

    sha256: of its secret; role: "pupil" or "owner"; kind: "session" or "token"; name: for people;
    since, seen: seconds since 1970.
    """

    sha256: str
    role: str
    kind: str
    name: str
    since: float
    seen: float

    @property
    def is_sound(self) -> bool:
        """Whether all of it is of the right kind, as in no damaged file."""
        kinds = [type(value) for value in asdict(self).values()]
        return kinds == [str] * 4 + [float] * 2 and self.role in (PUPIL, OWNER)

    @property
    def id(self) -> str:
        """Its short name, by which it can be ended."""
        return self.sha256[:8]


@dataclass(frozen=True)
class Code:
    """The code of the moment; until: seconds since boot; once: whether it is good for one only.
    strikes: how many codes in a row were spent by wrong guesses; locked: until when, since boot,
    nobody at the page gets a new one."""

    code: str = ""
    role: str = OWNER
    once: bool = True
    until: float = 0.0
    guesses: int = 0
    strikes: int = 0
    locked: float = 0.0


def since_boot() -> float:
    """Seconds since the system was started."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Access:
    """Codes and sessions of a box. clock: seconds since 1970; boot: since the start."""

    def __init__(
        self,
        folders: Folders,
        clock: Callable[[], float] = time.time,
        boot: Callable[[], float] = since_boot,
    ) -> None:
        self._sessions_file = folders.web_state / "sessions.json"
        self._code_file = folders.web_runtime / "code.json"
        self._clock, self._boot = clock, boot
        self._known: tuple[object, dict[str, Session]] = None, {}  # with the file's stamp

    # Codes

    @property
    def code(self) -> Code:
        """The code of the moment."""
        try:
            code = Code(**read_json(self._code_file))
            kinds = [type(value) for value in asdict(Code()).values()]
            sound = [type(value) for value in asdict(code).values()] == kinds
        except (MissingFile, BadData, TypeError):
            return Code()
        return code if sound else Code()

    def facts(self) -> dict[str, int]:
        """What everybody may know of the code: seconds that it is good for, guesses left, seconds
        until a new one can be had."""
        code, now = self.code, self._boot()
        left = max(0.0, code.until - now) if code.guesses and code.code else 0.0
        return {
            "seconds": round(left),
            "guesses": code.guesses if left else 0,
            "locked": round(max(0.0, code.locked - now)),
        }

    def new_code(self, role: str = OWNER, unlocked: bool = False) -> Code:
        """The code to be shown: the one that counts, or a new one. Raises Failed while there is
        none to be had; unlocked: for who asks at the box itself, or is its owner."""
        with self._locked(self._code_file):
            code, now = self.code, self._boot()
            if code.locked > now and not unlocked:
                raise self._lock_of(code)
            if not (code.code and code.until > now and code.guesses and code.role == role):
                code = Code(
                    f"{secrets.randbelow(10**6):06}", role, role == OWNER, now + CODE_SECONDS,
                    GUESSES, code.strikes, code.locked,
                )  # fmt: skip
                self._write_code(code)
            return code

    def pair(self, guess: str, name: str) -> tuple[str, str]:
        """The secret of a new session and its role, for who knows the code. Raises Failed."""
        with self._locked(self._code_file):
            code, now = self.code, self._boot()
            if not (code.code and code.until > now and code.guesses):
                if code.locked > now:
                    raise self._lock_of(code)
                raise Failed(410, "code: there is none, or it is too old; ask for a new one")
            if not hmac.compare_digest(guess.encode(), code.code.encode()):
                code = replace(code, guesses=code.guesses - 1)
                if not code.guesses:
                    pause = min(LONGEST_LOCK, FIRST_LOCK * 2**code.strikes)
                    code = replace(code, strikes=min(code.strikes + 1, 30), locked=now + pause)
                self._write_code(code)
                raise Failed(401, "code: is another one; look again", guesses=code.guesses)
            self._write_code(Code() if code.once else replace(code, guesses=GUESSES))
        return self.add(code.role, "session", name), code.role

    def _lock_of(self, code: Code) -> Failed:
        seconds = round(code.locked - self._boot()) + 1
        return Failed(
            429,
            f"code: was guessed wrongly {GUESSES} times; wait {seconds} seconds for a new one, or "
            "have `sudo pi-reader web code` give one",
            seconds=seconds,
        )

    def _write_code(self, code: Code) -> None:
        write_json(self._code_file, asdict(code), 0o600, sync=False)

    # Sessions

    def who(self, secret: str) -> Session | None:
        """The session with that secret, if it counts."""
        session = self._sessions().get(_digest(secret))
        if session is None:
            return None
        if not 0 <= self._clock() - session.seen < _SEEN_EVERY:
            with contextlib.suppress(PiReaderError):  # a full card ends no session
                self._change(lambda sessions: _note(sessions, session, self._clock()))
        return session

    def holds(self, session: Session | None) -> bool:
        """Whether a session has not been ended; a guest has none."""
        return session is None or session.sha256 in self._sessions()

    def sessions(self) -> list[Session]:
        """All of them, the oldest first."""
        return sorted(self._sessions().values(), key=lambda session: session.since)

    def add(self, role: str, kind: str, name: str) -> str:
        """The secret of a new session or token; it is never told again. Raises CannotWrite."""
        secret, now = secrets.token_urlsafe(32), self._clock()
        new = Session(_digest(secret), role, kind, name[:60], now, now)
        self._change(lambda sessions: sessions | {new.sha256: new})
        return secret

    def end(self, *ids: str) -> int:
        """End sessions by their ids, all without any; gives how many. Raises CannotWrite."""
        before = len(self._sessions())
        if ids:
            self._change(lambda all_: {k: one for k, one in all_.items() if one.id not in ids})
        else:
            self._change(lambda sessions: {})
        return before - len(self._sessions())

    def _sessions(self) -> dict[str, Session]:
        """By their sha256; read again when the file has changed."""
        found = identity_of(self._sessions_file)
        stamp = found and (found, self._sessions_file.stat().st_mtime_ns)
        known, now = self._known, self._clock()
        if stamp != known[0] or stamp is None:
            known = self._known = stamp, self._read()
        return {key: one for key, one in known[1].items() if now - one.seen < DAYS * 86400}

    def _read(self) -> dict[str, Session]:
        try:
            found = [Session(**values) for values in read_json(self._sessions_file)["sessions"]]
        except (MissingFile, BadData, TypeError, KeyError):
            return {}  # nobody is let in by what is damaged
        return {one.sha256: one for one in found if one.is_sound}

    def _change(self, change: Callable[[dict[str, Session]], dict[str, Session]]) -> None:
        with self._locked(self._sessions_file):
            sessions = sorted(
                change(self._sessions()).values(), key=lambda one: (one.role == OWNER, one.seen)
            )
            kept = [asdict(one) for one in sessions[-MOST_SESSIONS:]]
            write_json(self._sessions_file, {"sessions": kept}, 0o600)

    @contextmanager
    def _locked(self, path: Path) -> Iterator[None]:
        """Keep others from changing a file meanwhile. Raises Busy, CannotWrite."""
        try:
            path.parent.mkdir(0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise CannotWrite(f"{path.parent}: cannot be made ({error.strerror})") from error
        with locked(path.with_suffix(".lock")):
            yield


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _note(sessions: dict[str, Session], session: Session, now: float) -> dict[str, Session]:
    if session.sha256 in sessions:  # it may have been ended meanwhile
        sessions = sessions | {session.sha256: replace(session, seen=now)}
    return sessions


def may(level: str, role: str, guest: str) -> bool:
    """Whether somebody may do what needs a level; guest: the setting of what guests may."""
    held: Any = GUEST_MAY.get(guest, OPEN) if role == GUEST else role
    return LEVELS.index(held) >= LEVELS.index(level)
