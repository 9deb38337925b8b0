"""The page's address with its code as a QR code, where the package segno is installed."""

from __future__ import annotations

from functools import cache
from typing import Any

from PIL import Image

from pi_reader.outputs import glyphs

SCALE = 2  # pixels of a module: a phone reads it from a hand's breadth
_QUIET = 2  # modules of light around it; four are the rule, two do
_DIGITS = 62  # pixels to the right of it, for three digits three times as large


def draw(canvas: Image.Image, address: str, code: str) -> bool:
    """Draw the code to the left and its digits to the right; False if that cannot be.

    canvas: mode "1".
    """
    rows = _modules(f"http://{address}/#{code}") if address else ()
    side = SCALE * len(rows)
    if not rows or side > canvas.height or side + _DIGITS > canvas.width:
        return False
    picture = Image.new("1", (len(rows), len(rows)))
    picture.putdata([255 * (not dark) for row in rows for dark in row])
    canvas.paste(picture.resize((side, side), Image.Resampling.NEAREST), (0, 0))
    for place, half in enumerate((code[:3], code[3:])):
        written = glyphs.picture(half, 3)
        canvas.paste(written, (side + 8, 4 + 28 * place))
    return True


@cache
def _modules(text: str) -> tuple[tuple[bool, ...], ...]:
    """The rows of the QR code with some light around them, True where it is dark; () without segno
    or if it would be too large."""
    try:
        import segno
    except ImportError:
        return ()
    made: Any = segno.make(text, error="l", micro=False)
    return tuple(tuple(map(bool, row)) for row in made.matrix_iter(border=_QUIET))
