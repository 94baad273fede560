"""Estimates against a known truth: intervals that cover it, means that hit it, and verdicts that doubt.

Five contexts, eight sets: few enough to know every click rate, and each set is shown now and then.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from atelier.delivery.off_policy import (
    ESTIMATORS,
    Log,
    Predictions,
    along,
    difference,
    doubly_robust,
    inverse_propensity,
    logged_rate,
    outside,
    self_normalised,
    support,
)
from atelier.delivery.policy import Policy, draw_slate, next_place, propensities

# X = contexts, A = sets
_RNG = np.random.default_rng(5)
LOGGED_XA = _RNG.dirichlet(np.full(8, 2.0), 5) * 0.8 + 0.2 / 8
NEW_XA = _RNG.dirichlet(np.full(8, 1.0), 5) * 0.9 + 0.1 / 8
CLICK_XA = _RNG.uniform(0.02, 0.9, (5, 8))
TRUTH = float((NEW_XA * CLICK_XA).sum(1).mean())
LOGGED_TRUTH = float((LOGGED_XA * CLICK_XA).sum(1).mean())


def simulated(seed: int, num: int = 1500, new_XA: np.ndarray = NEW_XA, guess: np.ndarray = CLICK_XA) -> Log:
    rng = np.random.default_rng(seed)
    context = rng.integers(5, size=num)
    shown = (rng.random((num, 1)) > LOGGED_XA.cumsum(1)[context]).sum(1)
    return Log(
        (rng.random(num) < CLICK_XA[context, shown]).astype(float),
        LOGGED_XA[context, shown],
        new_XA[context, shown],
        predictions=Predictions(
            guess[context, shown], (new_XA * guess).sum(1)[context], (LOGGED_XA * guess).sum(1)[context]
        ),
    )


@pytest.fixture(scope="module")
def logs() -> list[Log]:
    return [simulated(seed) for seed in range(600)]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_intervals_cover_the_truth_and_means_hit_it(logs: list[Log], name: str) -> None:
    found = [ESTIMATORS[name](log, None, 0.95) for log in logs]
    covered = np.mean([each.low <= TRUTH <= each.high for each in found])
    values = np.array([each.value for each in found])
    assert 0.92 <= covered <= 0.98
    assert abs(values.mean() - TRUTH) < 4 * values.std() / np.sqrt(len(values))
    errors = np.mean([each.standard_error for each in found])
    assert errors == pytest.approx(values.std(), rel=0.12), "the error is that of repetitions"


@pytest.mark.parametrize("name", ESTIMATORS)
def test_intervals_of_the_difference_cover_the_true_one(logs: list[Log], name: str) -> None:
    found = [difference(log, name) for log in logs]
    assert 0.92 <= np.mean([each.low <= TRUTH - LOGGED_TRUTH <= each.high for each in found]) <= 0.98


def test_the_plain_mean_is_of_another_ranker() -> None:
    found = [logged_rate(simulated(seed)) for seed in range(200)]
    assert np.mean([each.low <= LOGGED_TRUTH <= each.high for each in found]) > 0.9
    assert np.mean([each.low <= TRUTH <= each.high for each in found]) < 0.7


def test_a_good_model_of_clicks_narrows_and_a_bad_one_does_no_harm(logs: list[Log]) -> None:
    good = np.array([doubly_robust(log).value for log in logs])
    weighted = np.array([inverse_propensity(log).value for log in logs])
    assert good.std() < 0.85 * weighted.std()
    wrong = np.array([doubly_robust(simulated(seed, guess=CLICK_XA[::-1])).value for seed in range(300)])
    assert abs(wrong.mean() - TRUTH) < 4 * wrong.std() / np.sqrt(300)


def test_users_that_rise_and_fall_together_need_their_names() -> None:
    """Forty showings a user, whose own click rates differ: as if independent, the intervals miss."""
    named: list[bool] = []
    alone: list[bool] = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        user = np.repeat(np.arange(60), 40)
        clicked = (rng.random(2400) < rng.beta(1, 4, 60)[user]).astype(float)
        log = Log(clicked, np.full(2400, 0.5), np.full(2400, 0.5), users_N=[f"u{each}" for each in user])
        for found, each in ((named, log), (alone, replace(log, users_N=None))):
            estimate = inverse_propensity(each)
            found.append(estimate.low <= 0.2 <= estimate.high)
    assert 0.92 <= np.mean(named) <= 0.98
    assert np.mean(alone) < 0.75


def test_the_difference_of_equal_rankers_is_a_point() -> None:
    log = simulated(1, new_XA=LOGGED_XA)
    for name in ESTIMATORS:
        gain = difference(log, name)
        assert gain.low == pytest.approx(0, abs=1e-12)
        assert gain.high == pytest.approx(0, abs=1e-12)


def test_a_paired_difference_is_narrower_than_two_rates() -> None:
    near = 0.85 * LOGGED_XA + 0.15 * NEW_XA
    log = simulated(2, new_XA=near)
    apart = np.hypot(self_normalised(log).standard_error, logged_rate(log).standard_error)
    assert difference(log, "self-normalised").standard_error < 0.5 * apart


def test_clipping_narrows_and_lowers() -> None:
    log = simulated(3)
    whole, clipped = inverse_propensity(log), inverse_propensity(log, clip=1.5)
    assert clipped.value < whole.value
    assert clipped.standard_error < whole.standard_error
    with pytest.raises(ValueError, match="clipped at a value above 0"):
        inverse_propensity(log, clip=0)


def test_the_interval_of_few_users_is_students() -> None:
    log = Log(np.array([0.0, 1, 0, 1, 1, 0]), np.full(6, 0.5), np.full(6, 0.5))
    estimate = inverse_propensity(log)
    assert (estimate.high - estimate.value) / estimate.standard_error == pytest.approx(2.571, abs=0.02)


def test_few_heavy_clicks_need_the_longer_upper_side() -> None:
    """Some showings weigh thirty times as much as others: symmetric intervals end too low too often."""
    held, symmetric = [], []
    for seed in range(600):
        rng = np.random.default_rng(seed)
        heavy = rng.random(400) < 0.06
        log = Log(
            (rng.random(400) < 0.3).astype(float),
            np.where(heavy, 0.06, 0.94),
            np.where(heavy, 0.7, 0.3),
        )
        estimate = inverse_propensity(log)
        held.append(estimate.low <= 0.3 <= estimate.high)
        symmetric.append(abs(estimate.value - 0.3) <= 1.96 * estimate.standard_error)
        assert estimate.high - estimate.value > estimate.value - estimate.low
    assert 0.92 <= np.mean(held) <= 0.98
    assert np.mean(symmetric) < np.mean(held)


def test_the_effective_size_counts_evenly_weighted_showings() -> None:
    one, two = (
        support(Log(np.zeros(4), np.full(4, 0.5), new)) for new in (np.full(4, 0.5), np.eye(4)[0] * 0.5)
    )
    assert (one.effective_size, one.largest_share, one.mean_weight) == (4, 0.25, 1)
    assert (two.effective_size, two.largest_share) == (1, 1)


def test_outside_is_what_was_never_shown() -> None:
    new, logged = np.array([[0.5, 0.3, 0.2]]), np.array([[0.6, 0.4, 0.0]])
    np.testing.assert_allclose(outside(new, logged), [0.2])


def test_probabilities_along_a_feed_multiply_and_judge_later_places_without_bias() -> None:
    feeds, places = ["a", "b", "a", "b", "a"], np.array([1, 0, 0, 1, 2])
    np.testing.assert_allclose(
        along(np.array([0.5, 0.2, 0.1, 0.5, 0.3]), feeds, places), [0.05, 0.2, 0.1, 0.1, 0.015]
    )


def test_along_a_feed_the_second_place_is_the_new_rankers_own() -> None:
    """Three sets, two places: the click rate of the second place where the new ranker fills both."""
    policy, fresh = Policy(temperature=1.0, fresh_share=0, even_share=0.1), np.zeros(3, bool)
    old, new, click = np.array([0.0, 1.0, 0.5]), np.array([1.5, 0.0, 0.5]), np.array([0.9, 0.1, 0.4])
    first = next_place(new, fresh, policy)
    truth = sum(first[i] * (next_place(new, fresh, policy, [i]) @ click) for i in range(3))
    rng = np.random.default_rng(0)
    slates = [draw_slate(old, fresh, policy, 2, rng) for _ in range(4000)]
    feeds, places = np.repeat(np.arange(4000), 2), np.tile([0, 1], 4000)
    logged = along(np.concatenate([each.propensity_K for each in slates]), feeds, places)
    told = along(
        np.concatenate([propensities(new, fresh, policy, each.chosen_K) for each in slates]), feeds, places
    )
    clicked = rng.random(8000) < click[np.concatenate([each.chosen_K for each in slates])]
    second = places == 1
    estimate = inverse_propensity(Log(clicked[second].astype(float), logged[second], told[second]))
    assert abs(estimate.value - truth) < 4 * estimate.standard_error
    assert estimate.standard_error < 0.03


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"logged_N": np.zeros(1500)}, "above 0 and at most 1; 1500 of 1500"),
        ({"new_N": np.full(1500, 1.5)}, "from 0 to 1"),
        ({"new_N": np.ones(3)}, "one value for each of 1500"),
        ({"clicked_N": np.full(1500, np.nan)}, "not finite"),
        ({"users_N": ["a"]}, "users_N needs one value"),
    ],
)
def test_a_log_checks_itself(change: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(simulated(0), **change)  # type: ignore[arg-type]


def test_a_doubly_robust_estimate_asks_for_predictions() -> None:
    with pytest.raises(ValueError, match=r"needs Log\.predictions"):
        doubly_robust(replace(simulated(0), predictions=None))
