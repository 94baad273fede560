"""The clothing dataset becomes shoppers' photos without items."""

from __future__ import annotations

from pathlib import Path

from layouts_world import CLOTHING, write

from atelier.datasets.drop import read_drop


def test_clothing_dataset_becomes_shoppers_photos_without_items(tmp_path: Path) -> None:
    drop = read_drop(write(tmp_path, CLOTHING))
    (raw,) = drop.photos
    photo = raw.photo
    assert (photo.photo_id, photo.item_id, photo.kind) == ("ea7b", None, "shopper")
    assert (photo.category, photo.sender) == ("T-Shirt", "148")
