"""How good retrieval is: plain NumPy over embeddings and class numbers.

Q = queries, G = gallery, D = embedding
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

_CHUNK = 256
"""Queries compared with the whole gallery at once: bounds the memory at 256 x G floats."""


def rank_of_item(
    query_QD: NDArray[np.float32],
    gallery_GD: NDArray[np.float32],
    query_item_Q: NDArray[np.int64],
    gallery_item_G: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Rank of the best gallery row that shows the query's item, by cosine of unit rows: int64 [Q], from 0.

    A tie counts against the query: rows of other items with the same similarity come first. A query whose
    item is not in the gallery has the rank G.
    """
    ranks = np.full(len(query_QD), len(gallery_GD), np.int64)
    for start in range(0, len(query_QD), _CHUNK):
        part = slice(start, start + _CHUNK)
        similarity = query_QD[part] @ gallery_GD.T
        right = query_item_Q[part, None] == gallery_item_G[None]
        best = np.where(right, similarity, -np.inf).max(axis=1)
        better = ((similarity >= best[:, None]) & ~right).sum(axis=1)
        ranks[part] = np.where(right.any(axis=1), better, len(gallery_GD))
    return ranks


def top_k(query_QD: NDArray[np.float32], gallery_GD: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Rows of the `k` most similar gallery vectors of each query, best first: int64 [Q, k]."""
    best = np.empty((len(query_QD), min(k, len(gallery_GD))), np.int64)
    for start in range(0, len(query_QD), _CHUNK):
        similarity = query_QD[start : start + _CHUNK] @ gallery_GD.T
        best[start : start + _CHUNK] = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    return best


def retrieval_metrics(rank_Q: NDArray[np.int64]) -> dict[str, float]:
    """Share of queries whose item came first, and among the first ten."""
    return {f"recall_at_{k}": float((rank_Q < k).mean()) for k in (1, 10)}


def per_category(hit_Q: NDArray[np.bool_], category_Q: Sequence[str]) -> Mapping[str, tuple[float, int]]:
    """Share of hits and number of queries for each category, worst first."""
    names = np.asarray(category_Q)
    shares = {
        str(name): (float(hit_Q[names == name].mean()), int((names == name).sum()))
        for name in np.unique(names)
    }
    return dict(sorted(shares.items(), key=lambda entry: (entry[1][0], -entry[1][1], entry[0])))
