"""Stylists make sets that go together; showings carry the probability they were chosen with."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from atelier.simulate.stylists import show_collection, style_collection
from atelier.simulate.taste import click_probability, compatibility, user_of
from atelier.simulate.trades import Trade
from atelier.simulate.world import SimulatedItem, make_item


def test_outfits_are_more_compatible_than_chance_allows() -> None:
    collection = [make_item(5, number) for number in range(200)]
    styled = style_collection(5, collection)
    rng = np.random.default_rng(0)
    by_chance = [compatibility([collection[int(i)] for i in rng.integers(200, size=4)]) for _ in range(200)]
    assert np.mean([outfit.compatibility for outfit in styled]) > np.mean(by_chance) + 0.1
    assert all(len({item.item.category for item in outfit.items}) == len(outfit.items) for outfit in styled)


COLLECTION = [make_item(5, number) for number in range(200)]


BEDROOM = [make_item(5, number, Trade.BEDROOM) for number in range(200)]


@pytest.mark.parametrize("collection", [COLLECTION, BEDROOM])
def test_experts_put_together_what_goes_together(collection: list[SimulatedItem]) -> None:
    styled = style_collection(5, collection)
    rng = np.random.default_rng(0)
    chance = [compatibility([collection[int(i)] for i in rng.integers(200, size=4)]) for _ in range(300)]
    assert np.mean([one.compatibility for one in styled]) > np.mean(chance) + 0.1
    assert all(one.compatibility == compatibility(one.items) for one in styled)
    assert all(one.outfit.made_by == "expert" for one in styled)


@pytest.mark.parametrize("collection", [COLLECTION, BEDROOM])
def test_clicks_come_as_often_as_the_truth_says(collection: list[SimulatedItem]) -> None:
    """Over some thousand showings: the sum of the true probabilities is the expected number of clicks."""
    outfits = style_collection(5, collection)
    rows = {one.outfit.outfit_id: one.outfit for one in outfits}
    clicks = [click for seed in range(8) for click in show_collection(seed, collection, outfits)]
    expected = np.array([click_probability(user_of(one.user_id), rows[one.outfit_id]) for one in clicks])
    num_clicked = sum(one.clicked for one in clicks)
    spread = np.sqrt((expected * (1 - expected)).sum())
    assert len(clicks) == 3200
    assert 0.02 < expected.mean() < 0.6
    assert abs(num_clicked - expected.sum()) < 4 * spread


def test_showings_have_the_probability_they_were_chosen_with() -> None:
    outfits = style_collection(5, COLLECTION)
    clicks = [click for seed in range(10) for click in show_collection(seed, COLLECTION, outfits)]
    shown = Counter(click.outfit_id for click in clicks)
    propensities = {click.outfit_id: click.propensity for click in clicks}
    for outfit_id, propensity in propensities.items():
        assert propensity is not None
        assert shown[outfit_id] / len(clicks) == pytest.approx(propensity, abs=0.02)


def test_an_outfit_is_dressed_from_head_to_foot_for_one_gender() -> None:
    for styled in style_collection(5, COLLECTION):
        slots = [item.article.slot.value for item in styled.items]
        assert "shoes" in slots
        assert ("whole" in slots) != ({"top", "bottom"} <= set(slots))
        assert len({item.item.gender for item in styled.items} - {"Unisex"}) <= 1


def test_a_collection_with_no_shoes_makes_no_outfit_and_shows_nothing() -> None:
    barefoot = [item for item in COLLECTION if item.article.slot != "shoes"]
    assert style_collection(5, barefoot) == []
    assert show_collection(5, barefoot, []) == []


def test_outfit_ids_name_the_part_of_the_collection_they_were_made_from() -> None:
    part, whole = style_collection(5, COLLECTION[:100]), style_collection(5, COLLECTION)
    assert part[0].outfit.outfit_id.startswith("w5-o000000x100-")
    assert not {one.outfit.outfit_id for one in part} & {one.outfit.outfit_id for one in whole}
    assert not {one.number for one in part} & {one.number for one in whole}


def test_relisted_items_are_left_out_of_outfits() -> None:
    worn = {item.number for styled in style_collection(5, COLLECTION) for item in styled.items}
    assert worn <= {item.number for item in COLLECTION if item.drawn_as == item.number}


def test_showings_come_in_the_order_of_time_within_two_weeks() -> None:
    times = [str(click.shown_at) for click in show_collection(5, COLLECTION, style_collection(5, COLLECTION))]
    assert times == sorted(times)
    assert "2026-01-05" <= times[0] < times[-1] < "2026-01-19"
