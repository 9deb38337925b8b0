"""Samples: labelled patches from the box's owner, in a durable database.

`Samples` is the database, `Sample` one of its rows, `New` a row to be added.
"""

from pi_reader.learning.samples.rows import New, Sample, as_png, cut_out
from pi_reader.learning.samples.shown import Shown, shown
from pi_reader.learning.samples.store import Counts, Samples

__all__ = ["Counts", "New", "Sample", "Samples", "Shown", "as_png", "cut_out", "shown"]
