"""Computes ranking metrics: order within each user's showings, and calibration. Pure NumPy.

N = showings
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]
Bools = NDArray[np.bool_]


def auc_within_users(scores_N: Floats, clicked_N: Bools, user_N: Ints) -> float:
    """Compute the share of pairs of a clicked and an unclicked showing of one user in the correct order.

    Ties count half; NaN where no user has both. Over all users together popular sets would do most of the
    work; within a user only taste does (Zhu et al. 2018, section 6.2).
    """
    right_U, pairs_U = pairs_within_users(scores_N, clicked_N, user_N)
    return float(right_U.sum() / pairs_U.sum()) if pairs_U.sum() else float("nan")


def pairs_within_users(
    scores_N: Floats, clicked_N: Bools, user_N: Ints
) -> tuple[NDArray[np.number], NDArray[np.number]]:
    """Count for each user, in the order of their numbers, pairs in the correct order, ties half, and all
    pairs.
    """
    order = np.lexsort((scores_N, user_N))
    user, score, clicked = user_N[order], scores_N[order], clicked_N[order]
    new_user = np.r_[True, user[1:] != user[:-1]] if len(user) else np.zeros(0, bool)
    new_value = new_user | np.r_[True, score[1:] != score[:-1]] if len(user) else new_user
    clicks, others = clicked.astype(np.int64), (~clicked).astype(np.int64)
    value = np.cumsum(new_value) - 1
    tied_others = np.bincount(value, others)[value] if len(user) else others
    before_value = (np.cumsum(others) - others)[np.flatnonzero(new_value)][value]
    before_user = (np.cumsum(others) - others)[np.flatnonzero(new_user)][np.cumsum(new_user) - 1]
    per_user = np.cumsum(new_user) - 1
    right_U = np.bincount(per_user, clicks * (before_value - before_user + tied_others / 2.0))
    return right_U, np.bincount(per_user, clicks) * np.bincount(per_user, others)


def ndcg_at(scores_N: Floats, clicked_N: Bools, user_N: Ints, k: int = 10) -> float:
    """Compute normalised discounted cumulative gain of the first k of each user's showings (Järvelin 2002).

    The mean over users with a click; NaN where there is none. A tie counts against the ranker.
    """
    order = np.lexsort((clicked_N, -scores_N, user_N))
    gains = []
    for shown in np.split(clicked_N[order], np.flatnonzero(np.diff(user_N[order])) + 1):
        if shown.any():
            discount = 1 / np.log2(np.arange(2, min(k, len(shown)) + 2))
            gains.append((shown[:k] * discount).sum() / discount[: int(shown.sum())].sum())
    return float(np.mean(gains)) if gains else float("nan")


def log_loss(scores_N: Floats, clicked_N: Bools) -> float:
    """Compute the mean negative log-likelihood of the outcomes; scores are log-odds."""
    return float(np.mean(np.logaddexp(0, np.where(clicked_N, -scores_N, scores_N))))


def calibration_error(scores_N: Floats, clicked_N: Bools, num_bins: int = 10) -> float:
    """Compute the mean distance of predicted and observed click rates, over bins of equally many showings."""
    order = np.argsort(scores_N, kind="stable")
    predicted = 1 / (1 + np.exp(-scores_N[order].astype(np.float64)))
    gaps = [
        len(part) * abs(float(predicted[part].mean() - clicked_N[order][part].mean()))
        for part in np.array_split(np.arange(len(order)), min(num_bins, len(order)))
    ]
    return sum(gaps) / len(order)


def ranking_metrics(scores_N: Floats, clicked_N: Bools, user_N: Ints) -> dict[str, float]:
    """Compute all of them, by name."""
    return {
        "auc_within_users": auc_within_users(scores_N, clicked_N, user_N),
        "ndcg_at_10": ndcg_at(scores_N, clicked_N, user_N),
        "log_loss": log_loss(scores_N, clicked_N),
        "calibration_error": calibration_error(scores_N, clicked_N),
    }
