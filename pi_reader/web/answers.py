"""What goes back: an answer, or why there is none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Answer:
    """What goes back. content: bytes, or pieces of them as they come."""

    status: int = 200
    content: bytes | Iterator[bytes] = b""
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def in_json(values: Any, status: int = 200, headers: Mapping[str, str] = _NONE) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(values, allow_nan=False).encode(), headers=headers)


class Failed(Exception):
    """An answer other than the one that was asked for.

    status: HTTP's; line: what is, what should be; more: for the page; hangs_up: whether nothing
    else can come over the connection.
    """

    def __init__(self, status: int, line: str, hangs_up: bool = False, **more: Any) -> None:
        super().__init__(line)
        self.status, self.hangs_up, self.more = status, hangs_up, more

    @property
    def answer(self) -> Answer:
        """How it is told."""
        more, headers = dict(self.more), {}
        if allow := more.pop("allow", None):
            headers["Allow"] = ", ".join(allow)
        if self.status == 429:
            headers["Retry-After"] = str(more.get("seconds", 60))
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        said = {"error": str(self)} | {key: value for key, value in more.items() if value != []}
        return in_json(said, self.status, headers)
