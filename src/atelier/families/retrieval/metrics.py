"""Computes retrieval metrics in NumPy, from embeddings and class numbers, and from reviewers' grades.

Q = queries, G = gallery, D = embedding, K = answers shown, I = items judged for a query
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CHUNK = 256
"""Queries compared with the whole gallery at once: bounds the memory at 256 x G floats."""
GRADES: Mapping[str, int] = {"same": 2, "similar": 1, "wrong": 0}
"""What a reviewer's verdict counts."""


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
    """Find the rows of the `k` most similar gallery vectors of each query, best first: int64 [Q, k]."""
    best = np.empty((len(query_QD), min(k, len(gallery_GD))), np.int64)
    for start in range(0, len(query_QD), _CHUNK):
        similarity = query_QD[start : start + _CHUNK] @ gallery_GD.T
        best[start : start + _CHUNK] = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    return best


def two_stages(
    recall_LK: NDArray[np.float32],
    relevance_LR: NDArray[np.float32],
    gallery_GK: NDArray[np.float32],
    gallery_GR: NDArray[np.floating],
    num: int,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Find rows [N] as serving does for L crops of one item, best first, and their cosines.

    The first stage takes the `num` nearest by recall vectors from the whole gallery, the second puts them in
    order by relevance vectors. A row is as near as it is to the nearest look. All vectors are unit rows.
    """
    recall_G = (gallery_GK @ recall_LK.T).max(axis=1)
    num = min(num, len(recall_G))
    first_N = np.argpartition(-recall_G, num - 1)[:num]
    cosine_N = (gallery_GR[first_N].astype(np.float32) @ relevance_LR.T).max(axis=1)
    order_N = np.lexsort((first_N, -cosine_N))
    return first_N[order_N], cosine_N[order_N]


def rank_among(
    found_QN: NDArray[np.int64], query_item_Q: NDArray[np.int64], gallery_item_G: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Rank of the first found row of the query's item: int64 [Q], 0 = first; G where there is none."""
    right_QN = gallery_item_G[found_QN] == query_item_Q[:, None]
    return np.where(right_QN.any(axis=1), right_QN.argmax(axis=1), len(gallery_item_G))


def retrieval_metrics(rank_Q: NDArray[np.int64]) -> dict[str, float]:
    """Compute the share of queries whose item came first, and among the first ten."""
    return {f"recall_at_{k}": float((rank_Q < k).mean()) for k in (1, 10)}


def per_category(hit_Q: NDArray[np.bool_], category_Q: Sequence[str]) -> Mapping[str, tuple[float, int]]:
    """Compute the share of hits and number of queries for each category, worst first."""
    names = np.asarray(category_Q)
    shares = {
        str(name): (float(hit_Q[names == name].mean()), int((names == name).sum()))
        for name in np.unique(names)
    }
    return dict(sorted(shares.items(), key=lambda entry: (entry[1][0], -entry[1][1], entry[0])))


def ndcg(grade_QK: NDArray[np.float64], ideal_QI: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute normalised discounted cumulative gain of graded answers, float64 [Q]; gain = grade (see
    `GRADES`).

    grade_QK: grades of a model's answers, best answer first; NaN where nobody judged one.
    ideal_QI: the grades of all items that were judged for the query, in any order, padded with NaN.
    Unjudged answers are passed over (Sakai, "Alternatives to Bpref", SIGIR 2007), and the ideal list is as
    long as the judged one: a model is not punished for what nobody looked at. NaN where nothing judged is
    worth anything, or no answer was judged. Järvelin and Kekäläinen, TOIS 2002, with log2(rank + 1).
    """
    condensed_QK = np.take_along_axis(grade_QK, np.argsort(np.isnan(grade_QK), axis=1, kind="stable"), axis=1)
    places = np.arange(grade_QK.shape[1])
    counted_QK = places < (~np.isnan(grade_QK)).sum(axis=1, keepdims=True)
    discount_K = 1 / np.log2(places + 2)
    best_QI = -np.sort(-np.nan_to_num(ideal_QI, nan=0.0), axis=1)[:, : len(places)]
    ideal_QK = np.pad(best_QI, ((0, 0), (0, len(places) - best_QI.shape[1])))
    gained_Q = (np.nan_to_num(condensed_QK) * counted_QK * discount_K).sum(axis=1)
    most_Q = (ideal_QK * counted_QK * discount_K).sum(axis=1)
    return np.divide(gained_Q, most_Q, out=np.full(len(grade_QK), np.nan), where=most_Q > 0)


def relevance_metrics(
    grade_QK: NDArray[np.float64], ideal_QI: NDArray[np.float64], weight_Q: NDArray[np.float64]
) -> dict[str, float]:
    """Compute metrics of a model's K answers from reviewers' grades, as weighted means over queries.

    Arguments as in `ndcg`; `weight_Q` says how many queries each stands for. `precision_at_K` is the share of
    judged answers that are the same item or similar, `same_at_K` the share that are the same, `same_at_1` the
    share of first answers; `coverage_at_K` is the share of answers that were judged: where it is far from 1,
    trust the others less. A mean of several reviewers' grades counts as the nearer one.
    """
    K = grade_QK.shape[1]
    judged_QK = ~np.isnan(grade_QK)
    num_Q = judged_QK.sum(axis=1)
    grade = np.nan_to_num(grade_QK, nan=-1.0)
    per_query = {
        f"ndcg_at_{K}": ndcg(grade_QK, ideal_QI),
        f"precision_at_{K}": _share((grade >= 0.5).sum(axis=1), num_Q),
        f"same_at_{K}": _share((grade >= 1.5).sum(axis=1), num_Q),
        "same_at_1": _share(grade[:, 0] >= 1.5, judged_QK[:, 0]),
        f"coverage_at_{K}": judged_QK.mean(axis=1) if len(grade_QK) else np.zeros(0),
    }
    metrics = {name: _weighted_mean(value_Q, weight_Q) for name, value_Q in per_query.items()}
    return {"num_queries": float(len(grade_QK)), **metrics}


@dataclass(frozen=True)
class PreferenceTest:
    """Result of a test whether people preferred one model's answers to another's."""

    wins: int
    losses: int
    ties: int
    net: float
    """Weighted share of queries won minus share lost, -1 to 1."""
    low: float
    high: float
    """Bounds of the interval of `net`, by a bootstrap over queries."""
    p_value: float
    """Of the two-sided exact sign test over queries that were not tied, each counted once."""


def preference_test(
    outcome_Q: NDArray[np.float64],
    weight_Q: NDArray[np.float64],
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> PreferenceTest:
    """Compare two models by what reviewers preferred on the same queries.

    outcome_Q: 1 where the first model won, -1 where the second did, 0 for a tie; the mean of several
    reviewers lies between. weight_Q: queries that each stands for. ValueError: there is no query.
    """
    if len(outcome_Q) == 0:
        raise ValueError("a preference test needs at least one judged query")
    wins, losses = int((outcome_Q > 0).sum()), int((outcome_Q < 0).sum())
    drawn_RQ = np.random.default_rng(seed).integers(0, len(outcome_Q), (resamples, len(outcome_Q)))
    weight_RQ = weight_Q[drawn_RQ]
    net_R = (outcome_Q[drawn_RQ] * weight_RQ).sum(axis=1) / weight_RQ.sum(axis=1)
    low, high = np.quantile(net_R, [(1 - confidence) / 2, (1 + confidence) / 2])
    net = _weighted_mean(outcome_Q, weight_Q)
    return PreferenceTest(
        wins, losses, len(outcome_Q) - wins - losses, net, float(low), float(high), sign_test(wins, losses)
    )


def sign_test(wins: int, losses: int) -> float:
    """Compute the two-sided p-value of the sign test."""
    num = wins + losses
    tail = sum(math.comb(num, heads) for heads in range(min(wins, losses) + 1))
    return min(1.0, 2 * tail / 2**num)


@dataclass(frozen=True)
class Agreement:
    """Agreement of two answers to one query."""

    overlap: float
    """Share of items that both found, 0 to 1."""
    same_first: bool
    rank_correlation: float | None
    """Kendall's tau over the items that both found, -1 to 1; None where these are fewer than two."""


def agreement(first: Sequence[str], second: Sequence[str], k: int = 10) -> Agreement:
    """Compare the `k` best item ids of two answers, best first; no id comes twice in an answer."""
    first, second = first[:k], second[:k]
    shared = [item_id for item_id in first if item_id in set(second)]
    places = np.asarray([second.index(item_id) for item_id in shared])
    order = np.sign(places[None] - places[:, None])[np.triu_indices(len(shared), 1)]
    return Agreement(
        overlap=len(shared) / max(len(first), len(second)) if first or second else 1.0,
        same_first=list(first[:1]) == list(second[:1]),
        rank_correlation=float(order.mean()) if len(order) else None,
    )


def _share(num_Q: NDArray[Any], of_Q: NDArray[Any]) -> NDArray[np.float64]:
    """NaN where there is nothing to take a share of."""
    return np.divide(num_Q, of_Q, out=np.full(len(of_Q), np.nan), where=of_Q > 0)


def _weighted_mean(value_Q: NDArray[np.float64], weight_Q: NDArray[np.float64]) -> float:
    """Over the queries that have a value; NaN where none has."""
    known_Q = ~np.isnan(value_Q)
    total = float(weight_Q[known_Q].sum())
    return float((value_Q[known_Q] * weight_Q[known_Q]).sum() / total) if total > 0 else math.nan
