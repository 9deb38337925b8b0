"""The library: three lines read a picture, nothing is imported before it is used."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from fresh import printed

import pi_reader
from pi_reader.handwriting import draw_page
from pi_reader.handwriting.patches import draw_patches
from pi_reader.library import as_frame

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "pi_reader" / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pins: object) -> Path:
    from PIL import Image

    drawn = draw_page(np.random.default_rng(4), 0.0)
    Image.fromarray(drawn.frame.grey).save(tmp_path / "page.png")
    labels = np.tile(np.arange(10, dtype=np.uint8), 3)
    patches = draw_patches(labels, np.random.default_rng(5))
    np.savez(tmp_path / "mine.npz", x=patches, y=labels)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "page.png"


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_ok__examples_run_as_they_stand(number: int, page: Path) -> None:
    exec(compile(EXAMPLES[number], f"example {number}", "exec"), {})
    if "read.csv" in EXAMPLES[number]:
        assert Path("read.csv").read_text().startswith("page.png,")


def test_ok__there_are_ten_short_examples() -> None:
    assert len(EXAMPLES) >= 10
    assert all(len(example.splitlines()) <= 20 for example in EXAMPLES)


def test_ok__import_loads_nothing_else() -> None:
    code = (
        "import sys; import pi_reader; "
        "print([n for n in sys.modules if n.startswith(('pi_reader.', 'numpy', 'PIL'))])"
    )
    assert printed(code).strip() == "[]"


def test_ok__public_names_are_there_and_in_the_guide() -> None:
    for name in pi_reader.__all__:
        assert getattr(pi_reader, name) is not None
        assert f"`{name}" in GUIDE, name
    assert set(pi_reader.__all__) <= set(dir(pi_reader))
    with pytest.raises(AttributeError, match="no attribute 'colour'"):
        pi_reader.colour  # noqa: B018


def test_ok__a_path_a_frame_and_an_array_read_the_same(page: Path) -> None:
    by_path = pi_reader.read(str(page))
    from PIL import Image

    grey = np.asarray(Image.open(page))
    assert by_path.lines and by_path.text == pi_reader.read(pi_reader.Frame(grey)).text
    assert by_path.text == pi_reader.read(grey).text
    assert by_path.sure == ("?" not in by_path.text)
    assert by_path.signs == tuple(sign for line in by_path.lines for sign in line.signs)
    assert by_path.text == pi_reader.read(np.stack([grey] * 3, axis=2)).text


def test_ok__an_explanation_is_of_the_same_run(page: Path) -> None:
    frame = as_frame(page)
    reader = pi_reader.load()
    seen = reader.explain(frame)
    assert seen.reading.text == reader.read(frame).text
    assert sum(one.is_digit for one in seen.marks) == len(seen.reading.digits)
    assert seen.ink.mask.any() and len(seen.candidates.components)


@pytest.mark.parametrize(
    ("picture", "error"),
    [
        (np.zeros((5, 5)), TypeError),
        (np.zeros((5, 5, 2), np.uint8), ValueError),
        (np.zeros((0, 5), np.uint8), ValueError),
        ("nowhere.png", pi_reader.MissingFile),
    ],
)
def test_fail__what_is_no_picture(picture: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        pi_reader.read(picture)
