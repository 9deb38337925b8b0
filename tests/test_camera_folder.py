"""A folder of pictures is shown in order of their names, whatever else lies in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pi_reader.camera.files import FolderCamera
from pi_reader.errors import BadData, MissingFile


def picture(folder: Path, name: str, grey: int = 200) -> Path:
    Image.fromarray(np.full((60, 80), grey, np.uint8)).save(folder / name)
    return folder / name


def names(camera: FolderCamera, most: int = 20) -> list[str]:
    """What it shows, by the files' names."""
    shown = []
    while len(shown) < most and (frame := camera.capture()) is not None:
        shown.append(Path(frame.source).name)
    return shown


def test_ok__in_order_of_names(tmp_path: Path) -> None:
    for name in ("c.png", "a.JPG", "b.bmp", "d.tif"):
        picture(tmp_path, name)
    with FolderCamera(tmp_path) as camera:
        assert names(camera) == ["a.JPG", "b.bmp", "c.png", "d.tif"]
        assert camera.capture() is None


def test_ok__what_is_no_picture_is_passed_over(tmp_path: Path) -> None:
    log: list[str] = []
    for name in ("a.png", "e.png", ".hidden.png"):
        picture(tmp_path, name)
    (tmp_path / "b.png").write_bytes(b"")
    (tmp_path / "c.png").mkdir()
    (tmp_path / "d.png").symlink_to("nowhere.png")
    (tmp_path / "labels.json").write_text("{}")
    camera = FolderCamera(tmp_path, forever=True, log=log.append)
    assert names(camera, 6) == ["a.png", "e.png"] * 3
    assert [line.split(":")[0] for line in log] == [
        str(tmp_path / name) for name in ("b.png", "c.png", "d.png")
    ]  # each said once
    assert all(line.endswith("; passed over") for line in log)


def test_ok__forever_finds_what_comes_and_goes(tmp_path: Path) -> None:
    first = picture(tmp_path, "a.png")
    camera = FolderCamera(tmp_path, forever=True)
    assert names(camera, 2) == ["a.png"] * 2
    picture(tmp_path, "b.png")
    first.unlink()
    assert names(camera, 2) == ["b.png"] * 2


def test_ok__each_for_some_looks(tmp_path: Path) -> None:
    picture(tmp_path, "a.png")
    picture(tmp_path, "b.png")
    camera = FolderCamera(tmp_path, looks=3)
    assert names(camera) == ["a.png"] * 3 + ["b.png"] * 3


def test_ok__its_place_does_not_depend_on_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(tmp_path, "a.png")
    monkeypatch.chdir(tmp_path.parent)
    camera = FolderCamera(Path(tmp_path.name))
    monkeypatch.chdir("/")
    assert names(camera) == ["a.png"]


def test_ok__closed(tmp_path: Path) -> None:
    picture(tmp_path, "a.png")
    camera = FolderCamera(tmp_path, forever=True)
    camera.capture()
    camera.close()
    camera.close()
    assert camera.capture() is None


def test_fail__no_such_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", picture(tmp_path, "a.png")):
        with pytest.raises(MissingFile, match=f"^{path}: there is no such folder"):
            FolderCamera(path).capture()


@pytest.mark.parametrize("forever", [False, True])
def test_fail__nothing_that_can_be_read(tmp_path: Path, forever: bool) -> None:
    (tmp_path / "a.png").write_bytes(b"seven")
    log: list[str] = []
    with pytest.raises(BadData, match=f"^{tmp_path}: holds no picture that can be read"):
        FolderCamera(tmp_path, forever, log=log.append).capture()
    assert len(log) == 1
