"""Metrics of rankers against slow versions and known values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from atelier.families.ranking.metrics import auc_within_users, calibration_error, log_loss, ndcg_at


def slow_auc(scores: np.ndarray, clicked: np.ndarray, user: np.ndarray) -> float:
    pairs = [
        (scores[i] > scores[j]) + 0.5 * (scores[i] == scores[j])
        for i in range(len(user))
        for j in range(len(user))
        if user[i] == user[j] and clicked[i] and not clicked[j]
    ]
    return float(np.mean(pairs))


def test_auc_within_users_counts_pairs_of_one_user() -> None:
    rng = np.random.default_rng(0)
    user, clicked = rng.integers(0, 12, 150), rng.random(150) < 0.3
    scores = rng.integers(0, 6, 150).astype(float)  # many ties
    assert auc_within_users(scores, clicked, user) == pytest.approx(slow_auc(scores, clicked, user))
    assert math.isnan(auc_within_users(np.ones(3), np.ones(3, bool), np.zeros(3, int)))
    assert math.isnan(auc_within_users(np.ones(0), np.ones(0, bool), np.zeros(0, int)))


def test_between_users_nothing_counts() -> None:
    """Whoever clicks more gets higher scores: within each user they tell nothing."""
    user = np.repeat([0, 1], 4)
    clicked = np.array([1, 1, 1, 0, 0, 0, 0, 1], bool)
    assert auc_within_users(user * -1.0, clicked, user) == 0.5


def test_ndcg_is_one_for_the_best_order_and_discounts_later_places() -> None:
    user, clicked = np.zeros(4, int), np.array([True, False, True, False])
    assert ndcg_at(np.array([4.0, 1, 3, 2]), clicked, user) == pytest.approx(1)
    late = (1 / np.log2(4) + 1 / np.log2(5)) / (1 + 1 / np.log2(3))
    assert ndcg_at(np.array([1.0, 4, 2, 3]), clicked, user) == pytest.approx(late)
    assert ndcg_at(np.zeros(4), clicked, user) == pytest.approx(late), "ties count against the ranker"
    assert ndcg_at(np.array([1.0, 4, 2, 3]), clicked, user, k=2) == 0
    both = ndcg_at(np.array([9.0, 1, 1, 9]), np.array([True, False, True, False]), np.array([5, 5, 2, 2]))
    assert both == pytest.approx((1 + 1 / np.log2(3)) / 2)


def test_log_loss_and_calibration_take_log_odds() -> None:
    scores, clicked = np.array([0.0, np.log(3), -800.0]), np.array([True, False, False])
    assert log_loss(scores, clicked) == pytest.approx((np.log(2) + np.log(4)) / 3)
    rng = np.random.default_rng(0)
    odds = rng.normal(size=20_000)
    right = rng.random(20_000) < 1 / (1 + np.exp(-odds))
    assert calibration_error(odds, right) < 0.02
    assert calibration_error(odds + 1, right) > 0.15
    assert calibration_error(np.array([0.0]), np.array([True])) == 0.5
