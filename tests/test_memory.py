"""The memory of what was taught: its votes, its bounds, its file, and what leaves it."""

from __future__ import annotations

import os
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import night_world
import numpy as np
import pytest

from pi_reader.config import find_folders, settings_from
from pi_reader.errors import BadData, PiReaderError
from pi_reader.files import durable
from pi_reader.learning import memory as files
from pi_reader.learning.contradictions import contradictions
from pi_reader.learning.memory import Kernel, Memory, units
from pi_reader.learning.samples import New, Samples
from pi_reader.learning.stores import Stores
from pi_reader.network import store
from pi_reader.network.card import Card
from pi_reader.network.model import Model

pytestmark = pytest.mark.quick
SHA = "ab" * 32


@pytest.fixture(scope="module")
def model() -> Model:
    return store.load(night_world.SHIPPED)[0]


@pytest.fixture
def samples(tmp_path: Path) -> Iterator[Samples]:
    with Samples(tmp_path / "samples.db") as samples:
        yield samples


def keys(*angles: float) -> np.ndarray:
    """Keys of length 1 in a plane of 96 dimensions; angles in degrees."""
    out = np.zeros((len(angles), 96), np.float32)
    out[:, 0], out[:, 1] = np.cos(np.radians(angles)), np.sin(np.radians(angles))
    return out


def teach(samples: Samples, count: int, number: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Have somebody's digits taught; gives patches and labels."""
    patches, labels = night_world.hand(count, number)
    night_world.teach(samples, patches, labels)
    return patches, labels


def test_ok__a_vote_grows_with_the_cosine_above_tau(model: Model) -> None:
    memory = Memory(model, kernel=Kernel(6, 0.8, 0, 0))
    memory.hold([0, 0, 0], keys(0, 20, 90), np.array([1, 1, 7]))
    votes, disputed = memory.votes(5 * keys(0, 30, 80, 45))
    cosine = np.cos(np.radians(10))
    assert np.allclose(votes[0, 1], 6, atol=1e-4)  # exactly like a taught one
    assert np.allclose(votes[1, 1], 6 * (cosine - 0.8) / 0.2, atol=1e-4)  # the nearest counts
    assert np.allclose(votes[2, 7], 6 * (cosine - 0.8) / 0.2, atol=1e-4)
    assert votes[[0, 1], 7].tolist() == [0, 0] and votes[:, [0, 2, 10]].sum() == 0
    assert not disputed.any()


def test_ok__the_nearest_of_many_has_to_be_nearer_and_the_second_nearest_gets_less() -> None:
    best = np.array([[0.9, 0.9], [0.9, 0.8], [0.95, 0.2]], np.float32)

    def worth(kernel: Kernel, keys: np.ndarray) -> np.ndarray:
        return kernel.nats(best, kernel.taus(keys))

    few = worth(Kernel(6, 0.5, 0.1, 0), np.array([1, 1]))
    many = worth(Kernel(6, 0.5, 0.1, 0), np.array([1, 100]))
    assert np.allclose(few, 6 * np.maximum(0, (best - 0.5) / 0.5), atol=1e-4)
    assert np.allclose(many[:, 1], 6 * np.maximum(0, (best[:, 1] - 0.7) / 0.3), atol=1e-4)
    assert (many[:, 0] == few[:, 0]).all()
    behind = worth(Kernel(6, 0.5, 0, 2), np.array([1, 1]))
    assert np.allclose(behind[0], few[0]) and np.allclose(behind[:, 0], few[:, 0])
    assert np.allclose(behind[1:, 1], [6 * (0.8 - 0.2 - 0.5) / 0.5, 0], atol=1e-4)
    assert np.isfinite(worth(Kernel(6, 0.9, 1, 0), np.array([1, 2000]))).all()
    assert behind.dtype == np.float32


def test_ok__nothing_taught_nothing_voted(model: Model) -> None:
    votes, disputed = Memory(model).votes(keys(0, 1))
    assert votes.shape == (2, 11) and not votes.any() and not disputed.any()
    assert Memory(model).votes(keys())[0].shape == (0, 11)
    assert not Memory(model).votes(np.zeros((1, 96), np.float32))[0].any()


def test_ok__two_names_for_one_shape_are_disputed(model: Model) -> None:
    memory = Memory(model)
    memory.hold([0, 0], keys(0, 1), np.array([1, 7]))
    assert memory.votes(keys(0.5))[1].all()
    memory.hold([0, 0], keys(0, 20), np.array([1, 7]))
    assert not memory.votes(keys(0))[1].any()


def test_ok__it_follows_the_samples(model: Model, samples: Samples) -> None:
    patches, labels = teach(samples, 12)
    memory = Memory(model)
    assert memory.follow(samples) == 0 and len(memory) == 12
    votes, _ = memory.votes(model.hidden(patches))
    assert (votes.argmax(axis=1) == labels).all() and np.allclose(
        votes.max(axis=1), Kernel().alpha, atol=1e-3
    )
    first = samples.all()[0]
    samples.label(first.id, 10)
    memory.follow(samples)
    assert memory.votes(model.hidden(patches[:1]))[0].argmax() == 10
    samples.drop([first.id])
    memory.follow(samples)
    assert len(memory) == 11 and memory.votes(model.hidden(patches[:1]))[0][0, 10] == 0
    samples.drop_all()
    memory.follow(samples)
    assert len(memory) == 0 and not memory.votes(model.hidden(patches))[0].any()


def test_ok__held_out_readings_count_by_day_unlabelled_ones_do_not(
    model: Model, samples: Samples
) -> None:
    patches, labels = night_world.hand(3)
    for k, held in enumerate((False, True)):
        new = New(patches[k], 0, 0.5, int(labels[k]))
        samples.add_event(f"{k}", 0.0, held, [(0, new)])
    samples.keep([New(patches[2], 0, 0.5, None)])
    memory = Memory(model)
    memory.follow(samples)
    assert len(memory) == 2


def test_ok__a_few_at_once_and_the_misread_first(model: Model, samples: Samples) -> None:
    patches, labels = night_world.hand(8)
    for k in range(8):
        samples.keep([New(patches[k], int(labels[k]) if k != 2 else 10, 0.5, int(labels[k]))])
    memory = Memory(model)
    assert memory.follow(samples, at_once=3) == 5
    assert [one.id for one in memory.taken_in] == [3, 8, 7]  # misread, then the newest
    assert len(memory) == 3
    assert memory.follow(samples, at_once=3) == 2 and len(memory) == 6
    assert memory.follow(samples, at_once=3) == 0 and len(memory) == 8
    assert memory.follow(samples, at_once=3) == 0 and not memory.taken_in


def test_ok__it_is_bounded(model: Model, samples: Samples) -> None:
    memory = Memory(model)
    assert memory.most <= files.MOST
    assert memory.most * (model.features + 1) * 4 <= files.LARGEST
    memory.most = 4
    teach(samples, 12)
    memory.follow(samples)
    assert len(memory) == 4
    newest = {sample.patch.tobytes() for sample in samples.all()[-4:]}
    assert {one.patch.tobytes() for one in memory.taken_in} == newest


def test_ok__what_the_weights_were_trained_on_and_know_leaves(
    model: Model, samples: Samples
) -> None:
    patches, labels = teach(samples, 40)
    sure = model.predict(patches)[np.arange(40), labels] >= 0.9
    assert sure.any() and not sure.all()
    memory = Memory.beside(model, Card(reject_below=0.9, notes={files.LEARNED: 20}))
    memory.follow(samples)
    assert len(memory) == 40 - sure[:20].sum()
    misread = np.flatnonzero(~sure)
    votes, _ = memory.votes(model.hidden(patches[misread]))
    assert (votes.argmax(axis=1) == labels[misread]).all()


@pytest.mark.parametrize(
    "notes",
    [
        {},
        {"memory": 7, "learned_to": "all"},
        {"memory": {"alpha": "6", "tau": None}, "learned_to": True},
        {"memory": {"alpha": -1, "tau": 1.0}, "learned_to": -3},
        {"memory": {"alpha": 1e9, "tau": -2}, "learned_to": None},
    ],
)
def test_ok__constants_from_a_card_only_if_they_can_be_right(model: Model, notes: dict) -> None:  # type: ignore[type-arg]
    memory = Memory.beside(model, Card(notes=notes))
    assert memory._kernel == Kernel()
    assert memory._learned == 0
    fitted = {"memory": {"alpha": 4, "tau": 0.5, "lag": 1}, "learned_to": 7}
    other = Memory.beside(model, Card(notes=fitted))
    assert (other._kernel, other._learned) == (Kernel(4, 0.5, lag=1), 7)


def test_ok__its_file_saves_computing(
    model: Model, samples: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patches, _ = teach(samples, 12)
    memory, path = Memory(model), tmp_path / "memory" / "one.npz"
    memory.follow(samples)
    memory.save(path, SHA)
    again = Memory(model)
    again.load(path, SHA)
    monkeypatch.setattr(Samples, "some", lambda self, ids: [] if not ids else pytest.fail("again"))
    assert again.follow(samples) == 0
    for one, other in zip(
        memory.votes(model.hidden(patches)), again.votes(model.hidden(patches)), strict=True
    ):
        assert (one == other).all()
    Memory(model).load(tmp_path / "none.npz", SHA)  # none is no error
    Memory(model).save(path, SHA)  # of nothing
    again.load(path, SHA)
    assert again._seen == {}


def test_error__a_damaged_file(model: Model, samples: Samples, tmp_path: Path) -> None:
    teach(samples, 8)
    memory, path = Memory(model), tmp_path / "one.npz"
    memory.follow(samples)
    memory.save(path, SHA)
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(flipped) // 2] ^= 255
    others = {"keys": np.zeros((2, 5), np.float32), "digests": np.zeros((2, 16), np.uint8)}
    spoiled = [b"", b"what", whole[: len(whole) // 2], bytes(flipped), b"\0" * 5000]
    for change in ({}, {"keys": np.full((2, 97), np.nan, np.float32)}, {"digests": np.zeros(3)}):
        weights = np.frombuffer(SHA.encode(), np.uint8)
        with open(path, "wb") as handle:
            np.savez(handle, weights=weights, **(others | change))
        spoiled.append(path.read_bytes())
    for content in spoiled:
        path.write_bytes(content)
        with pytest.raises(BadData, match=r"one\.npz: the memory .* is made anew"):
            Memory(model).load(path, SHA)
    path.write_bytes(whole)
    with pytest.raises(BadData, match="other weights"):
        Memory(model).load(path, "cd" * 32)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(BadData, match="a pipe"):  # nobody waits for its other end
        Memory(model).load(path, SHA)


def test_ok__two_processes_clear_up_at_once(tmp_path: Path) -> None:
    """One is just writing what the other would take for a power cut's."""
    left = tmp_path / ".old.npz.x"
    left.touch()
    os.utime(left, (1e9, 1e9))
    with durable(tmp_path / "new.npz") as handle:
        handle.write(b"keys")
        files.forget(tmp_path, files.KEPT)
    assert [path.name for path in tmp_path.iterdir()] == ["new.npz"]


def test_ok__keys_are_ready_before_weights_are(
    model: Model, samples: Samples, tmp_path: Path
) -> None:
    folder = tmp_path / "memory"
    teach(samples, 8)
    for number in range(4):
        assert list(files.prepare(folder, samples, model, Card(), f"{number}" * 64)) == []
    assert len(list(folder.iterdir())) == files.KEPT
    memory = Memory(model)
    memory.load(files.path_for(folder, "3" * 64), "3" * 64)
    assert len(memory._seen) == 8
    files.forget(folder)
    assert not list(folder.iterdir())


def test_error__samples_that_cannot_be_read(model: Model, tmp_path: Path) -> None:
    (tmp_path / "samples.db").mkdir()
    with pytest.raises(PiReaderError):
        Memory(model).follow(Samples(tmp_path / "samples.db"))


def test_ok__when_it_was_taught(model: Model) -> None:
    now = time.mktime((2026, 11, 29, 18, 30, 0, 0, 0, -1))
    memory = Memory(model, wall=lambda: now)
    early = time.mktime((2026, 11, 29, 12, 4, 0, 0, 0, -1))
    memory.hold([early, early - 86400, 0.0], keys(0, 40, 90), np.array([1, 1, 7]))
    assert memory.taught(keys(5)[0], 1) == "taught 12:04"
    assert memory.taught(keys(35)[0], 1) == "taught 2026-11-28"
    assert memory.taught(keys(90)[0], 7) == memory.taught(keys(90)[0], 3) == "taught"


def test_ok__contradicting_labels_are_found(model: Model) -> None:
    patches, labels = night_world.hand(30)
    again = np.roll(patches[:2], 1, axis=2)  # the same shapes, a pixel further
    everything = np.concatenate([patches, again])
    right = np.concatenate([labels, labels[:2]])
    before = contradictions(model, everything, right, 99)[1]
    wrong = right.copy()
    wrong[31] = (wrong[31] + 1) % 10
    found, count = contradictions(model, everything, wrong, 99)
    assert len(found) == count > before and (1, 31) in [(one.first, one.second) for one in found]
    assert [one.alike for one in found] == sorted((one.alike for one in found), reverse=True)
    assert contradictions(model, everything, wrong, 1) == (found[:1], count)
    assert contradictions(model, patches[:0], labels[:0], 9) == ([], 0)


def test_ok__thousands_of_wrong_labels_fill_no_memory() -> None:
    class Blind(Model):
        """To which all patches are alike, the later ones a little less."""

        def __init__(self) -> None:
            pass

        def hidden(self, patches: np.ndarray) -> np.ndarray:
            keys = np.ones((len(patches), 96), np.float32)
            keys[:, 0] += np.arange(len(patches)) / 1e3
            return keys

    patches, labels = np.zeros((600, 28, 28), np.uint8), np.arange(600) % 2
    tracemalloc.start()
    found, count = contradictions(Blind(), patches, labels, 40)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(found), count) == (40, 300 * 300) and most < 6e6
    everything, _ = contradictions(Blind(), patches, labels, count)
    assert [one.alike for one in found] == [one.alike for one in everything[:40]]


def test_ok__a_comparison_keeps_what_a_network_knows_out(model: Model) -> None:
    patches, labels = night_world.hand(40)
    everything = Memory(model).learn(patches, labels)
    odd = Memory(model).learn(patches, labels, known=0.9)
    right = model.predict(patches)[np.arange(40), labels]
    assert len(everything) == 40 and len(odd) == (right < 0.9).sum()
    after = everything.predict(patches)
    assert np.allclose(after.sum(axis=1), 1, atol=1e-5)
    wrong = [(said.argmax(axis=1) != labels).sum() for said in (model.predict(patches), after)]
    assert wrong[1] < wrong[0]


def test_ok__units_and_zeros() -> None:
    out = units(np.array([[3, 4], [0, 0]], np.float32))
    assert np.allclose(out, [[0.6, 0.8], [0, 0]]) and out.dtype == np.float32


def test_ok__weights_come_into_use_with_their_keys(tmp_path: Path, samples: Samples) -> None:
    folders = find_folders(tmp_path)
    teach(samples, 8)
    generations = Stores(folders, settings_from({})).generations()
    model, card = store.load(night_world.SHIPPED)
    one = generations.add(model, card, use=True)
    path = files.path_for(folders.memory, one.sha256)
    assert path.exists()
    path.unlink()
    generations.use(0)
    generations.use(one.number)
    assert path.exists()
    files.forget(folders.memory)
    (tmp_path / "samples.db").unlink()
    (tmp_path / "samples.db").mkdir()
    assert generations.use(0).number == 0  # a memory that cannot be made keeps nobody from it
