"""A picamera2 that behaves as the real one's manual, source and issue threads say, on a bench.

`bench` is what a test sets up and looks at: how many cameras there are, what lies before the lens,
what is broken. Time passes only on the bench's clock: a tenth of a second for each frame. What
would wait for ever fails at once, but for `close`, which waits until `bench.mended` is set.
"""

from __future__ import annotations

import atexit
import errno
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from libcamera import Transform

FRAME_SECONDS = 0.1
DELAY = 3  # frames until a control takes effect
RUBBISH = 0xA5  # what stands in a buffer once it was given back
TARGET = 110.0  # grey level that the automatic exposure aims at
DEFAULT_EXPOSURE = 10_000  # microseconds
CONTROLS = {
    "AeEnable": (False, True, True),
    "ExposureTime": (75, 66_666, 20_000),
    "AnalogueGain": (1.0, 10.7, 1.0),
    "FrameDurationLimits": (16_000, 120_000, None),
    "Sharpness": (0.0, 16.0, 1.0),
    "ScalerCrop": ((0, 0, 64, 64), (0, 0, 3280, 2464), None),
}


@dataclass
class Bench:
    """Everything around the camera, and what was asked of it."""

    cameras: int = 1
    release: str = "0.3.38"
    busy: bool = False
    memory_left: bool = True
    cable_in: bool = True
    breaks: Exception | None = None  # what the next capture raises
    comes_back: bool = False  # whether a camera that is opened anew works again
    stop_hangs: bool = False
    never_settles: bool = False
    tells_exposure: bool = True
    light: float = 1.0  # how bright it is; at 1 the automatic exposure rests at 20 ms
    scene: np.ndarray = field(default_factory=lambda: np.full((480, 640), 100, np.uint8))
    narrower: int = 0  # columns that the camera gives less than was asked for
    controls: dict[str, Any] = field(default_factory=CONTROLS.copy)
    now: float = 0.0
    frames: int = 0
    opened: int = 0
    held_by: Picamera2 | None = None
    asked: list[tuple[int, dict[str, Any]]] = field(default_factory=list)  # frame, controls
    transform: Transform | None = None
    mended: threading.Event = field(default_factory=threading.Event)


bench = Bench()


class Request:
    """A frame in a buffer that belongs to the camera and is lent."""

    def __init__(self, camera: Picamera2, buffer: bytearray, metadata: dict[str, Any]) -> None:
        self.config = camera.camera_configuration()
        self.buffer = buffer
        self._camera = camera
        self._metadata = metadata
        self._released = False

    def get_metadata(self) -> dict[str, Any]:
        assert not self._released, "metadata of a request that was given back"
        return dict(self._metadata)

    def release(self) -> None:
        assert not self._released, "given back twice"
        self._released = True
        self.buffer[:] = bytes([RUBBISH]) * len(self.buffer)  # the next frame is coming in
        self._camera.free.append(self.buffer)


class MappedArray:
    """The buffer as an array, with its padding, as long as the block lasts."""

    def __init__(
        self, request: Request, stream: str, reshape: bool = True, write: bool = True
    ) -> None:
        assert not write, "mapping for writing flushes caches for nothing"
        self._request, self._stream, self._reshape = request, stream, reshape
        self.array: np.ndarray | None = None

    def __enter__(self) -> MappedArray:
        config = self._request.config[self._stream]
        flat = np.frombuffer(self._request.buffer, np.uint8)
        height = config["size"][1]
        self.array = flat.reshape(height * 3 // 2, config["stride"]) if self._reshape else flat
        return self

    def __exit__(self, *_: object) -> None:
        self.array = None
        self._request.buffer.append(0)  # BufferError if a view of it is still alive
        self._request.buffer.pop()


class Picamera2:
    def __init__(self, camera_num: int = 0) -> None:
        if camera_num >= bench.cameras:
            if tuple(map(int, bench.release.split("."))) <= (0, 3, 36):
                raise IndexError("list index out of range")
            raise RuntimeError(
                f'No camera number {camera_num} found - use "rpicam-hello '
                '--list-cameras" to check connected cameras'
            )
        try:
            if bench.busy or bench.held_by is not None:
                raise RuntimeError("Failed to acquire camera: Device or resource busy")
        except RuntimeError as error:
            raise RuntimeError("Camera __init__ sequence did not complete.") from error
        bench.held_by = self
        bench.opened += 1
        if bench.opened > 1 and bench.comes_back:
            bench.cable_in = True
        self.started = False
        self.free: list[bytearray] = []
        self._config: dict[str, Any] = {}
        self._coming: deque[tuple[int, dict[str, Any]]] = deque()
        self._automatic = True
        self._exposure, self._gain = float(DEFAULT_EXPOSURE), 1.0
        self._job_waits = False
        atexit.register(self.close)

    @staticmethod
    def global_camera_info() -> list[dict[str, Any]]:
        return [{"Model": "imx219", "Num": number} for number in range(bench.cameras)]

    @property
    def camera_controls(self) -> Mapping[str, Any]:
        return dict(bench.controls)

    @property
    def sensor_modes(self) -> list[Any]:
        raise AssertionError("asking for the modes reconfigures the camera")

    def create_preview_configuration(
        self,
        main: Mapping[str, Any],
        lores: Any = None,
        raw: Any = "not None",
        transform: Transform | None = None,
        buffer_count: int = 4,
        queue: bool = True,
        controls: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        assert set(main) <= {"format", "size"}
        assert lores is None and raw is None, "streams that nobody reads take memory"
        return {
            "main": dict(main),
            "lores": lores,
            "raw": raw,
            "transform": transform,
            "buffer_count": buffer_count,
            "queue": queue,
            "controls": dict(controls or {}),
        }

    def configure(self, camera_config: Mapping[str, Any]) -> None:
        if self.started:
            raise RuntimeError("Camera must be stopped before configuring")
        main = dict(camera_config["main"])
        if any(side % 2 for side in main["size"]):
            raise RuntimeError("width and height should be even")
        assert main["format"] == "YUV420"
        assert not camera_config["queue"], "a queued frame is older than the question"
        width, height = main["size"][0] - bench.narrower, main["size"][1]
        main |= {"size": (width, height), "stride": -(-width // 64) * 64}
        size = main["stride"] * height * 3 // 2
        if not bench.memory_left:
            raise OSError(errno.ENOMEM, "Cannot allocate memory")
        self._config = {**camera_config, "main": main}
        self.free = [bytearray(size) for _ in range(camera_config["buffer_count"])]
        bench.transform = camera_config["transform"]

    def camera_configuration(self) -> dict[str, Any]:
        return dict(self._config)

    def start(self) -> None:
        if not self._config:
            raise RuntimeError("Camera has not been configured")
        self._coming.clear()  # what was set before does not always last
        self.started = True

    def set_controls(self, controls: Mapping[str, Any]) -> None:
        for name in controls:
            if name not in bench.controls:
                raise RuntimeError(f"Control {name} is not advertised by libcamera")
        bench.asked.append((bench.frames, dict(controls)))
        self._coming.append((bench.frames + DELAY, dict(controls)))

    @contextmanager
    def captured_request(
        self, wait: float | bool | None = None, flush: bool | None = None
    ) -> Iterator[Request]:
        assert wait is not None and wait is not True, "with a loose cable this waits for ever"
        assert self.started
        if bench.breaks is not None:
            error, bench.breaks = bench.breaks, None
            raise error
        if not bench.cable_in or not self.free:
            bench.now += wait
            self._job_waits = True
            raise TimeoutError
        request = self._next()
        try:
            yield request
        finally:
            request.release()

    def cancel_all_and_flush(self) -> None:
        if bench.stop_hangs:  # its thread holds the lock
            bench.mended.wait()
        self._job_waits = False

    def close(self) -> None:
        atexit.unregister(self.close)
        if bench.held_by is not self:
            return
        if bench.stop_hangs:
            bench.mended.wait()
        assert not self._job_waits, "a capture that timed out is still waiting: flush it first"
        self.started = False
        bench.held_by = None

    def _next(self) -> Request:
        bench.now += FRAME_SECONDS
        bench.frames += 1
        while self._coming and self._coming[0][0] < bench.frames:
            self._apply(self._coming.popleft()[1])
        if self._automatic:
            self._adapt()
        height, stride = self._config["main"]["size"][1], self._config["main"]["stride"]
        buffer = self.free.pop(0)
        picture = np.frombuffer(buffer, np.uint8).reshape(height * 3 // 2, stride)
        self._expose(picture)
        metadata = {"SensorTimestamp": int(bench.now * 1e9), "FocusFoM": 1234, "Lux": 80.5}
        if bench.tells_exposure:
            metadata |= {"ExposureTime": int(self._exposure), "AnalogueGain": self._gain}
        return Request(self, buffer, metadata)

    def _expose(self, picture: np.ndarray) -> None:
        """Luminance in the rows and columns of the picture, other things around it."""
        width, height = self._config["main"]["size"]
        picture[:] = 128
        scene = bench.scene[:height, :width]
        if self._config["transform"].hflip:
            scene = scene[:, ::-1]
        if self._config["transform"].vflip:
            scene = scene[::-1]
        if bench.controls.keys() >= {"ExposureTime", "AnalogueGain"}:
            share = bench.light * self._exposure * self._gain / 20_000
            scene = np.clip(scene * share, 0, 255).astype(np.uint8)
        picture[:height, :width] = scene

    def _apply(self, controls: Mapping[str, Any]) -> None:
        if controls.get("AeEnable") is False:
            self._automatic = False
        if controls.get("AeEnable") is True:
            self._automatic = True
        if controls.get("ExposureTime"):  # 0 leaves it automatic
            self._exposure, self._automatic = float(controls["ExposureTime"]), False
        if controls.get("AnalogueGain"):
            self._gain, self._automatic = float(controls["AnalogueGain"]), False

    def _adapt(self) -> None:
        """Half way to the right exposure with each frame, the time first and then the gain."""
        wanted = 20_000 / bench.light
        if bench.never_settles:
            wanted *= 1.5 if bench.frames % 2 else 0.6
        amount = (self._exposure * self._gain * wanted) ** 0.5
        self._exposure = float(min(max(amount, 75), 66_666))
        self._gain = float(min(max(amount / self._exposure, 1), 10.7))
