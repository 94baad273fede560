"""From a ranker's scores to the sets that a user is shown, each with the exact probability of its place.

Places are filled one after the other, without replacement. Each is one draw from a mixture of three: by the
ranker (a softmax of the scores over what is left), evenly among fresh sets, evenly among all. The probability
of a set is the sum over all three, whichever of them drew it, given the sets that stand before it: it is
computed from the numbers that the draw itself uses, so that what is logged is what happened.

N = candidates, K = places
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Policy:
    """The weight of the ranker in a stream, and the shares of chance."""

    temperature: float = 0.5
    """Of the softmax over scores; scores are log-odds of a click. Small values follow the ranker."""
    fresh_share: float = 0.1
    """Probability with which a place goes to a fresh set, evenly, as long as one is left."""
    even_share: float = 0.05
    """Probability with which a place goes to any set, evenly: no set is impossible, no weight unbounded."""
    fresh_below: int = 20
    """A set with fewer showings than this is fresh."""

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ValueError(f"Policy.temperature must be above 0, not {self.temperature!r}")
        for name in ("fresh_share", "even_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"Policy.{name} must be in [0, 1], not {getattr(self, name)!r}")
        if self.fresh_share + self.even_share > 1:
            raise ValueError(
                f"Policy.fresh_share and even_share are parts of one place: their sum must be at most 1, "
                f"not {self.fresh_share} + {self.even_share}"
            )
        if self.fresh_below < 0:
            raise ValueError(f"Policy.fresh_below must be at least 0, not {self.fresh_below!r}")


class Slate(NamedTuple):
    """The sets shown to one user, in order."""

    chosen_K: Ints
    """Numbers of the candidates."""
    propensity_K: NDArray[np.float64]
    """Probability of each to take its place, given those before it."""


def draw_slate(scores_N: Floats, fresh_N: Bools, policy: Policy, num: int, rng: np.random.Generator) -> Slate:
    """Fill `num` places, or as many as there are candidates.

    With both shares at 0 this is a draw from the Plackett-Luce model (Plackett 1975). Costs N for each place.
    """
    _check(scores_N, fresh_N)
    strength_N = _strengths(scores_N, policy)
    left_N = np.ones(len(scores_N), dtype=bool)
    chosen, propensity = [], []
    for _ in range(min(num, len(scores_N))):
        chance_N = _next_place(strength_N, fresh_N, left_N, policy)
        number = int(rng.choice(len(chance_N), p=chance_N))
        chosen.append(number)
        propensity.append(chance_N[number])
        left_N[number] = False
    return Slate(np.array(chosen, np.int64), np.array(propensity, np.float64))


def next_place(
    scores_N: Floats, fresh_N: Bools, policy: Policy, taken: Sequence[int] = ()
) -> NDArray[np.float64]:
    """Compute the probability [N] of each candidate to come next; 0 for those `taken`, 1 in sum."""
    _check(scores_N, fresh_N)
    left_N = np.ones(len(scores_N), dtype=bool)
    left_N[list(taken)] = False
    if not left_N.any():
        raise ValueError(f"all {len(scores_N)} candidates are taken: nothing can come next")
    return _next_place(_strengths(scores_N, policy), fresh_N, left_N, policy)


def propensities(
    scores_N: Floats, fresh_N: Bools, policy: Policy, chosen_K: Sequence[int] | Ints
) -> NDArray[np.float64]:
    """Compute the probability [K] with which this policy fills each place of a given slate.

    Each is given the sets before it; this is what an off-policy estimate asks of a new ranker.
    """
    chance_KN = distributions(scores_N, fresh_N, policy, chosen_K)
    return chance_KN[np.arange(len(chosen_K)), np.asarray(chosen_K, np.int64)]


def distributions(
    scores_N: Floats, fresh_N: Bools, policy: Policy, chosen_K: Sequence[int] | Ints
) -> NDArray[np.float64]:
    """Compute the probability [K, N] of every candidate at each place, given the earlier choices."""
    _check(scores_N, fresh_N)
    strength_N = _strengths(scores_N, policy)
    left_N = np.ones(len(scores_N), dtype=bool)
    chance_KN = np.zeros((len(chosen_K), len(scores_N)))
    for place, number in enumerate(chosen_K):
        chance_KN[place] = _next_place(strength_N, fresh_N, left_N, policy)
        left_N[number] = False
    return chance_KN


def chance(user_id: str, day: str, purpose: str) -> np.random.Generator:
    """Seed the randomness of one user on one day ('2026-01-05'): the same call gives the same stream."""
    digest = hashlib.sha256("\x1f".join((user_id, day, purpose)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def _strengths(scores_N: Floats, policy: Policy) -> NDArray[np.float64]:
    """Logarithms: their softmax is taken over what is left each time, so that nothing underflows for good."""
    return np.asarray(scores_N, np.float64) / policy.temperature


def _next_place(
    strength_N: NDArray[np.float64], fresh_N: Bools, left_N: Bools, policy: Policy
) -> NDArray[np.float64]:
    """Where no fresh set is left, the ranker has their share."""
    softmax_N = np.exp(np.where(left_N, strength_N, -np.inf) - strength_N[left_N].max())
    softmax_N /= softmax_N.sum()
    fresh_left_N = fresh_N & left_N
    fresh_share = policy.fresh_share if fresh_left_N.any() else 0.0
    chance_N = (1 - fresh_share - policy.even_share) * softmax_N + policy.even_share * left_N / left_N.sum()
    if fresh_share:
        chance_N += fresh_share * fresh_left_N / fresh_left_N.sum()
    return np.asarray(chance_N / chance_N.sum())


def _check(scores_N: Floats, fresh_N: Bools) -> None:
    if scores_N.ndim != 1 or scores_N.shape != fresh_N.shape:
        raise ValueError(
            f"a slate needs one score and one mark of freshness for each candidate, "
            f"not shapes {scores_N.shape} and {fresh_N.shape}"
        )
    if not np.isfinite(scores_N).all():
        bad = int(np.flatnonzero(~np.isfinite(scores_N))[0])
        raise ValueError(f"the score of candidate {bad} is {scores_N[bad]}; a slate needs finite scores")
