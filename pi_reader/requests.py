"""Requests between processes: a client leaves a small file in a folder, and the service takes it.

The service alone holds the camera and the pins, and the training is a process of its own, so
`read`, `aim`, `samples label` and SSH callers have to send a request. It is a JSON file in one
folder; taking it removes it, so that no two processes handle it; the answer is a file beside it.
Files survive a power cut and need no port, no bus and no root.

Only `retrain` has a fixed file name, because systemd watches for it; several requests are one.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pi_reader.errors import BadData, Busy, CannotWrite, MissingFile
from pi_reader.files import durable, read_json, write_json

KINDS: tuple[str, ...] = ("read", "aim", "doctor", "label", "cancel", "retrain", "reload")
KINDS += ("relabel", "drop", "use", "rollback")  # changes that a member of the group asks for
KINDS += ("import", "offer")  # each with a file beside it
KINDS += ("freeze", "release", "identify")
KINDS += ("code", "reading", "settings")  # what the page asks for
KINDS += ("reference",)  # the frame that tells where numbers stand
MOST_QUEUED = 50  # requests; if more are waiting, nobody is taking them
MOST_BYTES = 64 << 10  # of one request
LARGEST_FILE = 64 << 20  # bytes of a file that comes with a request
MOST_FILES = 4  # waiting at once: a card has little room
LARGEST_ANSWER = 1 << 20  # bytes; each digit of a page takes some 250
STALE_AFTER = 3600.0  # seconds: nobody waits that long for an answer

_FOLDER_MODE = 0o2770  # writable by the box's group, setgid so that files belong to it
_FILE_MODE = 0o660
_POLL = 0.05  # seconds between two checks for an answer
_NAME = re.compile(r"(?P<kind>[a-z]+)-(?P<when>[0-9]{1,20})-[0-9a-f]{8}\.json")
_FILE = ".handed-in"  # suffix of files that come with a request
_FILE_NAME = re.compile(r"[0-9a-f]{16}\.handed-in")
_LASTING = "retrain"  # never goes stale, and always has this name
_PATIENT = ("import", "offer")  # come with a file, which waits for the end of a training
_PATIENCE = 7 * 86400.0  # seconds until they are stale
_JUMP = 60.0  # seconds by which the wall clock is set, from which on ages are not believed


@dataclass(frozen=True)
class Request:
    """One request.

    kind: one of KINDS; words: its arguments, JSON values; name: of its file.
    when: seconds since 1970 by the client's clock.
    """

    kind: str
    words: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    when: float = 0.0


class Requests:
    """The folder of requests.

    report: called with a line for each request that is discarded, saying why.
    clock: seconds since 1970; monotonic: seconds; sleep: sleeps for some seconds.
    """

    def __init__(
        self,
        folder: Path,
        report: Callable[[str], None] = lambda line: None,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.folder = Path(folder)
        self._report = report
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._offset = clock() - monotonic()  # of the wall clock, which is set now and then
        self._trusted_from = -float("inf")  # when a file's age says how long it has been there

    def ask(self, kind: str, **words: Any) -> Request:
        """Send a request, durably.

        Raises Busy if too many are queued, CannotWrite if the folder cannot be written.
        """
        if kind not in KINDS:
            raise ValueError(f"{kind}: no kind of request")
        self._make_folder()
        if sum(1 for _ in self._waiting()) >= MOST_QUEUED:
            raise Busy(
                f"{self.folder}: {MOST_QUEUED} requests wait and nobody takes them; is the "
                "service running? `pi-reader status` tells"
            )
        when = self._clock()
        name = (
            _LASTING
            if kind == _LASTING
            else f"{kind}-{int(when * 1e6):018d}-{secrets.token_hex(4)}.json"
        )
        write_json(self.folder / name, {"kind": kind, "when": when, "words": words}, _FILE_MODE)
        return Request(kind, words, name, when)

    def ask_with_file(self, kind: str, content: bytes) -> Request:
        """Send a request that comes with a file, durably. Raises like `ask`."""
        self._make_folder()
        if sum(name.endswith(_FILE) for name in os.listdir(self.folder)) >= MOST_FILES:
            raise Busy(f"{self.folder}: {MOST_FILES} files wait already; try again later")
        name = f"{secrets.token_hex(8)}{_FILE}"
        with durable(self.folder / name, _FILE_MODE) as handle:
            handle.write(content)
        try:
            return self.ask(kind, file=name)
        except BaseException:
            self._remove(name)
            raise

    def file_of(self, request: Request) -> bytes:
        """Read and delete the file that came with a request. Raises BadData or MissingFile."""
        name = request.words.get("file")
        if not isinstance(name, str) or not _FILE_NAME.fullmatch(name):
            raise BadData(f"{request.kind}: its file is {name!r:.40}, which is no name of ours")
        path = self.folder / name
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(descriptor, "rb") as handle:
                found = os.fstat(descriptor)
                if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_FILE:
                    raise BadData(f"{path}: is no file, or larger than {LARGEST_FILE >> 20} MB")
                return handle.read(LARGEST_FILE)
        except FileNotFoundError as error:
            raise MissingFile(f"{path}: there is no such file") from error
        except OSError as error:
            raise BadData(f"{path}: cannot be read ({error.strerror})") from error
        finally:
            self._remove(name)

    def take(self, *kinds: str, most: int | None = None) -> list[Request]:
        """Take the requests of these kinds, oldest first, at most `most`, out of the folder.

        Damaged, unknown and stale requests are removed and reported. A folder that is missing or
        not readable counts as empty. Raises ValueError for a kind that nobody can ask for.
        """
        if unknown := set(kinds) - set(KINDS):
            raise ValueError(f"{', '.join(sorted(unknown))}: no kind of request")
        self._sweep()  # first: yesterday's forgotten `cancel` must not stop tonight's training
        taken: list[Request] = []
        for name, kind in sorted(self._waiting(), key=lambda item: _when(item[0])):
            if len(taken) == most:
                break
            if kind in kinds and (request := self._open(name, kind)) and self._remove(name):
                taken.append(request)
        return taken

    def answer(self, request: Request, values: Mapping[str, Any]) -> None:
        """Answer a request. Raises CannotWrite."""
        if request.kind != _LASTING:
            write_json(self._answer_path(request), values, _FILE_MODE)

    def wait(self, request: Request, seconds: float) -> dict[str, Any]:
        """Wait for the answer to a request; one that nobody took in time is withdrawn.

        seconds: to wait until it is taken, and as long again for the answer. Raises Busy.
        """
        path = self._answer_path(request)
        for step in ("taken", "answered"):
            for _ in range(max(1, round(seconds / _POLL))):
                with contextlib.suppress(MissingFile, BadData):
                    values = read_json(path, LARGEST_ANSWER)
                    self._remove(path.name)
                    return values
                self._sleep(_POLL)
            if step == "taken" and self._remove(request.name):
                raise Busy(
                    f"{request.kind}: nobody took it up within {seconds:g} seconds; is the "
                    "service running? `pi-reader status` tells"
                )
        raise Busy(
            f"{request.kind}: was taken up but not answered within {2 * seconds:g} seconds; "
            "`pi-reader status` tells what goes on"
        )

    def withdraw(self, request: Request) -> bool:
        """Withdraw a request; False if it has already been taken."""
        return self._remove(request.name)

    def _waiting(self) -> Iterator[tuple[str, str]]:
        """Names and kinds of the requests in the folder."""
        with contextlib.suppress(OSError):
            for name in os.listdir(self.folder):
                if name == _LASTING:
                    yield name, _LASTING
                elif match := _NAME.fullmatch(name):
                    yield name, match["kind"]

    def _open(self, name: str, kind: str) -> Request | None:
        """Read and remove a request's file; None if it is invalid or was already taken."""
        try:
            values = read_json(self.folder / name, MOST_BYTES)
            request = Request(kind, values["words"], name, float(values["when"]))
            if values["kind"] != kind or not isinstance(request.words, dict):
                raise ValueError("its kind or words are wrong")
        except MissingFile:  # somebody else took it
            return None
        except (BadData, KeyError, OverflowError, TypeError, ValueError) as error:
            if kind == _LASTING:  # touching that file is enough, whatever its content
                return Request(kind, {}, name, self._clock())
            if self._remove(name):
                self._report(f"request {name}: thrown away, it is damaged ({error})")
            return None
        return request

    def _sweep(self) -> None:
        """Remove what nobody will take: unknown names, stale requests, unread answers.

        A request that was made before the clock was set looks old at once; so for as long as one
        may wait, none is stale.
        """
        now, offset = self._monotonic(), self._clock() - self._monotonic()
        if abs(offset - self._offset) > _JUMP:
            self._trusted_from = now + STALE_AFTER
        self._offset = offset
        with contextlib.suppress(OSError):
            for name in os.listdir(self.folder):
                match = _NAME.fullmatch(name)
                known = name == _LASTING or (match and match["kind"] in KINDS)
                visible = not name.startswith(".") and not name.endswith((".answer", _FILE))
                if visible and not known and self._remove(name):
                    self._report(f"request {name}: thrown away, there is no such request")
                elif self._is_stale(name, match) and self._remove(name) and known:
                    self._report(f"request {name}: thrown away, nobody took it for an hour")

    def _is_stale(self, name: str, match: re.Match[str] | None) -> bool:
        if name == _LASTING or self._monotonic() < self._trusted_from:
            return False
        waits = name.endswith(_FILE) or (match and match["kind"] in _PATIENT)
        try:
            age = self._clock() - (self.folder / name).stat().st_mtime
        except OSError:
            return False
        return age > (_PATIENCE if waits else STALE_AFTER)

    def _remove(self, name: str) -> bool:
        """Remove a file; whether it was there and this process removed it.

        A folder in its place is renamed to a hidden name: we may not be allowed to empty it.
        """
        path = self.folder / name
        try:
            if path.is_dir() and not path.is_symlink():
                path.rename(self.folder / f".odd-{secrets.token_hex(4)}")
            else:
                path.unlink()
        except OSError:
            return False
        return True

    def _answer_path(self, request: Request) -> Path:
        return self.folder / request.name.replace(".json", ".answer")

    def _make_folder(self) -> None:
        try:
            if not self.folder.is_dir():
                self.folder.mkdir(parents=True, exist_ok=True)
                self.folder.chmod(_FOLDER_MODE)
        except OSError as error:
            raise CannotWrite(
                f"{self.folder}: cannot be made ({error.strerror}); run as the "
                "box's own user or with sudo"
            ) from error


def _when(name: str) -> int:
    """When a request was made, according to its name; `retrain` sorts first."""
    match = _NAME.fullmatch(name)
    return int(match["when"]) if match else 0
