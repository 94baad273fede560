"""The gate promotes on evidence only: right intervals, few false alarms, and every guard holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from atelier.jobs.retrieval.verdict import GateRules, Scores, compare

RULES = GateRules(resamples=1000)


def scores(
    correct: np.ndarray,
    *,
    queries_per_item: int = 4,
    model: str = "challenger",
    milliseconds: tuple[float, ...] = (2.0, 2.1, 1.9),
    num_categories: int = 1,
) -> Scores:
    items = np.arange(len(correct)) // queries_per_item
    return Scores(
        model=model,
        query_ids=[f"q{index}" for index in range(len(correct))],
        item_ids=[f"item{item}" for item in items],
        categories=[f"category{item % num_categories}" for item in items],
        correct=correct,
        category_accuracy=0.8,
        milliseconds_per_picture=milliseconds,
    )


def answers(rng: np.random.Generator, num_items: int, recall: float, queries_per_item: int = 4) -> np.ndarray:
    """Two equally good models: an item is hard or easy for both, and each then has its own luck."""
    ease = np.repeat(rng.beta(4 * recall, 4 * (1 - recall), num_items), queries_per_item)
    return rng.random((2, num_items * queries_per_item)) < ease


@pytest.mark.parametrize(("num_items", "num_trials"), [(30, 600), (100, 600), (400, 300)])
def test_equally_good_models_are_swapped_in_at_most_five_percent_of_trials(
    num_items: int, num_trials: int
) -> None:
    rng = np.random.default_rng(num_items)
    swaps = 0
    for _ in range(num_trials):
        challenger, champion = answers(rng, num_items, recall=0.75)
        times = rng.lognormal(np.log(2.0), 0.1, (2, 3))  # one model timed on a machine that others use too
        swaps += compare(
            scores(challenger, milliseconds=tuple(times[0])),
            scores(champion, milliseconds=tuple(times[1])),
            replace(RULES, resamples=400),
        ).promote
    assert swaps <= 0.05 * num_trials


def test_the_very_same_model_never_replaces_itself() -> None:
    rng = np.random.default_rng(3)
    correct = answers(rng, 100, recall=0.75)[0]
    swaps = 0
    for _ in range(300):
        times = rng.lognormal(np.log(2.0), 0.1, (2, 3))
        swaps += compare(
            scores(correct, milliseconds=tuple(times[0])),
            scores(correct, milliseconds=tuple(times[1])),
            replace(RULES, resamples=200),
        ).promote
    assert swaps <= 15


def test_a_clearly_better_model_is_promoted_with_its_interval() -> None:
    rng = np.random.default_rng(0)
    champion = rng.random(2000) < 0.6
    challenger = champion | (rng.random(2000) < 0.1)
    verdict = compare(scores(challenger), scores(champion, model="champion"), RULES)
    assert verdict.promote
    assert verdict.low is not None and verdict.high is not None and verdict.difference is not None
    assert 0 < verdict.low < verdict.difference < verdict.high


def test_a_worse_model_is_held_however_cheap_it_is() -> None:
    champion = np.random.default_rng(0).random(2000) < 0.6
    challenger = champion & (np.arange(2000) % 20 > 0)
    verdict = compare(scores(challenger, milliseconds=(0.1,)), scores(champion), RULES)
    assert not verdict.promote


@pytest.mark.parametrize(
    ("milliseconds", "promote"),
    [((1.0, 1.1, 1.2), True), ((1.7, 1.7, 1.95), False), ((2.0, 2.0, 2.0), False)],
)
def test_an_equal_model_is_promoted_only_when_cheaper_beyond_the_noise_of_timing(
    milliseconds: tuple[float, ...], promote: bool
) -> None:
    correct = np.arange(400) % 4 > 0
    verdict = compare(scores(correct, milliseconds=milliseconds), scores(correct), RULES)
    assert verdict.promote is promote


def test_a_better_model_at_too_high_a_price_is_held() -> None:
    champion = np.arange(400) % 4 > 1
    challenger = np.arange(400) % 4 > 0
    assert compare(scores(challenger, milliseconds=(2.9,)), scores(champion), RULES).promote
    dear = compare(scores(challenger, milliseconds=(3.1,)), scores(champion), RULES)
    assert not dear.promote
    assert "cost" in dear.reason


def test_a_category_that_surely_loses_stops_a_model_that_is_better_on_the_whole() -> None:
    items = np.arange(4000) // 4
    champion = np.where(items % 10 == 3, items % 100 < 90, items % 7 > 2)
    challenger = np.where(items % 10 == 3, items % 100 < 50, items % 7 > 0)
    verdict = compare(scores(challenger, num_categories=10), scores(champion, num_categories=10), RULES)
    assert not verdict.promote
    assert "category3" in verdict.reason
    assert verdict.categories[0].category == "category3"


def test_a_small_category_is_reported_but_cannot_stop_a_model() -> None:
    champion = np.arange(400) % 4 > 1
    challenger = np.arange(400) % 4 > 0
    challenger[:40] = False
    categories = ["Rare"] * 40 + ["Common"] * 360
    verdict = compare(
        replace(scores(challenger), categories=categories),
        replace(scores(champion), categories=categories),
        RULES,
    )
    assert verdict.promote
    assert (verdict.categories[0].category, verdict.categories[0].guarded) == ("Rare", False)


def test_a_fall_of_category_accuracy_stops_a_model() -> None:
    champion = np.arange(400) % 4 > 1
    challenger = replace(scores(np.arange(400) % 4 > 0), category_accuracy=0.77)
    assert "category accuracy" in compare(challenger, scores(champion), RULES).reason


def test_too_few_test_items_decide_nothing() -> None:
    verdict = compare(scores(np.ones(40, bool)), scores(np.zeros(40, bool)), RULES)
    assert not verdict.promote
    assert "too few" in verdict.reason


def test_the_first_model_needs_to_clear_the_floors_alone() -> None:
    first = scores(np.arange(100) % 2 == 0)
    assert compare(first, None, replace(RULES, floor_recall_at_1=0.5)).promote
    assert not compare(first, None, replace(RULES, floor_recall_at_1=0.51)).promote
    assert not compare(first, None, replace(RULES, floor_category_accuracy=0.9)).promote


def test_the_order_of_queries_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    challenger, champion = scores(rng.random(200) < 0.7), scores(rng.random(200) < 0.6)
    order = rng.permutation(200)
    shuffled = replace(
        champion,
        query_ids=[champion.query_ids[index] for index in order],
        item_ids=[champion.item_ids[index] for index in order],
        categories=[champion.categories[index] for index in order],
        correct=champion.correct[order],
    )
    assert compare(challenger, shuffled, RULES) == compare(challenger, champion, RULES)


def test_scores_on_other_queries_are_refused() -> None:
    with pytest.raises(ValueError, match="both only 80"):
        compare(scores(np.ones(100, bool)), scores(np.ones(80, bool)), RULES)
    with pytest.raises(ValueError, match="name a query twice"):
        replace(scores(np.ones(2, bool)), query_ids=["same", "same"])


@pytest.mark.parametrize("champion", [None, scores(np.arange(400) % 4 > 1, model="retrieval version 1")])
def test_a_verdict_tells_its_story_in_markdown(champion: Scores | None) -> None:
    verdict = compare(scores(np.arange(400) % 4 > 0, model="retrieval version 2"), champion, RULES)
    report = verdict.to_markdown()
    assert report.startswith("# Gate: promoted\n\nretrieval version 2: ")
    assert "400 queries of 100 test items" in report
    assert ("retrieval version 1" in report) is (champion is not None)
    assert ("95% interval" in report) is (champion is not None)
