"""Letters by name, as they stand in words, units and equations, with their height and depth.

Other than in `alphabet`, letters that look like a digit are here too: o, l, s, z, b, q, g. In a
line only their company tells what they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pi_reader.handwriting import alphabet
from pi_reader.handwriting.letters import times, x_curly
from pi_reader.handwriting.shapes import arc, between, plain
from pi_reader.handwriting.splines import CORNER, Skeleton, Stroke

_SMALL, _TALL = 0.6, 1.0  # heights of letters, in heights of a digit


@dataclass(frozen=True)
class Letter:
    """A letter: its forms, its height and how deep its foot hangs, in heights of a digit."""

    skeletons: tuple[Skeleton, ...]
    tall: float = _SMALL
    depth: float = 0.0


def _ring(t: np.ndarray) -> list[Stroke]:
    """An o: a ring that starts anywhere above and may stay open."""
    wide = between(t[0], 0.3, 0.52)
    return [arc(0.4, 0.5, wide, 0.5, between(t[1], 0.6, 0.95), between(t[2], -0.9, -1.1), 9)]


_BOW = ((0.5, 0.18), (0.25, 0.0), (0.0, 0.5), (0.22, 0.98))
_A = (
    plain([*_BOW, (0.5, 0.6), (0.52, 0.05, CORNER), (0.52, 0.85), (0.68, 0.98)]),
    plain([*_BOW, (0.48, 0.7), (0.5, 0.1)], [(0.52, 0.0), (0.54, 1.0)]),
)
_B = (plain([(0, 0), (0, 1, CORNER), (0.05, 0.6), (0.35, 0.5), (0.52, 0.75), (0.3, 1), (0, 0.95)]),)
_C = (plain([(0.55, 0.12), (0.3, 0), (0, 0.5), (0.3, 1), (0.6, 0.86)]),)
_D = (
    plain(
        [(0.5, 0.5), (0.25, 0.45), (0, 0.72), (0.22, 1), (0.5, 0.7, CORNER), (0.52, 0, CORNER)],
        [(0.52, 0.02), (0.55, 0.85), (0.68, 0.98)],
        play=0.06,
    ),
)
_G = (
    plain(
        [(0.5, 0.1), (0.25, 0), (0, 0.25), (0.2, 0.5), (0.5, 0.2, CORNER), (0.5, 0.8), (0.25, 1)],
        play=0.08,
    ),
)
_I = (plain([(0.0, 0.32), (0.02, 1)], [(0.02, 0.0), (0.03, 0.04)]),)
_L = (plain([(0.0, 0), (0.0, 1)]), plain([(0, 0), (0, 0.85), (0.12, 1), (0.3, 0.92)]))
_P = (plain([(0, 0), (0, 1)], [(0, 0.1), (0.3, 0), (0.5, 0.25), (0.3, 0.5), (0, 0.45)]),)
_Q = (plain([(0.5, 0.1), (0.25, 0), (0, 0.25), (0.2, 0.5), (0.5, 0.1, CORNER), (0.5, 1)]),)
_S = (plain([(0.5, 0.1), (0.25, 0), (0.05, 0.25), (0.45, 0.7), (0.25, 1), (0, 0.88)]),)
_T = (plain([(0.2, 0), (0.2, 0.8), (0.32, 1), (0.5, 0.92)], [(0, 0.3), (0.48, 0.28)]),)
_X = (
    times,
    x_curly,
    plain(
        [(0, 0.05), (0.25, 0), (0.3, 0.5), (0.2, 1), (0, 0.95)],
        [(0.75, 0.05), (0.45, 0), (0.35, 0.5), (0.45, 1), (0.75, 0.95)],
    ),
    plain([(0, 0.1), (0.15, 0), (0.35, 0.5), (0.55, 1), (0.75, 0.85)], [(0.75, 0), (0, 1)]),
)
_Y = (alphabet.y_straight, alphabet.y_cup, alphabet.y_looped, alphabet.y_angular)
_Z = (
    plain([(0, 0), (0.7, 0, CORNER), (0, 1, CORNER), (0.75, 0.97)]),
    plain([(0, 0), (0.7, 0, CORNER), (0, 1, CORNER), (0.75, 0.97)], [(0.1, 0.5), (0.6, 0.48)]),
)
_E = (alphabet.e_round,)
_F = (plain([(0.55, 0.08), (0.38, 0), (0.25, 0.2), (0.22, 1)], [(0.02, 0.42), (0.5, 0.4)]),)
_H = (plain([(0, 0), (0, 1, CORNER), (0.05, 0.6), (0.3, 0.45), (0.5, 0.65), (0.5, 1)]),)
_K = (plain([(0.02, 0), (0, 1)], [(0.5, 0.42), (0.03, 0.68, CORNER), (0.55, 1)]),)
_M = (
    plain(
        [(0, 0), (0, 1, CORNER), (0.1, 0.2), (0.3, 0.05), (0.42, 0.3), (0.42, 1, CORNER)],
        [(0.42, 0.9), (0.5, 0.2), (0.72, 0.05), (0.85, 0.3), (0.88, 1)],
        play=0.05,
    ),
)
_N = (plain([(0, 0), (0.02, 1, CORNER), (0.05, 0.3), (0.3, 0), (0.5, 0.3), (0.52, 1)]),)
_R = (plain([(0, 0), (0, 1, CORNER), (0.03, 0.3), (0.25, 0.05), (0.5, 0.12)]),)
_U = (
    plain(
        [(0, 0.05), (0, 0.75), (0.22, 1), (0.52, 0.72), (0.6, 0, CORNER), (0.6, 0.85), (0.75, 0.98)]
    ),
)
_V = (plain([(0, 0), (0.3, 1, CORNER), (0.6, 0)]),)
_W = (plain([(0, 0), (0.22, 1, CORNER), (0.45, 0.25, CORNER), (0.68, 1, CORNER), (0.95, 0)]),)
_CAPITAL_D = (plain([(0, 0), (0, 1)], [(0, 0), (0.4, 0.08), (0.6, 0.5), (0.4, 0.92), (0, 1)]),)
_CAPITAL_I = (
    plain([(0, 0), (0, 1)]),
    plain([(0.2, 0), (0.2, 1)], [(0, 0), (0.4, 0)], [(0, 1), (0.4, 1)], play=0.05),
)
_CAPITAL_L = (plain([(0, 0), (0, 1, CORNER), (0.55, 1)]),)

NAMED: dict[str, Letter] = {
    "a": Letter(_A),
    "b": Letter(_B, _TALL),
    "c": Letter(_C),
    "d": Letter(_D, _TALL),
    "e": Letter(_E),
    "f": Letter(_F, _TALL),
    "g": Letter(_G, 0.9, 0.32),
    "h": Letter(_H, _TALL),
    "i": Letter(_I, 0.8),
    "k": Letter(_K, _TALL),
    "l": Letter(_L, _TALL),
    "m": Letter(_M),
    "n": Letter(_N),
    "o": Letter((_ring,)),
    "p": Letter(_P, 0.9, 0.32),
    "q": Letter(_Q, 0.9, 0.32),
    "r": Letter(_R),
    "s": Letter(_S),
    "t": Letter(_T, 0.9),
    "u": Letter(_U),
    "v": Letter(_V),
    "w": Letter(_W),
    "x": Letter(_X),
    "y": Letter(_Y, 0.9, 0.32),
    "z": Letter(_Z),
    "C": Letter(_C, _TALL),
    "D": Letter(_CAPITAL_D, _TALL),
    "I": Letter(_CAPITAL_I, _TALL),
    "L": Letter(_CAPITAL_L, _TALL),
    "O": Letter((_ring,), _TALL),
    "S": Letter(_S, _TALL),
    "V": Letter(_V, _TALL),
    "W": Letter(_W, _TALL),
    "Z": Letter(_Z, _TALL),
}
"""Latin letters by the character that stands for them."""
ANY: tuple[Letter, ...] = tuple(
    Letter((skeleton,), tall)
    for skeleton in (*alphabet.LETTERS, *alphabet.MORE)
    for tall in (_SMALL, _TALL)
)
"""Letters of any script, for texts that do not care; `@` stands for one of them."""
