"""The history of readings: a small database that spares the card and never stops the reading.

`writer` buffers the box's readings and writes them, `queries` answers whoever asks what was read,
and `database` holds the tables, and how a file of them is opened, by one and by the others.
"""

from pi_reader.history.database import numbers_beside
from pi_reader.history.queries import Past, PastNumber, past, past_numbers, some
from pi_reader.history.writer import LONGEST_TEXT, MOST_WAITING, History

__all__ = [
    "LONGEST_TEXT",
    "MOST_WAITING",
    "History",
    "Past",
    "PastNumber",
    "numbers_beside",
    "past",
    "past_numbers",
    "some",
]
