"""Clusters features within each category into balanced groups of look-alikes, the classes of the cluster
softmax.

K-means constrained twice: a cluster never spans two categories, and the sizes of a category's clusters keep
within a stated factor. Halving again and again makes both hold exactly and costs no memory for distances:
a split reads its own rows a block at a time, so that a million memory-mapped vectors fit anywhere.

N = products, D = features
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

_NUM_ROUNDS = 10
"""Rounds of 2-means in one split; most settle earlier."""
_BLOCK_ROWS = 16_384


@dataclass(frozen=True)
class ClusterSpread:
    """Size statistics of the clusters of some products."""

    num_clusters: int
    smallest: int
    median: float
    largest: int

    @classmethod
    def of(cls, cluster_N: NDArray[np.int64]) -> ClusterSpread:
        sizes = np.bincount(cluster_N)
        return cls(len(sizes), int(sizes.min()), float(np.median(sizes)), int(sizes.max()))


def look_alike_clusters(
    features_ND: NDArray[np.floating],
    category_N: NDArray[np.int64],
    items_per_cluster: int,
    size_factor: float = 2.0,
) -> NDArray[np.int64]:
    """Assign a cluster number to each product: several a category, about `items_per_cluster` products in
    each.

    In a category of n products, k = round(n / items_per_cluster) clusters hold between n / k / size_factor
    and n / k * size_factor products each (rounded outwards). The same products in another order get the same
    clusters. Time grows with N log N; memory beyond the features is some arrays of length N. ValueError: the
    factor is below 1, or the lengths differ.

    Balanced bisecting K-means: 2-means (Lloyd) whose cut is moved, along the line between the two centres,
    into the range that leaves every later cluster enough products (cf. Malinen and Fränti 2014, who solve
    the same constraint by assignment in O(N^3)).
    """
    if size_factor < 1:
        raise ValueError(f"size_factor: expected at least 1, got {size_factor}")
    if len(features_ND) != len(category_N):
        raise ValueError(f"{len(features_ND)} rows of features for {len(category_N)} categories")
    canonical_N = _canonical_order(features_ND)
    cluster_N = np.empty(len(category_N), np.int64)
    num_clusters = 0
    for category in np.unique(category_N):
        rows = canonical_N[category_N[canonical_N] == category]
        target = max(1, round(len(rows) / items_per_cluster))
        mean_size = len(rows) / target
        bounds = (max(1, int(mean_size / size_factor)), int(np.ceil(mean_size * size_factor)))
        for members in _halved(features_ND, rows, target, bounds):
            cluster_N[members] = num_clusters
            num_clusters += 1
    return cluster_N


def title_purity(cluster_N: NDArray[np.int64], noun_N: NDArray[np.int64]) -> float:
    """Compute the mean share of a product's cluster-mates with the same noun in the title, by
    `Labels.noun_N`.

    Products alone in their cluster do not count. 0 to 1; what two random products share is the floor.
    """
    _, pair_N, count = np.unique(
        cluster_N * (noun_N.max() + 1) + noun_N, return_inverse=True, return_counts=True
    )
    alike_N, size_N = count[pair_N], np.bincount(cluster_N)[cluster_N]
    company_N = size_N > 1
    return float(((alike_N - 1)[company_N] / (size_N - 1)[company_N]).mean()) if company_N.any() else 0.0


def _canonical_order(features_ND: NDArray[np.floating]) -> NDArray[np.int64]:
    """Rows sorted by a digest of their bytes: sums, and with them clusters, then forget the given order."""
    digests = [
        int.from_bytes(blake2b(row.tobytes(), digest_size=8).digest(), "big")
        for start in range(0, len(features_ND), _BLOCK_ROWS)
        for row in np.ascontiguousarray(features_ND[start : start + _BLOCK_ROWS], np.float32)
    ]
    return np.argsort(np.asarray(digests, np.uint64), kind="stable")


def _halved(
    features_ND: NDArray[np.floating], rows: NDArray[np.int64], target: int, bounds: tuple[int, int]
) -> Iterator[NDArray[np.int64]]:
    """`rows` in `target` groups whose sizes are within `bounds`."""
    if target == 1:
        yield rows
        return
    low, high = bounds
    left = target // 2
    right = target - left
    # Neither side may get fewer products than its clusters need, nor more than they can hold.
    least = max(left * low, len(rows) - right * high)
    most = min(left * high, len(rows) - right * low)
    score = _along_two_means(features_ND, rows)
    natural = int((score < 0).sum())
    # Which of the two centres is called the first is arbitrary: take the way round that moves the cut less.
    if abs(np.clip(len(rows) - natural, least, most) - (len(rows) - natural)) < abs(
        np.clip(natural, least, most) - natural
    ):
        score, natural = -score, int((score > 0).sum())
    cut = int(np.clip(natural, least, most))
    order = np.argsort(score, kind="stable")
    yield from _halved(features_ND, rows[np.sort(order[:cut])], left, bounds)
    yield from _halved(features_ND, rows[np.sort(order[cut:])], right, bounds)


def _along_two_means(features_ND: NDArray[np.floating], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """How much nearer each row is to the second of two means than to the first; below zero to the first."""
    mean_D = sum(block.sum(axis=0) for block in _blocks(features_ND, rows)) / len(rows)
    axis_D = _main_axis(features_ND, rows, mean_D)
    score = np.concatenate([(block - mean_D) @ axis_D for block in _blocks(features_ND, rows)])
    for _ in range(_NUM_ROUNDS):
        is_first = score < 0
        num_first = int(is_first.sum())
        if num_first in (0, len(rows)):
            return score  # all alike: any cut is as good as another
        sum_D = np.zeros_like(mean_D)
        start = 0
        for block in _blocks(features_ND, rows):
            sum_D += block[is_first[start : start + len(block)]].sum(axis=0)
            start += len(block)
        first_D = sum_D / num_first
        second_D = (mean_D * len(rows) - sum_D) / (len(rows) - num_first)
        between_D, middle = second_D - first_D, (second_D @ second_D - first_D @ first_D) / 2
        score = np.concatenate([block @ between_D - middle for block in _blocks(features_ND, rows)])
        if (is_first == (score < 0)).all():
            break
    return score


def _main_axis(
    features_ND: NDArray[np.floating], rows: NDArray[np.int64], mean_D: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The direction of the largest spread, by a few steps of power iteration from a fixed start."""
    axis_D = np.random.default_rng(0).standard_normal(len(mean_D))
    for _ in range(4):
        moved_D = np.zeros_like(mean_D)
        for block in _blocks(features_ND, rows):
            centred = block - mean_D
            moved_D += (centred @ axis_D) @ centred
        length = np.linalg.norm(moved_D)
        if length == 0:
            break
        axis_D = moved_D / length
    return axis_D


def _blocks(features_ND: NDArray[np.floating], rows: NDArray[np.int64]) -> Iterator[NDArray[np.float64]]:
    for start in range(0, len(rows), _BLOCK_ROWS):
        yield np.asarray(features_ND[rows[start : start + _BLOCK_ROWS]], np.float64)
