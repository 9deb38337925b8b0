"""What a box was taught: patches with the right label, kept in a database that survives.

`Samples` is the database, `Sample` one of its rows, `New` one that is to become a row.
"""

from pi_reader.learning.samples.rows import New, Sample, cut_out
from pi_reader.learning.samples.store import Counts, Samples

__all__ = ["Counts", "New", "Sample", "Samples", "cut_out"]
