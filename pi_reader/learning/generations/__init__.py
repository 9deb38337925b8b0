"""Generations of weights: what the box has learned, with parents, and a way back that finds itself.

`ledger` keeps which generation is in use, in one file that is replaced whole; `store` keeps the
weights files and opens the one in use, or the nearest before it that works.
"""

from pi_reader.learning.generations.ledger import SHIPPED
from pi_reader.learning.generations.store import LARGEST_OFFER, Generation, Generations

__all__ = ["LARGEST_OFFER", "SHIPPED", "Generation", "Generations"]
