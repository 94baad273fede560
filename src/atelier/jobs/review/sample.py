"""Samples the searches to review, more of those where the two models differ.

N = searches to choose from, n = searches chosen
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DISAGREEING_FACTOR = 3.0
"""A search with two different first answers is chosen this many times as likely as one with the same."""


@dataclass(frozen=True)
class Sample:
    """The chosen searches, and the number of searches each stands for."""

    index_n: NDArray[np.int64]
    """In the order in which they are shown: shuffled."""
    weight_n: NDArray[np.float64]
    """One over the chance of being chosen, 1 or more."""


def draw(
    kinds: Sequence[str], categories: Sequence[str], disagrees_N: NDArray[np.bool_], num: int, seed: int
) -> Sample:
    """Choose `num` searches, spread over kinds, agreement and categories. Systematic sampling with unequal
    chances (Madow, "On the theory of systematic sampling", Annals of Mathematical Statistics, 1949).

    Every kind has the same share of the sample; within a kind, a disagreeing search counts
    DISAGREEING_FACTOR times. Searches are listed by kind, agreement and category, by chance within, and taken
    at even steps of chance, so that a category of a tenth of the chance has a tenth of the sample, give or
    take one. No search is taken twice; where there are no more than `num`, all are.

    For a figure over all N searches, weight each chosen one: sum(weight * value) / sum(weight) estimates the
    mean that judging all of them would give (Hájek's ratio of Horvitz-Thompson estimates).
    """
    random = np.random.default_rng(seed)
    chance_N = _chances(np.asarray(kinds), np.asarray(disagrees_N, bool), num)
    order = np.lexsort((random.random(len(kinds)), np.asarray(categories), disagrees_N, np.asarray(kinds)))
    reached = np.cumsum(chance_N[order])
    num = round(float(reached[-1])) if len(reached) else 0
    points = random.random() + np.arange(num)
    places = np.searchsorted(reached, np.minimum(points, np.nextafter(reached[-1:], 0)), side="right")
    chosen = random.permutation(order[places])
    return Sample(chosen, 1 / chance_N[chosen])


def _chances(kind_N: NDArray[np.str_], disagrees_N: NDArray[np.bool_], num: int) -> NDArray[np.float64]:
    """Compute each search's probability to be chosen; they sum to `num`, or to N where that is less."""
    size_N = np.where(disagrees_N, DISAGREEING_FACTOR, 1.0)
    for kind in np.unique(kind_N):
        size_N[kind_N == kind] /= size_N[kind_N == kind].sum()
    chance_N = np.zeros(len(kind_N))
    free_N = np.ones(len(kind_N), bool)
    while free_N.any():
        left = max(0.0, num - float((~free_N).sum()))
        chance_N[free_N] = left * size_N[free_N] / size_N[free_N].sum()
        sure_N = free_N & (chance_N >= 1)
        if not sure_N.any():
            break
        chance_N[sure_N] = 1.0
        free_N &= ~sure_N
    return chance_N
