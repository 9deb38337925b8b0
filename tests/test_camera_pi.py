"""The Pi's camera: what it gives, how its exposure is held, and every way in which it fails."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from pi_reader.camera import pi
from pi_reader.camera.pi import PiCamera
from pi_reader.errors import BadSettings, Busy, NoHardware, PiReaderError

FAKES = Path(__file__).parent / "fakes"
HELD = {"AeEnable", "ExposureTime", "AnalogueGain"}


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The fake picamera2 instead of a real one, with a fresh bench."""
    for name in ("picamera2", "libcamera"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(FAKES)
    monkeypatch.setattr(pi, "CLOSE_SECONDS", 0.05)
    import picamera2

    yield picamera2
    picamera2.bench.mended.set()
    monkeypatch.undo()  # else it brings back what a test took away
    for name in ("picamera2", "libcamera"):
        sys.modules.pop(name, None)


@pytest.fixture
def bench(fake: ModuleType) -> Any:
    return fake.bench


def camera(bench: Any, **settings: Any) -> PiCamera:
    """A camera on the bench's clock; its log is `bench.log`."""
    bench.log = []
    return PiCamera(log=bench.log.append, clock=lambda: bench.now, **settings)


def gradient(width: int, height: int) -> np.ndarray:
    """(height, width) uint8 that is unlike itself in any other position."""
    across, down = np.arange(width) * 90 // width, np.arange(height)[:, None] * 150 // height
    return (across + down).astype(np.uint8)


def held(bench: Any) -> list[dict[str, Any]]:
    """Every time that the exposure was held or set free."""
    return [controls for _, controls in bench.asked if "AeEnable" in controls]


# What it gives


@pytest.mark.parametrize("size", [(640, 480), (600, 400), (162, 120)])
def test_ok__brightness_without_padding_and_colours(bench: Any, size: tuple[int, int]) -> None:
    bench.scene = gradient(*size)
    with camera(bench, width=size[0], height=size[1]) as lens:
        grey = lens.capture().grey
    assert grey.dtype == np.uint8 and grey.flags.c_contiguous
    assert grey.shape == size[::-1]
    assert np.abs(grey.astype(int) - bench.scene).max() <= 6  # the exposure is near its end


def test_ok__the_size_is_what_the_camera_gives(bench: Any) -> None:
    bench.narrower = 8
    with camera(bench) as lens:
        assert lens.capture().grey.shape == (480, 632)


def test_ok__a_frame_outlives_its_buffer(bench: Any) -> None:
    with camera(bench) as lens:
        frames = [lens.capture() for _ in range(10)]
    assert len({id(frame.grey) for frame in frames}) == 10
    assert all(90 < frame.grey.min() <= frame.grey.max() < 110 for frame in frames)


def test_fail__a_view_that_is_kept_would_be_noticed(fake: ModuleType) -> None:
    """The fake bites: buffers are overwritten, and none may be looked at after its time."""
    device = fake.Picamera2()
    device.configure(
        device.create_preview_configuration(
            {"format": "YUV420", "size": (640, 480)},
            raw=None,
            queue=False,
            buffer_count=3,
            transform=sys.modules["libcamera"].Transform(),
        )
    )
    device.start()
    with device.captured_request(wait=1) as request:
        with pytest.raises(BufferError), fake.MappedArray(request, "main", write=False) as buffer:
            view = buffer.array[:480, :640]
        assert view.mean() < 128
    assert (view == fake.RUBBISH).all()
    with pytest.raises(AssertionError, match="for ever"), device.captured_request():
        pass


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_ok__turned_and_mirrored(bench: Any, rotation: int, mirrored: bool) -> None:
    """`rotation` turns clockwise, after left and right changed places."""
    bench.scene = gradient(640, 480)
    with camera(bench, rotation=rotation, mirrored=mirrored) as lens:
        grey = lens.capture().grey
    upright = bench.scene[:, ::-1] if mirrored else bench.scene
    by_hand = {0: upright, 90: upright[::-1].T, 180: upright[::-1, ::-1], 270: upright.T[::-1]}
    assert np.abs(grey.astype(int) - by_hand[rotation]).max() <= 6
    assert grey.flags.c_contiguous
    assert (bench.transform.hflip, bench.transform.vflip) == (  # the chip does what it can
        mirrored != (rotation >= 180),
        rotation >= 180,
    )


def test_ok__figures_of_the_sensor(bench: Any) -> None:
    with camera(bench) as lens:
        assert lens.figures == {}
        lens.capture()
        assert lens.figures == {
            "exposure_ms": pytest.approx(20, rel=0.05),
            "gain": 1.0,
            "lux": 80.5,
            "focus": 1234,
        }


def test_ok__nothing_is_opened_before_the_first_capture(bench: Any) -> None:
    with camera(bench):
        assert bench.opened == 0


# Exposure


def test_ok__exposure_settles_and_is_held(bench: Any) -> None:
    with camera(bench) as lens:
        frames = [lens.capture() for _ in range(30)]
        (only,) = held(bench)
        assert only == {
            "AeEnable": False,
            "ExposureTime": pytest.approx(20_000, rel=0.05),
            "AnalogueGain": 1.0,
        }
        assert type(only["ExposureTime"]) is int
        bench.never_settles = True  # whatever the camera would like now
        frames += [lens.capture() for _ in range(10)]
    assert len({float(frame.grey.mean()) for frame in frames[5:]}) == 1


def test_ok__what_never_settles_is_held_at_the_deadline(bench: Any) -> None:
    bench.never_settles = True
    with camera(bench, settle_seconds=2.0) as lens:
        lens.capture()
        assert len(held(bench)) == 1
        assert bench.now == pytest.approx(2.0, abs=0.35)


def test_ok__a_dim_room_takes_gain(bench: Any) -> None:
    bench.light = 0.1
    with camera(bench) as lens:
        grey = lens.capture().grey
    assert held(bench)[0]["AnalogueGain"] == pytest.approx(3, rel=0.1)
    assert grey.mean() == pytest.approx(100, abs=6)


@pytest.mark.parametrize("light", [0.4, 2.5])
def test_ok__another_light_is_settled_anew(bench: Any, light: float) -> None:
    with camera(bench) as lens:
        for _ in range(5):  # a held exposure takes some frames to show
            lens.capture()
        bench.light = light
        frames = [lens.capture() for _ in range(40)]
    kept, freed, again = held(bench)
    assert freed["AeEnable"] is True and freed["ExposureTime"] == 0
    assert again["AeEnable"] is False
    assert again["ExposureTime"] * again["AnalogueGain"] == pytest.approx(
        kept["ExposureTime"] / light, rel=0.1
    )
    assert frames[0].grey.mean() == pytest.approx(100 * light, abs=10)
    assert frames[-1].grey.mean() == pytest.approx(100, abs=6)


def test_ok__another_light_with_a_lamp_that_is_lit_only_to_look(bench: Any) -> None:
    """Between two looks the exposure would settle on the dark, and the lamp would glare."""
    with camera(bench) as lens:
        means = []
        for look in range(60):
            bench.light = lit = 1.0 if look < 20 else 0.4
            means.append(float(lens.capture().grey.mean()))
            bench.light = 0.02
            for _ in range(4):
                lens._device._next().release()
            bench.light = lit
    assert means[21] == pytest.approx(40, abs=5) and means[-1] == pytest.approx(100, abs=6)
    assert len(held(bench)) == 3


def test_fail__a_queue_that_cannot_be_flushed_is_closed_all_the_same(
    bench: Any, fake: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Any) -> None:
        raise RuntimeError("no camera manager")

    monkeypatch.setattr(fake.Picamera2, "cancel_all_and_flush", broken)
    with camera(bench) as lens:
        lens.capture()
    assert bench.held_by is None, "else the next opening would find it busy"


def test_ok__a_hand_that_passes_is_not_another_light(bench: Any) -> None:
    with camera(bench) as lens:
        lens.capture()
        for _ in range(10):
            for light in (0.4, 0.4, 0.4, 1.0, 1.0):
                bench.light = light
                lens.capture()
    assert len(held(bench)) == 1


def test_ok__an_exposure_of_ones_own_is_left_alone(bench: Any) -> None:
    with camera(bench, controls={"ExposureTime": 5000, "AnalogueGain": 2.0}) as lens:
        frames = [lens.capture() for _ in range(20)]
    assert held(bench) == []
    assert lens.figures["exposure_ms"] == 5 and lens.figures["gain"] == 2
    assert frames[-1].grey.mean() == 50  # half of what the camera would have chosen


def test_ok__a_camera_without_exposure(bench: Any) -> None:
    """Such as libcamera's virtual one: nothing to hold, nothing to wait for."""
    bench.tells_exposure = False
    bench.controls = {"FrameDurationLimits": (33_333, 100_000, None)}
    with camera(bench) as lens:
        lens.capture()
        assert bench.now < 0.5
        bench.scene = bench.scene // 4
        for _ in range(20):
            lens.capture()
    assert held(bench) == []


# Controls


def test_ok__more_controls(bench: Any) -> None:
    with camera(bench, controls={"Sharpness": 2, "FrameDurationLimits": [50_000, 50_000]}) as lens:
        lens.capture()
    frame, controls = bench.asked[0]
    assert frame == 0 and controls == {"Sharpness": 2.0, "FrameDurationLimits": (50_000, 50_000)}
    assert type(controls["Sharpness"]) is float  # as the sensor's own


@pytest.mark.parametrize(
    ("controls", "words"),
    [
        (
            {"Sharpnes": 2},
            r"^camera.controls.Sharpnes: .* no such control; did you mean Sharpness\?",
        ),
        ({"HdrMode": 1}, r"^camera.controls.HdrMode: .*; it has AeEnable, AnalogueGain, "),
        (
            {"Sharpness": 17},
            r"Sharpness: is 17.0, must be a number from 0.0 to 16.0 for this camera",
        ),
        (
            {"ExposureTime": 9e3},
            r"ExposureTime: is 9000.0, must be a whole number from 75 to 66666",
        ),
        ({"AeEnable": 1}, r"AeEnable: is 1, must be true or false for this camera"),
    ],
)
def test_fail__a_control_that_this_camera_lacks(
    bench: Any, controls: dict[str, Any], words: str
) -> None:
    with camera(bench, controls=controls) as lens:
        for _ in range(2):
            with pytest.raises(BadSettings, match=words):
                lens.capture()
            assert bench.held_by is None


def test_ok__focus_by_motor(bench: Any) -> None:
    bench.controls |= {"AfMode": (0, 2, 0), "LensPosition": (0.0, 10.0, 1.0)}
    with camera(bench, focus_metres=0.25) as lens:
        lens.capture()
    assert bench.asked[0][1] == {
        "AfMode": 0,
        "LensPosition": 4.0,
        "FrameDurationLimits": (100_000, 100_000),
    }


def test_ok__focus_by_hand(bench: Any) -> None:
    with camera(bench, focus_metres=0.25) as lens:
        lens.capture()
    assert bench.log == ["camera: focus_metres is set, but this lens is focused by hand"]
    assert "LensPosition" not in bench.asked[0][1]


def test_fail__nearer_than_the_lens_can(bench: Any) -> None:
    bench.controls |= {"AfMode": (0, 2, 0), "LensPosition": (0.0, 10.0, 1.0)}
    with (
        camera(bench, focus_metres=0.05) as lens,
        pytest.raises(BadSettings, match=r"^camera.focus_metres: is 0.05, but .* from 0.1 m on"),
    ):
        lens.capture()


# No camera


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("release", ["0.3.36", "0.3.38"])
def test_fail__no_camera(
    fake: ModuleType, release: str, listed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is gone between the listing and the opening raises what its release raises."""
    fake.bench.cameras, fake.bench.release = 0, release
    if listed:
        monkeypatch.setattr(fake.Picamera2, "global_camera_info", staticmethod(lambda: [{}]))
    with (
        camera(fake.bench) as lens,
        pytest.raises(
            NoHardware, match=r"^camera: none is found; with the power off, check .* cable"
        ),
    ):
        lens.capture()


def test_fail__busy_until_it_is_free(bench: Any) -> None:
    with camera(bench) as first, camera(bench) as second:
        first.capture()
        with pytest.raises(Busy, match=r"^camera: another program is using it"):
            second.capture()
        first.close()
        second.capture()


def test_fail__too_little_memory(bench: Any) -> None:
    bench.memory_left = False
    with camera(bench) as lens, pytest.raises(NoHardware, match=r"too little memory .* cma=128M"):
        lens.capture()
    assert bench.held_by is None


@pytest.mark.parametrize("missing", ["picamera2", "libcamera"])
def test_fail__not_installed(
    fake: ModuleType, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with (
        camera(fake.bench) as lens,
        pytest.raises(
            NoHardware, match=f"^camera: {missing} is not installed.*sudo apt install .*picamera2"
        ),
    ):
        lens.capture()


def test_fail__built_for_another_numpy(
    bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "picamera2.py").write_text("raise ValueError('numpy.dtype size changed')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "picamera2")
    with camera(bench) as lens, pytest.raises(NoHardware, match=r"size changed.*numpy .* from apt"):
        lens.capture()


def test_fail__of_any_other_kind(fake: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise RuntimeError("Could not open any dmaHeap device")

    monkeypatch.setattr(fake.Picamera2, "start", refuse)
    with (
        camera(fake.bench) as lens,
        pytest.raises(
            NoHardware, match=r"cannot be opened \(Could not open any dmaHeap .* group video"
        ),
    ):
        lens.capture()
    assert fake.bench.held_by is None


# A camera that is lost


def test_ok__one_new_opening_helps(bench: Any) -> None:
    with camera(bench) as lens:
        lens.capture()
        bench.cable_in, bench.comes_back = False, True
        before = bench.now
        assert lens.capture().grey.mean() == pytest.approx(100, abs=6)
        assert bench.now - before < 5 + 3 + 5
        assert bench.log == ["camera: no frame came within 5 s; opening it anew"]
        assert bench.opened == 2
        assert len(held(bench)) == 2  # held again, after the new start
        bench.cable_in = False  # the next time counts anew
        lens.capture()
        assert bench.opened == 3


def test_fail__the_cable_fell_out(bench: Any) -> None:
    with camera(bench, wait_seconds=2.0) as lens:
        lens.capture()
        bench.cable_in = False
        with pytest.raises(
            NoHardware,
            match=(r"^camera: no frame came within 2 s, also after opening it anew; check.* cable"),
        ):
            lens.capture()
    assert bench.opened == 2
    assert bench.held_by is None


def test_fail__never_a_single_frame(bench: Any) -> None:
    bench.cable_in = False
    with camera(bench) as lens, pytest.raises(NoHardware, match="no frame came"):
        lens.capture()
    assert bench.now == 10


@pytest.mark.parametrize("error", [RuntimeError("camera in wrong state"), OSError(5, "I/O error")])
def test_ok__what_breaks_while_it_runs_is_opened_anew(bench: Any, error: Exception) -> None:
    with camera(bench) as lens:
        lens.capture()
        bench.breaks = error
        lens.capture()
    assert bench.opened == 2
    assert len(bench.log) == 1 and "broke while it ran" in bench.log[0]


def test_fail__what_breaks_again_and_again(
    fake: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("Unable to cast Python instance")

    monkeypatch.setattr(fake.Request, "get_metadata", refuse)
    with (
        camera(fake.bench) as lens,
        pytest.raises(
            NoHardware, match=r"Unable to cast.*, also after .* anew; .* camera.controls"
        ),
    ):
        lens.capture()
    assert fake.bench.opened == 2 and fake.bench.held_by is None


def test_fail__closing_hangs(bench: Any) -> None:
    with camera(bench) as lens:
        lens.capture()
        bench.cable_in, bench.stop_hangs = False, True
        with pytest.raises(NoHardware, match=r"^camera: hangs and cannot be closed; the program"):
            lens.capture()
    bench.mended.set()
    for thread in threading.enumerate():
        if thread.name == "closing the camera":
            thread.join(2)


def test_ok__a_hanging_camera_does_not_keep_the_process(bench: Any) -> None:
    """It ends with the code of its error, although a thread of it never will."""
    program = """if True:
        import sys
        from picamera2 import bench
        from pi_reader.camera import pi
        pi.CLOSE_SECONDS = 0.2
        bench.stop_hangs = True
        with pi.PiCamera(clock=lambda: bench.now) as lens:
            lens.capture()
        sys.exit(69)
    """
    done = subprocess.run(
        [sys.executable, "-c", program],
        timeout=10,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(FAKES)},
    )
    assert done.returncode == 69, done.stderr
    assert done.stderr == "camera: could not be closed within 0.2 s; given up\n"


def test_ok__closed_twice_and_used_again(bench: Any) -> None:
    lens = camera(bench)
    lens.close()
    lens.capture()
    lens.close()
    lens.close()
    assert bench.held_by is None
    lens.capture()
    lens.close()


def test_fail__every_failure_is_ours(bench: Any) -> None:
    """Whatever goes wrong at whichever step, the camera is free again."""
    for trouble in ({"cameras": 0}, {"memory_left": False}, {"cable_in": False}):
        for name, value in trouble.items():
            usual = getattr(bench, name)
            setattr(bench, name, value)
            with pytest.raises(PiReaderError), camera(bench) as lens:
                lens.capture()
            setattr(bench, name, usual)
    with camera(bench) as lens:
        lens.capture()
