"""Whether off-policy intervals cover the truth, on clicks of the simulated world.

    python benchmarks/off_policy_coverage.py [--repetitions 400] [--worlds 200] [--json]

The world knows the odds of every click, so the click rate of a ranker that was never online is a sum. It is
asked of two kinds of logs:

- `shop`: the clicks of `show_collection` as a drop brings them, of ten worlds drawn from `--worlds`: 4,000
  showings drawn by popularity with a quarter at random, some 370 clicks;
- `feed`: first places of feeds as `delivery.policy` fills and logs them, for 500 users drawn anew each time
  from one population, eight showings each, in which whole users are the clusters;
- `long`: the same for 2,500 users.

Beside the estimators stands what one would compute without propensities: `plain`, the click rate of the log,
and `naive`, the mean of the clicks weighted by how probable the new ranker would show the set. `coverage` is
the share of repetitions whose 95 % interval holds the truth; `bias`, `spread` and `width` are in shares of
the truth. `verdicts` are how often a better ranker goes out, a worse one, and one that is worse by the very
margin.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from atelier.delivery.off_policy import (
    ESTIMATORS,
    Estimate,
    Log,
    Predictions,
    difference,
    logged_rate,
    self_normalised,
)
from atelier.delivery.policy import Policy, next_place
from atelier.delivery.verdict import VerdictRules, decide
from atelier.simulate.stylists import NUM_USERS, StyledOutfit, show_collection, style_collection
from atelier.simulate.taste import liking, make_user
from atelier.simulate.world import COLLECTION_SIZE, make_item

# U = users, A = sets, N = showings
Floats = NDArray[np.float64]
NEW = Policy(temperature=1.0, fresh_share=0.0, even_share=0.05)
LOGGED = Policy(temperature=1.0, fresh_share=0.1, even_share=0.1, fresh_below=20)
NUM_PEOPLE = 400
NUM_DRAWN, SHOWINGS_EACH = 500, 8


class Repetition(NamedTuple):
    """One log and what is true of it."""

    log: Log
    truth: float
    """Click rate of the new ranker."""
    logged_truth: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=400, help="logs of each kind")
    parser.add_argument("--worlds", type=int, default=200, help="worlds whose own clicks are taken")
    parser.add_argument("--worlds-each", type=int, default=10, help="worlds of one log of `shop`")
    parser.add_argument("--json", action="store_true", help="one flat JSON object on standard output")
    arguments = parser.parse_args()
    feeds, num = Feeds(seed=0), arguments.repetitions
    shops = [shop(seed) for seed in range(arguments.worlds)]
    answer = {
        **judged("shop", (together(shops, arguments.worlds_each, seed) for seed in range(num))),
        **judged("feed", (feeds.repetition(seed, 1.0) for seed in range(num))),
        **judged("long", (feeds.repetition(seed, 1.0, 5 * NUM_DRAWN) for seed in range(num))),
        **verdicts(feeds, num),
    }
    coverage = [value for key, value in answer.items() if key.endswith("coverage") and "/estimate/" in key]
    answer = {"min_coverage": min(coverage), "max_coverage": max(coverage), **answer}
    if arguments.json:
        print(json.dumps(answer))


def judged(name: str, repetitions: Iterator[Repetition]) -> dict[str, float]:
    """Coverage, bias, width and spread of every estimate."""
    held: defaultdict[str, list[tuple[bool, float, float]]] = defaultdict(list)
    for log, truth, logged_truth in repetitions:
        found = {f"estimate/{each}": (ESTIMATORS[each](log, None, 0.95), truth) for each in ESTIMATORS}
        for each in ESTIMATORS:
            found[f"difference/{each}"] = (difference(log, each), truth - logged_truth)
        found |= {"plain": (logged_rate(log), truth), "naive": (naive(log), truth)}
        for key, (estimate, target) in found.items():
            width = (estimate.high - estimate.low) / truth
            held[key].append(
                (estimate.low <= target <= estimate.high, (estimate.value - target) / truth, width)
            )
    answer: dict[str, float] = {}
    for key, rows in held.items():
        covered, error, width = np.array(rows, float).T
        row = {"coverage": covered.mean(), "bias": error.mean(), "spread": error.std(), "width": width.mean()}
        answer |= {f"{name}/{key}/{what}": round(float(value), 4) for what, value in row.items()}
        print(f"{name} {key}: " + ", ".join(f"{k} {v:.3f}" for k, v in row.items()), file=sys.stderr)
    return answer


def verdicts(feeds: Feeds, num: int) -> dict[str, float]:
    """How often rankers go out. The last one's margin is what it truly loses: 2.5 % is what was asked for."""
    released: defaultdict[str, list[bool]] = defaultdict(list)
    for seed in range(num):
        better, worse = feeds.repetition(seed, 1.0), feeds.repetition(seed, -0.2)
        edge = VerdictRules(margin=worse.logged_truth - worse.truth)
        released["better"].append(decide("better", better.log).release)
        released["worse"].append(decide("worse", worse.log).release)
        released["worse_by_the_margin"].append(decide("worse", worse.log, edge).release)
    rows = {f"verdicts/released_{name}": float(np.mean(found)) for name, found in released.items()}
    print(rows, file=sys.stderr)
    return rows


def naive(log: Log) -> Estimate:
    """The new ranker's clicks without propensities: showings weighted by its own probability alone."""
    return self_normalised(replace(log, logged_N=np.ones(len(log.clicked_N)), predictions=None))


def shop(seed: int) -> Repetition:
    """The clicks of one world's first collection, and the truth about a ranker that knows tastes roughly."""
    collection = [make_item(seed, number) for number in range(COLLECTION_SIZE)]
    outfits = style_collection(seed, collection)
    odds_UA = _odds(seed, NUM_USERS, outfits)
    new_UA = _policy(_ranker(odds_UA, seed, 1.0), np.zeros(len(outfits), bool), NEW)
    clicks = show_collection(seed, collection, outfits)
    place = {styled.outfit.outfit_id: number for number, styled in enumerate(outfits)}
    user_N = np.array([int(click.user_id.rpartition("u")[2]) for click in clicks])
    shown_N = np.array([place[click.outfit_id] for click in clicks])
    propensity_A = np.zeros(len(outfits))
    propensity_A[shown_N] = [click.propensity for click in clicks]
    logged_UA = np.tile(_completed(propensity_A), (NUM_USERS, 1))
    clicked_N = np.array([click.clicked for click in clicks], float)
    log = _log(user_N, shown_N, clicked_N, logged_UA, new_UA, None)
    return Repetition(log, _rate(new_UA, odds_UA), _rate(logged_UA, odds_UA))


def together(shops: list[Repetition], num: int, seed: int) -> Repetition:
    """The clicks of some worlds as one log; the truth is the mean of theirs: all have as many showings."""
    drawn = np.random.default_rng([3, seed]).choice(len(shops), min(num, len(shops)), replace=False)
    parts = [shops[number] for number in drawn]
    logs = [part.log for part in parts]
    guesses = [log.predictions for log in logs if log.predictions is not None]
    log = Log(
        np.concatenate([log.clicked_N for log in logs]),
        np.concatenate([log.logged_N for log in logs]),
        np.concatenate([log.new_N for log in logs]),
        predictions=Predictions(
            np.concatenate([guess.shown_N for guess in guesses]),
            np.concatenate([guess.new_N for guess in guesses]),
            np.concatenate([guess.logged_N for guess in guesses]),
        ),
    )
    truth, logged_truth = (float(np.mean([part[at] for part in parts])) for at in (1, 2))
    return Repetition(log, truth, logged_truth)


class Feeds:
    """A population that is shown the sets of one collection by a ranker which knows popularity only."""

    def __init__(self, seed: int) -> None:
        collection = [make_item(seed, number) for number in range(COLLECTION_SIZE)]
        outfits = style_collection(seed, collection)
        likes_A = np.array([np.log1p(float(styled.outfit.likes or 0)) for styled in outfits])
        self.odds_UA = _odds(seed, NUM_PEOPLE, outfits)
        self.fresh_A = np.arange(len(outfits)) % 7 == 0
        self.logged_UA = _policy(np.tile(likes_A, (NUM_PEOPLE, 1)), self.fresh_A, LOGGED)
        self._ranked: dict[float, Floats] = {}

    def repetition(self, seed: int, gain: float, num_drawn: int = NUM_DRAWN) -> Repetition:
        """`gain`: how much of tastes the new ranker knows; below 0 it has them wrong."""
        rng = np.random.default_rng([1, seed])
        new_UA = self._ranked_by(gain)
        user_N = np.repeat(rng.integers(NUM_PEOPLE, size=num_drawn), SHOWINGS_EACH)
        shown_N = (rng.random((len(user_N), 1)) > self.logged_UA[user_N].cumsum(1)).sum(1)
        shown_N = np.minimum(shown_N, self.logged_UA.shape[1] - 1)
        clicked_N = (rng.random(len(user_N)) < _chance(self.odds_UA[user_N, shown_N])).astype(float)
        drawn_N = np.repeat(np.arange(num_drawn), SHOWINGS_EACH)
        log = _log(user_N, shown_N, clicked_N, self.logged_UA, new_UA, drawn_N)
        return Repetition(log, _rate(new_UA, self.odds_UA), _rate(self.logged_UA, self.odds_UA))

    def _ranked_by(self, gain: float) -> Floats:
        if gain not in self._ranked:
            scores_UA = _ranker(self.odds_UA, 7, gain)
            self._ranked[gain] = _policy(scores_UA, np.zeros_like(self.fresh_A), NEW)
        return self._ranked[gain]


def _log(
    user_N: NDArray[np.int64],
    shown_N: NDArray[np.int64],
    clicked_N: Floats,
    logged_UA: Floats,
    new_UA: Floats,
    clusters_N: NDArray[np.int64] | None,
) -> Log:
    """With predictions: each set's click rate among the other half of the users, drawn towards the mean."""
    guess_NA = np.zeros((len(user_N), logged_UA.shape[1]))
    half_N = (user_N if clusters_N is None else clusters_N) % 2
    for half in (0, 1):
        others = half_N != half
        num_A = np.bincount(shown_N[others], minlength=logged_UA.shape[1])
        clicks_A = np.bincount(shown_N[others], clicked_N[others], minlength=logged_UA.shape[1])
        guess_NA[half_N == half] = (clicks_A + 5 * clicked_N[others].mean()) / (num_A + 5)
    at = np.arange(len(user_N))
    predictions = Predictions(
        guess_NA[at, shown_N], (guess_NA * new_UA[user_N]).sum(1), (guess_NA * logged_UA[user_N]).sum(1)
    )
    return Log(
        clicked_N, logged_UA[user_N, shown_N], new_UA[user_N, shown_N], clusters_N, predictions=predictions
    )


def _odds(seed: int, num_users: int, outfits: list[StyledOutfit]) -> Floats:
    users = [make_user(seed, number) for number in range(num_users)]
    return np.array([[liking(user, styled.items) for styled in outfits] for user in users])


def _ranker(odds_UA: Floats, seed: int, gain: float) -> Floats:
    """Scores of a ranker that sees tastes through noise."""
    return gain * odds_UA + np.random.default_rng([2, seed]).normal(0, 1, odds_UA.shape)


def _policy(scores_UA: Floats, fresh_A: NDArray[np.bool_], policy: Policy) -> Floats:
    return np.array([next_place(scores_A, fresh_A, policy) for scores_A in scores_UA])


def _completed(propensity_A: Floats) -> Floats:
    """Sets that were possible but never drawn share what is left evenly."""
    missing_A = propensity_A == 0
    left = max(1 - propensity_A.sum(), 0.0)
    return np.where(missing_A, left / max(int(missing_A.sum()), 1), propensity_A)


def _rate(policy_UA: Floats, odds_UA: Floats) -> float:
    return float((policy_UA * _chance(odds_UA)).sum(1).mean())


def _chance(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)))


if __name__ == "__main__":
    main()
