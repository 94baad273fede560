"""The seam between a catalogue and whatever finds nearest vectors: a query in, rows and scores out.

Q = queries, N = rows, D = embedding
"""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from atelier.index.graph import Neighbours, Rows

_SCORES_AT_ONCE = 8_000_000
_DENSE = 8
"""Of a selection that keeps more than one row in this many, all rows are scored: gathering costs more."""
FLOAT32_ERROR = 1e-5
"""More than a float32 product of unit vectors is ever off."""


class Selection:
    """The rows that pass a filter. Build it once for a filter and ask with it often; it is never changed."""

    def __init__(self, mask_N: NDArray[np.bool_]) -> None:
        self.mask_N = mask_N

    @cached_property
    def count(self) -> int:
        return int(np.count_nonzero(self.mask_N))

    @cached_property
    def rows(self) -> Rows:
        """Ascending."""
        return np.flatnonzero(self.mask_N)


class Searcher(Protocol):
    """Finds the rows nearest to a query. Safe to share by threads."""

    @property
    def description(self) -> str:
        """Describe the searcher for people: 'exact, 14,000 rows'."""
        ...

    def __len__(self) -> int:
        """N: rows are numbered from 0 to N - 1, and keep their number for as long as the searcher lives."""
        ...

    def search(self, query_D: NDArray[np.float32], k: int, selection: Selection | None = None) -> Neighbours:
        """Find the k rows nearest to a contiguous float32 unit vector, best first, and their cosines.

        Fewer than k where fewer pass `selection`; an exact searcher adds rows that tie with the last.
        """
        ...

    def search_batch(
        self, queries_QD: NDArray[np.float32], k: int, selection: Selection | None = None
    ) -> list[Neighbours]:
        """Search for each row of a matrix like `search`."""
        ...


class ExactSearcher:
    """One matrix product over all rows: right for small catalogues, and the measure of other searchers."""

    def __init__(self, vectors_ND: NDArray[np.float32]) -> None:
        self.vectors_ND = vectors_ND

    @property
    def description(self) -> str:
        return f"exact, {len(self):,} rows"

    def __len__(self) -> int:
        return len(self.vectors_ND)

    def search(self, query_D: NDArray[np.float32], k: int, selection: Selection | None = None) -> Neighbours:
        if selection is None:
            return _best(self.vectors_ND @ query_D, k, None)
        return scan(self.vectors_ND, selection.rows, query_D, k)

    def search_batch(
        self, queries_QD: NDArray[np.float32], k: int, selection: Selection | None = None
    ) -> list[Neighbours]:
        step = max(1, _SCORES_AT_ONCE // max(1, len(self)))
        found = []
        for start in range(0, len(queries_QD), step):
            for scores_N in queries_QD[start : start + step] @ self.vectors_ND.T:
                rows = None if selection is None else selection.rows
                found.append(_best(scores_N if rows is None else scores_N[rows], k, rows))
        return found


def scan(vectors_ND: NDArray[np.float32], rows: Rows, query_D: NDArray[np.float32], k: int) -> Neighbours:
    """Find the k best of some rows by scoring each; those that may tie with the last are added."""
    if len(rows) * _DENSE > len(vectors_ND):
        return _best((vectors_ND @ query_D)[rows], k, rows)
    return _best(vectors_ND[rows] @ query_D, k, rows)


def top(scores_N: NDArray[np.float32], k: int, rows_N: Rows) -> Neighbours:
    """Select the k best of scored rows, best first; exactly k where there are as many."""
    if len(scores_N) > k:
        best = np.argpartition(scores_N, -k)[-k:]
        scores_N, rows_N = scores_N[best], rows_N[best]
    order = np.argsort(-scores_N, kind="stable")
    return rows_N[order], scores_N[order]


def _best(scores_N: NDArray[np.float32], k: int, rows_N: Rows | None) -> Neighbours:
    """Like `top`, with those that may tie with the last: float32 cannot tell them apart."""
    if k < len(scores_N):
        near = np.flatnonzero(scores_N >= np.partition(scores_N, -k)[-k] - FLOAT32_ERROR)
        scores_N, rows_N = scores_N[near], near if rows_N is None else rows_N[near]
    order = np.argsort(-scores_N, kind="stable")
    return order if rows_N is None else rows_N[order], scores_N[order]
