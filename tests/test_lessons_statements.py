"""What lessons state, held against their own figures over a grid of settings.

Each check reads a lesson as a pupil does: it takes the figures from what is printed, or works them
out by itself, and asks whether the sentences beside them are true. Of each group of sentences that
exclude each other exactly one must stand there.
"""

from __future__ import annotations

import io
import itertools
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pi_reader.handwriting.patches import draw_patches
from pi_reader.lessons import course, curves, digits, features, material, minds, rotations
from pi_reader.lessons.base import Blackboard
from pi_reader.network import store
from pi_reader.network.card import Card

Settings = dict[str, float]


class Told:
    """What a lesson printed: `flat` as one line, tables by a word in their head, numbers."""

    def __init__(self, name: str, settings: Settings, seed: int = 1, **board: Any) -> None:
        out = io.StringIO()
        words = [f"{key}={value}" for key, value in settings.items()]
        rng = np.random.default_rng(seed)
        course.give(name, Blackboard(out, name, fast=True, **board), rng, words)
        self.text = out.getvalue().partition("\nTry\n---")[0]
        self.flat = " ".join(self.text.split())

    def table(self, head: str) -> list[list[str]]:
        lines = iter(self.text.splitlines())
        for line in lines:
            if head in line and re.fullmatch(r" {4}[ -]*---[ -]*", next(lines, "")):
                body = itertools.takewhile(str.strip, lines)
                return [re.split(r"\s{2,}", row.strip()) for row in body]
        raise AssertionError(f"no table with {head}")

    def number(self, pattern: str) -> float:
        found = re.search(pattern, self.flat)
        assert found, pattern
        return float(found[1].replace(",", ""))

    def one_of(self, **sentences: Any) -> None:
        """Exactly one of these sentences was said, and it is true."""
        said = [words for words in sentences if words in self.flat]
        assert len(said) == 1, (said, self.flat)
        assert sentences[said[0]], f"not true: {said[0]}\n{self.text}"


def grid(**values: tuple[float, ...]) -> Iterator[Settings]:
    for chosen in itertools.product(*values.values()):
        yield dict(zip(values, chosen, strict=True))


def each(settings: Iterator[Settings]) -> Callable[[Any], Any]:
    cases = list(settings)
    names = [" ".join(f"{key}={value}" for key, value in case.items()) for case in cases]
    return pytest.mark.parametrize("settings", cases, ids=names)


def percent(cell: str) -> float:
    return float(cell.rstrip("%")) / 100


@each(grid(threshold=(-5, -1, 0, 1, 2.5, 5), hidden=(1, 200, 100_000)))
def test_ok__faces(settings: Settings) -> None:
    told = Told("faces", settings, seed=int(settings["hidden"]))
    fired = sum(cell == "fires" for _, cell in told.table("neuron"))
    told.one_of(
        **{
            "fires at none of these 9": fired == 0,
            "fires at all of these 9": fired == 9,
            f"It fires at {fired} of these 9": 0 < fired < 9,
        }
    )
    face, guess = told.number(r"The face is number (\d)"), told.number(r"It takes number (\d)")
    told.one_of(**{"This time it is right": face == guess, "Wrong: the rule": face != guess})
    nodes = 794 + settings["hidden"]
    ranked = [row[0] for row in told.table("neurons")]
    place = ranked.index("our network")
    assert f"has {nodes:,} nodes: more than a {ranked[place - 1]} has neurons" in told.flat
    assert f"fewer than a {ranked[place + 1]}." in told.flat


@each(
    itertools.chain(
        grid(share=(0, 0.1, 0.6, 1, 1.8, 2, 2.1, 3), guess=(-3, 0.5, 0.621371, 90), tries=(1, 20)),
        grid(km=(0.1, 100_000), share=(0.6, 2.1), tries=(200,)),
    )
)
def test_ok__miles(settings: Settings) -> None:
    told = Told("miles", settings)
    true, share, number = 0.621371, settings["share"], settings.get("guess", 0.5)
    began = abs(number - true)
    for _ in range(int(settings["tries"])):
        number += share * (true - number)
    left, off = abs(number - true), abs(number - true) / true
    told.one_of(
        **{
            "nothing is corrected at all": share == 0,
            "it comes nearer from one side": 0 < share < 1,
            "one step is enough.": share == 1,
            "but less and less far": 1 < share < 2,
            "and never comes nearer": share == 2,
            "further and further": share > 2,
        }
    )
    told.one_of(
        **{
            "so there was nothing to correct": began < 1e-6,
            "It has arrived": left < 0.0005 + 1e-9 and began > 1e-9,
            "It is still": left < began and left >= 0.0005 - 1e-9,
            "It is as far away as at the beginning": abs(left - began) <= 0.01 * began,
            "It has run away": left > began,
        }
    )
    told.one_of(
        **{
            "It is right to a tenth of a percent everywhere": off < 0.001 + 1e-9,
            "this one is not quite found yet": 0.001 - 1e-9 < off < 0.05,
            "this one is not the right one": off > 0.05 - 1e-9,
        }
    )
    assert told.number(r"The number is now (-?[\d.]+(?:e\+\d+)?)") == pytest.approx(
        number, abs=6e-5, rel=0.01
    )


@each(
    itertools.chain(
        grid(rate=(0, 0.001, 0.05, 0.3, 0.7, 1), bugs=(2, 9, 200), wrong=(0, 0.5)),
        grid(blur=(0, 3), wrong=(0, 1)),
    )
)
def test_ok__bugs(settings: Settings) -> None:
    told = Told("bugs", settings)
    right = told.number(r"with (\d+) of \d+ bugs on") / settings.get("bugs", 60)
    told.one_of(
        **{
            "without a mistake": right == 1,
            "not without mistakes": 0.9 <= right < 1,
            "but the line is not where it should be": 0.5 < right < 0.9,
            "no better than tossing a coin:": right <= 0.5,
        }
    )
    table = told.table("what they see")
    apart = [float(row[3]) - float(row[2]) for row in table]
    old, new = max(apart[:3]), max(apart[3:])
    good = [percent(row[4]) for row in table[3:]]
    rate, ulp = settings.get("rate", 0.05), 0.02
    told.one_of(
        **{
            "each gardener ends elsewhere": rate == 1 and old > 0,
            "all end where they began": rate == 0 and new == 0,
            "the line has not arrived yet": new < old / 2 + ulp and good[0] < 0.9 + ulp,
            "each bug gives a little": new < old / 2 + ulp and good[0] > 0.9 - ulp,
            "the gardeners agree somewhat better": new < 0.95 * old + ulp,
            "does not bring the gardeners together": new > 0.95 * old - ulp,
        }
    )
    without, blurred, misnamed = good
    told.one_of(
        **{
            "neither bad measuring nor wrong names do harm": min(blurred, misnamed)
            > without - 0.01 - ulp,
            "Bad measuring does more harm here": blurred < misnamed + ulp,
            "Bad measuring does less harm here": misnamed < blurred + ulp,
            "Bad measuring does as much harm": abs(misnamed - blurred) < 0.01 + ulp,
        }
    )


@each(
    itertools.chain(
        grid(nodes=(1, 2, 3, 8, 50), rounds=(20, 300)), grid(nodes=(1, 2, 4), rounds=(4000,))
    )
)
def test_ok__gates(settings: Settings) -> None:
    told = Told("gates", settings)
    found = told.number(r"random numbers, (\d+) got all four right")
    lines = {row[0]: int(row[2].replace(",", "")) for row in told.table("lines tried")}
    assert lines["XOR"] == 0 < min(lines["AND"], lines["OR"]) and "Not one for XOR" in told.flat
    told.one_of(
        **{
            "no single line can do XOR:": settings["nodes"] == 1 and found == 0,
            "Where a network begins made no difference": found == 5,
            "they had bad luck at the start": 0 < found < 5,
            "what they lacked is time or luck": found == 0 and settings["nodes"] > 1,
        }
    )
    told.one_of(
        **{
            "Nobody drew these borders": found > 0,
            "The map is nearly of one shade": found == 0,
            "these borders do not do XOR": found == 0,
        }
    )
    if "nearly of one shade" in told.flat:
        span = re.search(r"one shade, from ([\d.]+) to ([\d.]+)", told.flat)
        assert span and float(span[2]) - float(span[1]) < 0.21


@each(
    itertools.chain(
        grid(first=(-10, -3, 0, 1, 10), second=(-10, 0, 0.5)), grid(hidden=(1, 2, 1000))
    )
)
def test_ok__nodes(settings: Settings) -> None:
    told = Told("nodes", settings)
    total = 0.9 * settings.get("first", 1) + 0.3 * settings.get("second", 0.5)
    sent = 1 / (1 + math.exp(-total))
    told.one_of(
        **{
            "the node fires, and a little": sent > 0.99,
            "the node is silent, and a little": sent < 0.01,
            "More than half": 0.5 < sent <= 0.99,
            "Exactly half": sent == 0.5,
            "Less than half": 0.01 <= sent < 0.5,
        }
    )
    pencil = told.number(r"it took ([\d.]+) milliseconds")
    matrix = told.number(r"as a matrix ([\d.]+)\. The two")
    told.one_of(
        **{
            "the matrix was only": pencil / matrix < 2.1,
            "So the reason is time": pencil / matrix > 1.9,
        }
    )


@each(
    itertools.chain(
        grid(first=(-2, 0, 0.8, 10), second=(-1.6, 0, 0.5, 10)), grid(networks=(10, 40, 2000))
    )
)
def test_ok__blame(settings: Settings) -> None:
    told = Told("blame", settings)
    first, second = settings.get("first", 0.8), settings.get("second", 0.5)
    one, two = abs(first * 2 + second) / 5, abs(first * 3 + second * 4) / 5
    told.one_of(
        **{
            "nobody is to blame.": first == second == 0,
            "Both hidden nodes are equally to blame": abs(one - two) < 0.005,
            f"Hidden 1 has the larger part of the blame: {one:.2f}": one > two,
            f"Hidden 2 has the larger part of the blame: {two:.2f}": two > one,
        }
    )
    assert ("opposite signs" in told.flat) == (first * second < 0)
    told.one_of(
        **{
            "Nothing to send back here": first == second == 0,
            "All numbers are 5 times as large": one > 0 or two > 0,
        }
    )
    mean = told.number(r"On average (-?[\d.]+), and uphill")
    told.one_of(
        **{"nearly always a way down": mean > 0.49, "for these networks the rule is no good": True}
    )


@each(
    itertools.chain(
        grid(start=(-5, 0, 4), rate=(0, 0.1, 0.5, 0.9, 1, 1.01, 1.5), steps=(1, 40)),
        grid(restarts=(1, 2, 5, 60)),
    )
)
@pytest.mark.parametrize("seed", [1, 2])
def test_ok__descent(settings: Settings, seed: int) -> None:
    if seed == 2 and "restarts" not in settings:
        return
    told = Told("descent", settings, seed)
    start, rate = settings.get("start", 4), settings.get("rate", 0.1)
    left = 1 - 2 * rate
    told.one_of(
        **{
            "begins at the bottom": start == 0,
            "no step leads anywhere": start != 0 and rate == 0,
            "the first step leads straight to the bottom": start != 0 and rate == 0.5,
            "Nobody told it to slow down": 0 < left < 1,
            "but lands nearer": -1 < left < 0,
            "it jumps to and fro": rate == 1,
            "and lands further away": rate > 1,
        }
    )
    valleys = [(float(row[0]), float(row[1])) for row in told.table("walks that ended there")]
    assert sum(int(row[2]) for row in told.table("walks that ended")) == settings.get(
        "restarts", 20
    )
    best = min(valleys, key=lambda valley: valley[1])
    assert f"The best is at {best[0]:+.2f}" in told.flat
    told.one_of(
        **{
            "it is the deepest valley there is": best[1] == 0.027,
            "there is a deeper valley at -0.51": best[1] > 0.027,
        }
    )
    far = {row[0]: float(row[1]) for row in told.table("distance from the bottom")}
    told.one_of(
        **{
            "Shrinking brings the rough walk": far["and shrinking"]
            <= far["the same, felt roughly"],
            "Here shrinking did not": far["and shrinking"] >= far["the same, felt roughly"],
        }
    )


# the lessons that learn digits, with a few hundred of them


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.arange(3500) % 10
    patches = draw_patches(labels, np.random.default_rng(1))

    def load(board: Blackboard, rng: np.random.Generator, learn: int, test: int) -> material.Digits:
        learn, test = (600, 200) if test and learn > 1500 else (learn, test)
        return material.Digits(
            patches[:learn], labels[:learn], patches[learn:], labels[learn:], "drawn digits"
        )

    for module in (digits, minds, features, curves, rotations):
        monkeypatch.setattr(module, "load_digits", load)


@pytest.mark.usefixtures("few")
@each(
    itertools.chain(
        grid(hidden=(1, 30), rate=(0.0001, 0.1, 2), epochs=(1, 3)),
        grid(hidden=(20,), perhaps=(1, 8), maybe=(1, 7)),
    )
)
def test_ok__digits(settings: Settings) -> None:
    told = Told("digits", settings)
    shares = [percent(row[1]) for row in told.table("right") if row[0].isdigit()]
    last, best = shares[-1], max(shares)
    told.one_of(
        **{
            "Once through all the digits": len(shares) == 1,
            "From the first epoch to the last it went up": last == best > shares[0],
            "at the end it is": shares[0] <= last,
            "It got worse": last < shares[0],
        }
    )
    right = told.number(r"([\d.]+)% right, so") / 100
    assert right == pytest.approx(last, abs=1e-4)
    told.one_of(
        **{
            "this one reads.": right > 0.95,
            "this one reads, with many mistakes": 0.7 < right <= 0.95,
            "this one has learned a little": 0.2 < right <= 0.7,
            "hardly better, or no better": right <= 0.2,
        }
    )
    apart = float(re.findall(r"differ by (?:up to )?([\d.e+-]+)", told.flat)[0])
    told.one_of(
        **{"they are the same, but for rounding": apart <= 1e-4, "rounding grows": apart >= 1e-4}
    )


@pytest.mark.usefixtures("few")
@each(grid(hidden=(1, 10, 60), epochs=(0, 1, 4)))
def test_ok__minds(settings: Settings) -> None:
    told = Told("minds", settings)
    table = told.table("like its average")
    strangers = [row[0] for row in table if row[0] != row[2]]
    epochs = settings["epochs"]
    told.one_of(
        **{
            "A network that has learned nothing has noise in mind": epochs == 0,
            "Each of the ten is most like": not strangers,
            f"{10 - len(strangers)} of the ten are most like the average": 0 < len(strangers) <= 5,
            "Most are more like the average of another": len(strangers) > 5,
        }
    )
    if epochs:
        assert all(
            f"{row[0]} (most like {row[2]})" in told.flat for row in table if row[0] != row[2]
        )
        middle, whole = told.number(r"middle has (\d+)"), told.number(r"whole picture (\d+)")
        told.one_of(
            **{
                "in its middle the network wants paper (": middle < whole - 9,
                "this one does not say so": middle > whole - 11,
            }
        )
    else:
        assert "All of it is left over" in told.flat and "5 times each" not in told.flat


@pytest.mark.usefixtures("few")
@each(grid(hidden=(2, 20), epochs=(1, 2), few=(10, 200)))
def test_ok__features(settings: Settings) -> None:
    told = Told("features", settings)
    table = told.table("description")
    for column, given in ((3, "With 600 digits"), (4, f"With {int(settings['few'])} digits")):
        shares = {row[0]: percent(row[column]) for row in table}
        best = max(shares.values())
        said = re.search(
            rf"{given} (nothing beats the pixels|the inputs need not be pixels: (.*?) get)",
            told.flat,
        )
        assert said
        assert shares[said[2] or "pixels"] == best
        worst = re.search(rf"{given}.*?worst are ([a-z ]+), with", told.flat)
        assert worst and shares[worst[1]] == min(shares.values())


@pytest.mark.usefixtures("few")
@each(grid(epochs=(1, 3), digits=(60, 400), seeds=(1,)))
def test_ok__curves(settings: Settings) -> None:
    told = Told("curves", settings)
    rates = {float(row[0]): percent(row[1]) for row in told.table("learning rate")}
    top = told.number(r"The rate: best at ([\d.]+) with")
    assert rates[top] == max(rates.values())
    told.one_of(
        **{
            "it jumps about": 0.003 < top < 1,
            "a still larger one might be better": top == 1,
            "a still smaller one might be better": top == 0.003,
        }
    )
    nodes = {row[0]: percent(row[1]) for row in told.table("hidden nodes")}
    told.one_of(
        **{
            "more nodes still help": nodes["200"] > nodes["100"] + 0.004,
            "more only cost time": nodes["200"] < nodes["100"] + 0.006,
        }
    )
    if settings["epochs"] == 1:
        assert "there was one only" in told.flat
        return
    shares = [percent(row[1]) for row in told.table("epochs")]
    told.one_of(
        **{
            "the best of all": shares[-1] == max(shares),
            "it hardly changes any more": max(shares) - shares[-1] < 0.006,
            "learn its examples by heart": max(shares) - shares[-1] > 0.004,
        }
    )


@pytest.mark.usefixtures("few")
@each(grid(epochs=(1, 2), digits=(60, 300), seeds=(1, 2)))
def test_ok__rotations(settings: Settings) -> None:
    told = Told("rotations", settings)
    table = {float(row[0]): [percent(cell) for cell in row[1:]] for row in told.table("degrees")}
    means = {angle: row[0] for angle, row in table.items()}
    assert "drawn digits" in told.flat and "as people wrote them" not in told.flat
    told.one_of(
        **{
            "Turned copies did not help here": means[0] == max(means.values()),
            "so it is not luck alone": max(row[1] for row in table.values()) > table[0][2],
            "so it may be luck": max(means.values()) >= means[0],
        }
    )
    if best := re.search(r"Best here is (\d+) degrees", told.flat):
        assert means[float(best[1])] == max(means.values())
    told.one_of(
        **{
            "worse than without copies. Much": means[90] < means[0],
            "not worse than without copies, but": means[0] - 0.0011
            <= means[90]
            < max(means.values()),
            "oddly, it is best of all": means[90] == max(means.values()),
        }
    )


@each(grid(hidden=(1, 200, 2000), digits=(1, 60_000, 1_000_000)))
def test_ok__zero(settings: Settings) -> None:
    told = Told("zero", settings)
    measured = {row[0]: float(row[1]) for row in told.table("microseconds")}
    reading, learning, products = measured.values()
    told.one_of(
        **{
            "most goes into changing": products / learning < 0.51,
            "more than changing the weights": products / learning > 0.49,
        }
    )
    told.one_of(
        **{
            "To learn from a digit takes": learning >= reading,
            "To read a digit takes": reading >= learning,
        }
    )
    minutes = float(told.table("minutes an epoch")[0][-1])
    told.one_of(
        **{
            "seconds: hardly time": minutes <= 1,
            "as long as making tea": 0.9 < minutes <= 15.1,
            "as long as lunch": 14.9 < minutes <= 90.1,
            "let it run overnight": 89.9 < minutes <= 600.1,
            "a larger machine is the better choice": minutes > 599,
        }
    )


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    labels = np.arange(1500) % 10
    taught = material.Digits(
        draw_patches(labels, np.random.default_rng(1)), labels, np.zeros(0), np.zeros(0), ""
    )
    rng = np.random.default_rng(4)
    with np.errstate(invalid="ignore"):
        network = material.teach(Blackboard(io.StringIO()), taught, rng, 40, 0.1, 3)
    path = tmp_path_factory.mktemp("weights") / "w.npz"
    store.save(path, network.to_model(), Card(reject_below=0.3))
    return path


@each(grid(difficulty=(0, 0.2, 1), digit=(1, 3)))
@pytest.mark.parametrize("seed", [1, 2])
def test_ok__own(settings: Settings, seed: int, weights: Path) -> None:
    told = Told("own", settings, seed, weights=lambda: weights)
    if "No digit was found" in told.flat:
        assert settings["difficulty"] == 1, "on all but the hardest pages there are some"
        return
    answer = told.text.partition("The answer\n")[2].partition("A ? is")[0]
    read, _, written = answer.strip("-\n ").partition("written was:")
    told.one_of(
        **{
            "all that was written has been read": read.split() == written.split(),
            "digits are not read as they were written": read.split() != written.split(),
            "what was read is not what was written": read.split() != written.split(),
        }
    )
