"""Which kind of item a shop's words and a street photo's labels mean."""

from __future__ import annotations

import pytest

from atelier.families.detection.kinds import KINDS, OTHER, kind_of
from atelier.simulate.garments.wardrobe import DRAWERS


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Casual Shoes", "footwear"),
        ("Flip Flops", "footwear"),
        ("t-shirt", "top"),
        ("Lounge Tshirts", "top"),
        ("Rain Jacket", "outerwear"),
        ("Messenger Bag", "bag"),
        ("Dresses", "dress"),
        ("Watches", "jewellery"),
        ("sunglasses", "eyewear"),
        ("Water Bottle", OTHER),
    ],
)
def test_the_last_known_word_decides(name: str, kind: str) -> None:
    assert kind_of(name) == kind


def test_every_article_of_the_simulated_world_has_a_kind() -> None:
    assert [name for name in DRAWERS if kind_of(name) == OTHER] == []
    assert OTHER in KINDS
