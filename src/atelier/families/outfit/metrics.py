"""Computes generator metrics: fill in the blank, compatibility AUC, recall. Pure NumPy.

Q = questions, A = answers to each, B = sets
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def fill_in_the_blank(scores_QA: Floats) -> float:
    """Compute the share of questions whose first answer, the correct one, scores above all others.

    A tie counts as a guess among those that tie: 1 / their number (Han et al. 2017, section 4.2, asks four).
    """
    best_Q1 = scores_QA.max(1, keepdims=True)
    tied_Q = (scores_QA == best_Q1).sum(1)
    return float(np.mean((scores_QA[:, 0] == best_Q1[:, 0]) / tied_Q))


def compatibility_auc(good_B: Floats, bad_B: Floats) -> float:
    """Compute how often a real set scores above a random one; ties count half (Han et al. 2017, section
    4.3).
    """
    ranks = _average_ranks(np.concatenate([good_B, bad_B]))
    rank_sum = ranks[: len(good_B)].sum() - len(good_B) * (len(good_B) + 1) / 2
    return float(rank_sum / (len(good_B) * len(bad_B)))


def recall_at(rank_Q: NDArray[np.integer], k: int) -> float:
    """Compute the share of questions whose correct piece is among the first k; ranks begin with 0."""
    return float(np.mean(rank_Q < k))


def _average_ranks(values: Floats) -> Floats:
    """Ranks from 1; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]
