"""Stanford's products are read by class."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from public_sets_world import (
    write_sop,
)

from atelier.datasets.drop import read_drop
from atelier.datasets.public_sets import read_protocol


def test_stanford_products_ask_all_test_photos_of_all_test_photos(tmp_path: Path) -> None:
    protocol = read_protocol("sop", write_sop(tmp_path))
    assert protocol.queries == protocol.gallery
    assert Counter(shown.item for shown in protocol.queries) == {"3": 3, "4": 2, "5": 3, "6": 2}
    assert protocol.ks == (1, 10, 100, 1000)


def test_stanford_products_are_ingested_by_class(tmp_path: Path) -> None:
    drop = read_drop(write_sop(tmp_path))
    assert (drop.layouts, drop.rejected) == (("stanford-online-products",), [])
    items = {item.item_id: item for item in drop.rows["items"]}
    assert (items["sop-3"].category, items["sop-3"].split) == ("coffee maker", "test")
    assert items["sop-4"].title == "bicycle 4"
