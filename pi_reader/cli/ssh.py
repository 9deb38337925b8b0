"""`pi-reader ssh`: the forced command for a restricted key, and the line that restricts one.

The line goes into /etc/pi-reader/authorized_keys, and a file in /etc/ssh/sshd_config.d/ has, for
`Match User pi-reader`, `ForceCommand /opt/pi-reader/bin/pi-reader ssh`: with an absolute path,
since nothing may depend on the caller's PATH. `setup.sh install --ssh-key FILE` writes both.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import os
import re
import struct
import sys
from pathlib import Path

from pi_reader.cli.common import folders_of, one_line
from pi_reader.cli.options import STATE, option
from pi_reader.errors import BadData, BadSettings, MissingFile

HELP = """serve a restricted SSH key, or print the line that restricts one

Without options it is the forced command of sshd: it does what SSH_ORIGINAL_COMMAND asks for, if
that is one of a few fixed requests; `help` lists them. With --show-line it prints, for a public
key, the line for authorized_keys that allows these and nothing else."""
EXAMPLE = "pi-reader ssh --show-line id_ed25519.pub"

COMMAND = "/usr/local/bin/pi-reader ssh"  # absolute: nothing may depend on the caller's PATH
KEY_TYPES = {  # each with the number of strings that such a key consists of
    "ssh-ed25519": 2,
    "sk-ssh-ed25519@openssh.com": 3,
    "ecdsa-sha2-nistp256": 3,
    "ecdsa-sha2-nistp384": 3,
    "ecdsa-sha2-nistp521": 3,
    "sk-ecdsa-sha2-nistp256@openssh.com": 4,
    "ssh-rsa": 3,
}

_LARGEST_KEY = 16 << 10  # bytes of a key file
_SMALLEST_RSA = 256  # bytes of the modulus: 2048 bits
_LONGEST_COMMENT = 60  # characters

OPTIONS = (
    option(
        "--show-line",
        type=Path,
        metavar="KEY",
        help="print the line for authorized_keys that restricts this public key",
    ),
    STATE,
)


def run(args: argparse.Namespace) -> int:
    """Print the line, or serve the caller."""
    if args.show_line:
        print(line_for(args.show_line))
        return 0
    return _serve(args)


def _serve(args: argparse.Namespace) -> int:
    from pi_reader.box.actions import Session, serve
    from pi_reader.config import Settings, load_settings

    folders = folders_of(args)
    try:
        settings = load_settings(folders.settings)
    except BadSettings as error:  # the caller may still inspect and roll back
        print(f"pi-reader: {one_line(str(error))}", file=sys.stderr)
        settings = Settings()

    with (
        open(0, "rb", buffering=0, closefd=False) as incoming,
        open(1, "wb", closefd=False) as outgoing,
    ):
        session = Session(folders, incoming, outgoing, settings)
        serve(os.environ.get("SSH_ORIGINAL_COMMAND", ""), session)
    return 0


def line_for(path: Path) -> str:
    """The line of authorized_keys that restricts a key to `pi-reader ssh`.

    path: a file with one public key as ssh-keygen writes it. Raises MissingFile, or BadData for
    anything else.
    """
    kind, content, comment = _read_key(path)
    clean = re.sub(r"[^A-Za-z0-9@._-]+", "_", comment)[:_LONGEST_COMMENT]
    return f'restrict,command="{COMMAND}" {kind} {content} {clean}'.rstrip()


def _read_key(path: Path) -> tuple[str, str, str]:
    """Type, base64 and comment of the only key in a file."""
    try:
        with open(path, "rb") as handle:
            raw = handle.read(_LARGEST_KEY + 1)
    except FileNotFoundError as error:
        raise MissingFile(f"{path}: there is no such file, should be a public key") from error
    except OSError as error:
        raise BadData(f"{path}: cannot be read ({error.strerror})") from error
    if b"PRIVATE KEY" in raw:
        raise BadData(f"{path}: is a private key, which nobody else may see; give the .pub file")
    if len(raw) > _LARGEST_KEY:
        raise BadData(f"{path}: is too large for a public key")
    lines = [
        line
        for line in raw.decode("utf-8", "replace").splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if len(lines) != 1:
        raise BadData(f"{path}: has {len(lines)} keys, should have one, as ssh-keygen writes it")
    kind, _, rest = lines[0].strip().partition(" ")
    content, _, comment = rest.strip().partition(" ")
    if kind not in KEY_TYPES:
        raise BadData(
            f"{path}: begins with {kind!r:.40}, should begin with the key's type: "
            f"{', '.join(KEY_TYPES)}"
        )
    if not _is_key(kind, content):
        raise BadData(
            f"{path}: is no whole {kind} key (of 2048 bits at least if RSA); copy the "
            ".pub file again"
        )
    return kind, content, comment.strip()


def _is_key(kind: str, content: str) -> bool:
    """Whether this is base64 of the right number of length-prefixed strings (RFC 4253)."""
    try:
        blob = base64.b64decode(content, validate=True)
        parts = []
        while blob:
            (length,) = struct.unpack_from(">I", blob)
            if len(blob) < 4 + length:
                return False
            parts.append(blob[4 : 4 + length])
            blob = blob[4 + length :]
    except (binascii.Error, ValueError, struct.error):
        return False
    if len(parts) != KEY_TYPES[kind] or parts[0] != kind.encode():
        return False
    if kind == "ssh-rsa":
        return len(parts[2].lstrip(b"\0")) >= _SMALLEST_RSA
    return len(parts[1]) == 32 or "ed25519" not in kind
