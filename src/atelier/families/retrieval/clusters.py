"""Look-alikes: small clusters within each category, told apart by the cluster softmax.

N = products, K = clusters, P = pixels of a thumbnail
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_THUMBNAIL_SIDE = 8
_NUM_ROUNDS = 12


def look_alike_clusters(
    frames_N4FF: NDArray[np.uint8], category_N: NDArray[np.int64], items_per_cluster: int
) -> NDArray[np.int64]:
    """A cluster number for each product; no cluster spans two categories.

    K-means over 8x8 colour thumbnails, category by category, with one cluster for every `items_per_cluster`
    products. Deterministic: the first centres are spread evenly along the brightness of a category.
    """
    thumbnails_NP = _thumbnails(frames_N4FF)
    cluster_N = np.zeros(len(category_N), np.int64)
    num_clusters = 0
    for category in np.unique(category_N):
        rows = np.flatnonzero(category_N == category)
        own = _k_means(thumbnails_NP[rows], max(1, round(len(rows) / items_per_cluster)))
        _, own = np.unique(own, return_inverse=True)
        cluster_N[rows] = own + num_clusters
        num_clusters += int(own.max()) + 1
    return cluster_N


def _thumbnails(frames_N4FF: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Mean colours of an 8x8 grid, over white: float32 [N, 192]."""
    side = frames_N4FF.shape[-1] // _THUMBNAIL_SIDE
    thumbnails = []
    for start in range(0, len(frames_N4FF), 1024):
        frames = frames_N4FF[start : start + 1024, :, : 8 * side, : 8 * side].astype(np.float32) / 255
        shown = frames[:, :3] * frames[:, 3:] + (1 - frames[:, 3:])
        grid = shown.reshape(len(frames), 3, 8, side, 8, side).mean(axis=(3, 5))
        thumbnails.append(grid.reshape(len(frames), -1))
    return np.concatenate(thumbnails)


def _k_means(points_NP: NDArray[np.float32], num_clusters: int) -> NDArray[np.int64]:
    """Lloyd's algorithm. An empty cluster keeps its centre."""
    order = np.argsort(points_NP.mean(axis=1), kind="stable")
    centres_KP = points_NP[order[np.linspace(0, len(order) - 1, num_clusters).astype(int)]]
    nearest = np.zeros(len(points_NP), np.int64)
    for _ in range(_NUM_ROUNDS):
        distance_NK = (centres_KP**2).sum(1) - 2 * points_NP @ centres_KP.T
        nearest = distance_NK.argmin(axis=1)
        for cluster in np.unique(nearest):
            centres_KP[cluster] = points_NP[nearest == cluster].mean(axis=0)
    return nearest
