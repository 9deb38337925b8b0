"""Several outputs at once: what breaks is left out, and comes back."""

from __future__ import annotations

from pi_reader.errors import NoHardware
from pi_reader.outputs.base import Output
from pi_reader.outputs.record import Recording
from pi_reader.outputs.together import Outputs
from pi_reader.state import BoxState
from pi_reader.values import Reading, State

READING = Reading("page", (640, 480))


class Loose(Recording):
    """An output on a loose wire: while `pulled`, neither opened nor used."""

    pulled = False

    def __init__(self) -> None:
        super().__init__()
        self._look()

    def show(self, reading: Reading, frame: object = None) -> None:
        self._look()
        super().show(reading)

    def close(self) -> None:
        super().close()
        self._look()

    def _look(self) -> None:
        if type(self).pulled:
            raise OSError(121, "Remote I/O error")


def test_ok__one_that_breaks_is_logged_once_retried_and_never_stops_the_others() -> None:
    Loose.pulled = False
    opened: list[Loose] = []
    log: list[str] = []
    steady = Recording()

    def display() -> Output:
        opened.append(Loose())
        return opened[-1]

    parts = {"oled": display, "leds": lambda: steady}
    with Outputs(parts, log.append, retry_seconds=60) as outputs:
        outputs.tell(BoxState(State.NOTHING))
        outputs.show(READING)
        assert len(opened) == 1 and not outputs.broken
        Loose.pulled = True
        outputs.show(READING)
        for now in range(1, 200):
            outputs.tick(now)
            outputs.show(READING)
        assert len(log) == 1 and "oled" in log[0] and "Remote I/O error" in log[0]
        assert set(outputs.broken) == {"oled"}
        assert len(steady.shown) == 200 and len(steady.ticks) == 199
        assert opened[0].closed == 1
        Loose.pulled = False
        outputs.tick(240)
        assert len(opened) == 1, "not yet: it was tried at 181"
        outputs.tick(241)
        assert not outputs.broken and len(log) == 2 and "again" in log[1]
        assert list(opened[1].told) == [BoxState(State.NOTHING)], "it is shown what it missed"
        assert list(opened[1].shown) == [READING]
    assert (steady.closed, opened[1].closed) == (1, 1)


def test_ok__what_comes_and_goes_is_tried_more_and_more_seldom() -> None:
    class Loose(Recording):
        def tick(self, now: float) -> None:
            if not 50_000 <= now < 60_000:
                raise OSError(121, "Remote I/O error")

    log: list[str] = []
    outputs = Outputs({"oled": Loose}, log.append)
    for now in range(60_000):
        outputs.tick(now)
    waits = [line.partition(" s: ")[0].rpartition(" ")[2] for line in log if " broken" in line]
    assert waits == ["60", "120", "240", "480", "960", "1920", *["3600"] * (len(waits) - 6)]
    assert len(log) < 50 and "works again" in log[-1]
    outputs.tick(60_000)
    assert "every 60 s" in log[-1], "it had held for hours"


def test_ok__a_part_that_is_missing_from_the_start_comes_later() -> None:
    there = False
    log: list[str] = []

    def display() -> Output:
        if not there:
            raise NoHardware("oled: no display at address 0x3c; look at its four wires")
        return Recording()

    outputs = Outputs({"oled": display}, log.append, retry_seconds=10)
    outputs.tick(0.0)
    assert outputs.broken == {"oled": "no display at address 0x3c; look at its four wires"}
    there = True
    outputs.tick(9.0)
    assert outputs.broken
    outputs.tick(20.0)
    assert not outputs.broken
    outputs.close()
    outputs.close()


def test_ok__nothing_is_opened_before_it_is_needed_nor_after_the_end() -> None:
    opened: list[Recording] = []

    def lamp() -> Output:
        opened.append(Recording())
        return opened[-1]

    outputs = Outputs({"lamp": lamp}, print)
    assert not opened
    outputs.show(READING)
    assert len(opened) == 1
    outputs.close()
    outputs.show(READING)
    outputs.tick(1.0)
    assert len(opened) == 1 and len(opened[0].shown) == 1


def test_ok__a_recording_does_not_grow_for_ever() -> None:
    with Recording(most=5) as recording:
        for _ in range(50):
            recording.show(READING)
            recording.tick(1.0)
    assert (len(recording.shown), len(recording.ticks), recording.closed) == (5, 5, 1)
    assert recording.texts == [""] * 5
