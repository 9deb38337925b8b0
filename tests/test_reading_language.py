"""What the marks of a line are together: the language of lines, and what it makes of doubt."""

from __future__ import annotations

import copy
import json
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pi_reader.errors import BadData
from pi_reader.network.neighbourhood import KINDS
from pi_reader.reading.context import Judged
from pi_reader.reading.decode import Mark
from pi_reader.reading.forward_backward import forward_backward
from pi_reader.reading.language import (
    END,
    LONGEST,
    NOTE,
    NOTHING,
    START,
    SYMBOLS,
    Language,
    count_on_page,
    language_of,
    remembered,
    shipped,
)
from pi_reader.reading.line_decode import Rows, decode_lines
from pi_reader.reading.signs import with_colons

TALL, BROAD, GAP = 40, 24, 8  # pixels


def mark(x: int, chances: dict[str, float], top: int = 0, tall: int = TALL) -> Judged:
    """A mark that likely is what it most likely is; the digits are all 7, or 1 beside a slash."""
    kinds = [0.0] * len(KINDS)
    for kind, chance in chances.items():
        kinds[KINDS.index(kind)] = chance
    digit = "1" if "1" in chances else "7"
    labels = [0.001] * 11
    labels[int(digit)] = 0.99
    sure = chances.get(digit, 0.0)
    box = x, 50 + top, x + min(BROAD, tall), 50 + top + tall
    return Judged(Mark(*box, 50.0, tuple(labels), kinds=tuple(kinds)), sure, sure >= 0.5)


def line(*marks: dict[str, float] | int) -> list[Judged]:
    """Marks side by side; a number is more room before the next one, in pixels."""
    x, out = 20, []
    for one in marks:
        if isinstance(one, int):
            x += one
            continue
        small = max(one, key=lambda kind: one[kind]) in ".," or "." in one
        out.append(mark(x, one, 34 if small else 0, 6 if small else TALL))
        x += (6 if small else BROAD) + GAP
    return out


D = {"7": 0.999, "other": 0.001}
LETTER = tuple(0.9 * (kind == "letter") + 0.1 * (kind == "9") for kind in KINDS)
SLASH, ONE = {"/": 0.5, "1": 0.5}, {"1": 0.6, "/": 0.3, "(": 0.1}


def hear(judged: list[Judged]) -> tuple[list[Judged], Rows, np.ndarray]:
    return decode_lines(judged, Rows(judged), shipped())


def text(judged: list[Judged]) -> str:
    return "".join(
        "7" if one.is_digit else one.sign or "_"
        for one in sorted(judged, key=lambda one: one.mark.left)
    )


def test_ok__what_stands_where_a_date_has_its_slashes_is_one() -> None:
    page = line(D, D, SLASH, D, D, SLASH, D, D, D, D)
    assert text(page) == "7777777777"
    heard = hear(page)[0]
    assert all(heard[i].mark.kinds[KINDS.index("/")] > 0.7 for i in (2, 5))


def test_ok__a_1_within_a_number_is_no_bracket() -> None:
    page = line(D, {"(": 0.8, "1": 0.2}, D)
    assert text(page) == "7(7"
    heard = hear(page)[0]
    assert text(heard) == "777"
    assert heard[1].confidence > page[1].confidence


def test_ok__small_ink_between_digits_is_a_point_and_dirt_at_the_end() -> None:
    point = {".": 0.6, "other": 0.4}
    assert text(hear(line(D, D, point, D, D))[0]) == "77.77"
    assert text(hear(line(D, D, {"=": 0.3, "other": 0.7}))[0]) == "77_"


def test_ok__digits_that_are_clear_stay_as_sure_as_they_were() -> None:
    page = line(D, D, D, D)
    heard, _, blanks = hear(page)
    assert text(heard) == "7777" and all(one.confidence > 0.9 for one in heard)
    assert heard == page and np.nanmax(blanks) < 0.5, "nothing was open"


def test_ok__a_wide_gap_is_a_blank_and_more_so_before_a_second_point() -> None:
    gap = 16  # pixels more than usual, which alone says little
    point = {".": 0.99, "other": 0.01}
    plain = line(D, D, gap, D, D)
    decimals = line(D, point, D, gap, D, D, point, D)
    assert hear(decimals)[2][3] > 1.5 * hear(plain)[2][2]


@pytest.mark.parametrize("dirt", [0.4, 0.6, 0.9, 1.0])
def test_ok__a_gap_is_as_wide_with_specks_in_it(dirt: float) -> None:
    def specks(*places: int) -> list[Judged]:
        return [mark(x, {"other": dirt, "÷": 1 - dirt}, 18, 5) for x in places]

    wide, close = line(D, D, 56, D, D), line(D, D, 6, D, D)
    for page, places, parted in (wide, (108, 100), True), (close, (80,), False):
        alone = hear(page)[2][2]
        for number in range(1, len(places) + 1):
            heard, rows, blanks = hear([*page, *specks(*places[:number])])
            assert text(heard).replace("_", "") == "7777" and len(rows.lines) == 1
            assert (blanks[2] > 0.5) == (alone > 0.5) == parted


def test_ok__two_points_above_each_other_are_weighed_as_a_colon() -> None:
    page = line(D, D, D, D)
    upper, lower = (mark(81, {".": 0.6, "other": 0.4}, top, 5) for top in (8, 28))
    whole = with_colons([*page[:2], upper, lower, *page[2:]])
    assert len(whole) == 5 and whole[-1].sign == ":"
    assert with_colons(page) == page


def test_ok__what_was_taught_and_what_has_no_kinds_stays() -> None:
    page = line(D, D, SLASH, D, D, SLASH, D, D, D, D)
    page[2] = replace(page[2], mark=page[2].mark.but(taught="taught 12:04"))
    page[5] = replace(page[5], mark=page[5].mark.but(kinds=()))
    page[8] = replace(page[8], mark=page[8].mark.but(unreadable="grown together", kinds=LETTER))
    heard = hear(page)[0]
    assert all(heard[i] is page[i] for i in (2, 5, 8))


def test_ok__pages_without_digits_or_marks() -> None:
    letters = line({"letter": 0.9, "1": 0.1}, {"letter": 1.0})
    for page in (letters, []):
        rows = Rows(page)
        assert rows.whole() == []
        heard, same, blanks = decode_lines(page, rows, shipped())
        assert heard == page and same is rows and np.isnan(blanks).all()


def test_ok__words_before_a_number_are_of_its_line() -> None:
    word = {"letter": 0.95, "other": 0.05}
    page = line(word, word, word, {":": 0.9, "other": 0.1}, 10, D, D)
    assert Rows(page).whole() == [[0, 1, 2, 3, 4, 5]]
    assert text(hear(page)[0]) == "___:77"


def below(*lines: list[Judged]) -> list[Judged]:
    """Lines one below the other as one page."""
    return [
        replace(one, mark=one.mark.but(top=one.mark.top + down, bottom=one.mark.bottom + down))
        for number, marks in enumerate(lines)
        for down in [3 * TALL * number]
        for one in marks
    ]


FAINT, POINT = {".": 0.35, "other": 0.65}, {".": 0.99, "other": 0.01}


def test_ok__what_the_other_lines_of_a_page_have_is_likelier_in_a_line_in_doubt() -> None:
    faint, clear = line(D, D, D, FAINT), line(D, D, D, POINT)
    assert text(hear(faint)[0]) == "777_", "alone it is dirt"
    page = below(clear, clear, faint, clear)
    heard, rows, _ = hear(page)
    assert len(rows.lines) == 4 and text(heard[8:12]) == "777."
    assert text(hear(below(line(D, D, D), line(D, D, D), faint))[0][6:]) == "777_"


def test_ok__a_line_is_not_told_what_it_says_itself() -> None:
    page: dict[str, Counter[str]] = {}
    for own in ("ddd.", "dd:dd"):
        count_on_page(own, page)
    alone = shipped().beside(page, "ddd.").beside(page, "dd:dd")
    for history, symbol in (("^ddd", "."), ("^dd:", "d"), ("ddd.", END)):
        both = shipped().beside(page, "").probability(history, symbol)
        other = shipped().beside(page, "ddd.").probability(history, symbol)
        before = shipped().probability(history, symbol)
        assert both > before and other == (before if "." in history + symbol else both)
    assert alone.page and shipped().page == {}, "the shipped one stays what it was"


def test_ok__a_minus_before_a_number_is_no_likelier_dirt_than_without_the_page() -> None:
    page: dict[str, Counter[str]] = {}
    for _ in range(4):
        count_on_page("ddd.d", page)
    language = shipped().beside(page, "")
    for minus in ("", "-"):
        assert language.probability(f"^{minus}ddd", ".") > 0.8
    faint = line({"-": 0.5, "other": 0.5}, D, D, D, POINT, D)
    others = [line(D, D, D, POINT, D)] * 3
    alone, beside = hear(faint)[0], hear(below(*others, faint))[0][-6:]
    minus = KINDS.index("-")
    assert beside[0].mark.kinds[minus] > 0.7 * alone[0].mark.kinds[minus]


def test_ok__only_lines_in_doubt_are_heard_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[int] = []

    def counted(*args: Any) -> Any:
        heard.append(len(args[0]))
        return forward_backward(*args)

    monkeypatch.setattr("pi_reader.reading.line_decode.forward_backward", counted)
    monkeypatch.setattr("pi_reader.reading.line_decode.IN_DOUBT", 0.05)
    hear(below(line(D, D), line(D, D, POINT, D, D), line(D, D, D, FAINT)))
    assert heard == [5, 4, 4]
    heard.clear()
    hear(below(line(D, D), line(D, D, D, {"7": 0.8, "other": 0.2})))
    assert heard == [4], "how long numbers are says nothing of others"
    heard.clear()
    hear(line(D, D, D, FAINT))
    assert heard == [4], "there is no other line"


def brute_force(
    options: list[dict[str, float]], chances: list[list[float]], language: Language
) -> tuple[list[dict[str, float]], list[list[list[float]]]]:
    """The same over all ways to read a line, one by one."""
    found = [dict.fromkeys(seen, 0.0) for seen in options]
    parted, total = [[[0.0, 0.0] for _ in by_gap] for by_gap in chances], 0.0

    def follow(place: int, history: str, p: float, way: list[tuple[str, bool]]) -> None:
        nonlocal total
        if place == len(options):
            p *= language.probability(history, END) ** language.share
            total += p
            last = 0
            for number, (symbol, blank) in enumerate(way):
                found[number][symbol] += p
                if symbol and any(before for before, _ in way[:number]):
                    over = min(number - 1 - last, len(parted[number]) - 1)
                    parted[number][over][blank] += p
                last = number if symbol else last
            return
        last = max((number for number, (symbol, _) in enumerate(way) if symbol), default=-1)
        for symbol, likely in options[place].items():
            if not symbol:
                follow(place + 1, history, p * likely, [*way, (symbol, False)])
                continue
            for blank in (False, True) if last >= 0 else (False,):
                q, then = p * likely, history
                if last >= 0:
                    over = min(place - 1 - last, len(chances[place]) - 1)
                    q *= chances[place][over] if blank else 1 - chances[place][over]
                for one in " " * blank + symbol:
                    q *= language.probability(then, one) ** language.share
                    then = remembered(then + one)
                follow(place + 1, then, q, [*way, (symbol, blank)])

    follow(0, START, 1.0, [])
    return (
        [{s: p / total for s, p in one.items()} for one in found],
        [[[p / total for p in both] for both in one] for one in parted],
    )


@pytest.mark.parametrize("seed", range(20))
def test_ok__forward_backward_agrees_with_all_ways_one_by_one(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pi_reader.reading.forward_backward.MOST_HISTORIES", 10**6)
    monkeypatch.setattr("pi_reader.reading.forward_backward.LEAST_HISTORY", 0.0)
    rng = np.random.default_rng(seed)
    marks = int(rng.integers(1, 6))
    options = [
        {str(symbol): float(rng.uniform(0.05, 1)) for symbol in rng.choice(SYMBOLS, 2, False)}
        for _ in range(marks)
    ]
    for seen in options[:: int(rng.integers(1, 3))]:
        seen[NOTHING] = float(rng.uniform(0.05, 1))
    chances = [rng.uniform(0.03, 0.97, min(place, 3)).tolist() for place in range(marks)]
    found, blanks = forward_backward(options, chances, shipped())
    expected, parted = brute_force(options, chances, shipped())
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, abs=1e-9)
    for by_gap, same in zip(blanks, parted, strict=True):
        assert np.array(by_gap) == pytest.approx(np.array(same), abs=1e-9)


def test_ok__probabilities_of_what_follows_add_up_to_one() -> None:
    followers = [symbol for symbol in (*SYMBOLS, " ", END) if symbol]
    for history in (START, "^dd/dd", "d.d ", "÷÷÷", "@@@: "):
        page: dict[str, Counter[str]] = {}
        count_on_page("dd/dd/dd", page)
        for language in (shipped(), shipped().beside(page, "")):
            total = sum(language.probability(history, symbol) for symbol in followers)
            assert total == pytest.approx(1)
    assert shipped().probability("dd/dd", "/") > 10 * shipped().probability("^ddd.d", ".")


def test_ok__an_open_bracket_is_remembered_until_it_is_closed() -> None:
    def history(text: str) -> str:
        out = START
        for symbol in text:
            out = remembered(out + symbol)
        return out

    assert history("dd-(dd + ddd") == "(+ ddd"
    assert history("dd-(dd + ddd)") == "+ ddd)"
    assert history("ddd - ddd") == " - ddd"
    assert all(len(history("(" * n + "d" * 9)) == LONGEST for n in range(9))


def test_ok__what_is_remembered_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pi_reader.reading.language._MOST_KEPT", 50)
    language = replace(shipped(), _steps={})
    for number in range(500):
        language.step(f"{number}", "d")
    assert len(language._steps) <= 50


def test_ok__a_card_may_bring_its_own() -> None:
    values = json.loads(json.dumps(shipped().to_json()))
    assert Language.from_json(values, "x").to_json() == shipped().to_json()
    own = language_of({NOTE: {**values, "share": 0.5}})
    assert own.share == 0.5 and language_of({}) is shipped()


def test_ok__a_strange_language_leaves_something_to_read() -> None:
    values = copy.deepcopy(shipped().to_json())
    ends = dict.fromkeys(SYMBOLS, -30.0), dict.fromkeys(SYMBOLS, 30.0)
    for bias, heard in zip(ends, (-30.0, 30.0), strict=True):
        strange = {"counts": {"": "÷999999999", "^": "", "d": "÷999999999"}, "share": 10}
        own = {**values, **strange, "trust": 10, "bias": bias, "heard": [heard] * 2}
        page = line(D, D, SLASH, D, 30, ONE, SLASH, D)
        heard_marks, _, blanks = decode_lines(page, Rows(page), language_of({NOTE: own}))
        sure = np.array([one.confidence for one in heard_marks])
        assert ((sure >= 0) & (sure <= 1)).all() and np.nanmax(blanks) <= 1.000001


@pytest.mark.parametrize(
    "change",
    [
        {"share": "much"},
        {"share": float("nan")},
        {"trust": -1},
        {"gaps": [1.0]},
        {"bias": {}},
        {"bias": dict.fromkeys(SYMBOLS, 1e6)},
        {"heard": [1e6, 0.0]},
        {"counts": {"d": "d-1"}},
        {"counts": {"d": {"d": 1}}},
        {"counts": []},
        {"heard": None},
    ],
)
def test_fail__a_damaged_language(change: dict[str, Any]) -> None:
    values = {**copy.deepcopy(shipped().to_json()), **change}
    with pytest.raises(BadData, match="is no language of lines"):
        language_of({NOTE: values})
    with pytest.raises(BadData):
        language_of({NOTE: 5})
