"""The page's own files, as they are sent."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

from pi_reader.web.answers import Answer

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
}


class Pages:
    """The files of the page, held in memory as they are sent.

    All but the first bear a digest of all of them in their address, so that a browser need not ask
    for one twice, and never mixes two versions.
    """

    def __init__(self, folder: Path) -> None:
        files = {
            path.name: path.read_bytes()
            for path in sorted(folder.iterdir())
            if path.is_file() and path.suffix in _TYPES
        }
        digest = hashlib.sha256()
        for name, content in files.items():
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        self.version = digest.hexdigest()[:12]
        base = f"/s/{self.version}/"
        index = files.pop("index.html", b"").replace(b"/s/@/", base.encode())
        self._files = {f"{base}{name}": content for name, content in files.items()}
        self._files["/"] = index
        if "icon.svg" in files:
            self._files["/favicon.ico"] = files["icon.svg"]
        self._packed = {name: gzip.compress(content, 9) for name, content in self._files.items()}

    def answer(self, path: str, packed: bool, known: str) -> Answer | None:
        """A file, None if there is none; packed: whether gzip will do; known: version it has."""
        if path not in self._files:
            return None
        kind = _TYPES.get(Path(path).suffix, _TYPES[".html"])
        if path == "/favicon.ico":
            kind = _TYPES[".svg"]
        lasting = path.startswith("/s/")
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable" if lasting else "no-cache",
            "ETag": f'"{self.version}"',
            "Vary": "Accept-Encoding",
        }
        if known.removeprefix("W/") == headers["ETag"]:
            return Answer(304, headers=headers)
        if packed:
            headers["Content-Encoding"] = "gzip"
        content = (self._packed if packed else self._files)[path]
        return Answer(200, content, kind, headers)
