"""The sets that a network is trained on: a map-style dataset of `SetBatch`, no I/O.

S = sets, P = places
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from atelier.datasets.batches import SetBatch


@dataclass(frozen=True, eq=False)
class Sets:
    """Sets as rows of a table of items."""

    rows_SP: NDArray[np.int64]
    """-1 behind the last piece."""
    source_S: NDArray[np.int64]
    """Sets of different sources are not compared with each other."""
    liked_S: NDArray[np.bool_]
    """False for sets that were shown often and clicked seldom."""

    def __len__(self) -> int:
        return len(self.rows_SP)

    def __getitems__(self, rows: Sequence[int]) -> SetBatch:
        return SetBatch(
            *(
                torch.from_numpy(column[np.asarray(rows)])
                for column in (self.rows_SP, self.source_S, self.liked_S)
            )
        )

    def collate(self, batch: SetBatch) -> SetBatch:
        """Return the batch as it is."""
        return batch
