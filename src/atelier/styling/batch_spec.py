"""Specifies a batch of sets."""

from __future__ import annotations

from dataclasses import dataclass

BLOCK = 8192
"""Sets of a block: some seconds of one core."""


@dataclass(frozen=True)
class BatchSpec:
    """The specification of a batch; equal specifications make equal sets."""

    release_id: str
    rules: str
    """The text of the rule file."""
    where: str | None
    """SQL condition on the facts of the items that sets are made of; None for all."""
    num: int
    most_uses: int
    """Sets that an item may stand in."""
    variety: float
    seed: int

    @property
    def num_blocks(self) -> int:
        return -(-self.num // BLOCK)

    def sets_of(self, block: int) -> int:
        """Count the sets of a block, unless the pool is used up."""
        return min(BLOCK, self.num - block * BLOCK)
