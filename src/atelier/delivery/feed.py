"""The feed of one user on one day: experts' and generated sets, ranked, explored, mixed and logged.

N = candidates, K = places
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from atelier.delivery.mixing import mix, num_starts
from atelier.delivery.policy import Bools, Floats, Ints, Policy, chance, distributions, draw_slate


@dataclass(frozen=True)
class FeedConfig:
    """Parameters of a feed."""

    policy: Policy = field(default_factory=Policy)
    generated_share: float = 0.7
    """Share of generated sets, the others being experts'."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """Sets that may be shown to a user, experts' and generated ones."""

    outfit_ids: Sequence[str]
    scores_N: Floats
    """The ranker's log-odds of a click by this user."""
    num_showings_N: Ints
    """How often each was shown, to anybody."""
    generated_N: Bools

    def __post_init__(self) -> None:
        lengths = {len(self.outfit_ids), len(self.scores_N), len(self.num_showings_N), len(self.generated_N)}
        if len(lengths) != 1:
            raise ValueError(f"candidates need one value of each kind for each set, not lengths {lengths}")
        if len(set(self.outfit_ids)) != len(self.outfit_ids):
            raise ValueError("candidates name a set twice; its probability would be that of two")


@dataclass(frozen=True, slots=True)
class Shown:
    """A set at its place in a feed, with the values that are logged."""

    outfit_id: str
    place: int
    """From 0."""
    generated: bool
    fresh: bool
    propensity: float
    """Of this set at this place, given the kinds of the places and the sets of its stream before it."""


def make_feed(
    user_id: str, day: str, candidates: Candidates, num: int, config: FeedConfig = FeedConfig()
) -> list[Shown]:
    """Fill `num` places, or as many as there are candidates; the same call makes the same feed.

    The longer feed begins with the shorter one, so that a page may be asked for alone.
    """
    start = int(chance(user_id, day, "start").integers(num_starts(config.generated_share)))
    fresh_N = _fresh(candidates, config)
    streams: list[list[tuple[int, float]]] = []
    for generated in (False, True):
        rows = np.flatnonzero(candidates.generated_N == generated)
        rng = chance(user_id, day, "generated" if generated else "experts")
        slate = draw_slate(candidates.scores_N[rows], fresh_N[rows], config.policy, num, rng)
        streams.append(list(zip(rows[slate.chosen_K].tolist(), slate.propensity_K.tolist(), strict=True)))
    mixed = mix(streams[0], streams[1], config.generated_share, num, start)
    return [
        Shown(candidates.outfit_ids[row], place, generated, bool(fresh_N[row]), propensity)
        for place, ((row, propensity), generated) in enumerate(zip(mixed.sets, mixed.generated, strict=True))
    ]


class Replayed(NamedTuple):
    """A new ranker's probabilities for a logged feed."""

    propensity_K: NDArray[np.float64]
    """Its probability of each set at its place."""
    expected_K: NDArray[np.float64]
    """Click rate that it would have had there by the given rates; zeros where none were given."""


def replay(
    candidates: Candidates,
    outfit_ids: Sequence[str],
    config: FeedConfig = FeedConfig(),
    rates_N: Floats | None = None,
) -> Replayed:
    """Compute a logged feed's probabilities under these candidates' scores, each place given those before it.

    `outfit_ids`: the feed from its first place on. `rates_N`: click rate that a model expects of each
    candidate, for doubly robust estimates. The kinds of the places are taken as they were: they depend on
    user and day alone. ValueError: the feed holds a set that is no candidate.
    """
    row_of = {outfit_id: row for row, outfit_id in enumerate(candidates.outfit_ids)}
    strangers = [outfit_id for outfit_id in outfit_ids if outfit_id not in row_of]
    if strangers:
        raise ValueError(
            f"{len(strangers)} of {len(outfit_ids)} logged sets are no candidates, as {strangers[0]!r}; "
            f"give the candidates of that day"
        )
    rows_K = np.array([row_of[outfit_id] for outfit_id in outfit_ids], np.int64)
    rates_N = np.zeros(len(row_of)) if rates_N is None else rates_N
    propensity_K, expected_K = np.zeros(len(rows_K)), np.zeros(len(rows_K))
    fresh_N = _fresh(candidates, config)
    for generated in (False, True):
        rows = np.flatnonzero(candidates.generated_N == generated)
        places = np.flatnonzero(candidates.generated_N[rows_K] == generated)
        chosen = np.searchsorted(rows, rows_K[places])
        chance_KN = distributions(candidates.scores_N[rows], fresh_N[rows], config.policy, chosen)
        propensity_K[places] = chance_KN[np.arange(len(places)), chosen]
        expected_K[places] = chance_KN @ rates_N[rows]
    return Replayed(propensity_K, expected_K)


def _fresh(candidates: Candidates, config: FeedConfig) -> NDArray[np.bool_]:
    return np.asarray(candidates.num_showings_N < config.policy.fresh_below)
