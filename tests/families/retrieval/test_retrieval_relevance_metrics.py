"""Fast figures of relevance against obvious slow ones, and cases that a reader can work out."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from atelier.families.retrieval.metrics import (
    agreement,
    ndcg,
    preference_test,
    relevance_metrics,
    sign_test,
)

NAN = math.nan


def slow_ndcg(grades: list[float], ideal: list[float]) -> float:
    """As the definition reads: strike out the unjudged, discount what is left, divide by the best order."""
    judged = [grade for grade in grades if not math.isnan(grade)]
    best = sorted((grade for grade in ideal if not math.isnan(grade)), reverse=True)[: len(judged)]
    gained = sum(grade / math.log2(rank + 1) for rank, grade in enumerate(judged, start=1))
    most = sum(grade / math.log2(rank + 1) for rank, grade in enumerate(best, start=1))
    return gained / most if most else NAN


def some_judgments(seed: int, num_queries: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Grades of 10 answers, some unjudged, and of all items judged: the answers' and up to 5 others."""
    random = np.random.default_rng(seed)
    grades = random.choice([0.0, 0.0, 1.0, 2.0, 1.5, NAN], (num_queries, 10))
    others = random.choice([0.0, 1.0, 2.0, NAN], (num_queries, 5))
    return grades, np.concatenate([others, grades], axis=1)


@pytest.mark.parametrize("seed", range(5))
def test_ndcg_is_what_its_definition_says(seed: int) -> None:
    grades, ideal = some_judgments(seed)
    slow = [slow_ndcg(list(row), list(best)) for row, best in zip(grades, ideal, strict=True)]
    np.testing.assert_allclose(ndcg(grades, ideal), slow, atol=1e-12)


def test_ndcg_takes_a_pool_smaller_than_the_answers() -> None:
    assert ndcg(np.array([[NAN, 1.0, NAN]]), np.array([[1.0]])).tolist() == [1.0]


def test_ndcg_of_the_best_order_is_one_and_a_swap_costs() -> None:
    ideal = np.array([[2.0, 1.0, 0.0]])
    assert ndcg(np.array([[2.0, 1.0, 0.0]]), ideal)[0] == 1
    assert ndcg(np.array([[1.0, 2.0, 0.0]]), ideal)[0] == pytest.approx(
        (1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3))
    )


def test_an_unjudged_answer_costs_nothing_and_nothing_relevant_is_no_figure() -> None:
    ideal = np.array([[2.0, 1.0], [0.0, 0.0], [2.0, NAN]])
    values = ndcg(np.array([[NAN, 2.0, 1.0], [0.0, 0.0, NAN], [NAN, NAN, NAN]]), ideal)
    assert values[0] == 1
    assert np.isnan(values[1:]).all()


def test_relevance_metrics_are_weighted_means_over_queries() -> None:
    grades = np.array([[2.0, 0.0, 1.0, NAN], [0.0, NAN, NAN, NAN], [NAN, NAN, NAN, NAN]])
    weights = np.array([1.0, 3.0, 6.0])
    metrics = relevance_metrics(grades, grades, weights)
    assert metrics["num_queries"] == 3
    assert metrics["precision_at_4"] == pytest.approx((2 / 3 * 1 + 0 * 3) / 4)
    assert metrics["same_at_4"] == pytest.approx((1 / 3 * 1 + 0 * 3) / 4)
    assert metrics["same_at_1"] == pytest.approx(1 / 4)
    assert metrics["coverage_at_4"] == pytest.approx((0.75 * 1 + 0.25 * 3 + 0 * 6) / 10)
    assert metrics["ndcg_at_4"] == pytest.approx((2 + 1 / 2) / (2 + 1 / math.log2(3)))


@pytest.mark.parametrize(("wins", "losses"), [(0, 0), (5, 5), (9, 1), (1, 9), (14, 4), (0, 6)])
def test_the_sign_test_counts_every_fall_of_the_coins(wins: int, losses: int) -> None:
    num = wins + losses
    falls = [bin(fall).count("1") for fall in range(2**num)]
    as_extreme = [heads for heads in falls if abs(heads - num / 2) >= abs(wins - num / 2)]
    assert sign_test(wins, losses) == pytest.approx(len(as_extreme) / 2**num)


def test_a_clear_preference_has_an_interval_above_zero_and_a_coin_has_not() -> None:
    clear = preference_test(np.array([1.0] * 30 + [-1.0] * 6 + [0.0] * 10), np.ones(46))
    assert (clear.wins, clear.losses, clear.ties) == (30, 6, 10)
    assert clear.net == pytest.approx(24 / 46)
    assert 0 < clear.low < clear.net < clear.high
    assert clear.p_value < 0.001
    coin = preference_test(np.tile([1.0, -1.0, 0.0], 15), np.ones(45))
    assert coin.low < 0 < coin.high
    assert coin.p_value == 1


def test_weights_lead_an_over_represented_sample_back() -> None:
    """Three in four of what was sampled are disagreements, which are one in four of all searches."""
    outcome = np.array([1.0] * 60 + [0.0] * 20)
    weight = np.array([1.0] * 60 + [9.0] * 20)
    assert preference_test(outcome, weight).net == pytest.approx(60 / 240)


def test_an_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    held = 0
    for trial in range(200):
        outcome = random.choice([1.0, 0.0, -1.0], 60, p=[0.4, 0.4, 0.2])
        test = preference_test(outcome, np.ones(60), resamples=400, seed=trial)
        held += test.low <= 0.2 <= test.high
    assert 180 <= held <= 199


def test_a_preference_test_without_queries_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one judged query"):
        preference_test(np.zeros(0), np.zeros(0))


def slow_tau(first: list[str], second: list[str]) -> float | None:
    shared = [item for item in first if item in second]
    signs = [1 if second.index(one) < second.index(other) else -1 for one, other in combinations(shared, 2)]
    return sum(signs) / len(signs) if signs else None


@pytest.mark.parametrize("seed", range(20))
def test_agreement_is_what_its_definition_says(seed: int) -> None:
    random = np.random.default_rng(seed)
    letters = list("abcdefghijklmn")
    first, second = (list(map(str, random.permutation(letters))) for _ in range(2))
    seen = agreement(first, second)
    assert seen.overlap == len(set(first[:10]) & set(second[:10])) / 10
    assert seen.same_first == (first[0] == second[0])
    assert seen.rank_correlation == pytest.approx(slow_tau(first[:10], second[:10]))


def test_agreement_of_equal_reversed_disjoint_and_empty_answers() -> None:
    assert agreement("abc", "abc").rank_correlation == 1
    assert agreement("abc", "cba").rank_correlation == -1
    apart = agreement(["a", "b"], ["c", "d"])
    assert (apart.overlap, apart.same_first, apart.rank_correlation) == (0, False, None)
    nothing = agreement([], [])
    assert (nothing.overlap, nothing.same_first) == (1, True)
