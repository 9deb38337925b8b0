"""An output of the owner's own: the guide's buzzer sounds; what others could write never runs."""

from __future__ import annotations

import os
import re
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from box import reading

from pi_reader.box.fault_lamp import SETTINGS_THAT_WORKED, usable_settings
from pi_reader.cli import doctor
from pi_reader.cli.build import open_outputs
from pi_reader.cli.doctor_checks import Box
from pi_reader.config import Settings, find_folders, load_settings, own
from pi_reader.errors import BadSettings
from pi_reader.parts.findings import Verdict
from pi_reader.state import BoxState
from pi_reader.values import State

if TYPE_CHECKING:
    from gpiozero.pins.mock import MockFactory

GUIDE = (Path(__file__).resolve().parents[1] / "systemd" / "README.md").read_text("utf-8")
BUZZER = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)[0]


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """The folder of a trial's own parts, with the guide's buzzer, which its settings ask for."""
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "buzzer.py").write_text(BUZZER)
    (tmp_path / "config.toml").write_text("[buzzer]\npin = 14\n")
    for path in (tmp_path, folder):
        path.chmod(0o755)
    return folder


def settings_beside(parts: Path) -> Settings:
    return load_settings(parts.parent / "config.toml")


def test_ok__the_buzzer_of_the_guide_sounds(parts: Path, pins: MockFactory) -> None:
    log: list[str] = []
    with open_outputs(settings_beside(parts), log.append) as outputs:
        outputs.tell(BoxState(State.READING))
        outputs.show(reading("7"))
        heard = []
        for step in range(6):
            outputs.tick(step / 20)
            heard.append(bool(pins.pin(14).state))
        assert heard == [True, True, False, False, False, False], log
        outputs.show(reading("8"))
        assert pins.pin(14).state and not outputs.broken
    assert log == [] and not pins.pin(14).state


def test_ok__its_settings_are_settings(parts: Path) -> None:
    path = parts.parent / "config.toml"
    assert settings_beside(parts).sections["buzzer"].seconds == 0.1
    for text, words in (
        ("[buzzer]\npni = 14\n", "buzzer.pni: there is no such setting; did you mean pin?"),
        ("[buzzer]\nseconds = 9\n", "buzzer.seconds: is 9, should be a number from 0.02 to 2"),
        ("[leds]\nsure = 14\n[buzzer]\n", "GPIO14 is already used by leds.sure"),
        ("[bell]\n", "[bell]: there is no such section"),
        ('["../parts/buzzer"]\n', "there is no such section"),
    ):
        path.write_text(text)
        with pytest.raises(BadSettings, match=re.escape(words)):
            load_settings(path)


def test_ok__the_page_sets_what_it_may_beside_it(parts: Path) -> None:
    folders = find_folders(parts.parent)
    change = own.changed(folders, own.version(folders), {"night.starts": "03:00"})
    folders.own_settings.write_bytes(change)
    settings, trouble = own.load_layered(folders)
    assert (settings.night.starts, trouble) == ("03:00", "") and "buzzer" in settings.own
    _, *sections = own.described(folders)
    keys = {key["name"]: key for one in sections if one["name"] == "buzzer" for key in one["keys"]}
    assert (keys["pin"]["value"], keys["pin"]["file"], keys["pin"]["editable"]) == (14, 14, False)
    assert keys["seconds"]["default"] == 0.1


def test_ok__the_fault_lamp_and_the_doctor_know_it(parts: Path) -> None:
    folders = find_folders(parts.parent)
    (folders.state / SETTINGS_THAT_WORKED).write_text("[buzzer]\n[leds]\nunsure = 5\n")
    folders.settings.write_text("[leds")
    assert usable_settings(folders)[0].parts["leds"].unsure == 5
    folders.settings.write_text("[buzzer]\n")
    found = dict(doctor.examine(Box(folders=folders)))
    assert (
        found["buzzer"].verdict is Verdict.ABSENT and "Raspberry Pi only" in found["buzzer"].words
    )


def test_ok__without_a_section_it_is_not_even_read(parts: Path) -> None:
    (parts.parent / "config.toml").write_text("")
    (parts / "buzzer.py").write_text("raise SystemExit\n")
    assert settings_beside(parts) == Settings()


def _others_may_write(path: Path) -> None:
    path.chmod(0o664)


def _others_folder(path: Path) -> None:
    path.parent.chmod(0o777)


def _a_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere.py"))
    path.symlink_to("elsewhere.py")


def _a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _wrong_syntax(path: Path) -> None:
    path.write_text("def (:\n")


def _of_another_version(path: Path) -> None:
    path.write_text("from pi_reader.outputs.scene import NoSuchThing\n")


def _leaves(path: Path) -> None:
    path.write_text("raise SystemExit(0)\n")


def _no_part(path: Path) -> None:
    path.write_text("PART = 7\n")


def _plain_settings(path: Path) -> None:
    path.write_text(re.sub(r"= setting\(([0-9.]+),.*", r"= \1", BUZZER))


def _huge(path: Path) -> None:
    path.write_bytes(b"#" * (2 << 20))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_others_may_write, "others than root may write there"),
        (_others_folder, "others than root may write there"),
        (_a_link, "cannot be read"),
        (_a_pipe, "should be a file"),
        (_huge, "should be a file of at most"),
        (_plain_settings, "is no pi_reader.parts.setting"),
        (_wrong_syntax, "SyntaxError"),
        (_of_another_version, "NoSuchThing"),
        (_leaves, "SystemExit"),
        (_no_part, "no pi_reader.parts.Part"),
    ],
)
def test_fail__what_cannot_be_trusted_is_a_broken_output(
    parts: Path, spoil: object, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said once, and the other outputs go on."""
    ran = parts / "ran"
    (parts / "buzzer.py").write_text(f"open({str(ran)!r}, 'w')\n{BUZZER}")
    spoil(parts / "buzzer.py")  # type: ignore[operator]
    settings, log = settings_beside(parts), []
    with ExitStack() as opened:
        outputs = opened.enter_context(open_outputs(settings, log.append))
        outputs.show(reading("7"))
        outputs.tick(1.0)
        assert words in outputs.broken["buzzer"]
    assert len(log) == 1 and "buzzer: broken" in log[0]
    assert not ran.exists()
    found = dict(doctor.examine(Box(folders=find_folders(parts.parent))))["buzzer"]
    assert found.verdict is Verdict.WRONG and words in found.words


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_fail__another_user_s_file_is_not_run(parts: Path) -> None:
    os.chown(parts / "buzzer.py", 1234, -1)
    with open_outputs(settings_beside(parts), lambda line: None) as outputs:
        assert "others than root" in outputs.broken["buzzer"]
