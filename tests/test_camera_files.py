"""Pictures of every kind become brightness; what is no picture is refused in one clear line."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pi_reader.camera import files
from pi_reader.camera.files import load
from pi_reader.errors import BadData, MissingFile


def drawing() -> np.ndarray:
    """(40, 60) uint8: a dark bar on light paper, not symmetric in any direction."""
    grey = np.full((40, 60), 220, np.uint8)
    grey[5:30, 10:16] = 30
    return grey


def near(frame_grey: np.ndarray, expected: np.ndarray, tolerance: int = 2) -> bool:
    return (
        frame_grey.dtype == np.uint8
        and frame_grey.shape == expected.shape
        and bool(np.abs(frame_grey.astype(int) - expected).max() <= tolerance)
    )


def saved(folder: Path, picture: Image.Image, name: str = "a.png", **options: object) -> Path:
    picture.save(folder / name, **options)
    return folder / name


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "CMYK", "I;16", "I", "F"])
def test_ok__modes(tmp_path: Path, mode: str) -> None:
    grey = drawing()
    if mode in ("I;16", "I"):
        picture = Image.fromarray(grey.astype(np.uint16) * 257)
        picture = picture if mode == "I;16" else picture.convert("I")
    elif mode == "F":
        picture = Image.fromarray(grey.astype(np.float32) / 255)
    elif mode == "P":
        picture = Image.fromarray(grey).convert("P")
    else:
        picture = Image.fromarray(grey).convert("RGB").convert(mode)
    path = saved(tmp_path, picture, "a.tif" if mode in ("I", "F", "CMYK") else "a.png")
    assert near(load(path).grey, grey)


def test_ok__turned_as_exif_says(tmp_path: Path) -> None:
    picture = Image.fromarray(drawing())
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn by 90 degrees clockwise to see it right
    path = saved(tmp_path, picture, "a.jpg", exif=exif.tobytes(), quality=95)
    assert near(load(path).grey, np.rot90(drawing(), -1), tolerance=25)


@pytest.mark.parametrize(("ink", "paper"), [(20, 255), (240, 0)])
def test_ok__transparent_ground(tmp_path: Path, ink: int, paper: int) -> None:
    rgba = np.zeros((20, 20, 4), np.uint8)
    rgba[5:15, 8:12] = (ink, ink, ink, 255)
    grey = load(saved(tmp_path, Image.fromarray(rgba))).grey
    assert grey[10, 10] == ink
    assert grey[0, 0] == paper


def png(width: int, height: int) -> bytes:
    """A tiny file that claims any size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def whole_jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (80, 80), np.uint8)).save(
        buffer, "JPEG"
    )
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty file"),
        (b"seven, eight, nine\n", "not a picture"),
        (whole_jpeg()[:200], "cut short|not a picture"),
        (whole_jpeg()[:-300], "cut short"),
        (png(30_000, 30_000), "at most (50|53) million"),
        (png(9_000, 9_000), "9000 x 9000 pixels"),
        (png(300, 300), "cut short"),
    ],
    ids=["empty", "text", "jpeg header", "jpeg cut", "bomb", "too large", "png cut"],
)
def test_fail__is_no_whole_picture(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(BadData, match=words) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_fail__missing_and_folder(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="no such file"):
        load(tmp_path / "a.png")
    with pytest.raises(BadData, match="folder"):
        load(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(MissingFile, match="no such file"):
        load(tmp_path / "file" / "a.png")


def test_fail__pipes_devices_and_circles(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")  # opening it would wait for ever
    (tmp_path / "circle.png").symlink_to("circle.png")
    for path, words in (
        (tmp_path / "pipe.png", "a device or a pipe"),
        (Path("/dev/zero"), "a device or a pipe"),
        (tmp_path / "circle.png", "cannot be read, [^(]*$"),
    ):
        with pytest.raises(BadData, match=words) as caught:
            load(path)
        assert str(caught.value).startswith(f"{path}: ")


def test_fail__samples_that_are_no_numbers(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.fromarray(np.full((9, 9), np.nan, np.float32)), "a.tif")
    with pytest.raises(BadData, match="not finite") as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_fail__any_cut_of_a_picture_is_refused_or_read(tmp_path: Path) -> None:
    """Whatever length a file was cut to, nothing but our own error comes out."""
    content = whole_jpeg()
    refused = 0
    for length in range(0, len(content) - 2, 37):
        path = tmp_path / "a.jpg"
        path.write_bytes(content[:length])
        try:
            assert load(path).grey.shape == (80, 80)
        except BadData:
            refused += 1
    assert refused > 10


@pytest.mark.parametrize(
    ("mode", "kind", "megapixels", "most"),
    [
        ("RGB", "WEBP", 49, 20),
        ("RGBA", "PNG", 36, 35),
        ("LA", "TIFF", 36, 35),
        ("CMYK", "JPEG", 33, 32),
        ("RGB", "PNG", 51, 50),
    ],
)
def test_fail__the_limit_counts_bytes(
    tmp_path: Path, mode: str, kind: str, megapixels: int, most: int
) -> None:
    """A WEBP of 1,930 bytes took 842 MB. Only the header is looked at, so no pixel is decoded."""
    small = Image.new(mode, (8, 8))
    buffer = io.BytesIO()
    small.save(buffer, kind)
    (tmp_path / "a").write_bytes(buffer.getvalue())
    load(tmp_path / "a")
    with Image.open(tmp_path / "a") as picture:
        picture._size = (1000, 1000 * megapixels)  # as a larger one claims
        with pytest.raises(BadData, match=f"at most {most} million"):
            files._check_size(tmp_path / "a", picture)
        picture._size = (1000, 1000 * most)
        files._check_size(tmp_path / "a", picture)


def test_ok__a_jpeg_that_lacks_only_its_end_mark(tmp_path: Path) -> None:
    whole, path, said = whole_jpeg(), tmp_path / "a.jpg", []
    path.write_bytes(whole)
    grey = load(path).grey
    for missing in (1, 2):
        path.write_bytes(whole[:-missing])
        assert (load(path, said.append).grey == grey).all()
    assert len(said) == 2 and "its end mark is missing" in said[0]
    for missing in (3, 4, 10, 300):
        path.write_bytes(whole[:-missing])
        with pytest.raises(BadData, match="cut short"):
            load(path, said.append)
    assert len(said) == 2


def test_ok__lab_and_scanners_of_ten_and_twelve_bits(tmp_path: Path) -> None:
    grey = np.tile(np.arange(256, dtype=np.uint8), (20, 1))
    lab = Image.merge("LAB", [Image.fromarray(grey), *[Image.new("L", (256, 20), 128)] * 2])
    lab.save(tmp_path / "lab.tif")
    assert (load(tmp_path / "lab.tif").grey == grey).all()
    for bits in (10, 12, 16):
        deep = grey.astype(np.int64) * ((1 << bits) - 1) // 255
        Image.fromarray(deep.astype(np.uint16)).save(tmp_path / "deep.png")
        assert np.abs(load(tmp_path / "deep.png").grey.astype(int) - grey).max() <= 1


def coloured(ink: tuple[int, int, int], paper: tuple[int, int, int]) -> Image.Image:
    """A cross of one colour on another, with a little noise: 160 x 120."""
    rgb = np.full((120, 160, 3), paper, np.float32)
    rgb[30:90, 76:82] = rgb[56:62, 50:110] = ink
    rgb += np.random.default_rng(2).normal(0, 1.5, rgb.shape)
    return Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8))


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ((179, 55, 53), (51, 118, 67)),
        ((90, 90, 255), (165, 95, 20)),
        ((230, 100, 170), (90, 180, 60)),
    ],
    ids=["red on green", "blue on brown", "pink on green"],
)
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_ok__ink_as_bright_as_its_paper(
    tmp_path: Path, ink: tuple[int, int, int], paper: tuple[int, int, int], suffix: str
) -> None:
    picture = coloured(ink, paper)
    brightness = np.asarray(picture.convert("L")).astype(int)
    assert abs(int(np.median(brightness[35:85, 77:81])) - np.median(brightness)) < 12
    grey = load(saved(tmp_path, picture, f"a.{suffix}")).grey.astype(int)
    assert abs(int(np.median(grey[35:85, 77:81])) - np.median(grey)) > 60


@pytest.mark.parametrize("tint", [(255, 255, 255), (255, 240, 200), (170, 200, 255)])
def test_ok__grey_that_shows_the_ink_is_kept(tmp_path: Path, tint: tuple[int, int, int]) -> None:
    for contrast in (0.0, 0.1, 0.6):  # a blank page, a faint pencil, a pen
        ink = tuple(round(shade * (1 - contrast)) for shade in tint)
        picture = coloured((ink[0], ink[1], ink[2]), tint)
        path = saved(tmp_path, picture)
        assert np.array_equal(load(path).grey, np.asarray(picture.convert("L")))


def test_ok__colour_is_looked_for_in_pictures_of_any_size(tmp_path: Path) -> None:
    for size in ((1, 1), (1, 50), (3, 2), (700, 1)):
        picture = Image.new("RGB", size, (80, 100, 120))
        assert load(saved(tmp_path, picture)).grey.shape == size[::-1]
