"""SHA-256 by Python's own code: `hashlib` would load OpenSSL for it, 3.5 MB that stay."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

_HOMES = ("_sha2", "_sha256", "hashlib")  # from Python 3.12 on, before, and without both

if TYPE_CHECKING:
    from hashlib import sha256 as sha256
else:
    sha256 = import_module(next(filter(find_spec, _HOMES))).sha256
