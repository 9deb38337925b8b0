"""Shared by several commands: finding weights and folders, and writing pictures."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pi_reader
from pi_reader.errors import BadData, CannotWrite, MissingFile
from pi_reader.files import check_file

if TYPE_CHECKING:
    from PIL.Image import Image

    from pi_reader.config import Folders, Settings
    from pi_reader.learning.generations import Generations
    from pi_reader.reading.reader import Reader

WEIGHTS_HELP = "weights file, or the name of shipped ones: default, classic (default: %(default)s)"


def one_line(text: str) -> str:
    """A text on a single line, whatever characters it contains.

    Line ends and other unprintable characters are escaped as in Python: `\\n`, `\\x1b`.
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


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


def add_state_option(parser: argparse.ArgumentParser) -> None:
    """Declare `--state DIR`, for commands that use a box's folders."""
    parser.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="folder that holds settings and state of another box, or of a trial "
        "(default: the box's own, on a desktop the user's)",
    )


def folders_of(args: argparse.Namespace) -> Folders:
    """The folders selected by the command line."""
    from pi_reader.config import find_folders

    return find_folders(args.state)


def generations_of(folders: Folders, settings: Settings) -> Generations:
    """The generations of a box, on top of the shipped weights."""
    from pi_reader.learning.generations import Generations

    return Generations(folders.weights, weights_path("default"), settings.night.generations)


def weights_path(name: str) -> Path:
    """The weights file for `name`.

    A path takes precedence; a bare name is looked up among the shipped weights, which an installed
    package contains and a checkout has beside it. Raises MissingFile.
    """
    if os.path.exists(name) or Path(name).name != name:  # os.path: takes names of any length
        return Path(name)  # if it does not exist, opening it will report that
    package = Path(pi_reader.__file__).parent
    for folder in (package / "weights", package.parent / "weights"):
        path = folder / f"{name.removesuffix('.npz')}.npz"
        if os.path.exists(path):
            return path
    raise MissingFile(
        f"{name:.80}: there is no such weights file, and no shipped weights of that name"
    )


def open_reader(name: str) -> Reader:
    """A reader with the weights called `name`; see `weights_path`."""
    from pi_reader.files import sha256
    from pi_reader.network import store
    from pi_reader.reading.reader import reader_of

    path = weights_path(name)
    weights, shipped = store.load_all(path), None
    if weights.context is None:
        shipped = store.load_all(weights_path("default")).context
    return reader_of(weights, sha256(path), shipped=shipped)


def make_folder(folder: Path) -> None:
    """Make sure there is a folder to write pictures to. Raises CannotWrite."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"{folder}: cannot be made a folder ({error.strerror})") from error


def save_picture(path: Path, picture: Image) -> None:
    """Write a PNG, whole or not at all. Raises CannotWrite."""
    from pi_reader.files import durable

    with durable(path) as handle:
        picture.save(handle, "PNG")


def content_of(name: str, most: int) -> bytes:
    """The bytes of a file, or of standard input if it is named `-`; a named pipe is refused.

    Reads at most `most` + 1 bytes, so that the caller can tell if it is too much. Raises
    MissingFile or BadData.
    """
    try:
        if name == "-":
            return sys.stdin.buffer.read(most + 1)
        check_file(Path(name))
        with open(name, "rb") as handle:
            return handle.read(most + 1)
    except FileNotFoundError as error:
        raise MissingFile(f"{name}: there is no such file") from error
    except OSError as error:
        raise BadData(f"{name}: cannot be read ({error.strerror})") from error
