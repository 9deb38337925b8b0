"""A box in a folder that tells a broker, for tests."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pi_reader.config import Folders, find_folders
from pi_reader.config.settings import LinkSettings
from pi_reader.files import write_json
from pi_reader.link.messages import device_id
from pi_reader.link.service import Link

ME = "pir-0000002a"


class Box:
    """A box in a folder: the status that its service leaves, and its link."""

    def __init__(self, folder: Path, settings: LinkSettings, birth_seconds: float = 0.0) -> None:
        self.folders: Folders = find_folders(folder)
        self.folders.runtime.mkdir(parents=True, exist_ok=True)
        self.settings, self.birth_seconds = settings, birth_seconds
        self.number = 0
        self.log: list[str] = []
        self.status: dict[str, Any] = {"state": "nothing there", "frames": 1, "pid": os.getpid()}
        self.write()

    def write(self, **more: Any) -> None:
        self.status |= more | {"updated": time.time() + 3600}
        write_json(self.folders.status, self.status, sync=False)

    def read(self, text: str) -> None:
        self.number += 1
        last = {"text": text, "when": 1_800_000_000.0 + self.number, "event": self.number}
        last |= {"sure": "?" not in text, "confidence": 0.987}
        self.write(state="reading", text=text, sure="?" not in text, last=last)

    @contextmanager
    def linked(self) -> Iterator[Link]:
        device = device_id(self.settings.id)
        link = Link(self.settings, self.folders, device, self.log.append, self.birth_seconds)
        thread = threading.Thread(target=link.run)
        thread.start()
        try:
            yield link
        finally:
            link.stop()
            thread.join(15)
            assert not thread.is_alive()
