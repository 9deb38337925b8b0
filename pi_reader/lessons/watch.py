"""A folder that a class puts its photographs into: each is given once, as soon as it is whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pi_reader.errors import MissingFile
from pi_reader.files import make_folder

_OFTEN = 0.5  # seconds between two looks


class WatchedFolder:
    """The photographs in a folder, and those that come into it, one after the other and for ever.

    A file is taken once its size has stayed the same from one look to the next, since a phone
    sends it piece by piece; one that is changed later is taken again. What begins with a dot is
    passed over. wait: waits until the next look; it ends the watching by returning True.
    """

    def __init__(self, folder: Path, wait: Callable[[], object] | None = None) -> None:
        self.folder = Path(folder).expanduser()
        self._wait = wait or (lambda: time.sleep(_OFTEN))
        make_folder(self.folder)

    def __str__(self) -> str:
        return str(self.folder)

    def __iter__(self) -> Iterator[Path]:
        """Paths in the order in which they were written. Raises MissingFile if the folder goes."""
        given: dict[Path, tuple[int, int]] = {}
        before: dict[Path, tuple[int, int]] = {}
        while True:
            now = self._look()
            for path in sorted(now, key=lambda path: (now[path][1], path.name)):
                size, _ = now[path]
                if size and now[path] == before.get(path) and now[path] != given.get(path):
                    given[path] = now[path]
                    yield path
            before = now
            if self._wait() is True:
                return

    def _look(self) -> dict[Path, tuple[int, int]]:
        """Size in bytes and time of the last change of each file there."""
        found = {}
        try:
            paths = list(self.folder.iterdir())
        except OSError as error:
            raise MissingFile(f"{self.folder}: is gone, {error.strerror}") from error
        for path in paths:
            try:
                if path.is_file() and not path.name.startswith("."):
                    about = path.stat()
                    found[path] = (about.st_size, about.st_mtime_ns)
            except OSError:
                continue  # it went between two looks
        return found
