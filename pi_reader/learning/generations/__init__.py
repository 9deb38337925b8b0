"""Generations of weights: what the box has learned, with automatic fallback to the parents.

`ledger` records which generation is in use, in one file that is replaced atomically; `store` keeps
the weights files and opens the one in use, or the most recent one before it that works.
"""

from pi_reader.learning.generations.ledger import SHIPPED
from pi_reader.learning.generations.store import LARGEST_OFFER, Generation, Generations

__all__ = ["LARGEST_OFFER", "SHIPPED", "Generation", "Generations"]
