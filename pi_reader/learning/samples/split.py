"""The split into training and held-out readings, decided once and permanently."""

from __future__ import annotations

import random
import sqlite3

_HELD_EVENTS = 5  # one of this many reading events is held out
_HELD_SAMPLES = 10  # and at least one of this many labelled samples


def is_held_out(database: sqlite3.Connection, event: int, labelled: int) -> bool:
    """Whether to hold out a new event: a random one of every five, or sooner if too few are.

    labelled: how many of its digits have a label. The first labelled event is learned from, since
    there would otherwise be nothing to learn; events labelled later are split like all others.
    """
    if labelled:
        total, held = database.execute(
            "SELECT count(*), coalesce(sum(held_out), 0) FROM samples JOIN events"
            " ON events.id = event WHERE label IS NOT NULL"
        ).fetchone()
        if total == held:
            return False
        if held < (total + labelled) // _HELD_SAMPLES:
            return True
    first = event - (event - 1) % _HELD_EVENTS
    if database.execute(
        "SELECT 1 FROM events WHERE id >= ? AND id < ? AND held_out", (first, event)
    ).fetchone():
        return False
    return random.SystemRandom().random() * (first + _HELD_EVENTS - event) < 1
