"""Logged probabilities are those of what happens: against frequencies, against sums over all orders."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from atelier.delivery.policy import Policy, chance, draw_slate, next_place, propensities

SCORES = np.array([0.9, -0.4, 0.2, -1.5, 0.0])
FRESH = np.array([False, True, False, False, True])
MIXED = Policy(temperature=0.7, fresh_share=0.2, even_share=0.1)


def test_the_probabilities_of_a_place_sum_to_one_and_follow_the_parts() -> None:
    chance_N = next_place(SCORES, FRESH, MIXED)
    softmax_N = np.exp(SCORES / 0.7) / np.exp(SCORES / 0.7).sum()
    np.testing.assert_allclose(chance_N, 0.7 * softmax_N + 0.1 / 5 + 0.2 * FRESH / 2)
    assert chance_N.sum() == pytest.approx(1)


def test_the_probabilities_of_all_orders_sum_to_one() -> None:
    total = sum(np.prod(propensities(SCORES, FRESH, MIXED, order)) for order in permutations(range(5)))
    assert total == pytest.approx(1)


def test_sets_are_shown_as_often_as_logged() -> None:
    """Every beginning of two sets, 10,000 slates: Pearson's statistic stays below its 99.99 % quantile."""
    rng = np.random.default_rng(0)
    num = 10_000
    seen = np.zeros((5, 5))
    for _ in range(num):
        first, second = draw_slate(SCORES, FRESH, MIXED, 2, rng).chosen_K
        seen[first, second] += 1
    expected = np.zeros((5, 5))
    for first, second in permutations(range(5), 2):
        expected[first, second] = num * np.prod(propensities(SCORES, FRESH, MIXED, [first, second]))
    possible = expected > 0
    statistic = ((seen - expected)[possible] ** 2 / expected[possible]).sum()
    assert seen[~possible].sum() == 0, "nothing is shown twice"
    assert statistic < 50.8  # 19 degrees of freedom


def test_what_is_logged_is_what_the_same_policy_tells_afterwards() -> None:
    slate = draw_slate(SCORES, FRESH, MIXED, 5, np.random.default_rng(3))
    np.testing.assert_array_equal(slate.propensity_K, propensities(SCORES, FRESH, MIXED, slate.chosen_K))
    assert sorted(slate.chosen_K) == [0, 1, 2, 3, 4]
    assert slate.propensity_K[-1] == pytest.approx(1), "the last one left is sure"


def test_the_ranker_has_the_share_of_fresh_sets_where_none_is_left() -> None:
    left = next_place(SCORES, FRESH, MIXED, taken=[1, 4])
    softmax = np.exp(SCORES[[0, 2, 3]] / 0.7)
    np.testing.assert_allclose(left[[0, 2, 3]], 0.9 * softmax / softmax.sum() + 0.1 / 3)
    assert left[1] == left[4] == 0


def test_without_chance_and_cold_the_order_is_the_rankers() -> None:
    greedy = Policy(temperature=1e-4, fresh_share=0, even_share=0)
    slate = draw_slate(SCORES, FRESH, greedy, 5, np.random.default_rng(0))
    assert slate.chosen_K.tolist() == [0, 2, 4, 1, 3]
    np.testing.assert_allclose(slate.propensity_K, 1)


def test_large_scores_neither_overflow_nor_vanish() -> None:
    chance_N = next_place(np.array([5000.0, 4999.0, -5000.0]), np.zeros(3, bool), MIXED)
    assert np.isfinite(chance_N).all()
    assert (chance_N > 0).all(), "the even share keeps every set possible"


def test_a_user_has_one_stream_of_chance_a_day() -> None:
    same = [chance("u1", "2026-01-05", "experts").random() for _ in range(2)]
    others = [
        chance(*each).random() for each in (("u2", "2026-01-05", "experts"), ("u1", "2026-01-06", "experts"))
    ]
    assert same[0] == same[1]
    assert len({same[0], *others}) == 3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"temperature": 0.0}, "temperature must be above 0"),
        ({"fresh_share": 1.2}, r"fresh_share must be in \[0, 1\]"),
        ({"fresh_share": 0.7, "even_share": 0.7}, "their sum must be at most 1"),
        ({"fresh_below": -1}, "fresh_below must be at least 0"),
    ],
)
def test_a_policy_checks_itself(values: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Policy(**values)  # type: ignore[arg-type]


def test_scores_that_are_no_numbers_are_named() -> None:
    with pytest.raises(ValueError, match="score of candidate 1 is nan"):
        next_place(np.array([0.0, np.nan]), np.zeros(2, bool), MIXED)
    with pytest.raises(ValueError, match="one mark of freshness for each"):
        next_place(np.zeros(2), np.zeros(3, bool), MIXED)
    with pytest.raises(ValueError, match="all 2 candidates are taken"):
        next_place(np.zeros(2), np.zeros(2, bool), MIXED, taken=[0, 1])
