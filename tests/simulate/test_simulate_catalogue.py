"""A catalogue photo shows one item whole on a plain background."""

from __future__ import annotations

import numpy as np
import pytest

from atelier.simulate.articles import ARTICLE_TYPES
from atelier.simulate.canvas import SIZE
from atelier.simulate.catalogue import catalogue_photo, draw_item
from atelier.simulate.garments.wardrobe import DRAWERS
from atelier.simulate.world import SimulatedItem, make_item

WORLD = [make_item(11, number) for number in range(600)]


def _one_of_each() -> list[SimulatedItem]:
    found: dict[str, SimulatedItem] = {}
    for item in WORLD:
        found.setdefault(item.item.category, item)
    return list(found.values())


def test_every_article_type_occurs_and_can_be_drawn() -> None:
    assert len(ARTICLE_TYPES) >= 20
    assert set(DRAWERS) == set(ARTICLE_TYPES)
    assert {item.item.category for item in WORLD} == set(ARTICLE_TYPES)


@pytest.mark.parametrize("item", _one_of_each(), ids=lambda item: item.item.category)
def test_an_item_fills_a_good_part_of_its_plain_photo(item: SimulatedItem) -> None:
    picture = draw_item(11, item)
    alpha = np.asarray(picture.getchannel("A"))
    assert picture.size == SIZE
    assert 0.03 < (alpha > 128).mean() < 0.85
    assert not alpha[0].any(), "the item is cut off"
    assert not alpha[-1].any(), "the item is cut off"
    photo = catalogue_photo(picture, np.random.default_rng(0))
    border = np.concatenate([photo[:3].reshape(-1, 3), photo[-3:].reshape(-1, 3)])
    assert border.std(axis=0).max() < 8, "the background is not plain"


def test_items_of_one_type_differ_to_the_eye() -> None:
    shirts = [item for item in WORLD if item.item.category == "Tshirts" and item.drawn_as == item.number][:8]
    photos = [np.asarray(draw_item(11, item).convert("RGB").resize((24, 32)), dtype=float) for item in shirts]
    for i, first in enumerate(photos):
        for second in photos[:i]:
            assert np.abs(first - second).mean() > 5
