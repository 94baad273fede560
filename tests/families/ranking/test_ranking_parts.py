"""Metrics against slow versions, losses on batches whose answer is known, histories without the answer."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from ranking_world import ITEMS, showings, world

from atelier.families.ranking.losses import click_loss, own_click_loss
from atelier.families.ranking.metrics import auc_within_users, calibration_error, log_loss, ndcg_at
from atelier.families.ranking.sets import bucket_of, price_scale, prices_in, profiles
from atelier.families.ranking.showings import earlier_clicks


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


def test_a_history_never_holds_the_answer() -> None:
    user = np.array([1, 2, 1, 1, 2, 1])
    shown = np.array([10, 20, 11, 12, 21, 13])
    clicked = np.array([True, True, False, True, False, True])
    found = earlier_clicks(user, shown, clicked, longest=2)
    assert found.tolist() == [[-1, -1], [-1, -1], [10, -1], [10, -1], [20, -1], [12, 10]]


def test_inverse_propensity_weights_make_every_set_count_alike() -> None:
    """A set that was shown nine times as often as another: its mistakes count no more than the other's."""
    often, seldom = torch.full((9,), 0.9), torch.full((1,), 0.1)
    propensity = torch.cat([often, seldom])
    clicked = torch.tensor([True] * 9 + [False])
    even = click_loss(torch.zeros(10), clicked, propensity, max_weight=100.0)
    assert even == pytest.approx(math.log(2))
    confident = click_loss(torch.full((10,), 2.0), clicked, propensity, max_weight=100.0)
    expected = (math.log1p(math.exp(-2)) + math.log1p(math.exp(2))) / 2
    assert confident == pytest.approx(expected, rel=1e-5)
    clipped = click_loss(torch.full((10,), 2.0), clicked, propensity, max_weight=1.0)
    assert clipped < confident


def test_own_clicks_leave_out_what_the_user_also_likes() -> None:
    rows = torch.cat([torch.eye(3), torch.zeros(3, 2)], 1)
    user = sets = rows[[0, 0, 2]]
    none = torch.full((3, 2), -1)
    scale = torch.tensor(30.0)
    doubt = own_click_loss(user, sets, torch.tensor([5, 6, 7]), none, scale)
    assert doubt == pytest.approx(2 / 3 * math.log(2)), "two of three stand before two equal sets"
    twins = own_click_loss(user, sets, torch.tensor([5, 5, 7]), none, scale)
    assert twins < 1e-5, "the same set clicked by another is no negative"
    history = torch.tensor([[6, -1], [5, -1], [-1, -1]])
    liked = own_click_loss(user, sets, torch.tensor([5, 6, 7]), history, scale)
    assert liked < 1e-5, "nor is what the user clicked before"
    assert own_click_loss(user[:1], sets[:1], torch.tensor([5]), none[:1], scale) == 0


def test_profiles_are_means_of_what_was_clicked() -> None:
    sets = world().sets
    found = profiles(sets.summaries, np.array([[3, 8, -1], [-1, -1, -1]]))
    np.testing.assert_allclose(found[0, :-1], sets.summaries[[3, 8]].mean(0), rtol=1e-5)
    assert found[0, -1] == pytest.approx(np.log(3))
    assert not found[1].any()


def test_summaries_are_means_over_pieces_alone() -> None:
    sets = world().sets
    for number in (0, 1):  # two pieces, three pieces
        rows = sets.rows_SP[number][sets.rows_SP[number] >= 0]
        shares = [np.mean(sets.codes_NF[rows, 0] == value) for value in range(1, 5)]
        summary = sets.summaries[number]
        np.testing.assert_allclose(summary[:8], sets.vectors_ND[rows].mean(0), atol=1e-6)
        np.testing.assert_allclose(summary[8:12], shares, atol=1e-6)
        assert summary[-1] == pytest.approx(np.isfinite(sets.prices_N[rows]).mean())
    assert sets.summaries.shape == (60, ITEMS.summary_width)


def test_unknown_prices_are_told_apart_from_middling_ones() -> None:
    prices = np.array([np.nan, np.exp(4.0), 0.0], np.float32)
    np.testing.assert_allclose(prices_in(prices, ITEMS), [[0, 0], [0, 1], [0, 0]], atol=1e-6)
    mean, spread = price_scale(np.exp(np.array([1.0, 3.0, np.nan], np.float32)))
    assert (mean, spread) == pytest.approx((2, 1))
    assert price_scale(np.array([np.nan], np.float32)) == (0.0, 1.0)


def test_names_have_buckets_once_they_clicked() -> None:
    assert bucket_of("u1", 0, 100) == bucket_of("u1", 5, 0) == 0
    assert 1 <= bucket_of("u1", 1, 100) == bucket_of("u1", 7, 100) <= 100
    assert len({bucket_of(f"u{number}", 1, 100) for number in range(1000)}) > 95


def test_tables_that_do_not_fit_are_refused() -> None:
    sets = world().sets
    with pytest.raises(ValueError, match=r"codes_NF must be of shape \(100, 2\)"):
        replace(sets, codes_NF=sets.codes_NF[:, :1])
    with pytest.raises(ValueError, match="'usage' has codes from 0 to 3"):
        replace(sets, codes_NF=sets.codes_NF + np.array([0, 1]))
    with pytest.raises(ValueError, match="one row of 100 items for each set"):
        replace(sets, rows_SP=np.array([[100]]))
    shown = showings(world(), 0, 50)
    with pytest.raises(ValueError, match="50 of 50 showings have a propensity"):
        replace(shown, propensity_N=np.zeros(50, np.float32))
    with pytest.raises(ValueError, match="one value of each kind"):
        replace(shown, set_N=shown.set_N[:3])
