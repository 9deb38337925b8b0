"""Routes by which somebody is let in: pairing, sessions, and who has one."""

from __future__ import annotations

import contextlib

from pi_reader import __version__
from pi_reader.errors import PiReaderError
from pi_reader.web.access import GUEST, LEVELS, OWNER, PUPIL
from pi_reader.web.answers import Answer, Failed, in_json
from pi_reader.web.calls import Call

COOKIE = "pi-reader"

_COOKIE_RULES = "Path=/; HttpOnly; SameSite=Strict"
_YEAR = 365 * 86400
_BROWSERS = (("Edg/", "Edge"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Macintosh", "Linux")


def session(call: Call) -> Answer:
    """Who the caller is, and how to become somebody."""
    box = call.box
    values = {
        "role": call.session.role if call.session else GUEST,
        "guest": box.watch.guests(),
        "can": [level for level in LEVELS[1:] if call.may(level)],
        "pairing": box.access.facts(),
    }
    return in_json(values | {"name": box.name, "version": __version__, "demo": box.is_demo})


def pairing(call: Call) -> Answer:
    """Show a code on the box; or give its owner one for pupils."""
    box, role = call.box, call.body.get("role", OWNER)
    if role == PUPIL and not call.may(OWNER):
        raise Failed(403, "pairing: only an owner gets a code for pupils")
    code = box.access.new_code(role, unlocked=role == PUPIL)
    facts = box.access.facts()
    if role == PUPIL:
        return in_json({"code": code.code, "role": PUPIL, "seconds": facts["seconds"]})
    box.ask("code", code.code)
    return in_json(facts, 202)


def pair(call: Call) -> Answer:
    """Take a code for a session, named by browser and system so that people know it again."""
    browser = next((name for mark, name in _BROWSERS if mark in call.agent), "a program")
    system = next((f", {name}" for name in _SYSTEMS if name in call.agent), "")
    secret, role = call.box.access.pair(call.body["code"], browser + system)
    with contextlib.suppress(Failed, PiReaderError):  # perhaps nobody shows one
        call.box.ask("code", "000000")
    cookie = f"{COOKIE}={secret}; Max-Age={_YEAR}; {_COOKIE_RULES}"
    return in_json({"role": role}, headers={"Set-Cookie": cookie})


def leave(call: Call) -> Answer:
    """End the caller's session."""
    if call.session is not None:
        call.box.access.end(call.session.id)
    return Answer(204, headers={"Set-Cookie": f"{COOKIE}=; Max-Age=0; {_COOKIE_RULES}"})


def sessions(call: Call) -> Answer:
    """All who were let in; never their secrets."""
    names = ("id", "role", "kind", "name", "since", "seen")
    found = [
        {name: getattr(one, name) for name in names} | {"this": one == call.session}
        for one in call.box.access.sessions()
    ]
    return in_json({"sessions": found})


def end_sessions(call: Call) -> Answer:
    """End one session, or all."""
    if not call.box.access.end(*call.path.values()) and call.path:
        raise Failed(404, "session: there is none of that name")
    return Answer(204)
