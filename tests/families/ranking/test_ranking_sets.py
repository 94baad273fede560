"""Metrics against slow versions, losses on batches whose answer is known, histories without the answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ranking_world import ITEMS, showings, world

from atelier.families.ranking.sets import bucket_of, price_scale, prices_in, profiles


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
