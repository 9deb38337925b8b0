"""What the main loop works with, beside the camera, the weights and the outputs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from pi_reader.box.button_actions import Button, ButtonActions
from pi_reader.box.heap import Heap
from pi_reader.box.host_monitor import HostMonitor
from pi_reader.box.memory_sync import MemorySync
from pi_reader.box.number_watch import NumberWatch
from pi_reader.box.problems import Problems
from pi_reader.box.reading_log import ReadingLog
from pi_reader.box.request_handler import RequestHandler
from pi_reader.box.status_file import StatusFile
from pi_reader.box.systemd_notifier import SystemdNotifier
from pi_reader.box.view import View
from pi_reader.inputs.none import NoButton


@dataclass(frozen=True)
class Clocks:
    """The time. now: seconds, monotonic; wall: seconds since 1970; sleep: waits for seconds."""

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


@dataclass
class Services:
    """Who does what beside reading.

    request_handler: None if nobody may ask; status_file: None if nobody is told; memory: None where
    nothing is taught; heap: None for a process that ends soon; view: where watchers see the frames,
    None for none.
    """

    problems: Problems
    reading_log: ReadingLog
    host_monitor: HostMonitor
    actions: ButtonActions
    button: Button = field(default_factory=NoButton)
    notifier: SystemdNotifier = field(default_factory=lambda: SystemdNotifier({}))
    request_handler: RequestHandler | None = None
    status_file: StatusFile | None = None
    memory: MemorySync | None = None
    heap: Heap | None = None
    view: View | None = None
    numbers: NumberWatch = field(default_factory=lambda: NumberWatch(()))

    @classmethod
    def bare(cls, log: Callable[[str], None], clocks: Clocks) -> Self:
        """Those of a box that keeps nothing. log: is given lines for people."""
        problems = Problems(log)
        reading_log = ReadingLog(problems, wall=clocks.wall)
        monitor = HostMonitor(problems, wall=clocks.wall)
        return cls(problems, reading_log, monitor, ButtonActions(reading_log))
