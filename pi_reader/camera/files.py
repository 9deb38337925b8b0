"""Loads image files from phones, scanners and cameras as grey frames.

Files come from anywhere, so nothing in them is trusted: not the size they claim, not that they are
complete, not even that they are images.
"""

from __future__ import annotations

import contextlib
import io
import os
import stat
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageOps, ImageStat, UnidentifiedImageError

from pi_reader.camera.colour import is_flat, strongest_projection
from pi_reader.errors import BadData, BadSettings, MissingFile
from pi_reader.parts import Closing, Part, PartContext
from pi_reader.parts.findings import Finding, well, wrong
from pi_reader.parts.part import to_stderr
from pi_reader.values import Frame

MOST_PIXELS = 50_000_000
"""A phone's largest pictures have 50 million; as a JPEG that is a fifth of a Zero's memory."""

MOST_BYTES = 320_000_000
"""What decoding may take at its peak; pictures that take more for a pixel may have fewer."""

_BYTES_PER_PIXEL = {"1": 2, "L": 2, "P": 3, "I;16": 4, "I;16B": 4, "I": 6, "F": 6, "CMYK": 10}
_RGB_BYTES, _CLEAR_BYTES, _WEBP_BYTES = 6, 9, 16  # measured; a WEBP is kept whole, twice
_COLOUR_BYTES = 14  # of a pixel whose colours are looked at: grey, and two copies in colour
_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "PPM", "WEBP", "TIFF")  # none that starts other programs
_SUFFIXES = frozenset(
    f".{name}"
    for name in ("jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff", "ppm", "pgm", "pnm")
)
_CLEAR = ("RGBA", "LA", "PA", "RGBa", "La")  # modes of pictures that are partly transparent
_JPEG_BEGINS, _JPEG_ENDS = b"\xff\xd8", b"\xff\xd9"
_FILLINGS = (b"", b"\x55" * 64, b"\xaa" * 64)
_DEPTHS = (1, 255, 1023, 4095, 16_383, 65_535)  # full white of a scanner's or a camera's samples
_STRIP = 256  # rows
_ORIENTATION = 0x0112  # the EXIF tag
_SECONDS = 4.0  # that a box without a camera shows each picture of its folder
_LIGHT = 170  # of 255: lighter ink on a transparent background was meant for a dark one


class FolderCamera(Closing):
    """Shows the pictures of a folder one after the other, in order of their names.

    A picture that cannot be read is skipped and logged once; files without an image suffix or with
    a leading dot are ignored. forever: whether to start over after the last one, with what the
    folder holds by then. looks: how many captures show the same picture.
    """

    def __init__(
        self,
        folder: Path,
        forever: bool = False,
        looks: int = 1,
        log: Callable[[str], None] = to_stderr,
    ) -> None:
        self._folder = Path(folder).absolute()  # the working directory may change
        self._forever = forever
        self._log = log
        self._said: set[str] = set()
        self._frames = (frame for frame in self._rounds() for _ in range(looks))

    def capture(self) -> Frame | None:
        """The next picture, or None when there are no more.

        Raises MissingFile if there is no such folder, BadData if it has no picture that can be
        read.
        """
        return next(self._frames, None)

    def close(self) -> None:
        """Stop showing pictures."""
        self._frames.close()

    def _rounds(self) -> Iterator[Frame]:
        while True:
            some = False
            for path in _pictures_in(self._folder):
                try:
                    frame = load(path, self._say_once)
                except (BadData, MissingFile) as error:
                    self._say_once(f"{error}; passed over")
                else:
                    some = True
                    yield frame
            if not some:
                raise BadData(f"{self._folder}: holds no picture that can be read")
            if not self._forever:
                return

    def _say_once(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            self._log(line)


def _pictures_in(folder: Path) -> list[Path]:
    """The picture files in a folder, by suffix, sorted by name."""
    try:
        return sorted(
            path
            for path in folder.iterdir()
            if path.suffix.lower() in _SUFFIXES and not path.name.startswith(".")
        )
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingFile(f"{folder}: there is no such folder") from error
    except OSError as error:
        raise BadData(f"{folder}: cannot be read, {error.strerror}") from error


def _is_empty(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return path.stat().st_size == 0
    return False


def load(path: Path, log: Callable[[str], None] = to_stderr) -> Frame:
    """Open a picture the way its owner sees it, in grey.

    Turned as its EXIF says; transparency laid on white (on black if the drawing itself is light);
    16-bit, palette and CMYK pictures brought to 0..255; of several pages the first. A JPEG that
    lacks nothing but its end mark is read, and `log` is told. Raises MissingFile, or BadData for
    what is no picture, is cut short, cannot be read, or has more pixels than MOST_PIXELS and
    MOST_BYTES allow.
    """
    path = Path(path)
    try:
        _check_kind(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sizes and odd tags; we check ourselves
            try:
                grey = _decoded(path, path)
            except OSError as error:
                if error.errno or (whole := _with_end_mark(path)) is None:
                    raise
                grey = _decoded(path, whole)
                log(f"{path}: its end mark is missing, all of its pixels are there")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingFile(f"{path}: there is no such file") from error
    except PermissionError as error:
        raise BadData(f"{path}: no permission to read it") from error
    except BadData:
        raise
    except Image.DecompressionBombError as error:  # Pillow saw the size before we did
        raise BadData(f"{path}: claims an enormous size; {_at_most(MOST_PIXELS)}") from error
    except UnidentifiedImageError as error:
        raise BadData(
            f"{path}: {'is an empty file' if _is_empty(path) else 'is not a picture'}; "
            f"use {', '.join(_FORMATS[:-1])} or {_FORMATS[-1]}"
        ) from error
    except OSError as error:  # with an errno from the system, without one from Pillow
        reason = f"cannot be read, {error.strerror}" if error.errno else _damaged(error)
        raise BadData(f"{path}: {reason}") from error
    except Exception as error:  # a damaged file makes Pillow's decoders raise almost anything
        raise BadData(f"{path}: {_damaged(error)}") from error
    return Frame(grey, str(path))


def _decoded(path: Path, source: Path | BinaryIO) -> np.ndarray:
    """The picture in `source` in grey, (height, width) uint8; `path` is what messages call it."""
    with _opened_picture(source) as picture:
        picture.draft("L", picture.size)  # a JPEG need not decode its colours at all
        _check_size(path, picture)
        if picture.getexif().get(_ORIENTATION, 1) != 1:  # it copies even what stands right
            grey = _grey(ImageOps.exif_transpose(picture))
        else:
            grey = _grey(picture)
    return _by_colour(source, grey) if is_flat(grey) else grey


def _opened_picture(source: Path | BinaryIO) -> Image.Image:
    """A picture of one of our formats.

    Pillow loads all of its forty as soon as it is asked for one that is not loaded yet, so the
    usual ones are loaded first, and stand first in `_FORMATS`.
    """
    Image.preinit()
    return Image.open(source, formats=_FORMATS)


def _by_colour(source: Path | BinaryIO, grey: np.ndarray) -> np.ndarray:
    """The picture in the shades that its colours part it in, or as it is in grey.

    It is opened again, as a JPEG that was read in grey has lost its colours.
    """
    with _opened_picture(source) as picture:
        plain = picture.mode in ("RGB", "CMYK", "P") and "transparency" not in picture.info
        if not plain or grey.size * _COLOUR_BYTES > MOST_BYTES:
            return grey
        projection = strongest_projection(ImageOps.exif_transpose(picture).convert("RGB"))
    return grey if projection is None else _pixels(projection)


def _with_end_mark(path: Path) -> BinaryIO | None:
    """A JPEG with the end mark that it lacks; None if more than that is missing, or it is none.

    The decoder takes what follows for pixels until it has all of them: where they are all there,
    it does not matter what that is.
    """
    content = path.read_bytes()
    if not content.startswith(_JPEG_BEGINS):
        return None
    content = content.removesuffix(_JPEG_ENDS[:1])
    one, *others = (
        _decoded(path, io.BytesIO(content + filling + _JPEG_ENDS)) for filling in _FILLINGS
    )
    if any(not np.array_equal(one, other) for other in others):
        return None
    return io.BytesIO(content + _JPEG_ENDS)


def _check_kind(path: Path) -> None:
    """Only regular files are opened: opening a pipe without a writer would block."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise BadData(f"{path}: is a folder; name the pictures in it")
    if not stat.S_ISREG(mode):
        raise BadData(f"{path}: is a device or a pipe; save the picture to a file first")


def _damaged(error: Exception) -> str:
    return f"is damaged or cut short ({error})"


def _check_size(path: Path, picture: Image.Image) -> None:
    """Raises BadData for a picture that would take too much memory, from its header alone."""
    width, height = picture.size
    most = min(MOST_PIXELS, MOST_BYTES // _bytes_per_pixel(picture))
    if width * height > most:
        raise BadData(f"{path}: has {width} x {height} pixels; {_at_most(most)}")


def _bytes_per_pixel(picture: Image.Image) -> int:
    """What a pixel takes in memory while it becomes grey, in all copies that are there at once."""
    if picture.format == "WEBP":
        return _WEBP_BYTES
    if picture.mode in _CLEAR or "transparency" in picture.info:
        return _CLEAR_BYTES
    return _BYTES_PER_PIXEL.get(picture.mode, _RGB_BYTES)


def _at_most(pixels: int) -> str:
    return f"of this kind at most {pixels // 10**6} million pixels are read, so make it smaller"


def _grey(picture: Image.Image) -> np.ndarray:
    """(height, width) uint8 from a picture of any mode."""
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        return _from_deep(picture)
    if picture.mode in _CLEAR or "transparency" in picture.info:
        return _flattened(picture if picture.mode == "RGBA" else picture.convert("RGBA"))
    if picture.mode == "LAB":
        picture = picture.getchannel(0)  # the lightness
    if picture.mode == "CMYK":
        picture = picture.convert("RGB")
    return _pixels(picture if picture.mode == "L" else picture.convert("L"))


def _pixels(picture: Image.Image) -> np.ndarray:
    """An array from a grey picture, in strips: as a whole, Pillow would hold three copies of it."""
    grey = np.empty(picture.size[::-1], np.uint8)
    for number, strip in enumerate(_strips(picture)):
        grey[number * _STRIP : (number + 1) * _STRIP] = strip
    return grey


def _strips(picture: Image.Image) -> Iterator[np.ndarray]:
    """The samples of a picture, some rows at a time."""
    width, height = picture.size
    for top in range(0, height, _STRIP):
        yield np.asarray(picture.crop((0, top, width, min(top + _STRIP, height))))


def _from_deep(picture: Image.Image) -> np.ndarray:
    """16-bit, 32-bit or floating samples to 8 bits: by their nominal range if it is known."""
    top = np.float32(max(float(strip.max()) for strip in _strips(picture)))
    if not np.isfinite(top):
        raise ValueError("its samples are not finite")
    full = next((white for white in _DEPTHS if top <= white), float(top))
    grey = np.empty(picture.size[::-1], np.uint8)
    for number, strip in enumerate(_strips(picture)):
        scaled = np.clip(strip.astype(np.float32) * np.float32(255 / full), 0, 255)
        grey[number * _STRIP : (number + 1) * _STRIP] = scaled + np.float32(0.5)
    return grey


def _flattened(picture: Image.Image) -> np.ndarray:
    """Put a transparent drawing on white, or on black if its ink is light."""
    alpha, grey = picture.getchannel("A"), picture.convert("L")
    drawn = alpha.point(lambda share: 255 if share > 127 else 0)
    counts = drawn.histogram()
    meant_for_dark = counts[0] and counts[255] and ImageStat.Stat(grey, drawn).mean[0] > _LIGHT
    paper = Image.new("L", picture.size, 0 if meant_for_dark else 255)
    paper.paste(grey, mask=alpha)
    return _pixels(paper)


def _opened(section: Any, context: PartContext) -> FolderCamera:
    looks = max(1, round(_SECONDS * context.fastest))
    return FolderCamera(Path(section.folder), True, looks, context.log)


def _examined(section: Any, machine: object) -> Finding:
    """Whether there are files in the folder."""
    folder = section.folder
    try:
        count = len(os.listdir(folder))
    except OSError as error:
        return wrong(
            f"camera.folder: {folder} cannot be read ({error.strerror}); name a folder "
            "with photographs",
            BadSettings.exit_code,
        )
    if not count:
        return wrong(
            f"camera.folder: {folder} is empty; put photographs there", BadSettings.exit_code
        )
    return well(f"{count} file{'s' if count > 1 else ''} in {folder}")


PART = Part(None, _opened, title="camera", package="", examine=_examined)
