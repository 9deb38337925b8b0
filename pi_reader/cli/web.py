"""`pi-reader web`: the page, seen from the box itself."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pi_reader.cli.common import one_line
from pi_reader.cli.options import STATE, option
from pi_reader.errors import Busy, NoHardware, UsageError

if TYPE_CHECKING:
    from pi_reader.config import Folders
    from pi_reader.web.access import Access

HELP = """access to the web page: codes, tokens, and who has access

`status` says where the page is and who has access; `code` prints a six-digit code that makes
a browser an owner's, or with --pupil a pupil's; `token` prints a token for a script,
once; `revoke` ends a session or token by its name in `status`, with --all every one.
`run` is what the service does."""
EXAMPLE = "pi-reader web status"

DEMO = "PI_READER_DEMO"  # set in the environment of the demo's page
ACTIONS = ("status", "code", "token", "revoke", "run")

OPTIONS = (
    option("action", choices=ACTIONS, metavar="ACTION", help=", ".join(ACTIONS)),
    option("names", nargs="*", metavar="NAME", help="whom to revoke"),
    option("--all", action="store_true", help="revoke everybody"),
    option("--pupil", action="store_true", help="who may label, and no more"),
    option("--name", default="a script", help="what a token is for"),
    option("--port", type=int, default=8080, metavar="N", help="of `run` without systemd"),
    STATE,
)


def run(args: argparse.Namespace) -> int:
    """Do what was asked for."""
    from pi_reader.config import find_folders
    from pi_reader.privileges import work_as_owner_of
    from pi_reader.web.access import OWNER, PUPIL, Access

    folders = find_folders(args.state)
    if args.action == "run":
        return serve(folders, args.port)
    if folders.is_device and not folders.web_state.is_dir():
        raise NoHardware("the page is not switched on; `sudo ./setup.sh install --web` does it")
    work_as_owner_of(folders.web_state if folders.is_device else folders.state)
    access = Access(folders)
    role = PUPIL if args.pupil else OWNER
    if args.action == "status":
        return _status(folders, access)
    if args.action == "code":
        code = access.new_code(role, unlocked=True)
        print(f"{code.code}  for {role}s, {access.facts()['seconds'] // 60} minutes; {address()}")
    elif args.action == "token":
        print(access.add(role, "token", one_line(args.name)))
        print(f"a {role}'s; nobody shows it again", file=sys.stderr)
    else:
        if bool(args.names) == args.all:
            raise UsageError("revoke: name whom, as `pi-reader web status` does, or --all")
        gone = access.end(*args.names)
        print(f"{gone} ended")
        return 0 if gone or args.all else UsageError.exit_code
    return 0


def address() -> str:
    """Where the page of an installed box is."""
    return f"http://{socket.gethostname().partition('.')[0]}.local/"


def _status(folders: Folders, access: Access) -> int:
    print(f"page      {address() if folders.is_device else 'where `run` or `demo --web` says'}")
    facts = access.facts()
    code = f"good for {facts['seconds']} s, {facts['guesses']} guesses left"
    print(f"code      {code if facts['seconds'] else 'none'}")
    if facts["locked"]:
        print(f"          guessed wrongly; the page gives none for {facts['locked']} s")
    for one in access.sessions():
        seen = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.seen))
        print(one_line(f"{one.id}  {one.role:6}  {one.kind:8} seen {seen}  {one.name}"))
    return 0


def serve(folders: Folders, port: int) -> int:
    """Serve the page until told to stop, or until nobody comes any more. Raises Busy."""
    sys.modules.setdefault("ssl", None)  # type: ignore[arg-type] # http.server's; 4 MB for nothing
    from pi_reader import web
    from pi_reader.web import server
    from pi_reader.web.access import Access
    from pi_reader.web.calls import Box
    from pi_reader.web.watch import Watch

    server.prepare()
    by_systemd = "LISTEN_PID" in os.environ
    try:
        listening = server.listen("127.0.0.1", port)
    except OSError as error:
        raise Busy(f"port {port}: cannot be listened on ({error.strerror}); try another") from error
    box = Box(
        folders, Access(folders), Watch(folders), socket.gethostname().lower(), DEMO in os.environ
    )
    serving = server.Server(listening, box, Path(web.__file__).parent / "page", _say)

    def stop(*_: object) -> None:
        serving.stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    with listening:
        serving.run(server.IDLE_SECONDS if by_systemd else None)
    return 0


def _say(line: str) -> None:
    print(f"pi-reader: {one_line(line)}", file=sys.stderr, flush=True)
