"""Which reading is learned from, and which is held out to judge by: decided once, for ever."""

from __future__ import annotations

import random
import sqlite3

_HELD_EVENTS = 5  # one of so many reading events is held out
_HELD_SAMPLES = 10  # and at least one of so many labelled samples


def is_held_out(database: sqlite3.Connection, event: int, labelled: int) -> bool:
    """Whether a new event is for judging: a random one of each five, and sooner if too few are.

    labelled: how many of its digits have a label. The first that have are learned from, else there
    would be nothing to learn; those that get theirs later are dealt like all others.
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
