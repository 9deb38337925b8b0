"""`pi-reader link`: tells a broker or a web address what the box reads."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pi_reader.cli.common import folders_of, one_line
from pi_reader.cli.options import STATE, option
from pi_reader.errors import BadData, BadSettings, MissingFile, NoHardware, PiReaderError
from pi_reader.privileges import as_caller

if TYPE_CHECKING:
    from pi_reader.config import Folders
    from pi_reader.config.settings import LinkSettings

HELP = """send readings to an MQTT broker, Home Assistant or a web address

The receivers are set under [link] in the settings. `test` sends each of them a message and reports
the result, with exit code 69 if one did not arrive; `status` says how it is going; `run` is
what the service does; `remove` takes the box away from the broker and from Home Assistant."""
EXAMPLE = "pi-reader link test"

ACTIONS = ("test", "status", "run", "remove")

OPTIONS = (
    option("action", choices=ACTIONS, metavar="ACTION", help=", ".join(ACTIONS)),
    STATE,
)


def run(args: argparse.Namespace) -> int:
    """Do what was asked for."""
    from pi_reader.config import load_settings

    folders = folders_of(args)
    settings = load_settings(folders.settings).link
    if args.action == "status":
        return _status(settings, folders)
    if not (settings.broker or settings.webhook):
        raise BadSettings(
            f"{folders.settings}: names nobody to tell; set link.broker or link.webhook"
        )
    if args.action == "run":
        return _run(settings, folders)
    with as_caller():  # root may read the password; neither of these touches the state
        return {"test": _test, "remove": _remove}[args.action](settings)


def _run(settings: LinkSettings, folders: Folders) -> int:
    """Tell them until systemd says to stop."""
    from pi_reader.link.messages import device_id
    from pi_reader.link.service import Link

    if not settings.on:
        raise BadSettings(f"{folders.settings}: link.on is false; set it to true")
    link = Link(settings, folders, device_id(settings.id), _say)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: link.stop())
    link.run()
    return 0


def _say(line: str) -> None:
    print(f"pi-reader: {one_line(line)}", file=sys.stderr, flush=True)


def _test(settings: LinkSettings) -> int:
    """Send one message each way; say what came of it."""
    failed = 0
    for name, send in (("broker", _test_broker), ("webhook", _test_webhook)):
        if not getattr(settings, name):
            continue
        begun = time.monotonic()
        try:
            words = send(settings)
        except PiReaderError as error:
            failed = NoHardware.exit_code
            print(one_line(f"{name}: FAILED: {error}"))
        else:
            print(f"{name}: {words}, in {1000 * (time.monotonic() - begun):.0f} ms")
    return failed


def _test_broker(settings: LinkSettings) -> str:
    from pi_reader.link.broker import Connection
    from pi_reader.link.messages import as_json, command_topics, device_id, topic

    device = device_id(settings.id)
    connection = Connection(settings, f"{device}-test")
    connection.open(command_topics(device, settings.room))
    connection.publish(topic(device, "answer"), as_json({"test": True}))
    connection.flush(5.0)
    connection.close()
    return f"{settings.broker} took a message of {device} and lets it listen"


def _test_webhook(settings: LinkSettings) -> str:
    from pi_reader.link.messages import device_id
    from pi_reader.link.webhook import post

    post(settings, {"device": device_id(settings.id), "test": True})
    return f"{settings.webhook} took a message"


def _remove(settings: LinkSettings) -> int:
    """Take away what lies retained at the broker."""
    from pi_reader.link import discovery
    from pi_reader.link.broker import Connection
    from pi_reader.link.messages import RETAINED, device_id, topic

    if not settings.broker:
        return 0
    device = device_id(settings.id)
    connection = Connection(settings, f"{device}-remove")
    connection.open(discovery.number_topics(device, "+"))
    for _ in range(10):  # what it has kept of numbers comes at once
        connection.step(0.05)
    numbers = [one.topic for one in connection.inbox if one.retained]
    own = (discovery.config_topic(device), *(topic(device, name) for name in RETAINED))
    for place in (*own, *numbers):
        connection.publish(place, "", True)
    connection.flush(5.0)
    connection.close()
    print(f"{device} was removed from {settings.broker}")
    return 0


def _status(settings: LinkSettings, folders: Folders) -> int:
    """How it is going, as the service left word."""
    from pi_reader.files import read_json

    try:
        report = read_json(folders.link)
    except (MissingFile, BadData) as error:
        if not settings.on:
            raise NoHardware(f"off: {folders.settings} has no link.on = true") from error
        raise NoHardware(
            f"not running: {error}; `systemctl status pi-reader-link` tells why"
        ) from error
    for name, said in _lines(report):
        print(one_line(f"{name:8} {said}"))
    return 0 if report.get("connected") or report.get("webhook") else NoHardware.exit_code


def _lines(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "device", str(report.get("device"))
    yield "broker", "connected" if report.get("connected") else str(report.get("trouble"))
    yield "backlog", f"{report.get('backlog')} readings wait for the broker"
    if isinstance(webhook := report.get("webhook"), dict):
        words = f"{webhook.get('waiting')} readings wait, {webhook.get('lost')} were given up"
        yield "webhook", f"{words}; {webhook['trouble']}" if webhook.get("trouble") else words
