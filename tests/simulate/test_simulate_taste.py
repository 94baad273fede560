"""The truth behind outfits and clicks: what goes together, who likes it, and that data follow it."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import asdict, replace

import numpy as np
import pytest

from atelier.simulate.catalogue import draw_item
from atelier.simulate.styles import BEDROOM_STYLES, FASHION_STYLES, STYLES, style_match
from atelier.simulate.stylists import NUM_USERS, show_collection, style_collection
from atelier.simulate.taste import click_probability, compatibility, liking, make_user, user_of
from atelier.simulate.trades import Trade
from atelier.simulate.world import SimulatedItem, make_item
from atelier.vocabulary import Outfit

COLLECTION = [make_item(5, number) for number in range(200)]
BEDROOM = [make_item(5, number, Trade.BEDROOM) for number in range(200)]


def test_facts_and_pictures_of_a_seed_are_those_from_before_there_were_styles() -> None:
    """The digests were taken then; whoever changes the world on purpose takes them again."""
    facts = hashlib.sha256()
    for seed in (0, 5, 11):
        for number in range(600):
            known = asdict(make_item(seed, number).item)
            facts.update(
                repr({k: v for k, v in known.items() if k not in {"style", "scene", "shop"}}).encode()
            )
    assert facts.hexdigest() == "637464e6198bc98cb5b2b8e7a283bdec1c0c927a35d44e4477d01d415312bb10"
    pixels = b"".join(draw_item(5, item).tobytes() for item in COLLECTION[:8])
    assert (
        hashlib.sha256(pixels).hexdigest()
        == "0f284634c317a596f98625b5eb9cb0b7cd7e90029afc2b366c01213d845bee88"
    )


@pytest.mark.parametrize("styles", [FASHION_STYLES, BEDROOM_STYLES])
def test_any_two_styles_of_a_trade_go_together_or_clash_both_ways(styles: tuple[str, ...]) -> None:
    matches = {(a, b): style_match(a, b) for a in styles for b in styles}
    assert all(matches[a, b] == matches[b, a] for a, b in matches)
    assert all((match == 1.0) == (a == b) for (a, b), match in matches.items())
    assert min(matches.values()) == 0.0
    assert max(match for (a, b), match in matches.items() if a != b) > 0.8


def test_a_garment_s_usage_hints_at_its_style_but_does_not_tell_it() -> None:
    world = [make_item(5, number) for number in range(1500)]
    sporty = [item.style for item in world if item.item.usage == "Sports"]
    formal = [item.style for item in world if item.item.usage == "Formal"]
    assert sporty.count("Sporty") / len(sporty) > 2 * formal.count("Sporty") / len(formal)
    assert set(sporty) == set(formal) == set(FASHION_STYLES)
    told = [item.item.style for item in world]
    assert all(one in {item.style, None} for one, item in zip(told, world, strict=True))
    assert 0.15 < told.count(None) / len(told) < 0.25


@pytest.mark.parametrize(
    ("items", "first", "second"), [(COLLECTION, "Glam", "Sporty"), (BEDROOM, "Rustic", "Modern")]
)
def test_of_two_outfits_that_differ_in_a_style_the_one_of_one_style_goes_together_better(
    items: list[SimulatedItem], first: str, second: str
) -> None:
    one, other = items[:2]
    alike = [replace(one, style=first), replace(other, style=first)]
    clash = [replace(one, style=first), replace(other, style=second)]
    assert compatibility(alike) > compatibility(clash) + 0.15
    assert 0 <= compatibility(clash) <= compatibility(alike) <= 1


def test_a_table_lamp_does_not_stand_on_a_stool_and_trades_do_not_mix() -> None:
    def of(category: str) -> SimulatedItem:
        found = next(item for item in BEDROOM if item.item.category == category)
        return replace(found, style="Modern", item=replace(found.item, colour="White"))

    on_table = compatibility([of("Bedside Tables"), of("Table Lamps")])
    on_stool = compatibility([of("Stools"), of("Table Lamps")])
    assert on_table == pytest.approx(on_stool + 0.1)
    with pytest.raises(ValueError, match="two trades"):
        compatibility([BEDROOM[0], COLLECTION[0]])
    assert compatibility(COLLECTION[:1]) == 1.0


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


def test_the_truth_speaks_of_any_outfit_not_only_of_those_shown() -> None:
    user = make_user(5, 3)
    outfit = Outfit("mine", tuple(item.item.item_id for item in BEDROOM[:4]), "generator")
    odds = np.log(click_probability(user, outfit) / (1 - click_probability(user, outfit)))
    assert odds == pytest.approx(liking(user, BEDROOM[:4]))
    with pytest.raises(ValueError, match="no id of a simulated item"):
        click_probability(user, replace(outfit, item_ids=("4711",)))


def test_users_come_back_by_their_ids_and_differ_in_the_styles_they_like() -> None:
    users = [make_user(5, number) for number in range(NUM_USERS)]
    assert user_of(users[17].user_id).usage == users[17].usage
    assert np.array_equal(user_of(users[17].user_id).styles, users[17].styles)
    assert np.corrcoef([user.styles for user in users]).min() < -0.5
    with pytest.raises(ValueError, match="no id of a simulated user"):
        user_of("u17")
    style_number = STYLES.index(BEDROOM[0].style)
    fan = replace(users[0], styles=users[0].styles + np.eye(len(STYLES))[style_number])
    assert liking(fan, BEDROOM[:1]) > liking(users[0], BEDROOM[:1]) + 0.5
