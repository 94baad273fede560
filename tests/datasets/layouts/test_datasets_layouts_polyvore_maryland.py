"""Public sets of outfits: read as they were published, sides kept, and whatever is broken named alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from outfit_sets_world import (
    maryland_outfit,
    write_categories,
    write_files,
    write_maryland,
)

from atelier.datasets.drop import read_drop
from atelier.vocabulary import Item, Outfit


def test_pieces_of_an_outfit_become_items_with_photos(tmp_path: Path) -> None:
    outfit = maryland_outfit("31")
    outfit["items"][0] |= {"name": " ", "price": -1}
    write_maryland(tmp_path / "outfits", outfit)
    write_categories(tmp_path / "polyvore_categories")
    drop = read_drop(tmp_path)
    assert drop.layouts == ("polyvore-maryland", "polyvore-categories")
    source = "polyvore-maryland"
    assert drop.rows["items"] == [
        Item("polyvore-31-1", "Sandals", "Sandals", source),
        Item("polyvore-31-2", "piece 2", "Backpacks", source, price=20),
        Item("polyvore-31-3", "piece 3", "Day Dresses", source, price=30),
    ]
    item_ids = ("polyvore-31-1", "polyvore-31-2", "polyvore-31-3")
    assert drop.rows["outfits"] == [
        Outfit("polyvore-31", item_ids, source, "outfit 31", likes=7, made_by="expert")
    ]
    assert [(raw.photo.photo_id, raw.photo.item_id, raw.photo.kind) for raw in drop.photos] == [
        (item_id, item_id, "catalogue") for item_id in item_ids
    ]
    assert drop.photos[1].read() == (tmp_path / "outfits/images/31/2.jpg").read_bytes()


def test_a_piece_stays_in_its_outfit_whatever_its_price_says(tmp_path: Path) -> None:
    outfit = maryland_outfit("31")
    for piece, price in zip(outfit["items"], ("$19.00", "sold out", {"USD": 5}), strict=True):
        piece["price"] = price
    drop = read_drop(write_maryland(tmp_path, outfit))
    assert [item.price for item in drop.rows["items"]] == [19, None, None]
    assert len(drop.rows["outfits"][0].item_ids) == 3
    assert drop.rejected == []


def test_without_names_a_category_is_its_id(tmp_path: Path) -> None:
    drop = read_drop(write_maryland(tmp_path, maryland_outfit("31")))
    assert [item.category for item in drop.rows["items"]] == ["46", "259", "4"]


def test_outfits_of_published_lists_keep_their_side(tmp_path: Path) -> None:
    for number, name in enumerate(("train", "valid", "test"), start=1):
        write_maryland(tmp_path, maryland_outfit(str(number)), name=f"{name}_no_dup.json")
    drop = read_drop(tmp_path)
    assert [outfit.split for outfit in drop.rows["outfits"]] == ["train", "validation", "test"]
    assert {item.split for item in drop.rows["items"]} == {None}


def test_a_piece_without_a_published_picture_is_fine_and_one_that_lacks_it_is_told(tmp_path: Path) -> None:
    outfit = maryland_outfit("31")
    write_maryland(tmp_path, outfit)
    outfit["items"][0]["file"] = None
    outfit["items"][1]["file"] = "31/9.jpg"
    write_files(tmp_path, {"outfits.json": [outfit]})
    drop = read_drop(tmp_path)
    assert [raw.photo.photo_id for raw in drop.photos] == ["polyvore-31-3"]
    (rejected,) = drop.rejected
    assert (rejected.table, rejected.row["photo_id"]) == ("photos", "polyvore-31-2")
    assert "outfit 1" in rejected.reason
    assert "holds no picture '31/9.jpg'" in rejected.reason


def test_broken_outfits_and_pieces_are_rejected_alone(tmp_path: Path) -> None:
    write_maryland(tmp_path, maryland_outfit("31"))
    good = maryland_outfit("31")
    pieces = [*good["items"], {"index": 4}, {"name": "no index", "categoryid": 4}, "hat"]
    outfits: list[Any] = [good | {"items": pieces}, maryland_outfit("32", items="none"), {"items": []}, None]
    drop = read_drop(write_files(tmp_path, {"outfits.json": outfits}))
    assert [len(outfit.item_ids) for outfit in drop.rows["outfits"]] == [3]
    assert Counter(one.table for one in drop.rejected) == {"items": 3, "outfits": 3}
    assert [one.reason.partition(": ")[0][-8:] for one in drop.rejected] == [
        *["outfit 1"] * 3, "outfit 2", "outfit 3", "outfit 4",
    ]  # fmt: skip
