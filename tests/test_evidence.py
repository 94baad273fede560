"""One bootstrap for all gates: against an obvious slow one, and how often its intervals cover the truth."""

from __future__ import annotations

import numpy as np
import pytest

from atelier.evidence import Interval, paired_bootstrap, resampled_means


def slow_bootstrap(
    challenger: np.ndarray, champion: np.ndarray, groups: np.ndarray, resamples: int
) -> np.ndarray:
    """Every resample by hand: draw items, collect all their queries, take the mean difference."""
    rng = np.random.default_rng(1)
    names = np.unique(groups)
    differences = []
    for _ in range(resamples):
        drawn = [np.flatnonzero(groups == name) for name in rng.choice(names, len(names))]
        queries = np.concatenate(drawn)
        differences.append(challenger[queries].mean() - champion[queries].mean())
    return np.array(differences)


def test_the_fast_bootstrap_agrees_with_drawing_items_one_by_one() -> None:
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 40, 150)  # items with differing numbers of queries
    challenger, champion = rng.random(150) < 0.7, rng.random(150) < 0.6
    slow = np.quantile(slow_bootstrap(challenger, champion, groups, 2000), [0.025, 0.975])
    fast = paired_bootstrap(challenger, champion, groups, resamples=2000)
    assert fast.difference == pytest.approx(challenger.mean() - champion.mean())
    assert [fast.low, fast.high] == pytest.approx(slow, abs=0.015)


def test_many_queries_of_one_item_are_not_many_pieces_of_evidence() -> None:
    rng = np.random.default_rng(0)
    challenger, champion = np.repeat(rng.random((2, 50)) < 0.5, 20, axis=1)
    groups = np.repeat(np.arange(50), 20)
    clustered = paired_bootstrap(challenger, champion, groups)
    naive = paired_bootstrap(challenger, champion)
    assert clustered.high - clustered.low > 3 * (naive.high - naive.low)


def test_the_interval_is_the_same_for_the_same_seed_and_closes_on_identical_answers() -> None:
    correct = np.arange(100) % 3 == 0
    assert paired_bootstrap(correct, ~correct) == paired_bootstrap(correct, ~correct)
    identical = paired_bootstrap(correct, correct)
    assert (identical.difference, identical.low, identical.high) == (0.0, 0.0, 0.0)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """Items with a few queries each; by chance 95 of 100 intervals cover, give or take 2.2."""
    rng, covered = np.random.default_rng(0), []
    truth = np.clip(0.5 + rng.normal(0.1, 0.3, 1_000_000), 0, 1).mean() - 0.5
    for _ in range(300):
        effect_Q = np.repeat(rng.normal(0.1, 0.3, 60), 3)
        gain_Q = rng.random(180) < np.clip(0.5 + effect_Q, 0, 1)
        lost_Q = rng.random(180) < 0.5
        found = paired_bootstrap(gain_Q, lost_Q, np.repeat(np.arange(60), 3), resamples=400)
        covered.append(found.low <= truth <= found.high)
    assert 0.91 <= np.mean(covered) <= 0.98


def test_resampled_means_are_those_of_whole_groups_drawn_one_by_one() -> None:
    gain_G, size_G = np.array([2.0, -1.0, 0.0, 3.0, 9.0]), np.array([4, 1, 2, 5, 0])
    rng = np.random.default_rng(1)
    drawn_RG = rng.integers(0, 4, (20_000, 4))
    slow_R = gain_G[drawn_RG].sum(1) / size_G[drawn_RG].sum(1)
    fast_R = resampled_means(gain_G, size_G, np.random.default_rng(2), 20_000)
    shares = [0.025, 0.25, 0.5, 0.75, 0.975]
    assert np.quantile(fast_R, shares) == pytest.approx(np.quantile(slow_R, shares), abs=0.03)
    assert gain_G[-1] / 12 not in fast_R, "a group without a case is left out"


def test_many_kinds_of_groups_are_drawn_in_parts_and_come_out_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gain_G, size_G = np.arange(50) / 7, np.ones(50)
    whole = resampled_means(gain_G, size_G, np.random.default_rng(0), 30)
    monkeypatch.setattr("atelier.evidence._DRAWN_AT_ONCE", 350)
    assert np.array_equal(resampled_means(gain_G, size_G, np.random.default_rng(0), 30), whole)


def test_an_interval_holds_the_share_of_draws_that_was_asked_for() -> None:
    draws_R = np.arange(101) / 100
    wide, narrow = Interval.of_draws(0.5, draws_R), Interval.of_draws(0.5, draws_R, confidence=0.5)
    assert (wide.low, wide.high) == pytest.approx((0.025, 0.975))
    assert (narrow.low, narrow.high) == pytest.approx((0.25, 0.75))
