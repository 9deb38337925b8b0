"""Named numbers: where they stand, whether they can be true, and what the box keeps of them."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import box as a_box
import numpy as np
import pytest

from pi_reader.box.number_watch import AGAIN, NumberWatch
from pi_reader.box.problems import Problems
from pi_reader.config.load import settings_from
from pi_reader.errors import BadData, BadSettings, CannotWrite
from pi_reader.history import History, past, past_numbers
from pi_reader.numbers.align import find_move
from pi_reader.numbers.fields import Found, find_field
from pi_reader.numbers.plausibility import NEW_LEVEL, Clock, Past, Verdict, judge
from pi_reader.numbers.settings import NumberSettings
from pi_reader.state import BoxState, NumberState
from pi_reader.values import Box, Digit, Frame, Line, Reading, Sign

METER = NumberSettings("meter", line=1, may_fall=False, rises_per_hour=2.0, maximum=1000)
SEQUENCES = 400  # of the 10,000 that the acceptance test tries
STEPS = 40
WALL = 1.8e9


def line(text: str, x: int = 20, y: int = 20, sure: bool = True) -> Line:
    """A line of digits and signs, 20 pixels wide each; blanks part numbers."""
    digits, signs, spaces, count = [], [], [], 0
    for letter in text:
        box = Box(x, y, 16, 30)
        if letter == " ":
            spaces.append(count)
        elif letter.isdigit():
            digits.append(Digit(int(letter), 0.99, (8, 0.0), sure, box))
        else:
            signs.append(Sign(letter, 0.99, box))
        count += letter != " "
        x += 20
    return Line(tuple(digits), tuple(signs), tuple(spaces))


def reading(*lines: Line) -> Reading:
    return Reading("", (640, 480), lines)


def found(value: str, sure: bool = True) -> Found:
    return Found(value, Decimal(value), sure, Box(0, 0, 1, 1))


def frame() -> Frame:
    return Frame(np.full((480, 640), 200, np.uint8))


def table(**keys: Any) -> dict[str, Any]:
    return {"name": "kitchen", "line": 1, **keys}


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"name": "x"}, r"should begin with a line \[\[numbers\]\]"),
        ([table(name="")], "has no name"),
        ([table(name="a b")], "numbers.name"),
        ([table(lin=1)], "numbers.lin: there is no such setting; did you mean line"),
        ([table(line=0)], "numbers.line: is 0"),
        ([{"name": "x"}], "numbers.x: has no place"),
        ([table(region=[0, 0, 9, 9])], "should have one of them"),
        ([{"name": "x", "region": [600, 0, 99, 9]}], "reaches beyond the frame of 640x480"),
        ([table(), table()], "numbers.kitchen: is there twice"),
        ([table(), table(name="x")], "is number 1 of line 1, which is numbers.kitchen"),
        (
            [{"name": "a", "region": [0, 0, 50, 50]}, {"name": "b", "region": [49, 9, 9, 9]}],
            "numbers.b: its region overlaps that of numbers.a",
        ),
        ([table(minimum=5, maximum=4)], "minimum is 5, should be at most the maximum, 4"),
        ([table(digits=[3, 2])], "numbers.digits"),
        ([table(kind="time", decimals=1)], "decimals is for numbers"),
        ([table(name=f"n{n}", place=n + 1) for n in range(25)], "should be at most 24"),
    ],
)
def test_fail__settings_that_do_not_fit(numbers: Any, words: str) -> None:
    with pytest.raises(BadSettings, match=words):
        settings_from({"numbers": numbers})


def test_ok__numbers_are_set() -> None:
    wanted = table(minimum=-20, decimals=1, unit="°C", mark=",")
    one, other = settings_from({"numbers": [wanted, table(name="b", place=2)]}).numbers
    assert (one.name, one.minimum, one.decimals, one.unit) == ("kitchen", -20.0, 1, "°C")
    assert other.place == 2 and settings_from({}).numbers == ()


def test_ok__a_number_is_found_by_line_and_by_region() -> None:
    page = reading(line("21.5 7"), line("12:45", y=100), line("12345", y=200))
    by_line = NumberSettings("a", line=1, place=2)
    assert find_field(by_line, page) == Found("7", Decimal(7), True, Box(120, 20, 16, 30))
    assert find_field(NumberSettings("a", line=1, place=3), page) is None
    assert find_field(NumberSettings("a", line=9), page) is None
    time = find_field(NumberSettings("a", line=2, kind="time"), page)
    assert time is not None and time.text == "12:45"
    meter = find_field(NumberSettings("a", line=3, decimals=3), page)
    assert meter is not None and meter.number == Decimal("12.345")
    region = NumberSettings("a", region=(0, 0, 110, 60))
    here = find_field(region, page)
    assert here is not None and here.number == Decimal("21.5")
    both = find_field(replace(region, region=(0, 0, 300, 60)), page)
    assert both is not None and both.number is None and not both.sure
    assert find_field(region, page, lambda x, y: (x + 300, y)) is None, "the page moved"
    assert find_field(replace(region, region=(300, 300, 9, 9)), page) is None


@pytest.mark.parametrize(
    ("field", "read", "verdict"),
    [
        (METER, None, Verdict.MISSING),
        (METER, found("12", sure=False), Verdict.UNSURE),
        (METER, Found("1?", None, True, Box(0, 0, 1, 1)), Verdict.UNSURE),
        (replace(METER, digits=(3, 4)), found("12"), Verdict.DIGITS),
        (replace(METER, minimum=0.0), found("-1"), Verdict.LOW),
        (METER, found("1000.5"), Verdict.HIGH),
        (METER, found("99"), Verdict.FALLING),
        (METER, found("104.1"), Verdict.FAST),
        (METER, found("102"), Verdict.GOOD),
        (replace(METER, may_fall=True), found("98"), Verdict.GOOD),
    ],
)
def test_ok__verdicts(field: NumberSettings, read: Found | None, verdict: Verdict) -> None:
    known = Past(Decimal(100), steady=0.0, wall=WALL)
    assert judge(field, read, known, Clock(3600.0, WALL + 3600)).verdict is verdict


def test_ok__time_that_nobody_knows_lets_any_rise_be() -> None:
    for wall, when in ((0.0, WALL), (WALL - 5, WALL), (WALL, 0.0)):
        known = Past(Decimal(100), steady=None, wall=when)
        assert judge(METER, found("900"), known, Clock(0.0, wall)).verdict is Verdict.GOOD
    known = Past(Decimal(100), steady=None, wall=WALL)  # after a restart, with a clock
    assert judge(METER, found("900"), known, Clock(0.0, WALL + 60)).verdict is Verdict.FAST
    known = Past(Decimal(100), steady=0.0, wall=WALL)  # the clock jumped by a year
    assert judge(METER, found("900"), known, Clock(60.0, WALL + 3e7)).verdict is Verdict.FAST


def check_sequences(count: int) -> None:
    """Random sequences against a plain oracle of the last good value and a list of refused ones."""
    for seed in range(count):
        rng = np.random.default_rng([17, seed])
        field = NumberSettings(
            "x",
            line=1,
            may_fall=bool(rng.random() < 0.5),
            rises_per_hour=float(rng.uniform(0, 50)) if rng.random() < 0.7 else None,
            minimum=-50.0,
            maximum=500.0,
        )
        good: Decimal | None = None
        good_at, refused, refused_at = 0.0, list[Decimal](), 0.0
        known, now, true = Past(), 0.0, float(rng.uniform(0, 200))
        for _ in range(STEPS):
            now += float(rng.choice([2.0, 60.0, 3600.0, 86400.0]))
            true += float(rng.uniform(-1, 3))
            wrong = rng.random() < 0.3
            value = Decimal(f"{rng.uniform(-100, 700) if wrong else true:.1f}")
            sure = bool(rng.random() < 0.9)
            judged = judge(field, found(str(value), sure), known, Clock(now, WALL + now))

            def step(
                before: Decimal, after: Decimal, seconds: float, field: NumberSettings = field
            ) -> str:
                if after < before and not field.may_fall:
                    return "falling"
                rate = field.rises_per_hour
                slack = Decimal("0.1")
                if rate is not None:
                    most = Decimal(str(rate)) * Decimal(str(seconds / 3600)) + slack
                    if abs(after - before) > most:
                        return "too fast"
                return "good"

            if not sure:
                expected = "unsure"
            elif value < -50:
                expected = "low"
            elif value > 500:
                expected = "high"
            elif good is None:
                expected = "good"
            else:
                expected = step(good, value, now - good_at)
                if expected != "good":
                    if not refused or step(refused[-1], value, now - refused_at) != "good":
                        refused = []
                    refused.append(value)
                    refused_at = now
                    if len(refused) == 5:
                        expected = "good"
            assert judged.verdict == expected, (seed, value)
            assert judged.healed == (expected == "good" and len(refused) == 5)
            if expected == "good":
                assert Decimal(-50) <= value <= Decimal(500)
                good, good_at, refused = value, now, []
            assert known.value == good and len(known.refused) < NEW_LEVEL
            if rng.random() < 0.02:  # the power fails: what was refused is forgotten
                known, refused = Past.from_json(json.loads(json.dumps(known.to_json()))), []
        verdicts = []  # whatever it was, who sees the same value five times is not stuck
        value = Decimal(f"{rng.uniform(-50, 500):.1f}")
        for _ in range(NEW_LEVEL):
            now += 1.0
            verdicts.append(judge(field, found(str(value)), known, Clock(now, WALL + now)).verdict)
        assert verdicts[-1] is Verdict.GOOD and known.value == value, seed


def test_ok__sequences_agree_with_a_plain_oracle() -> None:
    check_sequences(SEQUENCES)


@pytest.mark.acceptance
def test_ok__ten_thousand_sequences_agree_with_a_plain_oracle() -> None:
    check_sequences(10_000)


def sheet(seed: int = 3) -> np.ndarray:
    """The ink of a page, (240, 320) bool: headings and rules, and some digits."""
    rng = np.random.default_rng(seed)
    ink = np.zeros((240, 320), bool)
    for _ in range(40):
        x, y = rng.integers(30, 280), rng.integers(30, 200)
        ink[y : y + int(rng.integers(2, 14)), x : x + int(rng.integers(2, 14))] = True
    return ink


def laid(ink: np.ndarray, angle: float, right: int, down: int) -> np.ndarray:
    """The same page turned clockwise around the middle and shifted."""
    from PIL import Image

    picture = Image.fromarray(ink.astype(np.uint8) * 255)
    moved = picture.rotate(-angle, Image.Resampling.BICUBIC, translate=(right, down))
    return np.asarray(moved) > 127


@pytest.mark.parametrize(("angle", "right", "down"), [(0, 0, 0), (0, 20, -12), (3, -8, 10)])
def test_ok__a_page_that_moved_is_found(angle: float, right: int, down: int) -> None:
    ink = sheet()
    moved = find_move(ink, laid(ink, angle, right, down), (640, 480))
    assert moved is not None
    turn = np.radians(angle)
    for x, y in ((100.0, 100.0), (500.0, 300.0)):
        across, along = x - 320, y - 240
        now = (
            320 + across * np.cos(turn) - along * np.sin(turn) + 2 * right,
            240 + across * np.sin(turn) + along * np.cos(turn) + 2 * down,
        )
        assert np.allclose(moved.back(*now), (x, y), atol=6)


def test_fail__another_page_is_not_taken_for_it() -> None:
    assert find_move(sheet(), sheet(seed=9), (640, 480)) is None
    assert find_move(sheet(), np.zeros((240, 320), bool), (640, 480)) is None
    assert find_move(sheet(), sheet()[:200], (640, 480)) is None


def watch(path: Path | None = None, **keys: Any) -> NumberWatch:
    return NumberWatch((replace(METER, **keys),), path)


def test_ok__a_jump_heals_and_is_said_to_have(tmp_path: Path) -> None:
    numbers = watch()
    numbers.see(reading(line("100")), frame(), 0.0, WALL)
    assert numbers.now[0].good and numbers.now[0].value == "100"
    said, now = [], 0.0
    for _ in range(NEW_LEVEL):
        now += AGAIN
        numbers.see(reading(line("900")), frame(), now, WALL + now)
        said.append((numbers.now[0].verdict, numbers.now[0].value, numbers.wants(now + AGAIN)))
    assert said == [("too fast", "", True)] * 4 + [("good", "900", False)]
    assert numbers.now[0].healed
    numbers.see(None, frame(), now, WALL)
    assert numbers.now == ()


def test_ok__the_last_good_value_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "numbers.json"
    numbers = watch(path)
    numbers.see(reading(line("100")), frame(), 0.0, WALL)
    numbers.tick(100.0)
    again = watch(path)
    again.see(reading(line("900")), frame(), 5.0, WALL + 60)
    assert again.now[0].verdict == "too fast"


def test_ok__the_last_good_time_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "numbers.json"
    field = NumberSettings("leaves", line=1, kind="time")
    numbers = NumberWatch([field], path)
    numbers.see(reading(line("12:45")), frame(), 0.0, WALL)
    numbers.tick(100.0)
    again = NumberWatch([field], path)
    again.see(reading(line("1?:45")), frame(), 5.0, WALL + 60)
    now = again.now[0]
    assert (now.value, now.last, now.when) == ("", "12:45", WALL)


@pytest.mark.parametrize("text", [7, None, "x" * 1001, ["12:45"]])
def test_ok__a_damaged_last_time_is_none(tmp_path: Path, text: object) -> None:
    path = tmp_path / "numbers.json"
    kept = {"format": 1, "numbers": {"leaves": {"value": None, "when": WALL, "text": text}}}
    path.write_text(json.dumps(kept))
    numbers = NumberWatch([NumberSettings("leaves", line=1, kind="time")], path)
    numbers.see(reading(line("1?:45")), frame(), 5.0, WALL + 60)
    assert numbers.now[0].last == ""


def test_fail__a_full_card_is_not_tried_at_every_look(tmp_path: Path) -> None:
    folder = tmp_path / "not yet"
    numbers = watch(folder / "numbers.json")
    numbers.see(reading(line("100")), frame(), 0.0, WALL)
    for now in (100.0, 101.0):
        with pytest.raises(CannotWrite, match="its folder does not exist"):
            numbers.tick(now)
    folder.mkdir()
    with pytest.raises(CannotWrite):
        numbers.tick(129.0)
    numbers.tick(131.0)
    assert (folder / "numbers.json").exists()


def test_fail__a_full_card_is_said_once(tmp_path: Path) -> None:
    clock, log = a_box.Clock(), list[str]()
    numbers = NumberWatch([NumberSettings(name="meter", line=1)], tmp_path / "no" / "numbers.json")
    frames, problems = [a_box.page("478")] * 200, Problems(log.append)
    appliance, _, _ = a_box.box(frames, clock, problems=problems, numbers=numbers)
    appliance.run()
    said = [line for line in log if "numbers" in line]
    assert clock() > 60 and len(said) == 1 and "cannot be written" in said[0]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"format": 9}', b'{"format": 1, "numbers": 7}', b"\xff" * 99]
    + [
        json.dumps({"format": 1, "numbers": {"meter": one}}).encode()
        for one in (7, {}, {"value": "x"}, {"value": "NaN"}, {"value": "1", "when": "y"})
    ]
    + [
        json.dumps({"format": 1, "numbers": {"meter": {"value": one}}}).encode()
        for one in ("1E+999999999", "-1E999999999", "1E-99999999", "0E-99999999", "9" * 99)
    ],
)
def test_ok__a_damaged_state_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "numbers.json"
    path.write_bytes(content)
    numbers = watch(path)
    numbers.see(reading(line("900")), frame(), 5.0, WALL)
    assert numbers.now[0].good and numbers.now[0].last == "900"


def test_fail__what_is_damaged_is_said(tmp_path: Path) -> None:
    state, picture, log = tmp_path / "numbers.json", tmp_path / "numbers.png", list[str]()
    NumberWatch((METER,), state, picture, log.append)
    assert log == [], "what was never there is not missing"
    for path in (state, picture):
        path.write_bytes(b"\x89PNG")
    NumberWatch((METER,), state, picture, log.append)
    assert len(log) == 2 and "numbers.json" in log[0] and "numbers.png" in log[1]


def test_ok__numbers_go_through_the_status_file() -> None:
    one = NumberState("kitchen", "number", "21.5", "21.5", "good", False, "°C", WALL)
    state = BoxState(numbers=(one,))
    assert BoxState.from_json(json.loads(json.dumps(state.to_json()))).numbers == (one,)
    assert BoxState.from_json({"numbers": [7, {"name": 5}]}).numbers == (NumberState(),)
    assert one.words == "kitchen 21.5 °C, good"


READINGS = (
    'CREATE TABLE readings (id INTEGER PRIMARY KEY, "when" REAL NOT NULL, text TEXT NOT NULL,'
    " sure INTEGER NOT NULL, confidence REAL NOT NULL, weights TEXT NOT NULL);"
    f"INSERT INTO readings VALUES (1, {WALL}, '215', 1, 0.9, 'x');"
)
OLDER = READINGS + f"PRAGMA user_version = {0x7069_0001};"
TOGETHER = READINGS + (
    'CREATE TABLE numbers (id INTEGER PRIMARY KEY, reading INTEGER NOT NULL, "when" REAL NOT NULL,'
    " name TEXT NOT NULL, read TEXT NOT NULL, value TEXT NOT NULL, unit TEXT NOT NULL,"
    " verdict TEXT NOT NULL);"
    f"INSERT INTO numbers VALUES (1, 1, {WALL}, 'attic', '9', '9', '', 'good');"
    f"PRAGMA user_version = {0x7069_0002};"
)
ATTIC = (1, "attic", "9", "good")


def is_known_to_versions_before(path: Path) -> bool:
    """What they ask of a file before they go on with it; they set any other aside."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        ((form,),) = database.execute("PRAGMA user_version")
        ((tables,),) = database.execute("SELECT count(*) FROM sqlite_schema")
        columns = len(database.execute("SELECT * FROM readings").fetchone())
    return (form, tables, columns) == (0x7069_0001, 1, 6)


@pytest.mark.parametrize(("older", "known"), [("", []), (OLDER, []), (TOGETHER, [ATTIC])])
def test_ok__versions_before_go_on_with_a_history_that_has_numbers(
    tmp_path: Path, older: str, known: list[tuple[int, str, str, str]]
) -> None:
    path = tmp_path / "history.db"
    if older:
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.executescript(older)
    texts = ["215"] if older else []
    assert [one.text for one in past(path)] == texts and list(past_numbers(path)) == []
    one = NumberState("kitchen", "number", "21.5", "21.5", "good", False, "°C")
    with History(path) as history:
        number = history.add("21.5", True, 0.9, "x", WALL)
        history.add_numbers(number, [one], WALL)
    assert [one.text for one in past(path)] == [*texts, "21.5"]
    assert [(one.reading, one.name, one.value, one.verdict) for one in past_numbers(path)] == [
        *known,
        (number, "kitchen", "21.5", "good"),
    ]
    assert is_known_to_versions_before(path)
    assert not list(tmp_path.glob("*.damaged*"))


@pytest.mark.parametrize("bad", [b"x" * 9000, None])
def test_fail__numbers_that_cannot_be_moved_cost_no_reading(
    tmp_path: Path, bad: bytes | None
) -> None:
    """Readings and numbers lie in one file, and what is there for the numbers is damaged."""
    path = tmp_path / "history.db"
    beside = tmp_path / "history-numbers.db"
    beside.mkdir() if bad is None else beside.write_bytes(bad)
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.executescript(TOGETHER)
    history = History(path)
    number = history.add("216", True, 0.9, "x", WALL)
    history.add_numbers(number, [NumberState("kitchen", verdict="missing")], WALL)
    with pytest.raises((BadData, CannotWrite), match=r"history-numbers\.db"):
        history.flush()
    assert [one.text for one in past(path)] == ["215", "216"]
    assert not (tmp_path / "history.db.damaged").exists()
    with contextlib.suppress(BadData, CannotWrite):
        history.close()


def test_fail__damaged_numbers_cost_no_reading(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    one = NumberState("kitchen", "number", "21.5", "21.5", "good", False, "°C")
    with History(path) as history:
        history.add_numbers(history.add("1", True, 0.9, "x", WALL), [one], WALL)
    (tmp_path / "history-numbers.db").write_bytes(b"noise" * 1000)
    with pytest.raises(BadData, match=r"history-numbers\.db: is damaged"):
        list(past_numbers(path))
    history = History(path)
    history.add_numbers(history.add("2", True, 0.9, "x", WALL), [one], WALL)
    with pytest.raises(BadData, match=r"set aside as history-numbers\.db\.damaged"):
        history.close()
    assert [one.text for one in past(path)] == ["1", "2"]
    assert [one.reading for one in past_numbers(path)] == [2]


def test_ok__numbers_go_with_their_readings(tmp_path: Path) -> None:
    one = NumberState("kitchen", "number", "21.5", "21.5", "good", False, "°C")
    with History(tmp_path / "history.db", most=3) as history:
        for text in "123456":
            history.add_numbers(history.add(text, True, 0.9, "x", WALL), [one, one], WALL)
            history.flush()
    assert [one.reading for one in past_numbers(tmp_path / "history.db")] == [4, 4, 5, 5, 6, 6]
