"""A whole feed: reproducible, mixed, and logged with probabilities that an estimate can use."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from atelier.delivery.feed import Candidates, FeedConfig, make_feed, replay
from atelier.delivery.off_policy import Log, Predictions, doubly_robust, self_normalised
from atelier.delivery.policy import Policy, next_place
from atelier.delivery.verdict import decide

CONFIG = FeedConfig(Policy(fresh_below=5))


def candidates(seed: int = 0, num: int = 40) -> Candidates:
    rng = np.random.default_rng(seed)
    return Candidates(
        [f"o{number:03d}" for number in range(num)],
        rng.normal(size=num),
        rng.integers(0, 12, num),
        np.arange(num) % 2 == 0,
    )


def test_the_same_call_gives_the_same_feed_and_another_day_another() -> None:
    first, again, tomorrow = (
        make_feed("u1", day, candidates(), 20, CONFIG) for day in ("2026-01-05", "2026-01-05", "2026-01-06")
    )
    assert first == again
    assert [each.outfit_id for each in first] != [each.outfit_id for each in tomorrow]
    assert make_feed("u1", "2026-01-05", candidates(), 8, CONFIG) == first[:8]


def test_a_feed_is_mixed_by_the_share_and_marks_what_is_fresh() -> None:
    ready = candidates()
    feed = make_feed("u1", "2026-01-05", ready, 20, CONFIG)
    assert sum(each.generated for each in feed) == 14
    for each in feed:
        row = ready.outfit_ids.index(each.outfit_id)
        assert each.generated == ready.generated_N[row]
        assert each.fresh == (ready.num_showings_N[row] < 5)
    assert [each.place for each in feed] == list(range(20))


def test_the_logged_probabilities_are_told_again_from_the_feed_alone() -> None:
    """Also where a stream runs out: 10 places are shared, then the other one fills the rest."""
    ready = replace(candidates(), generated_N=np.arange(40) < 7)
    feed = make_feed("u7", "2026-01-05", ready, 40, CONFIG)
    told = replay(ready, [each.outfit_id for each in feed], CONFIG).propensity_K
    np.testing.assert_array_equal(told, [each.propensity for each in feed])


def test_another_ranker_has_other_probabilities_that_average_to_weight_one() -> None:
    """Over users, new over logged probability of a place is 1 in the mean: whichever kind of set a place is
    for, neither ranker shows what the other cannot."""
    old, new = candidates(0), replace(candidates(0), scores_N=candidates(1).scores_N)
    weights = []
    for user in range(1500):
        feed = make_feed(f"u{user}", "2026-01-05", old, 3, CONFIG)
        told = replay(new, [each.outfit_id for each in feed], CONFIG).propensity_K
        weights.append(told / [each.propensity for each in feed])
    mean, error = np.mean(weights, axis=0), np.std(weights, axis=0) / np.sqrt(1500)
    assert (np.abs(mean - 1) < 4 * error).all()
    assert (np.abs(np.array(weights) - 1) > 0.1).mean() > 0.5


def test_what_is_expected_of_a_place_is_the_mean_over_its_probabilities() -> None:
    """Rates of 0 and 1 ask how probable one set is; a rate for all is expected of every place."""
    ready = candidates()
    feed = [each.outfit_id for each in make_feed("u1", "2026-01-05", ready, 12, CONFIG)]
    fourth = np.array([outfit_id == feed[3] for outfit_id in ready.outfit_ids], float)
    found = replay(ready, feed, CONFIG, fourth)
    assert found.expected_K[3] == found.propensity_K[3]
    assert not found.expected_K[4:].any(), "it is not shown twice"
    np.testing.assert_allclose(replay(ready, feed, CONFIG, np.full(40, 0.3)).expected_K, 0.3)


def test_logged_feeds_tell_the_click_rate_of_another_ranker() -> None:
    """From feeds to a verdict: 1,500 first places, and a ranker that knows what is clicked."""
    old = candidates(0)
    odds = np.random.default_rng(5).normal(-1, 1.5, 40)
    rate = 1 / (1 + np.exp(-odds))
    new = replace(old, scores_N=0.5 * (old.scores_N + odds))
    rng = np.random.default_rng(6)
    rows = []
    for user in range(1500):
        (shown,) = make_feed(f"u{user}", "2026-01-05", old, 1, CONFIG)
        before, after = (replay(each, [shown.outfit_id], CONFIG, rate) for each in (old, new))
        shown_rate = rate[old.outfit_ids.index(shown.outfit_id)]
        told = (shown.propensity, after.propensity_K[0], before.expected_K[0], after.expected_K[0])
        rows.append((rng.random() < shown_rate, shown_rate, *told))
    clicked, guess, logged, told_new, expected, expected_new = np.array(rows, float).T
    log = Log(clicked, logged, told_new, predictions=Predictions(guess, expected_new, expected))
    truth = sum(
        share * float(chance @ rate[kind])
        for share, kind in ((0.7, old.generated_N), (0.3, ~old.generated_N))
        for chance in [next_place(new.scores_N[kind], old.num_showings_N[kind] < 5, CONFIG.policy)]
    )
    for estimate in (self_normalised(log), doubly_robust(log)):
        assert abs(estimate.value - truth) < 3.5 * estimate.standard_error
        assert estimate.standard_error < 0.03
    assert decide("ranking 2", log).release


def test_a_logged_set_that_is_no_candidate_is_named() -> None:
    with pytest.raises(ValueError, match="'gone'"):
        replay(candidates(), ["o001", "gone"])
    with pytest.raises(ValueError, match="name a set twice"):
        Candidates(["a", "a"], np.zeros(2), np.zeros(2, np.int64), np.zeros(2, bool))
    with pytest.raises(ValueError, match=r"lengths \{1, 2\}"):
        Candidates(["a", "b"], np.zeros(1), np.zeros(2, np.int64), np.zeros(2, bool))
