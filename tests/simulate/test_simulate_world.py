"""Items follow from seed and number; their pictures look like what their facts say."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from atelier.simulate.articles import ARTICLE_TYPES
from atelier.simulate.canvas import SIZE, Canvas, outline
from atelier.simulate.catalogue import catalogue_photo, draw_item
from atelier.simulate.garments.wardrobe import DRAWERS
from atelier.simulate.look import Look
from atelier.simulate.palette import COLOURS, draw_palette, harmony
from atelier.simulate.patterns import PATTERNS, weave
from atelier.simulate.scenes import SCENE_SIZE, draw_scene
from atelier.simulate.world import COLLECTION_SIZE, SimulatedItem, make_item

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


def test_every_named_pattern_and_colour_exists() -> None:
    for article in ARTICLE_TYPES.values():
        assert set(article.patterns) <= set(PATTERNS)
        assert set(article.colours) <= set(COLOURS)


@pytest.mark.parametrize("pattern", sorted(PATTERNS))
def test_a_pattern_covers_the_canvas_and_all_but_plain_ones_vary(pattern: str) -> None:
    rng = np.random.default_rng(5)
    fabric = weave(pattern, draw_palette("Blue", rng), rng)
    assert fabric.size == SIZE
    assert (np.asarray(fabric).std() > 3) or pattern == "plain"


def test_items_do_not_depend_on_each_other_or_on_their_order() -> None:
    assert [make_item(11, number) for number in (599, 3, 250)] == [WORLD[599], WORLD[3], WORLD[250]]
    assert make_item(12, 3).item != WORLD[3].item


def test_items_of_one_type_differ_to_the_eye() -> None:
    shirts = [item for item in WORLD if item.item.category == "Tshirts" and item.drawn_as == item.number][:8]
    photos = [np.asarray(draw_item(11, item).convert("RGB").resize((24, 32)), dtype=float) for item in shirts]
    for i, first in enumerate(photos):
        for second in photos[:i]:
            assert np.abs(first - second).mean() > 5


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


def test_colours_go_together_both_ways_and_neutral_ones_with_all() -> None:
    for first in COLOURS:
        for second in COLOURS:
            assert harmony(first, second) == harmony(second, first)
            assert 0 <= harmony(first, second) <= 1
    assert harmony("Orange", "Purple") < 0.5 < harmony("Orange", "White")


def test_paint_is_opaque_inside_an_outline_and_absent_outside() -> None:
    canvas = Canvas(np.random.default_rng(0))
    canvas.fill(outline((20, 20), (100, 20), (100, 140), (20, 140)), (200, 10, 10), depth=0, folds=0)
    picture = np.asarray(canvas.picture())
    assert tuple(picture[160, 120]) == (200, 10, 10, 255)
    assert picture[10, 10, 3] == 0


def test_scenes_are_cluttered_and_differ() -> None:
    first, second = (draw_scene(np.random.default_rng(seed)) for seed in (1, 2))
    assert first.shape == (*SCENE_SIZE[::-1], 3)
    assert first.std() > 20
    assert (first != second).any()
