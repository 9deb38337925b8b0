"""Downloads MNIST once, and verifies its sha256."""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pi_reader import files
from pi_reader.errors import BadData, NoHardware
from pi_reader.files import make_folder
from pi_reader.training.data import TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS

# File, size in bytes and sha256, both of the uncompressed file.
MNIST_FILES: dict[str, tuple[int, str]] = {
    TRAIN_IMAGES: (
        47_040_016,
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    TRAIN_LABELS: (60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    TEST_IMAGES: (7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    TEST_LABELS: (10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
}

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
MIRRORS_VARIABLE = "PI_READER_MNIST_MIRRORS"  # addresses, separated by spaces: a school's own copy
_AT_ONCE = 1 << 18  # bytes read in one go
_BY_HAND = "MNIST can also be copied over by hand and named with --mnist, or use --drawn"
_PATIENCE = 20.0  # seconds without data before a mirror is given up


def download_mnist(
    folder: Path,
    mirrors: Sequence[str] = (),
    progress: Callable[[str], None] = lambda line: None,
) -> Path:
    """Download the missing files of MNIST into `folder`, unpacked, and return the folder.

    A file appears only once it is complete and has the right sha256; one that is already there
    and right is not downloaded again. `mirrors` are tried in turn for each file; by default those
    in the environment variable PI_READER_MNIST_MIRRORS, otherwise the public ones. `progress` is
    given a line about each file.
    Raises NoHardware if no mirror answers, BadData if they serve other files, CannotWrite.
    """
    folder = Path(folder)
    mirrors = mirrors or os.environ.get(MIRRORS_VARIABLE, "").split() or MIRRORS
    make_folder(folder)
    for name, (size, sha256) in MNIST_FILES.items():
        if _already_there(folder / name, size, sha256):
            continue
        problems: list[Exception] = []
        for mirror in mirrors:
            address = f"{mirror.rstrip('/')}/{name}.gz"
            progress(f"fetching {address}")
            try:
                _fetch(address, folder / name, size, sha256)
                break
            except (BadData, NoHardware) as error:
                problems.append(error)
        else:
            kind = next((type(p) for p in problems if isinstance(p, BadData)), NoHardware)
            asked = "" if kind is BadData else "is there a network? "
            raise kind(f"{'; '.join(map(str, problems))}; {asked}{_BY_HAND}")
    return folder


def default_folder() -> Path:
    """Where a downloaded MNIST is kept: $XDG_CACHE_HOME/pi-reader/mnist, else below ~/.cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "pi-reader" / "mnist"


def _already_there(path: Path, size: int, sha256: str) -> bool:
    """Whether the right file is there from an earlier download."""
    return path.is_file() and path.stat().st_size == size and files.sha256(path) == sha256


def _fetch(address: str, path: Path, size: int, sha256: str) -> None:
    """Download one packed file, unpack it on the fly, and keep it if its sha256 is right."""
    total, held = hashlib.sha256(), 0
    try:
        with files.durable(path) as handle:
            for piece in _unpacked(address):
                held += len(piece)
                if held > size:
                    break
                total.update(piece)
                handle.write(piece)
            if held != size or total.hexdigest() != sha256:
                raise BadData(f"{address}: is not the known MNIST file (wrong size or sha256)")
    except (zlib.error, EOFError) as error:
        raise BadData(f"{address}: is no whole gzip file ({error})") from error


def _unpacked(address: str) -> Iterator[bytes]:
    """The unpacked contents of a .gz at an address, piece by piece."""
    unpack = zlib.decompressobj(wbits=31)  # 31: with a gzip header
    try:
        with urllib.request.urlopen(address, timeout=_PATIENCE) as reply:
            while packed := reply.read(_AT_ONCE):
                while packed:
                    yield unpack.decompress(packed, _AT_ONCE)
                    packed = unpack.unconsumed_tail
    except urllib.error.HTTPError as error:
        error.close()  # it is the reply as well
        raise NoHardware(f"{address}: the server says {error.code} {error.reason}") from error
    except (OSError, ValueError, http.client.HTTPException) as error:  # ValueError: no address
        reason = getattr(error, "reason", error)
        raise NoHardware(f"{address}: cannot be fetched ({reason})") from error
    if not unpack.eof:
        raise EOFError("it ends too early")
