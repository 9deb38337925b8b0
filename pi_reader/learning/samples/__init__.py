"""Samples: labelled patches from the box's owner, in a durable database.

`Samples` is the database, `Sample` one of its rows, `New` a row to be added.
"""

from pi_reader.learning.samples.rows import New, Sample, cut_out
from pi_reader.learning.samples.store import Counts, Samples

__all__ = ["Counts", "New", "Sample", "Samples", "cut_out"]
