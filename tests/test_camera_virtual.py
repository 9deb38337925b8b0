"""The real picamera2, on libcamera's virtual camera: life cycle, threads, buffers, and its hangs.

The virtual camera shows pictures from a folder, whatever is asked of it as NV12 in 640 x 480 and
without exposure or focus; so it proves how our camera lives with picamera2, not with a sensor.
The tests skip where there is no such system. As root on Debian, with the shared material at hand:

    apt-get install mmdebstrap
    mmdebstrap --variant=minbase --include=python3-venv,python3-dev,gcc,libcap-dev,python3-numpy,\\
python3-pil,python3-tqdm,python3-libcamera,libcamera-ipa,ca-certificates trixie /srv/camera
    cp /etc/resolv.conf /srv/camera/etc/
    chroot /srv/camera sh -c "python3 -m venv --system-site-packages /venv &&
        /venv/bin/pip install picamera2"
    mkdir -p /srv/camera/usr/share/libcamera/pipeline/virtual
    cp SHARED/emulation/virtual.yaml /srv/camera/usr/share/libcamera/pipeline/virtual/
    PI_READER_CAMERA_ROOT=/srv/camera python -m pytest -m emulated -s tests/test_camera_virtual.py
"""

from __future__ import annotations

import inspect
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pi_reader.handwriting.page import Page, draw_page

pytestmark = pytest.mark.emulated

CHECKOUT = Path(__file__).resolve().parents[1]
PYTHON = "venv/bin/python"
BEGIN = """if True:
    import faulthandler, json, sys, threading, time
    import picamera2_virtual  # lends the virtual camera what only a board has
    from picamera2 import Picamera2
    from pi_reader.camera import pi
    from pi_reader.camera.pi import PiCamera
    from pi_reader.errors import PiReaderError
    faulthandler.dump_traceback_later(50, exit=True)
"""


@dataclass(frozen=True)
class Tree:
    """A Debian with the real picamera2, our package in it, and the pages before its lens."""

    root: Path
    folder: Path
    pages: list[Page]

    def run(self, program: str, code: int = 0) -> list[str]:
        """Run a program in it and give the lines it prints; libcamera chatters on stderr."""
        inside = f"/{self.folder.relative_to(self.root)}"
        done = subprocess.run(
            ["chroot", str(self.root), f"/{PYTHON}", "-c", BEGIN + program],
            timeout=60,
            text=True,
            capture_output=True,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": inside,
                "LIBCAMERA_LOG_LEVELS": "*:3",
                "PYTHONWARNINGS": "ignore",
                "OPENBLAS_NUM_THREADS": "1",
            },
        )
        print(*(line[:200] for line in done.stdout.splitlines()), sep="\n")
        assert done.returncode == code, done.stderr
        return done.stdout.splitlines()


@pytest.fixture
def tree(shared: Path) -> Iterator[Tree]:
    root = Path(os.environ.get("PI_READER_CAMERA_ROOT", ""))
    if not (root / PYTHON).exists() or root == Path():
        pytest.skip("needs PI_READER_CAMERA_ROOT; see the head of this file")
    if os.geteuid() != 0:
        pytest.skip("needs root, for chroot")
    folder = Path(tempfile.mkdtemp(prefix="pi-reader-test-", dir=root / "var/tmp"))
    shutil.copytree(
        CHECKOUT / "pi_reader", folder / "pi_reader", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(CHECKOUT / "weights", folder / "weights")
    shutil.copy(shared / "emulation/picamera2_virtual.py", folder)
    shutil.rmtree(root / "frames", ignore_errors=True)
    (root / "frames").mkdir()
    rng = np.random.default_rng(9)
    pages = [draw_page(rng, difficulty=0) for _ in range(3)]
    for number, page in enumerate(pages):
        Image.fromarray(page.frame.grey).convert("RGB").save(
            root / f"frames/{number}.jpg", quality=98
        )
    yield Tree(root, folder, pages)
    shutil.rmtree(folder)


def test_ok__frames_of_the_real_picamera2(tree: Tree) -> None:
    """Opened, used, closed and opened again, turned and not; then read."""
    lines = tree.run("""
    import os
    import numpy as np
    from pi_reader.cli.common import open_reader
    folder = os.environ["PYTHONPATH"]
    reader = open_reader("default")
    for rotation in (0, 90):
        kept = []
        with PiCamera(rotation=rotation, focus_metres=0.2) as camera:
            for _ in range(12):
                kept.append(camera.capture())
        camera.close()
        print(json.dumps([threading.active_count(), kept[0].grey.shape]))
        np.save(f"{folder}/{rotation}.npy", [frame.grey for frame in kept])
        if not rotation:
            print(json.dumps(sorted({reader.read(frame).text for frame in kept})))
    """)
    threads, read, turned = map(json.loads, lines)
    assert threads == [1, [480, 640]]  # closed: none of picamera2's threads is left
    assert turned == [1, [640, 480]]
    assert read == sorted(page.text for page in tree.pages)
    for rotation in (0, 90):
        frames = np.load(tree.folder / f"{rotation}.npy")
        for grey in np.rot90(frames, rotation // 90, axes=(1, 2)):
            apart = [np.abs(grey.astype(int) - page.frame.grey).mean() for page in tree.pages]
            assert min(apart) < 4  # JPEG on the way


def test_ok__the_fake_has_the_real_ones_face(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the fake lets our camera call exists, with the same names of arguments."""
    monkeypatch.syspath_prepend(CHECKOUT / "tests/fakes")
    import picamera2 as fake

    lines = tree.run("""
    import inspect
    from picamera2 import CompletedRequest, MappedArray
    for kind in (Picamera2, MappedArray, CompletedRequest):
        print(json.dumps({name: list(inspect.signature(member).parameters)
                          if callable(member) else []
                          for name, member in inspect.getmembers(kind)
                          if name == "__init__" or not name.startswith("_")}))
    """)
    for name in ("picamera2", "libcamera"):
        sys.modules.pop(name)
    for line, kind in zip(lines, (fake.Picamera2, fake.MappedArray, fake.Request), strict=True):
        real = json.loads(line)
        ours = {name: member for name, member in vars(kind).items() if not name.startswith("_")}
        if kind is not fake.Request:  # those are made by the camera alone
            ours["__init__"] = kind.__init__
        for name, member in ours.items():
            assert name in real, f"{kind.__name__}.{name}"
            if callable(member):
                assert set(inspect.signature(member).parameters) <= set(real[name]), name


def test_fail__busy(tree: Tree) -> None:
    lines = tree.run("""
    with PiCamera() as first, PiCamera() as second:
        first.capture()
        try:
            second.capture()
        except PiReaderError as error:
            print(error.exit_code, error)
        first.close()
        print(second.capture().grey.shape)
    """)
    assert lines[0].startswith("75 camera: another program is using it")
    assert lines[1] == "(480, 640)"


def test_fail__a_control_it_lacks(tree: Tree) -> None:
    (line,) = tree.run("""
    with PiCamera(controls={"Sharpness": 1}) as camera:
        try:
            camera.capture()
        except PiReaderError as error:
            print(error.exit_code, error)
    """)
    assert line.startswith("78 camera.controls.Sharpness: this camera has no such control; it has ")


def test_fail__no_camera(tree: Tree) -> None:
    (tree.root / "frames").rename(tree.root / "gone")
    (line,) = tree.run("""
    try:
        PiCamera().capture()
    except PiReaderError as error:
        print(error.exit_code, error)
    """)
    (tree.root / "gone").rename(tree.root / "frames")
    assert line.startswith("69 camera: none is found")


def test_ok__frames_stop_and_one_opening_helps(tree: Tree) -> None:
    """As when a cable slips: requests go in and never come back."""
    lines = tree.run("""
    deaf = []
    usual = Picamera2.process_requests
    def process(self, display):
        if self in deaf:
            with self._requestslock:
                self._requests.clear()
        usual(self, display)
    Picamera2.process_requests = process
    with PiCamera(wait_seconds=1, log=print) as camera:
        camera.capture()
        deaf.append(camera._device)
        began = time.monotonic()
        print(camera.capture().grey.shape, 1 < time.monotonic() - began < 4)
    print(threading.active_count())
    """)
    assert lines == ["camera: no frame came within 1 s; opening it anew", "(480, 640) True", "1"]


def test_fail__it_hangs_and_the_process_ends_all_the_same(tree: Tree) -> None:
    """Its thread is stuck, as in a kernel that waits: so is closing, but not the process."""
    lines = tree.run(
        """
    pi.CLOSE_SECONDS = 1
    camera = PiCamera(wait_seconds=1, log=print)
    camera.capture()
    def stuck(self, display):
        while not self._job_list:
            time.sleep(0.01)
        with self.lock:
            threading.Event().wait()
    Picamera2.process_requests = stuck
    began = time.monotonic()
    try:
        camera.capture()
    except PiReaderError as error:
        print(error)
        print(time.monotonic() - began < 4, flush=True)
        sys.exit(error.exit_code)
    """,
        code=69,
    )
    assert lines[1].startswith("camera: hangs and cannot be closed")
    assert lines[2] == "True"


def test_ok__thousands_of_frames_leak_nothing(tree: Tree) -> None:
    (line,) = tree.run("""
    import resource
    with PiCamera() as camera:
        for number in range(3000):
            camera.capture()
            if number == 500:
                before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(after - before)
    """)
    assert int(line) < 1024  # KiB
