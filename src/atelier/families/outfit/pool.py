"""Stores a pool of items in the order of their kinds, so that the allowed items are a few slices.

N = items, D = embedding
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atelier.rules.graph import ContextGraph

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Shelf:
    """Items of one class in one partition: `rows` of the pool."""

    cell: int
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first


class Pool:
    """Items under rules, sorted by partition and class, in random order within each.

    A *row* is a place in that order, an *item* the number that the caller knows. Items that fit no slot have
    no row.
    """

    def __init__(self, graph: ContextGraph, vectors_ND: Floats, seed: int = 0) -> None:
        """`vectors_ND`: unit rows, one for each item that the graph was compiled for."""
        cells = graph.cells
        if len(vectors_ND) != len(cells.class_N):
            raise ValueError(f"{len(vectors_ND):,} vectors for {len(cells.class_N):,} items")
        self.graph = graph
        usable = np.flatnonzero(cells.class_N >= 0)
        shuffled = np.random.default_rng(seed).permutation(usable)
        order = np.lexsort((cells.class_N[shuffled], cells.partition_N[shuffled]))
        self.item_R: Ints = shuffled[order]
        self.vectors_RD: Floats = np.ascontiguousarray(vectors_ND[self.item_R], dtype=np.float32)
        self.class_R: Ints = cells.class_N[self.item_R]
        self.partition_R: Ints = cells.partition_N[self.item_R]
        self._num_classes = int(cells.class_C.max(initial=-1)) + 1
        key_R = self.partition_R * self._num_classes + self.class_R
        keys, starts, lengths = np.unique(key_R, return_index=True, return_counts=True)
        self._slices = {
            int(key): (int(start), int(start + length))
            for key, start, length in zip(keys, starts, lengths, strict=True)
        }
        self.row_N = np.full(len(vectors_ND), -1, np.int64)
        self.row_N[self.item_R] = np.arange(len(self.item_R))

    def __len__(self) -> int:
        return len(self.item_R)

    def shelf(self, partition: int, cell: int) -> Shelf:
        """Return the rows of a cell's items in a partition, one slice."""
        key = partition * self._num_classes + int(self.graph.cells.class_C[cell])
        first, last = self._slices.get(key, (0, 0))
        return Shelf(cell, first, last)
