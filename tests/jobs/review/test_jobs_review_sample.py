"""The sample of a review: fair by its weights, spread, and alike for one seed."""

from __future__ import annotations

import numpy as np
import pytest

from atelier.jobs.review.sample import DISAGREEING_FACTOR, Sample, draw

NUM = 400
KINDS = ["street"] * 300 + ["shopper"] * 100
CATEGORIES = [("Jeans", "Shirts", "Watches", "Dresses")[number % 4] for number in range(NUM)]
DISAGREES = np.arange(NUM) % 5 == 0


def sample(seed: int, num: int = 40) -> Sample:
    return draw(KINDS, CATEGORIES, DISAGREES, num, seed)


def test_a_sample_has_the_size_asked_for_and_names_no_search_twice() -> None:
    for seed in range(20):
        chosen = sample(seed).index_n
        assert len(chosen) == len(set(chosen)) == 40


def test_every_kind_has_its_share_and_disagreements_are_over_represented() -> None:
    chosen = sample(0).index_n
    assert sum(KINDS[index] == "shopper" for index in chosen) == 20
    factor = DISAGREEING_FACTOR
    expected = 40 * (factor * 0.2) / (factor * 0.2 + 0.8)
    assert abs(int(DISAGREES[chosen].sum()) - expected) <= 2


def test_categories_are_spread_rather_than_left_to_chance() -> None:
    for seed in range(20):
        counts = np.unique(np.asarray(CATEGORIES)[sample(seed).index_n], return_counts=True)[1]
        assert counts.min() >= 8
        assert counts.max() <= 12


def test_weights_lead_back_to_the_mean_over_all_searches() -> None:
    """The mean of 2,000 weighted samples is that of all searches; an unweighted one is far off."""
    value = np.where(DISAGREES, 1.0, 0.1) + np.asarray([kind == "shopper" for kind in KINDS])
    estimates, naive = [], []
    for seed in range(2000):
        one = sample(seed)
        estimates.append((value[one.index_n] * one.weight_n).sum() / one.weight_n.sum())
        naive.append(value[one.index_n].mean())
    assert np.mean(estimates) == pytest.approx(value.mean(), abs=0.005)
    assert abs(np.mean(naive) - value.mean()) > 0.1


def test_each_search_is_chosen_as_often_as_its_weight_says() -> None:
    times = np.zeros(NUM)
    chance = np.zeros(NUM)
    for seed in range(2000):
        one = sample(seed)
        times[one.index_n] += 1
        chance[one.index_n] = 1 / one.weight_n
    np.testing.assert_allclose(times / 2000, chance, atol=0.05)


def test_few_searches_are_all_shown_and_a_small_kind_whole() -> None:
    assert sorted(sample(0, num=1000).index_n) == list(range(NUM))
    assert set(sample(0, num=1000).weight_n) == {1.0}
    kinds = ["street"] * 395 + ["shopper"] * 5
    whole = draw(kinds, CATEGORIES, DISAGREES, 40, seed=3)
    assert len(whole.index_n) == 40
    assert {395, 396, 397, 398, 399} <= set(whole.index_n)


def test_one_seed_gives_one_sample_and_one_order() -> None:
    assert sample(7).index_n.tolist() == sample(7).index_n.tolist()
    assert sample(7).index_n.tolist() != sample(8).index_n.tolist()
