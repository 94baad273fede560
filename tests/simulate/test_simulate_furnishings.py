"""Bedrooms: furniture follows from seed and number, can be drawn in every style, and makes whole sets."""

from __future__ import annotations

import csv
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import yaml

from atelier.datasets.drop import read_drop
from atelier.errors import DropError
from atelier.jobs.data.simulate import simulate as simulate_job
from atelier.rules.file import ready_made
from atelier.settings import Settings
from atelier.simulate.canvas import SIZE, Canvas
from atelier.simulate.catalogue import catalogue_photo, draw_item
from atelier.simulate.drop import SimulatedDrop, simulate
from atelier.simulate.furnishings import FURNISHINGS, SHOPS
from atelier.simulate.furniture.showroom import DRAWERS
from atelier.simulate.look import Look
from atelier.simulate.palette import draw_palette
from atelier.simulate.styles import BEDROOM_STYLES
from atelier.simulate.stylists import style_collection
from atelier.simulate.trades import Trade
from atelier.simulate.world import SimulatedItem, item_of, make_item

WORLD = [make_item(7, number, Trade.BEDROOM) for number in range(400)]


def _one_of_each() -> list[SimulatedItem]:
    found: dict[str, SimulatedItem] = {}
    for item in WORLD:
        found.setdefault(item.item.category, item)
    return list(found.values())


@pytest.fixture(scope="module")
def drop(tmp_path_factory: pytest.TempPathFactory) -> SimulatedDrop:
    folder = tmp_path_factory.mktemp("bedroom")
    return simulate(folder, 30, seed=7, trade=Trade.BEDROOM, processes=1, progress=False)


def test_every_kind_of_furniture_occurs_in_every_style() -> None:
    assert set(DRAWERS) == set(FURNISHINGS)
    assert {(item.item.category, item.style) for item in WORLD} == {
        (category, style) for category in FURNISHINGS for style in BEDROOM_STYLES
    }


@pytest.mark.parametrize("item", _one_of_each(), ids=lambda item: item.item.category)
def test_furniture_fills_a_good_part_of_its_plain_photo(item: SimulatedItem) -> None:
    picture = draw_item(7, item)
    alpha = np.asarray(picture.getchannel("A"))
    assert picture.size == SIZE
    assert 0.03 < (alpha > 128).mean() < 0.85
    edges = (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1])
    assert not any(edge.any() for edge in edges), "the item is cut off"
    photo = catalogue_photo(picture, np.random.default_rng(0))
    assert np.concatenate([photo[:3].reshape(-1, 3), photo[-3:].reshape(-1, 3)]).std(axis=0).max() < 8


@pytest.mark.parametrize("name", sorted(FURNISHINGS))
def test_every_cut_can_be_drawn_in_every_style(name: str) -> None:
    """A misspelt cut or style would raise KeyError only where chance met it."""
    cuts, rng = FURNISHINGS[name].cuts, np.random.default_rng(3)
    for number, style in enumerate(BEDROOM_STYLES * max(map(len, cuts.values()))):
        cut = {feature: values[number % len(values)] for feature, values in cuts.items()} | {"make": style}
        canvas = Canvas(rng)
        DRAWERS[name](canvas, Look(cut, "plain", draw_palette("Brown", rng)), rng)
        x0, y0, x1, y1 = canvas.picture().getchannel("A").getbbox() or (0, 0, 0, 0)
        assert 0 < x0 < x1 < SIZE[0]
        assert 0 < y0 < y1 < SIZE[1]


def test_the_ready_made_rules_speak_of_just_these_kinds() -> None:
    slots = yaml.safe_load(ready_made()["bedroom"].read_text())["slots"]
    assert {kind for slot in slots.values() for kind in slot["category"]} == set(FURNISHINGS)


def test_styles_can_be_told_apart_by_the_eye() -> None:
    """A modern bedside table stands on thin metal, a rustic one on posts: less of the foot is covered."""
    covered = {}
    for style in ("Modern", "Rustic"):
        tables = [item for item in WORLD if item.item.category == "Bedside Tables" and item.style == style]
        feet = [np.asarray(draw_item(7, item).crop((0, 200, 240, 230)).getchannel("A")) for item in tables]
        covered[style] = np.mean([(foot > 128).mean() for foot in feet])
    assert covered["Modern"] < 0.6 * covered["Rustic"]


def test_ids_differ_from_those_of_fashion_and_lead_back_to_the_item() -> None:
    garments = [make_item(7, number) for number in range(400)]
    assert not {item.item.item_id for item in WORLD} & {item.item.item_id for item in garments}
    for item in (*WORLD[::37], *garments[::37]):
        assert item_of(item.item.item_id) == item
    relisted = next(item for item in WORLD if item.drawn_as != item.number)
    assert item_of(relisted.item.item_id) == relisted
    assert relisted.style == WORLD[relisted.drawn_as].style
    for strange in ("x7-000001", "w7-1", "4711", "", "w7-000001x"):
        with pytest.raises(ValueError, match="no id of a simulated item"):
            item_of(strange)


def test_facts_are_of_a_shop_and_leave_out_what_furniture_has_not() -> None:
    for simulated in WORLD:
        item, article = simulated.item, simulated.article
        assert item.shop in SHOPS
        assert (item.gender, item.season, item.usage) == (None, None, None)
        assert item.price is not None
        assert article.price[0] - 1 <= item.price <= article.price[1]
        assert item.style in {simulated.style, None}
        assert simulated.style not in item.title
    assert 0.7 < np.mean([item.item.style is not None for item in WORLD]) < 0.9


def test_expert_sets_are_whole_bedrooms_of_one_shop_that_mostly_keep_the_ready_made_rules() -> None:
    sets = [
        styled
        for start in range(0, 1200, 200)
        for styled in style_collection(7, [make_item(7, start + n, Trade.BEDROOM) for n in range(200)])
    ]
    assert len(sets) > 150
    kept = Counter[str]()
    for styled in sets:
        assert len({item.item.shop for item in styled.items}) == 1
        categories = [item.item.category for item in styled.items]
        assert len(set(categories)) == len(categories)
        slots = [item.article.slot.value for item in styled.items]
        assert slots[:4] == ["bed", "bedside", "lamp", "wall"]
        assert styled.outfit.made_by == "expert"
        styles = [{a.style, b.style} for a, b in combinations(styled.items, 2)]
        kept["styles"] += {"Rustic", "Modern"} not in styles
        kept["lamp"] += not {"Stools", "Table Lamps"} <= set(categories)
        kept["price"] += 300 <= sum(item.item.price or 0 for item in styled.items) <= 3000
    assert min(kept.values()) > 0.8 * len(sets)


def test_the_drop_holds_two_photos_of_each_item_sets_and_clicks(drop: SimulatedDrop) -> None:
    read = read_drop(drop.drop_dir)
    assert (read.name, read.rejected, read.unknown) == ("simulated-bedroom-7-0-30", [], ())
    assert [item.item_id for item in read.rows["items"]] == [f"b7-{number:06d}" for number in range(30)]
    assert Counter(raw.photo.kind for raw in read.photos) == {"catalogue": 30, "shopper": 30}
    assert all(raw.photo.box for raw in read.photos if raw.photo.kind == "shopper")
    assert read.rows["outfits"]
    assert all(outfit.made_by == "expert" for outfit in read.rows["outfits"])
    assert {click.outfit_id for click in read.rows["clicks"]} <= {
        outfit.outfit_id for outfit in read.rows["outfits"]
    }


def test_a_drop_of_another_trade_takes_the_place_of_an_earlier_one_whole(tmp_path: Path) -> None:
    simulate(tmp_path, 10, seed=0, progress=False)
    assert (tmp_path / "pictures-street.zip").exists()
    settings = Settings(home=tmp_path / "home")
    with pytest.raises(ValueError, match="garden"):
        simulate_job(settings, tmp_path, num_items=2, trade="garden", progress=False)
    simulate_job(settings, tmp_path, num_items=2, trade="bedroom", progress=False)
    assert not (tmp_path / "pictures-street.zip").exists()
    assert not (tmp_path / "regions.csv").exists()
    with (tmp_path / "items.csv").open(encoding="utf-8", newline="") as file:
        assert [row["item_id"] for row in csv.DictReader(file)] == ["b0-000000", "b0-000001"]
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(DropError, match=r"thesis\.tex"):
        simulate(tmp_path, 1, seed=1, trade=Trade.BEDROOM, progress=False)
