"""Paired comparisons of two models: one bootstrap, one interval. NumPy only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
RESAMPLES = 2000
_DRAWN_AT_ONCE = 20_000_000
"""Numbers of one batch of resamples: 160 MB."""


@dataclass(frozen=True)
class Interval:
    """A difference, challenger minus champion, and the bounds of its confidence interval."""

    difference: float
    low: float
    high: float

    @classmethod
    def of_draws(cls, difference: float, draws_R: NDArray[Any], confidence: float = CONFIDENCE) -> Interval:
        """Compute the percentile interval of resampled differences [R]."""
        tail = (1 - confidence) / 2
        low, high = np.quantile(draws_R, [tail, 1 - tail])
        return cls(float(difference), float(low), float(high))


def paired_bootstrap(
    challenger: NDArray[Any],
    champion: NDArray[Any],
    groups: Sequence[str] | NDArray[Any] | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Compute the difference of two models' mean correctness on the same queries, with its percentile
    interval.

    `challenger`, `champion`: [Q], right or wrong, query by query. `groups`: [Q], the item of each query;
    whole items are drawn with replacement, since queries of one item rise and fall together (the cluster
    bootstrap: Davison and Hinkley, Bootstrap Methods and Their Application, section 3.8). Without
    groups each query stands for itself.
    """
    gain_Q = np.asarray(challenger, dtype=np.int64) - np.asarray(champion, dtype=np.int64)
    item_Q = (
        np.arange(len(gain_Q)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    )
    draws_R = resampled_means(
        np.bincount(item_Q, gain_Q), np.bincount(item_Q), np.random.default_rng(seed), resamples
    )
    return Interval.of_draws(gain_Q.mean(), draws_R, confidence)


def resampled_means(
    gain_G: NDArray[Any], size_G: NDArray[Any], rng: np.random.Generator, resamples: int = RESAMPLES
) -> NDArray[np.float64]:
    """Compute the sum of gains over the sum of sizes in each resample of whole groups, [R].

    `gain_G`, `size_G`: sum of the gains of each group, and how many cases it has. Groups without a case are
    left out. Groups with equal gain and equally many cases are interchangeable, so a resample is one
    multinomial draw over these few kinds: exact, and a millisecond for any number of groups.
    """
    counted = np.asarray(size_G) > 0
    pairs_G2 = np.stack([np.asarray(gain_G, float)[counted], np.asarray(size_G, float)[counted]], axis=1)
    kinds_K2, groups_K = np.unique(pairs_G2, axis=0, return_counts=True)
    at_once = max(1, _DRAWN_AT_ONCE // len(kinds_K2))
    found = []
    for start in range(0, resamples, at_once):
        size = min(at_once, resamples - start)
        draws_RK = rng.multinomial(len(pairs_G2), groups_K / len(pairs_G2), size=size)
        sums_R2 = draws_RK @ kinds_K2
        found.append(sums_R2[:, 0] / sums_R2[:, 1])
    return np.concatenate(found)
