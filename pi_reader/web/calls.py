"""What a route is given: a checked call, and the box that it may ask."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pi_reader.client import clerk
from pi_reader.config import Folders
from pi_reader.web.access import GUEST, Access, Session, may
from pi_reader.web.answers import Answer, Failed, in_json
from pi_reader.web.watch import Watch

_STATUS_OF = {2: 422, 65: 422, 78: 422, 66: 404, 70: 500}  # by exit codes; of others it is 503


@dataclass(frozen=True)
class Box:
    """What routes work with; name: of the box in the network."""

    folders: Folders
    access: Access
    watch: Watch
    name: str
    is_demo: bool = False

    def ask(self, *words: str) -> list[str]:
        """The lines that the clerk answers. Raises Failed with what it met, Busy without one."""
        answer = clerk.ask(self.folders.clerk, words)
        if answer.error:
            raise Failed(_STATUS_OF.get(answer.exit_code, 503), answer.error)
        return list(answer.lines)

    def ask_values(self, *words: str) -> list[Any]:
        """The same for answers in JSON, a value a line."""
        try:
            return [json.loads(line) for line in self.ask(*words)]
        except ValueError as error:
            raise Failed(503, f"clerk: said what cannot be understood ({error})") from error


@dataclass(frozen=True)
class Call:
    """A request that may be answered. path: the numbers and names in it; session: None for a guest;
    agent: what the browser calls itself; if_match: the version that a change is meant for."""

    box: Box
    path: Mapping[str, str]
    query: Mapping[str, str]
    session: Session | None
    agent: str = ""
    if_match: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)

    def may(self, level: str) -> bool:
        """Whether the caller has this level."""
        role = self.session.role if self.session else GUEST
        return may(level, role, self.box.watch.guests())


Do = Callable[[Call], Answer]


def say(*words: str, status: int = 200) -> Do:
    """A route that has the clerk do something; {names} are of the path or the body."""

    def do(call: Call) -> Answer:
        given = {**call.path, **call.body}
        lines = call.box.ask(*(word.format(**given) for word in words))
        return in_json({"done": "\n".join(lines)}, status) if status != 204 else Answer(204)

    return do
