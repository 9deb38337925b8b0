"""A checkpoint brings everything back, fits only its own training, and is never trusted blindly."""

from __future__ import annotations

import errno
import zipfile

import numpy as np
import pytest

from pi_reader import files
from pi_reader.errors import BadData, CannotWrite, MissingFile, UsageError
from pi_reader.training import checkpoint

FACTS = {"recipe": "default", "seed": 3, "settings": {"rate": 0.1, "layers": ["dense 8"]}}


def state() -> dict[str, np.ndarray]:
    return {"weights": np.arange(5, dtype=np.float32), "steps": np.array([7])}


@pytest.fixture
def kept(tmp_path):
    path = tmp_path / "a.checkpoint"
    checkpoint.save(path, 41, FACTS, state())
    return path


def test_ok__all_arrays_come_back_in_place(kept):
    blank = {name: np.zeros_like(array) for name, array in state().items()}
    held = blank["weights"]
    assert checkpoint.load(kept, FACTS, blank) == 41
    np.testing.assert_array_equal(held, [0, 1, 2, 3, 4])
    assert blank["steps"][0] == 7
    assert checkpoint.facts_of(kept) == FACTS


@pytest.mark.parametrize("name", ["recipe", "seed", "settings"])
def test_fail__the_checkpoint_of_another_training(kept, name):
    before = state()
    before["weights"][:] = 9
    with pytest.raises(UsageError, match=name):
        checkpoint.load(kept, FACTS | {name: "other"}, before)
    assert (before["weights"] == 9).all()


@pytest.mark.parametrize(
    "other",
    [
        {"weights": np.zeros(6, np.float32)},
        {"weights": np.zeros(5, np.float64)},
        {"velocity": np.zeros(5, np.float32)},
    ],
)
def test_fail__arrays_that_do_not_fit(kept, other):
    with pytest.raises(BadData, match="does not fit"):
        checkpoint.load(kept, FACTS, other)


def test_fail__damage_in_the_zip_that_the_digest_never_sees(tmp_path):
    """A flag that says "encrypted" or "packed in a way nobody knows" is damage like any other."""
    path = tmp_path / "a.checkpoint"
    checkpoint.save(path, 3, {"recipe": "a"}, {"w": np.ones(3, np.float32)})
    whole = path.read_bytes()
    entry = whole.rindex(b"PK\x01\x02")  # the last array in the zip's list
    start = whole.rindex(b"PK\x03\x04")  # its own header
    for bit in range(16):
        bad = bytearray(whole)
        for place in (entry + 8, start + 6):
            bad[place + bit // 8] ^= 1 << bit % 8
        path.write_bytes(bytes(bad))
        state = {"w": np.zeros(3, np.float32)}
        try:
            assert checkpoint.load(path, {"recipe": "a"}, state) == 3
        except BadData:
            assert not state["w"].any()


def test_fail__any_changed_byte_is_noticed_or_harmless(kept):
    whole = kept.read_bytes()
    refused = 0
    for place in range(0, len(whole), 19):
        changed = bytearray(whole)
        changed[place] ^= 0x55
        kept.write_bytes(changed)
        read = {name: np.zeros_like(array) for name, array in state().items()}
        try:
            step = checkpoint.load(kept, FACTS, read)
        except (BadData, UsageError):
            refused += 1
        else:
            assert step == 41
            np.testing.assert_array_equal(read["weights"], state()["weights"])
    assert refused > len(whole) / 19 / 2


@pytest.mark.parametrize("length", [0, 1, 100, 600])
def test_fail__cut_short(kept, length):
    kept.write_bytes(kept.read_bytes()[:length])
    with pytest.raises(BadData, match="start without --resume"):
        checkpoint.load(kept, FACTS, state())


def test_fail__missing_huge_or_pickled(tmp_path):
    path = tmp_path / "b.checkpoint"
    with pytest.raises(MissingFile):
        checkpoint.load(path, FACTS, state())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("facts.npy", b"\0" * (65 << 20))
    with pytest.raises(BadData, match="unpacks to more"):
        checkpoint.load(path, FACTS, state())
    with open(path, "wb") as handle:
        np.savez(handle, facts=np.array([{"step": 1}], dtype=object))
    with pytest.raises(BadData, match="no whole checkpoint"):
        checkpoint.load(path, FACTS, state())


def test_fail__a_full_disk_leaves_the_checkpoint_before(kept, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    before = kept.read_bytes()
    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(CannotWrite, match="disk is full"):
        checkpoint.save(kept, 42, FACTS, state())
    assert kept.read_bytes() == before
    assert list(kept.parent.iterdir()) == [kept]


def test_ok__every_purpose_and_step_has_its_own_random_numbers():
    draws = {
        checkpoint.random_for(seed, purpose, step).integers(2**62)
        for seed in range(3)
        for purpose in range(6)
        for step in range(20)
    }
    assert len(draws) == 360
    again = checkpoint.random_for(1, 2, 3).integers(2**62)
    assert again == checkpoint.random_for(1, 2, 3).integers(2**62)
