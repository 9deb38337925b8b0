"""A class of boxes: what each card needs to know, what the broker must, and word to all of them.

`init` makes it all from a list of boxes. A box may write its own topics and hear what is said to
it, to its room and to all; only the teacher may say it. Nothing that comes over the broker acts as
root, so upgrades stay with SSH.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pi_reader.config.settings import LinkSettings
from pi_reader.errors import BadData, CannotWrite, MissingFile
from pi_reader.files import durable, read_json, write_json
from pi_reader.link import discovery
from pi_reader.link.broker import Connection
from pi_reader.link.messages import ALL, RETAINED, command_topics, topic

TEACHER = "teacher"
KEPT = "fleet.json"  # ids and passwords, so that a list that grew leaves the old boxes as they are

_NAME = re.compile("[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")  # also a host's
_ROOM = re.compile("[A-Za-z0-9_-]{0,32}")
_MOST = 1000  # boxes
_ROUNDS = 101  # of PBKDF2, as mosquitto_passwd does; the passwords are 128 random bits


@dataclass(frozen=True)
class Member:
    """One box: its host's name, its room, its name in topics, which is its user, its password."""

    name: str
    room: str
    id: str
    password: str


def read_list(path: Path) -> list[tuple[str, ...]]:
    """Names and rooms from a table with these columns. Raises MissingFile, BadData."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError as error:
        raise MissingFile(f"{path}: there is no such file") from error
    except (OSError, ValueError, csv.Error) as error:
        raise BadData(f"{path}: cannot be read as a table ({error})") from error
    columns = ("name", "room")
    boxes = [tuple(str(row.get(key) or "").strip() for key in columns) for row in rows]
    if not boxes or len(boxes) > _MOST:
        raise BadData(f"{path}: names {len(boxes)} boxes, should be 1 to {_MOST}, below name,room")
    for line, (name, room) in enumerate(boxes, 2):
        if not _NAME.fullmatch(name) or not _ROOM.fullmatch(room):
            raise BadData(
                f"{path}: line {line}: {name!r:.40}, {room!r:.40} should be a name of a-z, 0-9 and "
                "-, and a room of letters, digits, - and _"
            )
    if len({name for name, _ in boxes}) < len(boxes):
        raise BadData(f"{path}: two boxes have the same name; each needs its own")
    return boxes


def members_of(boxes: Iterable[tuple[str, ...]], kept: Mapping[str, Any]) -> list[Member]:
    """The boxes with id and password: those that are kept, or new ones."""
    known = {one.name: one for one in _kept_members(kept)}
    members = []
    for name, room in boxes:
        old = known.get(name)
        number, password = (old.id, old.password) if old else ("", "")
        number = number or f"pir-{secrets.token_hex(4)}"
        members.append(Member(name, room, number, password or secrets.token_hex(16)))
    return members


def _kept_members(kept: Mapping[str, Any]) -> list[Member]:
    """The boxes of a fleet's list. Raises BadData."""
    try:
        members = [Member(**one) for one in kept.get("boxes", [])]
        if not all(type(word) is str for one in members for word in vars(one).values()):
            raise TypeError("a value is no text")
    except TypeError as error:
        raise BadData(
            f"{KEPT}: is damaged ({error}); move it away, and `pi-reader fleet init` makes another"
        ) from error
    return members


def init(boxes: list[tuple[str, ...]], folder: Path, broker: str, port: int, card: str) -> None:
    """Write everything into a folder; card: cloud-init's file for one box, as shipped.

    Raises CannotWrite; BadData if the folder holds another fleet's damaged list.
    """
    try:
        kept = read_json(folder / KEPT)
    except MissingFile:
        kept = {}
    members = members_of(boxes, kept)
    password = kept.get("password") or secrets.token_hex(16)
    try:
        for place in ("mosquitto", *(f"cards/{member.name}" for member in members)):
            (folder / place).mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise CannotWrite(f"{folder}: cannot be made ({error.strerror})") from error
    values = {"broker": broker, "port": port, "user": TEACHER, "password": password}
    write_json(folder / KEPT, values | {"boxes": [vars(one) for one in members]}, 0o600)
    _write(folder / "password", [password])
    users = [(TEACHER, password), *((one.id, one.password) for one in members)]
    _write(folder / "mosquitto" / "passwords", (hashed(*user) for user in users))
    _write(folder / "mosquitto" / "acl", rights(members))
    for one in members:
        _write(folder / "cards" / one.name / "user-data", card_of(one, broker, port, card))


def hashed(user: str, password: str) -> str:
    """A line of mosquitto's password file."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS)
    words = (base64.b64encode(one).decode() for one in (salt, digest))
    return f"{user}:$7${_ROUNDS}${'$'.join(words)}"


def rights(members: Iterable[Member]) -> Iterator[str]:
    """Mosquitto's list of who may do what."""
    yield from (f"user {TEACHER}", "topic read pi-reader/#", "topic readwrite homeassistant/#")
    yield f"topic write {ALL}"
    yield from ("topic write pi-reader/+/command", "topic write pi-reader/room/+/command")
    for one in members:
        yield from ("", f"user {one.id}")
        yield from (
            f"topic write {topic(one.id, name)}" for name in (*RETAINED, "backlog", "answer")
        )
        yield f"topic write {discovery.config_topic(one.id)}"
        yield from (f"topic readwrite {place}" for place in discovery.number_topics(one.id, "+"))
        heard = (*command_topics(one.id, one.room), discovery.BIRTH)
        yield from (f"topic read {place}" for place in heard)


def card_of(one: Member, broker: str, port: int, card: str) -> Iterator[str]:
    """Cloud-init's file for one box: the shipped one with its name, its settings, its password."""
    link = {"on": True, "broker": broker, "port": port, "user": one.id, "id": one.id}
    link |= {"room": one.room} if one.room else {}
    settings = [f"{key} = {json.dumps(value)}" for key, value in link.items()]
    for line in card.splitlines():
        yield f"hostname: {one.name}" if line.startswith("hostname:") else line
        if line == "write_files:":
            yield "  - path: /etc/pi-reader/link-password"
            yield from ('    permissions: "0600"', f'    content: "{one.password}"')
        if line.strip() == "content: |":
            yield from (f"      {word}" for word in ("[link]", *settings))


def _write(path: Path, lines: Iterable[str]) -> None:
    with durable(path, 0o600) as file:
        file.write("\n".join(lines).encode() + b"\n")


class Fleet:
    """The boxes of a folder that `init` made, spoken to over the broker."""

    def __init__(self, folder: Path) -> None:
        try:
            kept = read_json(folder / KEPT)
        except MissingFile as error:
            raise MissingFile(f"{error}; `pi-reader fleet init` makes it") from error
        self.members = _kept_members(kept)
        try:
            address = {key: kept[key] for key in ("broker", "port", "user")}
            if list(map(type, address.values())) != [str, int, str]:
                raise TypeError("a value is of another type")
        except (KeyError, TypeError) as error:
            raise BadData(
                f"{folder / KEPT}: is damaged; `pi-reader fleet init` makes it"
            ) from error
        self._settings = LinkSettings(**address, password_file=str(folder / "password"))

    def states(self, seconds: float) -> dict[str, dict[str, Any]]:
        """What each box said last, by id; one that never did is missing. Raises NoHardware."""
        found: dict[str, dict[str, Any]] = {}
        wanted = {topic(one.id, name) for one in self.members for name in ("state", "availability")}
        for place, payload in self._hear(("state", "availability"), None, seconds):
            about = found.setdefault(place.split("/")[1], {})
            about |= _table(payload) if "state" in place else {"online": payload == b"online"}
            wanted.discard(place)
            if not wanted:
                break
        return found

    def tell(self, word: str, room: str, seconds: float) -> dict[str, dict[str, Any]]:
        """Say a word to a room, or to all; gives the answers by id. Raises NoHardware."""
        tag = secrets.token_hex(8)
        place = f"pi-reader/room/{room}/command" if room else ALL
        said = place, json.dumps({"command": word, "id": tag})
        wanted = {one.id for one in self.members if room in ("", one.room)}
        found: dict[str, dict[str, Any]] = {}
        for where, payload in self._hear(("answer",), said, seconds):
            if (answer := _table(payload)).get("id") == tag:
                found[where.split("/")[1]] = answer
            if wanted <= set(found):
                break
        return found

    def _hear(
        self, names: Iterable[str], said: tuple[str, str] | None, seconds: float
    ) -> Iterator[tuple[str, bytes]]:
        """Say something, and hear these topics of all boxes for so long."""
        connection = Connection(self._settings, f"fleet-{secrets.token_hex(4)}")
        connection.open([topic("+", name) for name in names])
        if said is not None:
            connection.publish(*said)
        until = time.monotonic() + seconds
        try:
            while time.monotonic() < until:
                connection.step(0.05)
                while connection.inbox:
                    one = connection.inbox.popleft()
                    yield one.topic, one.payload
        finally:
            connection.close()


def _table(payload: bytes) -> dict[str, Any]:
    try:
        values = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}
