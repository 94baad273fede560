"""The products that scenes are composed of, in memory-mapped arrays.

N = catalogue photos, F = side of a frame
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from atelier.datasets.batches import CutoutBatch


@dataclass(frozen=True)
class Cutouts(Dataset[CutoutBatch]):
    """A map-style dataset that returns whole batches; deterministic, as scenes are composed later."""

    frames_N4FF: NDArray[np.uint8]
    """RGB and alpha."""
    extents_N4: NDArray[np.float32]
    """Where in its frame the product lies, from -1 to 1."""
    kind_N: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.frames_N4FF)

    def __getitem__(self, index: int) -> CutoutBatch:
        return self.__getitems__([index])

    def __getitems__(self, indices: list[int]) -> CutoutBatch:
        rows = np.asarray(indices)
        return CutoutBatch(
            frames_B4FF=torch.from_numpy(self.frames_N4FF[rows]),
            extents_B4=torch.from_numpy(self.extents_N4[rows]),
            kind_B=torch.from_numpy(self.kind_N[rows]),
        )

    @staticmethod
    def collate(batch: CutoutBatch) -> CutoutBatch:
        """Return the batch: `__getitems__` has joined it already."""
        return batch
