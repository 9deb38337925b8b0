"""When exposure is held, and when it is let go: worked by hand, frame by frame."""

from __future__ import annotations

import pytest

from pi_reader.camera.exposure import Exposure

STEADY = {"ExposureTime": 20_000, "AnalogueGain": 1.5}


class Watch:
    """An exposure that sees a frame every tenth of a second."""

    def __init__(self) -> None:
        self.now = 0.0
        self.exposure = Exposure(3.0, lambda: self.now)

    def saw(self, mean: float, time: float = 20_000, gain: float = 1.5) -> dict[str, object]:
        self.now += 0.1
        return dict(self.exposure.saw({"ExposureTime": time, "AnalogueGain": gain}, mean))


def holding(mean: float) -> Watch:
    """One whose exposure is held at that brightness."""
    watch = Watch()
    for _ in range(4):
        assert watch.saw(mean) == {}
    assert watch.saw(mean) == {"AeEnable": False, "ExposureTime": 20_000, "AnalogueGain": 1.5}
    assert watch.exposure.held
    return watch


def test_ok__five_frames_that_agree_are_enough() -> None:
    holding(110)


def test_ok__two_per_cent_apart_agree_and_five_do_not() -> None:
    watch = Watch()
    for time in (18_000, 19_000, 20_000, 21_000, 20_000, 20_100, 20_200, 20_100):
        assert watch.saw(110, time) == {}  # the 21 ms are still among the last five
    assert watch.saw(110, 20_300)["ExposureTime"] == 20_300


def test_ok__time_and_gain_count_together() -> None:
    watch = Watch()
    for n in range(4):
        assert watch.saw(110, 20_000 + 1000 * n, 30_000 / (20_000 + 1000 * n)) == {}
    assert watch.saw(110, 24_000, 1.25)["ExposureTime"] == 24_000


@pytest.mark.parametrize(
    ("held", "still", "other"),
    [
        (110, (83, 137), (82, 138)),  # a quarter of the way to black
        (200, (187, 213), (186, 214)),  # of the way to white: near it there is less to see
        (10, (2, 18), (1, 19)),  # and never less than the noise of a dark room
    ],
)
def test_ok__the_band(held: float, still: tuple[float, ...], other: tuple[float, ...]) -> None:
    for mean in still:
        watch = holding(held)
        assert [watch.saw(mean) for _ in range(50)] == [{}] * 50
    for mean in other:
        watch = holding(held)
        assert [watch.saw(mean) for _ in range(4)] == [{}] * 4
        assert watch.saw(mean)["AeEnable"] is True
        assert not watch.exposure.held


def test_ok__four_frames_are_a_hand() -> None:
    watch = holding(110)
    for _ in range(20):
        for mean in (40, 40, 40, 40, 110):
            assert watch.saw(mean) == {}


def test_ok__the_old_exposure_is_not_taken_for_a_new_one() -> None:
    """A camera goes on with what it had for some frames after it was set free."""
    watch = holding(110)
    while not watch.saw(30):
        pass
    for _ in range(7):
        assert watch.saw(30) == {}
    for time in (30_000, 45_000, 60_000, 60_000, 60_000, 60_000, 60_000):
        held = watch.saw(110, time)
    assert held["ExposureTime"] == 60_000


def test_ok__what_cannot_be_brighter_is_not_tried_for_ever() -> None:
    """In the dark the camera is at its end; that is held, until there is light."""
    watch = holding(110)
    said = [controls for _ in range(200) if (controls := watch.saw(4))]
    assert [controls["AeEnable"] for controls in said] == [True, False]
    lit = [watch.saw(90) for _ in range(5)]
    assert lit[-1]["AeEnable"] is True
