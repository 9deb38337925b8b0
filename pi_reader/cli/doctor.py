"""`pi-reader doctor`: checks every part of a box and says what to do."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from pi_reader.cli import doctor_checks as checks
from pi_reader.cli.common import folders_of, one_line
from pi_reader.cli.doctor_checks import Box
from pi_reader.cli.options import STATE, option
from pi_reader.errors import (
    BadData,
    BadSettings,
    Busy,
    CannotWrite,
    MissingFile,
    NoHardware,
    PiReaderError,
)
from pi_reader.parts.findings import (
    Finding,
    Verdict,
    absent,
    hidden,
    well,
    worth_a_look,
    wrong,
)

HELP = """check every part of the box, and say what to do

Exit code 0 if nothing is wrong, otherwise that of the worst finding: 78 settings, 70 a bug in
pi-reader, 65 damaged data, 66 missing files, 73 a card that cannot be written, 69 missing parts,
75 parts in use by another program."""
EXAMPLE = "pi-reader doctor --json"

WORST_FIRST = tuple(
    kind.exit_code
    for kind in (BadSettings, PiReaderError, BadData, MissingFile, CannotWrite, NoHardware, Busy)
)
_REST = (  # beside what is attached
    *("groups", "weights", "history", "samples", "training", "mnist", "disk", "writes"),
    *("overlay", "memory", "temperature", "power", "clock", "blas"),
)
_ANSWER_SECONDS = 3.0  # for the service, which checks for requests four times a second

Check = Callable[[Box], Finding]

OPTIONS = (
    option("--json", action="store_true", help="one JSON object, for scripts"),
    STATE,
)


def run(args: argparse.Namespace) -> int:
    """Run all checks and print the findings."""
    box = Box(folders=folders_of(args))
    found = {}
    for name, finding in examine(box):
        found[name] = finding
        if not args.json:
            print(f"{finding.verdict:8}  {name:11}  {one_line(finding.words)}", flush=True)
    code = worst(found.values())
    if args.json:
        print(
            json.dumps(
                {
                    "exit_code": code,
                    "checks": [
                        {"name": name, "verdict": finding.verdict, "words": finding.words}
                        for name, finding in found.items()
                    ],
                },
                ensure_ascii=False,
            )
        )
    elif not code:
        print(_good_news(found.values()))
    return code


def worst(findings: Iterable[Finding]) -> int:
    """The exit code for these findings: 0, or that of the worst one."""
    codes = {finding.exit_code for finding in findings if finding.verdict is Verdict.WRONG}
    return next((code for code in WORST_FIRST if code in codes), 0)


def _good_news(findings: Iterable[Finding]) -> str:
    """The last line if nothing is wrong, which claims no more than was checked."""
    looks = [finding for finding in findings if finding.verdict is Verdict.LOOK]
    if any(finding.hidden for finding in looks):
        return "nothing is wrong, as far as this user may look; `sudo pi-reader doctor` sees more"
    count = "one line" if len(looks) == 1 else f"{len(looks)} lines"
    return "nothing is wrong" + (f"; {count} above may be worth a look" if looks else "")


def examine(box: Box) -> Iterator[tuple[str, Finding]]:
    """Yield the findings, each with the name of its part."""
    for name, check in _checks(box):
        try:
            finding = check(box)
        except PiReaderError as error:
            finding = wrong(str(error), error.exit_code)
            if isinstance(error.__cause__, PermissionError):
                finding = hidden(str(error))
        except PermissionError as error:
            finding = hidden(f"{error.filename}: this user may not read it")
        except ImportError as error:
            finding = wrong(
                f"{error.name or error} cannot be loaded; `sudo ./setup.sh install` "
                "brings what is needed"
            )
        except Exception as error:  # one part that cannot be examined must not hide the others
            finding = wrong(
                f"could not be examined ({error!r:.200}); please report this",
                PiReaderError.exit_code,
            )
        yield name, finding


def _checks(box: Box) -> Iterator[tuple[str, Check]]:
    """Every check with its name; those that others depend on come first."""
    yield from (("board", checks.board), ("settings", settings), ("software", checks.software))
    yield from (("service", service), ("camera", checks.camera))
    for title in checks.parts(box.settings):
        yield title, partial(checks.part, title)
    for name in _REST:
        yield name, getattr(checks, name)


def settings(box: Box) -> Finding:
    """The settings, which the later checks use. Raises BadSettings."""
    from pi_reader.config import load_layered, pins

    box.settings, trouble = load_layered(box.folders)
    if trouble:
        return worth_a_look(trouble)
    lines = sum(1 for _ in pins(box.settings))
    if not box.folders.settings.exists():
        words = f"there is no {box.folders.settings}; using the defaults"
        return (
            worth_a_look(f"{words}; `sudo ./setup.sh install` brings an example")
            if box.is_device
            else absent(words)
        )
    return well(f"{box.folders.settings}, GPIO lines in use: {lines or 'none'}")


def service(box: Box) -> Finding:
    """Whether the service runs and answers, and whether it reports a fault."""
    from pi_reader.client.status import read_status, span

    known = read_status(box.folders, time.time())
    if not known.running:
        return wrong(known.problem) if box.is_device else absent(known.problem)
    box.state = known.state
    words = f"it runs for {span(box.state.uptime)}"
    if problem := _answer(box):
        return worth_a_look(f"{words}, but does not answer: {problem}")
    if box.state.fault:
        return worth_a_look(f"{words}, but says: {box.state.fault}")
    return well(words)


def _answer(box: Box) -> str:
    """Request the service's status; returns what is wrong if there is no answer."""
    from pi_reader.requests import Requests
    from pi_reader.state import BoxState

    requests = Requests(box.folders.requests)
    try:
        answer = requests.wait(requests.ask("doctor"), _ANSWER_SECONDS)
    except CannotWrite:  # not in the box's group: its status file has to do
        return ""
    except Busy as error:
        return str(error)
    if "frames" in answer:
        box.state = BoxState.from_json(answer)
    return ""
