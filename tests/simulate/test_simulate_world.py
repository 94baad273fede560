"""Items follow from seed and number; their pictures look like what their facts say."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from atelier.simulate.articles import ARTICLE_TYPES
from atelier.simulate.canvas import Canvas
from atelier.simulate.catalogue import draw_item
from atelier.simulate.garments.wardrobe import DRAWERS
from atelier.simulate.look import Look
from atelier.simulate.palette import draw_palette
from atelier.simulate.world import COLLECTION_SIZE, make_item

WORLD = [make_item(11, number) for number in range(600)]


@pytest.mark.parametrize("name", sorted(ARTICLE_TYPES))
def test_every_cut_of_every_type_can_be_drawn(name: str) -> None:
    """Each value of each cut once: a misspelt one would raise KeyError only where chance met it."""
    article, rng = ARTICLE_TYPES[name], np.random.default_rng(3)
    for turn in range(max((len(values) for values in article.cuts.values()), default=1)):
        cut = {feature: values[turn % len(values)] for feature, values in article.cuts.items()}
        look = Look(cut, article.patterns[turn % len(article.patterns)], draw_palette("Red", rng))
        canvas = Canvas(rng)
        DRAWERS[name](canvas, look, rng)
        assert canvas.picture().getchannel("A").getbbox() is not None


def test_items_do_not_depend_on_each_other_or_on_their_order() -> None:
    assert [make_item(11, number) for number in (599, 3, 250)] == [WORLD[599], WORLD[3], WORLD[250]]
    assert make_item(12, 3).item != WORLD[3].item


def test_a_relisted_item_shows_its_original_and_shares_its_group() -> None:
    relisted = [item for item in WORLD if item.drawn_as != item.number]
    assert 2 <= len(relisted) <= 20
    for item in relisted:
        original = WORLD[item.drawn_as]
        assert item.item.duplicate_group == original.item.duplicate_group == original.item.item_id
        assert item.number // COLLECTION_SIZE == original.number // COLLECTION_SIZE
        assert draw_item(11, item).tobytes() == draw_item(11, original).tobytes()


def test_facts_stay_within_what_an_article_allows() -> None:
    for simulated in WORLD:
        item, article = simulated.item, simulated.article
        assert item.colour in article.colours
        assert item.gender in article.genders
        assert item.season in article.seasons
        assert item.price is not None
        assert article.price[0] - 1 <= item.price <= article.price[1]
        assert (item.rating is None) == (item.num_reviews == 0)
    assert len(Counter(simulated.item.item_id for simulated in WORLD)) == len(WORLD)
