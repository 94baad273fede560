"""In-shop photos become items with catalogue photos and boxes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from public_sets_world import (
    IN_SHOP_BOX,
    in_shop_name,
    write_in_shop,
)

from atelier.datasets.drop import read_drop
from atelier.datasets.public_sets import read_protocol
from atelier.vocabulary import Box, Item


def test_in_shop_asks_query_photos_of_a_gallery_of_others(tmp_path: Path) -> None:
    protocol = read_protocol("in-shop", write_in_shop(tmp_path))
    assert [shown.name for shown in protocol.queries] == [in_shop_name(item, 1) for item in (3, 4, 5, 6)]
    assert Counter(shown.item for shown in protocol.gallery) == {f"id_{n:08d}": 2 for n in (3, 4, 5, 6)}
    assert {shown.box for shown in protocol.queries} == {Box(*IN_SHOP_BOX)}
    assert protocol.ks == (1, 10, 20, 30, 50)
    assert protocol.broken_lines == ()


def test_in_shop_is_ingested_as_items_with_catalogue_photos_and_boxes(tmp_path: Path) -> None:
    drop = read_drop(write_in_shop(tmp_path))
    assert (drop.layouts, drop.unknown, drop.rejected) == (("deepfashion-in-shop",), (), [])
    items: dict[str, Item] = {item.item_id: item for item in drop.rows["items"]}
    assert len(items) == 6
    third, fourth = items["inshop-id_00000003"], items["inshop-id_00000004"]
    assert (third.title, third.category, third.gender) == ("A knitted dress.", "Dresses", "Women")
    assert (third.colour, fourth.colour) == ("Cream", None), "one that comes in two colours has none"
    assert items["inshop-id_00000002"].title == "Men Tees Tanks id_00000002"
    assert {raw.photo.kind for raw in drop.photos} == {"catalogue"}
    assert {raw.photo.box for raw in drop.photos} == {Box(*IN_SHOP_BOX)}
