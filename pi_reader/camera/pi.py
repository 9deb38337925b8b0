"""The camera on a Raspberry Pi's ribbon cable, through picamera2.

Only brightness is requested, which costs nothing: the first plane of a YUV420 picture. Each
capture has a timeout, since a camera with a loose cable raises no error. It is reopened once; if
that does not help, the process should end and be restarted.
"""

from __future__ import annotations

import atexit
import difflib
import errno
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from pi_reader.camera.exposure import Exposure
from pi_reader.camera.image_quality import conditions
from pi_reader.errors import BadSettings, Busy, NoHardware
from pi_reader.parts import Closing, Part, PartContext
from pi_reader.parts.findings import Finding, Machine, absent, well, worth_a_look
from pi_reader.parts.part import to_stderr
from pi_reader.values import ADVICE, Frame

CLOSE_SECONDS = 3.0
"""How long closing may take; with a loose cable it can hang in the kernel and never return."""

_BUFFERS = 3  # one being filled, one queued, one being read; memory for buffers is scarce
# Microseconds from frame to frame. Ten a second are enough to read by, allow long exposures in a
# dim room, and leave a Zero, which spends milliseconds on each, its time for reading.
_FRAME_TIME = (100_000, 100_000)
_THINNED = 16  # sampling every 16th row and column is enough to measure the brightness
_MANUAL_FOCUS = 0  # libcamera's AfModeManual
_OURS = {"AeEnable", "ExposureTime", "AnalogueGain"}  # setting these disables our own control
_FIGURES = {
    "exposure_ms": ("ExposureTime", 0.001),
    "gain": ("AnalogueGain", 1.0),
    "lux": ("Lux", 1.0),
    "focus": ("FocusFoM", 1.0),
}
_INSTALL = "sudo apt install --no-install-recommends python3-picamera2"


class PiCamera(Closing):
    """The camera module, opened by the first capture, so that a lamp can be lit before.

    width, height: of the picture before rotation, in pixels, even; the sensor may deliver a
    similar size. rotation: degrees clockwise that turn the picture upright: 0, 90, 180, 270.
    mirrored: whether it is seen through a mirror; it is flipped horizontally before rotation.
    focus_metres: distance of the paper, for a motorised lens; 0 leaves the lens alone.
    settle_seconds: how long the exposure may take to settle. wait_seconds: how long a frame may
    take. controls: more of picamera2's controls by name. log: is given a line about each event
    that is no error.
    figures: of the last frame, as far as the sensor provides them: exposure_ms, gain (factor),
    lux, focus (higher is sharper).
    """

    def __init__(
        self,
        width: int = 640,
        height: int = 480,
        rotation: int = 0,
        mirrored: bool = False,
        focus_metres: float = 0.0,
        settle_seconds: float = 3.0,
        wait_seconds: float = 5.0,
        controls: Mapping[str, Any] | None = None,
        log: Callable[[str], None] = to_stderr,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.figures: dict[str, float] = {}
        self._size = width, height
        self._upside_down = rotation in (180, 270)
        self._turns = -1 if rotation in (90, 270) else 0  # quarter turns, anticlockwise
        self._mirrored = mirrored
        self._focus_metres = focus_metres
        self._settle_seconds = settle_seconds
        self._wait = wait_seconds
        self._controls = dict(controls or {})
        self._log = log
        self._clock = clock
        self._device: Any = None
        self._exposure: Exposure | None = None

    def capture(self) -> Frame:
        """The next frame, exposed after the call.

        Takes at most about two waits plus settling and closing. Raises NoHardware if there is no
        camera or it is lost, Busy if another program uses it, BadSettings if it lacks a requested
        control.
        """
        try:
            return self._open_and_take()
        except _Stalled as stalled:
            self._log(f"camera: {stalled}; opening it anew")
        self._abandon()
        try:
            return self._open_and_take()
        except _Stalled as stalled:
            self._abandon()
            raise NoHardware(
                f"camera: {stalled}, also after opening it anew; {stalled.advice}"
            ) from stalled

    def close(self) -> None:
        """Release the camera, or abandon it if that takes too long."""
        device, self._device = self._device, None
        if device is not None and not _closed(device):
            self._log(f"camera: could not be closed within {CLOSE_SECONDS:g} s; given up")

    def _open_and_take(self) -> Frame:
        if self._device is None:
            self._open()
        frame = self._take()
        # All at once: a light over the page is on only now, and an exposure that settled in the
        # dark would glare.
        while self._exposure is not None and not self._exposure.held:
            frame = self._take()
        return frame

    def _take(self) -> Frame:
        """One frame, copied from the camera's buffer, which is returned at once."""
        width, height = self._size
        try:
            with self._device.captured_request(wait=self._wait) as request:
                with self._mapped(request, "main", write=False) as buffer:
                    # Rows are padded, colours lie below. No name may keep a reference to it.
                    grey = np.rot90(buffer.array[:height, :width], self._turns).copy()
                metadata = request.get_metadata()
            if self._exposure is not None:
                mean = float(grey[::_THINNED, ::_THINNED].mean())
                self._set(self._exposure.saw(metadata, mean))
        except TimeoutError as error:
            raise _Stalled(
                f"no frame came within {self._wait:g} s",
                "check, with the power off, that its cable sits straight in both connectors",
            ) from error
        except Exception as error:  # a restart may fix whatever failed in it
            raise _Stalled(
                f"broke while it ran ({_reason(error)})",
                "if it does not help to start again, look at camera.controls in the settings",
            ) from error
        self.figures = {
            name: metadata[key] * factor
            for name, (key, factor) in _FIGURES.items()
            if isinstance(metadata.get(key), int | float)
        }
        return Frame(grey, "camera")

    def _set(self, controls: Mapping[str, Any]) -> None:
        known = self._device.camera_controls
        if wanted := {name: value for name, value in controls.items() if name in known}:
            self._device.set_controls(wanted)

    def _open(self) -> None:
        """Find the camera, set it up and start it."""
        picamera2, transform = _libraries()
        self._mapped = picamera2.MappedArray
        self._device = _found(picamera2.Picamera2)
        try:
            own = self._checked_controls()
            self._configure(transform)
            self._device.start()
            # Only now: controls set before the start are sometimes lost.
            self._set({"FrameDurationLimits": _FRAME_TIME} | own)
        except BadSettings:
            self.close()
            raise
        except Exception as error:
            self.close()
            raise _explained(error) from error
        self._exposure = None if _OURS & set(own) else Exposure(self._settle_seconds, self._clock)

    def _configure(self, transform: Callable[..., Any]) -> None:
        """Configure the stream; the size delivered may differ."""
        configuration = self._device.create_preview_configuration(
            main={"format": "YUV420", "size": self._size},
            lores=None,
            raw=None,
            transform=transform(hflip=self._mirrored != self._upside_down, vflip=self._upside_down),
            buffer_count=_BUFFERS,
            queue=False,
        )
        self._device.configure(configuration)
        width, height = self._device.camera_configuration()["main"]["size"]
        self._size = width, height

    def _checked_controls(self) -> dict[str, Any]:
        """The controls from the settings, each checked against what this sensor offers."""
        offered = self._device.camera_controls
        chosen = {name: _checked(name, value, offered) for name, value in self._controls.items()}
        if self._focus_metres and "LensPosition" not in offered:
            self._log("camera: focus_metres is set, but this lens is focused by hand")
        elif self._focus_metres:
            nearest = offered["LensPosition"][1]  # dioptres
            if 1 / self._focus_metres > nearest:
                raise BadSettings(
                    f"camera.focus_metres: is {self._focus_metres:g}, but this lens "
                    f"focuses from {1 / nearest:.2g} m on; move the paper away"
                )
            chosen = {"AfMode": _MANUAL_FOCUS, "LensPosition": 1 / self._focus_metres} | chosen
        return chosen

    def _abandon(self) -> None:
        """Close a camera that delivers no more frames. Raises NoHardware if that fails."""
        device, self._device = self._device, None
        if device is not None and not _closed(device):
            raise NoHardware(
                "camera: hangs and cannot be closed; the program must end and be "
                "started again, and if that does not help, the power be cut"
            )


class _Stalled(Exception):
    """An opened camera delivers no frames; advice: what may help."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.advice = advice


def _libraries() -> tuple[Any, Any]:
    """picamera2 and libcamera's Transform. Raises NoHardware that says how to install them."""
    try:
        import picamera2
        from libcamera import Transform
    except ImportError as error:
        raise NoHardware(
            f"camera: {error.name or 'picamera2'} is not installed, or not for this "
            f"Python; on a Raspberry Pi {_INSTALL}, and make the virtual environment "
            "with --system-site-packages; elsewhere set camera.kind in the settings "
            'to "desk" for drawn pages, or to "folder" for photographs'
        ) from error
    except Exception as error:  # such as extensions built for another numpy than pip's
        raise NoHardware(
            f"camera: picamera2 cannot be loaded ({_reason(error)}); take numpy and "
            "Pillow from apt, not from pip"
        ) from error
    return picamera2, Transform


def _found(picamera2: Any) -> Any:
    """The first camera, opened."""
    try:
        if picamera2.global_camera_info():
            return picamera2()
    except Exception as error:
        raise _explained(error) from error
    raise _none_found()


def _none_found() -> NoHardware:
    return NoHardware(
        "camera: none is found; with the power off, check that the cable sits "
        "straight in both connectors, contacts to the right side, and see what "
        "`rpicam-hello --list-cameras` finds"
    )


def _explained(error: Exception) -> NoHardware | Busy:
    """One of our errors for the many that opening can raise."""
    words = _reason(error)
    if isinstance(error, IndexError) or "not found" in words or "No camera" in words:
        return _none_found()  # it was listed a moment ago and is gone now
    if getattr(error, "errno", None) == errno.ENOMEM or "allocate" in words:
        return NoHardware(
            "camera: too little memory for its buffers; close other programs that "
            "use the camera or the display, or set cma=128M in "
            "/boot/firmware/cmdline.txt, or ask for a smaller picture"
        )
    if any(word in words for word in ("busy", "acquire", "in use")):
        return Busy(
            "camera: another program is using it; end that first (if it is the service: "
            "sudo systemctl stop pi-reader)"
        )
    if any(word in words for word in ("dmaHeap", "ermission")):
        words += "; its user must belong to the group video"
    return NoHardware(f"camera: cannot be opened ({words})")


def _reason(error: BaseException) -> str:
    """An error's message with those of its causes, in one line."""
    beneath = error.__cause__ or error.__context__
    own = " ".join(str(error).split()) or type(error).__name__
    return f"{own}: {_reason(beneath)}" if beneath is not None else own


def _checked(name: str, value: Any, offered: Mapping[str, tuple[Any, Any, Any]]) -> Any:
    """A control, checked: an invalid one would kill the camera's own thread later.

    Raises BadSettings if the sensor has no such control, or its type or range is another.
    """
    place = f"camera.controls.{name}"
    if name not in offered:
        near = difflib.get_close_matches(name, offered, 1)
        hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(sorted(offered))}"
        raise BadSettings(f"{place}: this camera has no such control; {hint}")
    if isinstance(value, list):
        return tuple(value)
    low, high, _ = offered[name]
    if type(low) is float and type(value) is int:
        value = float(value)
    kind = {bool: "true or false", int: "a whole number", float: "a number"}.get(type(low))
    if kind and (type(value) is not type(low) or not low <= value <= high):
        span = "" if type(low) is bool else f" from {low} to {high}"
        raise BadSettings(f"{place}: is {value}, must be {kind}{span} for this camera")
    return value


def _closed(device: Any) -> bool:
    """Close it, waiting at most CLOSE_SECONDS; whether it is closed.

    In a daemon thread, since a call that hangs in the kernel cannot be interrupted. The thread does
    not keep the process from ending; picamera2's own close at exit would.
    """

    def close() -> None:  # whatever is raised, it is gone in any case
        with suppress(Exception):
            device.cancel_all_and_flush()  # a capture that timed out still waits for its frame
        with suppress(Exception):
            device.close()

    atexit.unregister(device.close)
    closing = threading.Thread(target=close, name="closing the camera", daemon=True)
    closing.start()
    closing.join(CLOSE_SECONDS)
    return not closing.is_alive()


def _opened(section: Any, context: PartContext) -> PiCamera:
    names = ("width", "height", "rotation", "mirrored", "focus_metres", "settle_seconds")
    chosen = {name: getattr(section, name) for name in names}
    return PiCamera(
        **chosen, wait_seconds=section.wait_seconds, controls=section.controls, log=context.log
    )


def _examined(section: Any, machine: Machine) -> Finding:
    """Take a frame. Raises NoHardware, Busy, BadSettings."""
    if not machine.board:
        return absent('looked for only on a Raspberry Pi; camera.kind = "desk" simulates one')
    with _opened(section, PartContext(lambda line: None)) as device:
        frame = device.capture()
    view = conditions(frame.grey)
    height, width = frame.grey.shape
    words = f"gives frames of {width}x{height} pixels, light {view.mean:.0f} of 255"
    if view.trouble is None:
        return well(words)
    return worth_a_look(f"{words}; {view.trouble}: {ADVICE[view.trouble]}, `pi-reader aim` helps")


PART = Part(None, _opened, title="camera", package="picamera2", examine=_examined)
