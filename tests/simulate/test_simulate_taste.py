"""The truth behind outfits and clicks: what goes together, who likes it, and that data follow it."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace

import numpy as np
import pytest

from atelier.simulate.catalogue import draw_item
from atelier.simulate.styles import STYLES
from atelier.simulate.stylists import NUM_USERS
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
