"""The settings: what is accepted, what is refused and in which words, and the example file."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from fresh import printed

from pi_reader.config import Settings, find_folders, load_settings, pins, settings_from
from pi_reader.config.__main__ import example as example_file
from pi_reader.config.load import LARGEST_FILE
from pi_reader.errors import BadSettings, MissingFile

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = (ROOT / "systemd" / "config.toml").read_text(encoding="utf-8")
_COMMENTED = re.compile(r"^# (?P<key>[a-z_]+) = (?P<value>.*?)(   # (?P<mark>wiring|example))?$")


def example(*marks: str) -> str:
    """The example with its commented settings made real: defaults (""), "wiring" or "example".

    Of a key that is there twice the last one counts.
    """
    section, lines = "", {}
    for line in EXAMPLE.splitlines():
        if line.startswith("["):
            section = line
            lines[section, ""] = line
        elif (found := _COMMENTED.match(line)) and (found["mark"] or "") in marks:
            lines[section, found["key"]] = f"{found['key']} = {found['value']}"
    return "\n".join(lines.values())


def keys() -> set[str]:
    """All settings by their full names, from the code."""
    return {
        f"{name}.{key.name}"
        for name, section in Settings().sections.items()
        for key in fields(section)
    }


def keys_in(text: str) -> set[str]:
    return {f"{section}.{key}" for section, table in tomllib.loads(text).items() for key in table}


def settings_of(text: str, tmp_path: Path) -> Settings:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path)


def test_ok__the_example_is_made_from_the_tables() -> None:
    assert example_file() == EXAMPLE, "python -m pi_reader.config > systemd/config.toml"


def test_ok__the_example_changes_nothing(tmp_path: Path) -> None:
    assert settings_of(EXAMPLE, tmp_path) == Settings()


def test_ok__the_example_shows_the_defaults(tmp_path: Path) -> None:
    assert settings_of(example(""), tmp_path) == Settings()


def test_ok__the_example_knows_all_keys_and_no_other() -> None:
    assert keys_in(example("", "wiring", "example")) == keys()
    without_default = keys() - keys_in(example(""))
    assert {key for key in keys() if _default(key) is None} == without_default


def _default(key: str) -> object:
    section, name = key.split(".")
    return getattr(Settings().sections[section], name)


def test_ok__the_example_is_accepted_whole(tmp_path: Path) -> None:
    settings = settings_of(example("", "wiring", "example"), tmp_path)
    lines = [pin for pin, _ in pins(settings)]
    assert len(lines) == len(set(lines)) == 23 + 2  # all that is wired, and the display's two
    assert settings.parts["leds"].digits == (5, 6, 12, 13, 16, 19, 20, 21, 26, 25)


def test_ok__each_setting_of_the_example_has_its_word() -> None:
    """A comment in words stands above each run of settings."""
    blocks = re.split(r"\n(?=\[)", EXAMPLE)[1:]
    assert len(blocks) == len(Settings().sections)
    for block in blocks:
        name, *lines = block.strip().splitlines()
        explained = bool(_COMMENTED.match(lines[0])) is False
        assert explained, f"{name} begins without a word"
        assert all(line.startswith("# ") for line in lines), name


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("", "service.of", 4),
        ("\ufeff[service]\nof = 9", "service.of", 9),  # with the mark of some editors
        ("[service]\r\nof = 9\r\n", "service.of", 9),
        ("service = {of = 9}", "service.of", 9),
        ("service.of = 9", "service.of", 9),
        ("[oled]\naddress = 0x3D", "oled.address", 61),
        (
            "[camera]\nmasked = [[0, 0, 640, 20], [0, 460, 640, 20]]",
            "camera.masked",
            ((0, 0, 640, 20), (0, 460, 640, 20)),
        ),
        ("[camera]\nrotation = 90\nregion = [0, 0, 480, 640]", "camera.region", (0, 0, 480, 640)),
        (
            "[camera.controls]\nColourGains = [1, 1.5]\nAeEnable = true",
            "camera.controls",
            {"ColourGains": (1, 1.5), "AeEnable": True},
        ),
        ("[leds]\ndigits = [2, 3, 4, 17]", "leds.digits", (2, 3, 4, 17)),
        (
            "[oled]\non = true\nport = 3\n[leds]\nsure = 2",
            "leds.sure",
            2,
        ),  # another bus, other lines
        ('[camera]\nkind = "folder"\nfolder = "/srv/photos"', "camera.folder", "/srv/photos"),
    ],
)
def test_ok__accepted(text: str, key: str, value: object, tmp_path: Path) -> None:
    section, name = key.split(".")
    got = getattr(settings_of(text, tmp_path).sections[section], name)
    if isinstance(value, dict):
        got = {name: tuple(one) if isinstance(one, list) else one for name, one in got.items()}
    assert got == value


def test_ok__whole_numbers_will_do_for_others(tmp_path: Path) -> None:
    hours = settings_of("[night]\nhours = 3", tmp_path).night.hours
    assert (hours, type(hours)) == (3.0, float)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[leds]\nsrue = 4", "leds.srue: there is no such setting; did you mean sure?"),
        ("[led]\nsure = 4", "[led]: there is no such section; did you mean oled or leds?"),
        ("[leds]\npoint = 4", "leds.point: there is no such setting; it belongs to [segments]"),
        (
            "[leds]\nxyzzy = 4",
            "leds.xyzzy: there is no such setting; there are digits, sure, unsure",
        ),
        ("hours = 4", "hours: stands before the first section; it belongs to [night]"),
        ("xyzzy = 4", "xyzzy: stands before the first section"),
        ("leds = 4", "leds: is a value, should be a section that begins with [leds]"),
        ("[[leds]]\nsure = 4", "leds: is a value, should be a section"),
        ("[leds.more]\nsure = 4", "leds.more: there is no such setting"),
        (
            "[leds]\nsure = true",
            "leds.sure: is true, should be the number of a GPIO line from 0 to 27",
        ),
        ("[leds]\nsure = 28", "leds.sure: is 28, should be the number of a GPIO line"),
        ("[leds]\nsure = -1", "leds.sure: is -1"),
        ("[leds]\nsure = [17]", "leds.sure: is [17], should be the number"),
        ("[leds]\nsure = 17.0", "leds.sure: is 17.0"),
        ("[leds]\nactive_high = 1", "leds.active_high: is 1, should be true or false"),
        (
            "[leds]\ndigits = [1, 2, 3]",
            "leds.digits: is [1, 2, 3], should be a list of 4 or 10 GPIO",
        ),
        ("[leds]\ndigits = [4, 5, 4, 6]", "leds.digits: GPIO4 is already used by leds.digits"),
        ("[leds]\nsure = 4\n[button]\npin = 4", "button.pin: GPIO4 is already used by leds.sure"),
        ("[leds]\nsure = 2\n[oled]\non = true", "oled.on: GPIO2 is already used by leds.sure"),
        ("[oled]\nwidth = 96", "oled.width: is 96, should be one of 64, 128"),
        ("[oled]\nwidth = 64", "oled.width, oled.height: are 64x64, should be 128x64 or 128x32 or"),
        ('[oled]\nchip = "sh1106"\nwidth = 64\nheight = 32', "128x32, which the sh1106 has"),
        ("[night]\nhours = true", "night.hours: is true, should be a number from 0.1 to 24"),
        ("[night]\nhours = inf", "night.hours: is inf"),
        ("[night]\nhours = nan", "night.hours: is nan"),
        ('[night]\nhours = "4"', 'night.hours: is "4", should be a number'),
        (
            "[night]\nstarts = 02:00:00",
            "night.starts: is 02:00:00, should be a time of day in quotes",
        ),
        ("[night]\nstarts = 2027-01-01", "night.starts: is 2027-01-01"),
        ('[night]\nstarts = "24:00"', 'night.starts: is "24:00", should be a time'),
        ('[night]\nstarts = "2:00"', 'night.starts: is "2:00"'),
        ('[night]\nstarts = "²2:00"', "night.starts: is"),
        ("[history]\nmost = 1e5", "history.most: is 100000.0, should be a whole number from 100"),
        ("[history]\nmost = " + "9" * 4000, "history.most: is a number of many digits, should be"),
        (
            "[history]\nmost = 0x" + "f" * 9000,
            "history.most: is a number of many digits, should be",
        ),
        ("[history]\nmost = " + "9" * 5000, "is not TOML"),  # more digits than Python takes
        (
            "[camera]\nregion = [0, 0, 0x" + "f" * 9000 + ", 9]",
            "camera.region: is [0, 0, a number of",
        ),
        (
            "[camera]\nwidth = 641",
            "camera.width: is 641, should be a whole number from 160 to 1920 in",
        ),
        (
            "[camera]\nregion = [0, 0, 641, 9]",
            "camera.region: [0, 0, 641, 9] reaches beyond the frame",
        ),
        (
            "[camera]\nregion = [0, 0, 640, 9]",
            "camera.region: [0, 0, 640, 9] has no room for a digit",
        ),
        ("[camera]\nrotation = 90\nregion = [0, 0, 640, 480]", "frame of 480x640 pixels"),
        ("[camera]\nregion = [0, 0, 64]", "camera.region: is [0, 0, 64], should be [x, y, width"),
        ("[camera]\nregion = [0.5, 0, 64, 64]", "camera.region: is [0.5, 0, 64, 64]"),
        (
            "[camera]\nmasked = [0, 0, 64, 64]",
            "camera.masked: is [0, 0, 64, 64], should be a list of",
        ),
        ("[camera]\nmasked = [[600, 0, 64, 64]]", "camera.masked: [600, 0, 64, 64] reaches beyond"),
        ("[camera.controls]\nSharpness = nan", "camera.controls: is a table, should be a table of"),
        ("[camera.controls]\nSharpness = 0x" + "f" * 300, "camera.controls: is a table"),
        ("[camera.controls]\nSharpness = 'much'", "camera.controls: is a table"),
        (
            '[camera]\nkind = "usb"',
            'camera.kind: is "usb", should be one of "pi", "folder", "desk"',
        ),
        ('[camera]\nkind = "folder"', "camera.folder: is empty"),
        ('[camera]\nfolder = "a\\u0000b"', "camera.folder: is "),
        ("[camera]\nrotation = 45", "camera.rotation: is 45, should be one of 0, 90, 180, 270"),
        ("[camera]\nrotation = false", "camera.rotation: is false"),
        ("[service]\nseen = 5", "service.seen: is 5, should be at most service.of, which is 4"),
        ("[service]\nlooks_per_second = 9", "service.fastest: is 8, should be at least"),
        ("[leds]\nsure = 4\nsure = 5", "is not TOML: Cannot overwrite a value (at "),
        ("[leds]\nsure = 4\n[leds]", "is not TOML: Cannot declare ('leds',) twice (at line 3"),
        ("[leds]\nsure = 4\x00", "is not TOML: "),
        ("sure = ", "is not TOML: Invalid value (at end of document)"),
        ("[" * 20000, "is not TOML"),
        ("a = " + "[" * 20000, "is not TOML"),
    ],
)
def test_fail__refused(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as refused:
        settings_of(text, tmp_path)
    said = str(refused.value)
    assert words in said
    assert said.startswith(f"{tmp_path / 'config.toml'}: ")
    assert len(said.removeprefix(str(tmp_path))) < 400


def test_fail__files_that_cannot_be_settings(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"

    def refused() -> str:
        with pytest.raises(BadSettings) as error:
            load_settings(path)
        return str(error.value)

    path.write_text("# " + "x" * LARGEST_FILE)
    assert "larger than 64 KB" in refused()
    path.write_bytes("[leds]\nsure = 4\n".encode("utf-16"))
    assert "line 1 is not UTF-8 text" in refused()
    path.write_bytes(b"[leds]\n# gr\xfcn\nsure = 4\n")
    assert "line 2 is not UTF-8 text" in refused()
    path.unlink()
    path.mkdir()
    assert "is a folder" in refused()
    path.rmdir()
    os.mkfifo(path)  # reading it would never end
    assert "should be a file" in refused()
    path.unlink()
    path.symlink_to(path)
    assert "cannot be read" in refused()
    path.unlink()
    assert load_settings(path) == Settings(), "no file: the defaults"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_fail__unreadable(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.touch(mode=0)
    with pytest.raises(BadSettings, match="cannot be read"):
        load_settings(path)


def test_ok__every_rule_holds_for_its_default() -> None:
    for key in keys():
        section, name = key.split(".")
        value = _default(key)
        if value is not None:
            raw = (
                [list(one) if isinstance(one, tuple) else one for one in value]
                if isinstance(value, tuple)
                else value
            )
            settings_from({section: {name: raw}})


def test_ok__folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = find_folders(tmp_path / "box")
    assert (here.settings, here.status) == (
        tmp_path / "box" / "config.toml",
        tmp_path / "box" / "run" / "status.json",
    )
    assert find_folders(tmp_path, tmp_path / "other.toml").settings == tmp_path / "other.toml"
    monkeypatch.chdir(tmp_path)
    assert find_folders(Path("box")).history == tmp_path / "box" / "history.db"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "kept"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setattr("pi_reader.config.folders.DEVICE_STATE", tmp_path / "nowhere")
    desktop = find_folders()
    assert desktop.settings == tmp_path / "config" / "pi-reader" / "config.toml"
    assert desktop.samples == tmp_path / "kept" / "pi-reader" / "samples.db"
    assert desktop.training == tmp_path / "run" / "pi-reader" / "training.json"
    assert list(tmp_path.iterdir()) == [], "nothing is created"


def test_fail__from_a_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(MissingFile, match=r"box: the folder .* was removed"):
        find_folders(Path("box"))


def test_fail__nobodys_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user that a container or a service made up has no home folder."""
    monkeypatch.setattr("pi_reader.config.folders.DEVICE_STATE", tmp_path / "nowhere")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("os.getuid", lambda: 987_654)
    with pytest.raises(BadSettings, match=r"HOME: is not set.*--state"):
        find_folders()


def test_ok__comes_without_numpy() -> None:
    code = "import sys, pi_reader.config; print('numpy' in sys.modules)"
    assert printed(code) == "False\n"
