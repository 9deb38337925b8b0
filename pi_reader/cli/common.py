"""Shared by several commands: finding weights and folders, and writing pictures."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pi_reader.errors import BadData, MissingFile, PiReaderError
from pi_reader.files import check_file, check_output

if TYPE_CHECKING:
    from PIL.Image import Image

    from pi_reader.config import Folders
    from pi_reader.learning.samples import Samples
    from pi_reader.learning.stores import Stores
    from pi_reader.reading.reader import Reader

WEIGHTS_HELP = "weights file, or the name of shipped ones: default, classic (default: %(default)s)"

_PICTURE_MARK = ("Software", "pi-reader")  # by which a picture is known as ours


def one_line(text: str) -> str:
    """A text on a single line, whatever characters it contains.

    Line ends and other unprintable characters are escaped as in Python: `\\n`, `\\x1b`.
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def can_draw(stream: TextIO) -> bool:
    """Whether a stream is a terminal that understands how to move about and clear."""
    return stream.isatty() and os.environ.get("TERM", "") != "dumb"


def fitted(line: str, stream: TextIO | None = None) -> str:
    """A line of a table, cut where the terminal ends; whole where it goes to a file or a pipe."""
    stream = stream or sys.stdout
    if not stream.isatty():
        return line
    width = shutil.get_terminal_size().columns
    return line if len(line) <= width else line[: width - 1] + "…"


def counted(number: int, name: str) -> str:
    """A number with its noun: 1 digit, 2 digits."""
    return f"{number} {name}" + ("" if number == 1 else "s")


def fetched_mnist() -> Path:
    """The folder of a downloaded MNIST, fetched now if it is not there yet; says so on stderr.

    Raises NoHardware without a network, BadData, CannotWrite.
    """
    from pi_reader.training.download import default_folder, download_mnist

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    return download_mnist(default_folder(), progress=say)


def folders_of(args: argparse.Namespace) -> Folders:
    """The folders that the command line means; from now on root works there as their owner."""
    from pi_reader.config import find_folders
    from pi_reader.privileges import work_as_owner_of

    folders = find_folders(args.state)
    work_as_owner_of(folders.state)
    return folders


def is_others(folder: Path, user: int | None = None) -> bool:
    """Whether a state belongs to another user than the one we are, as on a box: then its service
    has to do what is asked."""
    try:
        owner = folder.stat().st_uid
    except OSError:
        return False
    return owner != (os.geteuid() if user is None else user)


def open_reader(name: str) -> Reader:
    """A reader with the weights called `name`; see `weights_path`."""
    from pi_reader.library import load

    return load(name)


def save_picture(
    path: Path, picture: Image, inputs: Iterable[Path] = (), force: bool = False
) -> None:
    """Write a PNG, whole or not at all, where `check_output` lets us. Raises CannotWrite."""
    from PIL.PngImagePlugin import PngInfo

    from pi_reader.files import durable
    from pi_reader.privileges import as_caller

    mark = PngInfo()
    mark.add_text(*_PICTURE_MARK)
    with (
        as_caller(),
        durable(check_output(path, inputs, is_our_picture, force)) as handle,
    ):
        picture.save(handle, "PNG", pnginfo=mark)


def is_our_picture(path: Path) -> bool:
    """Whether `save_picture` wrote it."""
    from PIL import Image

    name, maker = _PICTURE_MARK
    try:
        with Image.open(path, formats=("PNG",)) as picture:
            return picture.info.get(name) == maker
    except Exception:  # a damaged picture makes Pillow raise almost anything
        return False


def is_our_weights(path: Path) -> bool:
    """Whether a file holds whole weights."""
    from pi_reader.network import store

    try:
        store.load(path)
    except PiReaderError:
        return False
    return True


def content_of(name: str, most: int) -> bytes:
    """The bytes of a file, or of standard input if it is named `-`; a named pipe is refused.

    Reads at most `most` + 1 bytes, so that the caller can tell if it is too much. Raises
    MissingFile or BadData.
    """
    from pi_reader.privileges import as_caller

    try:
        if name == "-":
            return sys.stdin.buffer.read(most + 1)
        with as_caller():
            check_file(Path(name))
            with open(name, "rb") as handle:
                return handle.read(most + 1)
    except FileNotFoundError as error:
        raise MissingFile(f"{name}: there is no such file") from error
    except OSError as error:
        raise BadData(f"{name}: cannot be read ({error.strerror})") from error


def samples_of(folders: Folders, new: bool = False) -> Samples:
    """The database of samples. Raises MissingFile if there is none, unless `new`."""
    return stores_of(folders, new).samples()


def stores_of(folders: Folders, new: bool = False) -> Stores:
    """What this box was taught. Raises MissingFile if that is nothing, unless `new`."""
    from pi_reader.config import load_settings
    from pi_reader.learning.stores import Stores

    try:
        missing = not folders.samples.exists()
    except PermissionError as error:
        raise BadData(
            f"{folders.samples}: this user may not read it; read it with sudo, or join "
            "the group pi-reader"
        ) from error
    if missing and not new:
        raise MissingFile(
            f"{folders.samples}: there are no samples yet; correct a reading, or "
            "`pi-reader samples import`"
        )
    return Stores(folders, load_settings(folders.settings), _warn)


def _warn(line: str) -> None:
    print(f"pi-reader: {line}", file=sys.stderr)
