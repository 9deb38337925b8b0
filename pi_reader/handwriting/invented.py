"""Letters that nobody has ever written: strokes that hang together, of no script in particular.

There are more alphabets than anyone draws by hand. A page of such letters says what all of them
have in common: they are made with one pen, stand in rows, and are no digits.
"""

from __future__ import annotations

import numpy as np

from pi_reader.handwriting.shapes import plain
from pi_reader.handwriting.splines import CORNER, Point, Skeleton

_NODES = tuple((x, y) for x in (0.0, 0.35, 0.7) for y in (0.0, 0.33, 0.67, 1.0))
_STROKES = (3, 5)  # fewer would often be somebody's 1, 4 or 7
_PLAY = 0.06


def invented_letters(rng: np.random.Generator, count: int) -> tuple[Skeleton, ...]:
    """Some letters of one script, each of three or four strokes that start where others pass."""
    return tuple(_letter(rng) for _ in range(count))


def _letter(rng: np.random.Generator) -> Skeleton:
    nodes = np.array(_NODES) + rng.normal(0, 0.03, (len(_NODES), 2))
    passed = [int(rng.integers(4))]
    strokes: list[list[Point]] = []
    for _ in range(int(rng.integers(*_STROKES))):
        start = passed[rng.integers(len(passed))]
        end = int(rng.choice([node for node in range(len(nodes)) if node != start]))
        strokes.append(_stroke(rng, nodes[start], nodes[end]))
        passed.append(end)
    if len(strokes) < 4 and rng.random() < 0.3:  # an accent
        x = float(rng.uniform(0.1, 0.6))
        strokes.append([(x, -0.22), (x + float(rng.uniform(0.03, 0.25)), -0.2)])
    return plain(*strokes, play=_PLAY)


def _stroke(rng: np.random.Generator, start: np.ndarray, end: np.ndarray) -> list[Point]:
    """From one place to another: straight, bent, or by way of a corner."""
    way = end - start
    across = np.array([-way[1], way[0]])
    kind = rng.random()
    if kind < 0.5:
        return [_point(start), _point(end)]
    middle = start + way * rng.uniform(0.35, 0.65) + across * rng.uniform(-0.5, 0.5)
    if kind < 0.85:
        return [_point(start), _point(middle), _point(end)]
    return [_point(start), (*_point(middle), CORNER), _point(end)]


def _point(place: np.ndarray) -> tuple[float, float]:
    return float(place[0]), float(place[1])
