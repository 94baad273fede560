"""Scores showings with a ranker and compares the scores of two rankers.

N = showings, U = users, R = resamples, S = sets, E = vector and biases
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from atelier.evidence import Interval, resampled_means
from atelier.families.ranking.inference import OnnxRanker
from atelier.families.ranking.metrics import pairs_within_users, ranking_metrics
from atelier.families.ranking.sets import Sets
from atelier.families.ranking.showings import Showings
from atelier.families.ranking.training import RankingMaterial
from atelier.vocabulary import Split

_AT_ONCE = 4096
_RESAMPLES = 2000
_DRAWN_AT_ONCE = 4_000_000


@dataclass(frozen=True, eq=False)
class RankerAnswers:
    """The scores of one ranker for the test showings, in their order."""

    score_N: NDArray[np.float64]
    """Log-odds of a click."""
    clicked_N: NDArray[np.bool_]
    user_N: NDArray[np.int64]

    @property
    def metrics(self) -> dict[str, float]:
        """Compute the metrics that are defined for these showings."""
        found = ranking_metrics(self.score_N, self.clicked_N, self.user_N)
        return {name: value for name, value in found.items() if np.isfinite(value)}

    @property
    def losses(self) -> NDArray[np.float64]:
        """Compute the negative log-likelihood [N] of each outcome."""
        return np.logaddexp(0, np.where(self.clicked_N, -self.score_N, self.score_N))

    def as_results(self) -> dict[str, Any]:
        """Serialise the results."""
        return {
            "score": [round(float(score), 5) for score in self.score_N],
            "clicked": self.clicked_N.tolist(),
            "user": self.user_N.tolist(),
        }

    @classmethod
    def of_results(cls, results: dict[str, Any]) -> Self:
        return cls(
            np.array(results["score"], np.float64),
            np.array(results["clicked"], bool),
            np.array(results["user"], np.int64),
        )


def answers(ranker: OnnxRanker, material: RankingMaterial, split: Split = Split.TEST) -> RankerAnswers:
    """Score one split of the showings with a ranker."""
    shown = material.parts[split]
    score_N = scores_of(ranker, material.sets, shown, material.user_ids)
    return RankerAnswers(score_N, shown.clicked_N, shown.user_N)


def scores_of(
    ranker: OnnxRanker, sets: Sets, shown: Showings, user_ids: Sequence[str]
) -> NDArray[np.float64]:
    """Compute the log-odds of a click at each showing, from the user's earlier clicks."""
    sets_SE = ranker.set_vectors(sets)
    found = [np.zeros(0)]
    for start in range(0, len(shown), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        histories = [row[row >= 0].tolist() for row in shown.history_NH[part]]
        names = [user_ids[number] for number in shown.user_N[part]]
        users_NE = ranker.user_vectors(sets.summaries, names, histories)
        found.append((users_NE * sets_SE[shown.set_N[part]]).sum(1).astype(np.float64))
    return np.concatenate(found)


def popularity(material: RankingMaterial, split: Split = Split.TEST) -> RankerAnswers:
    """Score each set by its click rate in training, with 10 showings of the mean rate added: the baseline."""
    train, shown = material.parts[Split.TRAIN], material.parts[split]
    mean = train.clicked_N.mean()
    clicks_S = np.bincount(train.set_N, train.clicked_N, len(material.sets))
    rate_S = (clicks_S + 10 * mean) / (np.bincount(train.set_N, minlength=len(material.sets)) + 10)
    score_N = np.log(rate_S / (1 - rate_S))[shown.set_N]
    return RankerAnswers(score_N, shown.clicked_N, shown.user_N)


def auc_difference(challenger: RankerAnswers, champion: RankerAnswers) -> Interval:
    """Compare `auc_within_users`: above zero where the challenger is better."""
    right_U, pairs_U = pairs_within_users(challenger.score_N, challenger.clicked_N, challenger.user_N)
    before_U, _ = pairs_within_users(champion.score_N, champion.clicked_N, champion.user_N)
    return by_user(right_U - before_U, pairs_U)


def loss_difference(challenger: RankerAnswers, champion: RankerAnswers) -> Interval:
    """Compare `log_loss`: below zero where the challenger's probabilities are better."""
    users = np.unique(challenger.user_N, return_inverse=True)[1]
    gain_U = np.bincount(users, challenger.losses - champion.losses)
    return by_user(gain_U, np.bincount(users))


def by_user(gain_U: NDArray[np.number], size_U: NDArray[np.number], *, confidence: float = 0.95) -> Interval:
    """Divide the sum of gains by the sum of sizes, with the percentile interval of the ratio.

    Whole users are drawn with replacement, since their showings rise and fall together (the cluster
    bootstrap: Davison and Hinkley 1997, section 3.8). Users without size are left out.
    """
    draws_R = resampled_means(gain_U, size_U, np.random.default_rng(0))
    return Interval.of_draws(gain_U.sum() / size_U.sum(), draws_R, confidence)
