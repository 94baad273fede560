"""Consumers' photos become shoppers' photos of their items."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from public_sets_world import (
    write_consumer_to_shop,
)

from atelier.datasets.drop import read_drop
from atelier.datasets.public_sets import read_protocol


def test_consumers_ask_for_the_shops_photos_of_the_test_part_each_once(tmp_path: Path) -> None:
    protocol = read_protocol("consumer-to-shop", write_consumer_to_shop(tmp_path))
    assert [Path(shown.name).name for shown in protocol.queries] == ["comsumer_01.jpg", "comsumer_02.jpg"] * 2
    assert Counter(shown.item for shown in protocol.gallery) == {"id_00000003": 2, "id_00000004": 1}
    assert protocol.ks == (1, 20, 50)


def test_consumers_photos_are_ingested_as_shoppers_photos_of_the_item(tmp_path: Path) -> None:
    drop = read_drop(write_consumer_to_shop(tmp_path))
    assert (drop.layouts, drop.rejected) == (("deepfashion-consumer-to-shop",), [])
    assert Counter((raw.photo.kind, raw.photo.split) for raw in drop.photos) == {
        ("shopper", "train"): 2,
        ("catalogue", "train"): 1,
        ("shopper", "validation"): 2,
        ("catalogue", "validation"): 1,
        ("shopper", "test"): 4,
        ("catalogue", "test"): 3,
    }
    assert {item.category for item in drop.rows["items"]} == {"Lace Dress"}
    assert {raw.photo.item_id for raw in drop.photos} == {item.item_id for item in drop.rows["items"]}
