"""Street photos show an outfit worn, with the true region of each garment."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from atelier.simulate.drop import SimulatedDrop, simulate
from atelier.simulate.streets import STREET_SIZE, outfit_jpeg
from atelier.simulate.stylists import StyledOutfit, style_collection
from atelier.simulate.world import make_item
from atelier.vocabulary import Outfit

NUM_ITEMS = 40


@pytest.fixture(scope="module")
def drop(tmp_path_factory: pytest.TempPathFactory) -> SimulatedDrop:
    return simulate(tmp_path_factory.mktemp("drop"), NUM_ITEMS, seed=5, progress=False)


def test_street_photos_show_the_garments_of_their_outfit_where_the_regions_say(drop: SimulatedDrop) -> None:
    outfits = {f"{styled.outfit.outfit_id}-street": styled for styled in drop.outfits}
    street = {photo.photo_id for photo in drop.photos if photo.kind == "street"}
    assert street
    assert {region.photo_id for region in drop.regions} == street
    for region in drop.regions:
        assert region.label in {item.item.category for item in outfits[region.photo_id].items}
        assert 0 <= region.x0 < region.x1 <= 360
        assert 0 <= region.y0 < region.y1 <= 540
        assert region.num_pixels is not None
        assert region.num_pixels <= (region.x1 - region.x0) * (region.y1 - region.y0)
    assert len({(region.photo_id, region.label) for region in drop.regions}) == len(drop.regions)


WORLD = [make_item(5, number) for number in range(200)]


def _worn(*categories: str) -> StyledOutfit:
    items = tuple(next(item for item in WORLD if item.item.category == category) for category in categories)
    outfit = Outfit("o1", tuple(item.item.item_id for item in items), "here")
    return StyledOutfit(3, outfit, items, 1.0)


def test_a_street_photo_is_a_jpeg_of_its_size_and_the_same_each_time() -> None:
    styled = style_collection(5, WORLD)[0]
    first, again = outfit_jpeg(5, styled, "p"), outfit_jpeg(5, styled, "p")
    assert first == again
    assert Image.open(io.BytesIO(first[0])).size == STREET_SIZE


def test_garments_lie_where_they_are_worn() -> None:
    _, regions = outfit_jpeg(5, _worn("Tshirts", "Trousers", "Sneakers", "Hats", "Handbags"), "p")
    middles = {region.label: (region.y0 + region.y1) / 2 for region in regions}
    assert middles["Hats"] < middles["Tshirts"] < middles["Trousers"] < middles["Sneakers"]
    bag = next(region for region in regions if region.label == "Handbags")
    assert (bag.x0 + bag.x1) / 2 > 240, "carried at the side"


def test_a_coat_hides_part_of_the_shirt_beneath_it() -> None:
    shirt = {}
    for outfit in (("Shirts", "Jeans"), ("Shirts", "Jeans", "Coats")):
        _, regions = outfit_jpeg(5, _worn(*outfit), "p")
        shirt[len(outfit)] = sum(region.num_pixels or 0 for region in regions if region.label == "Shirts")
    assert shirt[3] < 0.5 * shirt[2]


def test_what_is_not_worn_in_sight_has_no_region() -> None:
    _, regions = outfit_jpeg(5, _worn("Tshirts", "Jeans", "Wallets"), "p")
    assert {region.label for region in regions} == {"Tshirts", "Jeans"}
