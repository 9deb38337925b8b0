"""What members of the group ask of the running box, and what they hand in."""

from __future__ import annotations

from pathlib import Path

import pytest
from night_world import SHIPPED, hand, make_small, night_of, teach

from pi_reader.box.housekeeping import ACTS, AT_ONCE, Housekeeping
from pi_reader.config import Settings, find_folders
from pi_reader.errors import BadData, Busy, PiReaderError, UsageError
from pi_reader.files import locked
from pi_reader.learning import acceptance
from pi_reader.learning.memory import forget, path_for
from pi_reader.learning.samples import Samples, exchange
from pi_reader.learning.stores import Stores
from pi_reader.requests import Requests
from pi_reader.values import NO_DIGIT


@pytest.fixture
def house(tmp_path: Path) -> Housekeeping:
    with Samples(tmp_path / "samples.db") as samples:
        teach(samples, *hand(3))
    stores = Stores(find_folders(tmp_path), Settings(), shipped=SHIPPED)
    stores.generations().add_file(SHIPPED.read_bytes(), use=True)
    (tmp_path / "night").mkdir()
    return Housekeeping(stores)


def test_ok__samples_are_put_right_and_forgotten(house: Housekeeping) -> None:
    assert "sample 1 is 7" in house.relabel({"id": 1, "label": 7})["done"]
    assert "is none" in house.relabel({"id": 2, "label": NO_DIGIT})["done"]
    assert house.drop({"ids": [1, 2, 999]})["gone"] == 2
    (house.night / "plan.json").write_text("{}")
    with locked(house.night / "lock"), pytest.raises(Busy):
        house.drop({"all": True})
    house.drop({"all": True})
    assert not (house.night / "plan.json").exists()
    with house.stores.samples() as samples:
        assert samples.counts().samples == 0


def test_ok__weights_are_chosen_and_taken_back(house: Housekeeping) -> None:
    assert "generation 0 is in use" in house.use({"number": 0})["done"]
    house.use({"number": 1})
    assert "generation 0 is in use" in house.rollback({})["done"]
    house.stores.generations().add_file(SHIPPED.read_bytes())
    with locked(house.night / "lock"), pytest.raises(Busy, match="may be judged"):
        house.use({"number": 2})


def test_ok__weights_wait_for_what_was_taught_a_little_at_every_look(house: Housekeeping) -> None:
    generations, folder = house.stores.generations(), house.stores.folders.memory
    with house.stores.samples() as samples:
        teach(samples, *hand(2 * AT_ONCE))
    forget(folder)
    for act, words, number in ((house.use, {"number": 0}, 0), (house.use, {"number": 1}, 1)):
        assert f"generation {number} comes into use as soon as" in act(words)["done"]
        before, looks = generations.current().number, 0
        path = path_for(folder, generations.get(number).sha256)
        while generations.current().number != number:
            assert generations.current().number == before
            house.tick()
            looks += 1
        assert looks == 2 and path.exists()
        forget(folder)
    house.rollback({})
    house.use({"number": 1})  # the newest wish counts
    for _ in range(5):
        house.tick()
    assert generations.current().number == 1
    house.rollback({})
    house.tick()
    house.tick()
    assert generations.current().number == 0
    with pytest.raises(UsageError, match="nothing came before"):
        house.rollback({})


@pytest.mark.parametrize(("act", "words"), [("use", {"number": 0}), ("rollback", {})])
def test_ok__what_was_asked_for_outlives_a_restart(
    house: Housekeeping, act: str, words: dict[str, object]
) -> None:
    generations, folder = house.stores.generations(), house.stores.folders.memory
    with house.stores.samples() as samples:
        teach(samples, *hand(2 * AT_ONCE))
    forget(folder)
    assert "comes into use as soon as" in getattr(house, act)(words)["done"]
    forget(folder)
    again = Housekeeping(house.stores)
    for _ in range(4):
        again.tick()
    assert generations.current().number == 0
    generations.use(1)
    Housekeeping(house.stores).tick()  # it is done, and not done again
    assert generations.current().number == 1


def test_ok__what_was_asked_for_is_dropped_when_other_weights_came(house: Housekeeping) -> None:
    generations, note = house.stores.generations(), house.stores.folders.state / "switch.json"
    with house.stores.samples() as samples:
        teach(samples, *hand(2 * AT_ONCE))
    forget(house.stores.folders.memory)
    assert "comes into use" in house.use({"number": 0})["done"]
    generations.add_file(SHIPPED.with_name("classic.npz").read_bytes(), use=True)
    for content in (note.read_text(), "", "[]", '{"kind": "use", "over": 7}'):
        note.write_text(content)
        again = Housekeeping(house.stores)
        for _ in range(4):
            again.tick()
        assert generations.current().number == 2 and not note.exists()
    note.write_text(f'{{"kind": "use", "number": "0", "over": "{generations.current().sha256}"}}')
    again = Housekeeping(house.stores)
    with pytest.raises(BadData, match="should be that of a generation"):
        again.tick()
    again.tick()
    assert generations.current().number == 2 and not note.exists()


def test_ok__weights_come_into_use_without_a_memory_that_cannot_be_made(
    house: Housekeeping,
) -> None:
    generations, path = house.stores.generations(), house.stores.folders.samples
    with house.stores.samples() as samples:
        teach(samples, *hand(2 * AT_ONCE))
    forget(house.stores.folders.memory)
    assert "comes into use" in house.use({"number": 0})["done"]
    for left in path.parent.glob("samples.db*"):
        left.unlink()
    path.mkdir()
    house.tick()
    assert generations.current().number == 0
    assert "generation 1 is in use" in house.use({"number": 1})["done"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("relabel", {}),
        ("relabel", {"id": True, "label": 7}),
        ("relabel", {"id": 1, "label": "7"}),
        ("relabel", {"id": 1, "label": 11}),
        ("relabel", {"id": 1, "label": True}),
        ("relabel", {"id": 1 << 70, "label": 7}),
        ("relabel", {"id": 999, "label": 7}),
        ("drop", {}),
        ("drop", {"ids": "1"}),
        ("drop", {"ids": [1, "2"]}),
        ("drop", {"ids": [1], "all": True}),
        ("drop", {"ids": list(range(20_000))}),
        ("drop", {"all": 1}),
        ("use", {}),
        ("use", {"number": True}),
        ("use", {"number": -1}),
        ("use", {"number": 7}),
        ("use", {"number": 1e300}),
    ],
)
def test_fail__what_makes_no_sense_changes_nothing(
    house: Housekeeping, kind: str, words: dict[str, object]
) -> None:
    assert kind in ACTS
    with pytest.raises(PiReaderError) as caught:
        getattr(house, kind)(words)
    assert isinstance(caught.value, BadData | UsageError) and "\n" not in str(caught.value)
    with house.stores.samples() as samples:
        assert samples.counts().samples == 3
    assert house.stores.generations().current().number == 1


def test_ok__what_was_handed_in_is_taken_in_by_the_training(tmp_path, monkeypatch) -> None:
    make_small(monkeypatch.setattr)
    monkeypatch.setattr(acceptance, "LEAST", 1000)
    with Samples(tmp_path / "theirs.db") as theirs:
        teach(theirs, *hand(2))
        with open(tmp_path / "taught.npz", "wb") as handle:
            exchange.write(list(theirs.all()), handle)
    _, folders, generations = night_of(tmp_path)
    requests = Requests(folders.requests)
    requests.ask_with_file("import", (tmp_path / "taught.npz").read_bytes())
    requests.ask_with_file("offer", SHIPPED.read_bytes())
    requests.ask_with_file("offer", b"no weights")
    said: list[str] = []
    night_of(tmp_path, log=said.append)[0].run()
    assert any("2 samples were handed in" in line for line in said)
    assert any("offer: not taken in" in line for line in said)
    assert [one.state for one in generations.list()][1:] == ["candidate"]
    assert list(requests.folder.iterdir()) == []
    for _ in range(4):
        requests.ask_with_file("offer", b"x")
    with pytest.raises(Busy, match="4 files wait"):
        requests.ask_with_file("offer", b"x")
