"""The guides: what they name exists, what exists they name, and the first page is short."""

from __future__ import annotations

import argparse
import re
from functools import cache
from pathlib import Path

import pytest

from pi_reader.cli import main as door
from pi_reader.cli.main import COMMANDS
from pi_reader.config import Settings

ROOT = Path(__file__).resolve().parents[1]
SKIPPED = {".git", ".venv", ".venv-dev", ".venv-older"}
GUIDES = sorted(
    path
    for path in ROOT.rglob("README.md")
    if not SKIPPED & set(path.relative_to(ROOT).parts) and ".pytest_cache" not in path.parts
)
ALL = "\n".join(path.read_text(encoding="utf-8") for path in GUIDES)
FIRST = (ROOT / "README.md").read_text(encoding="utf-8")
INVENTED = {"leds.srue"}  # a misspelling that a guide shows on purpose
PICTURE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


@cache
def options(command: str) -> frozenset[str]:
    """All options of a command, those of its own commands included."""
    parser = argparse.ArgumentParser()
    door.arguments(parser, door._command(command))
    found, parsers = set(), [parser]
    while parsers:
        for action in parsers.pop()._actions:
            found |= set(action.option_strings)
            if isinstance(action, argparse._SubParsersAction):
                parsers += action.choices.values()
    return frozenset(found - {"-h", "--help"})


@cache
def anchors(path: Path) -> frozenset[str]:
    """What a link into a guide may name, as the usual sites make it of headings."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return frozenset(heading.replace(" ", "-") for heading in plain)


def code_lines() -> list[str]:
    """All code in the guides: the lines of blocks, and what stands between backticks."""
    lines, inside = [], False
    for line in ALL.splitlines():
        if line.strip().startswith("```"):
            inside = not inside
        else:
            lines += [line] if inside else re.findall(r"`([^`]+)`", line)
    return lines


def commands_shown() -> list[tuple[str, str]]:
    """Each command in code of a guide: its name, and the rest of the line as far as the shell
    takes it for its own."""
    called = re.compile(
        r"(?:^|sudo |PATH=\S+ |run |\$ )(?:-u \S+ )?pi-reader (?!-)([a-z]+)\b([^|#;]*)"
    )
    return [found.groups() for line in code_lines() for found in called.finditer(line.strip())]


def test_ok__the_first_page_is_read_in_two_minutes() -> None:
    lines = FIRST.splitlines()
    assert len(lines) <= 200
    assert PICTURE.search("\n".join(lines[:15]))


def test_ok__pictures_are_there_and_small() -> None:
    pictures = {
        (path.parent / name).resolve()
        for path in GUIDES
        for name in PICTURE.findall(path.read_text(encoding="utf-8"))
        if not name.startswith("http")
    }
    assert pictures and all(picture.is_file() for picture in pictures)
    assert sum(picture.stat().st_size for picture in pictures) <= 300_000


def test_ok__links_are_found() -> None:
    found = [link for path in GUIDES for link in LINK.findall(path.read_text(encoding="utf-8"))]
    assert len(found) > 40 and any("#" in link for link in found)


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: str(path.relative_to(ROOT)))
def test_ok__links_lead_somewhere(path: Path) -> None:
    for link in LINK.findall(path.read_text(encoding="utf-8")):
        if link.startswith("http"):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), f"{link}: there is no such file"
        assert not anchor or anchor in anchors(target), f"{link}: there is no such heading"


@pytest.mark.parametrize("name", COMMANDS)
def test_ok__each_command_and_option_is_in_a_guide(name: str) -> None:
    assert f"pi-reader {name}" in ALL
    for option in options(name):
        assert option in ALL, f"no guide mentions {name} {option}"


def test_ok__each_command_in_a_guide_exists() -> None:
    shown = commands_shown()
    assert {name for name, _ in shown} >= set(COMMANDS)
    for name, rest in shown:
        assert name in COMMANDS, f"pi-reader {name}{rest}"
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", rest):
            assert option in options(name), f"pi-reader {name} has no {option}"


def test_ok__each_setting_in_a_guide_exists() -> None:
    sections = Settings().sections
    named = set(re.findall(r"`([a-z]+\.[a-z_]+)`", ALL)) - INVENTED
    ours = {name for name in named if name.partition(".")[0] in sections}
    files = {name for name in ours if name.endswith((".py", ".sh", ".toml", ".db"))}
    assert len(ours - files) > 10
    for name in ours - files:
        section, _, key = name.partition(".")
        assert hasattr(sections[section], key), f"{name}: there is no such setting"


def test_fail__what_does_not_exist_is_seen() -> None:
    assert "--nonsense" not in options("read")
    assert "no-such-heading" not in anchors(ROOT / "README.md")
    assert "build-the-box" in anchors(ROOT / "README.md")
