"""Fashion Product Images become items with a photo each."""

from __future__ import annotations

from pathlib import Path

from layouts_world import fpi, jpeg, reasons, write

from atelier.datasets.drop import read_drop
from atelier.pictures import size
from atelier.vocabulary import Item


def test_fashion_product_images_become_items_with_a_photo_each(tmp_path: Path) -> None:
    drop = read_drop(write(tmp_path / "day", fpi()))
    assert drop.name == "day"
    assert drop.layouts == ("fashion-product-images",)
    assert drop.rejected == []
    assert drop.rows["items"] == [
        Item(
            "1164", "Nike Men Blue Jersey", "Tshirts", "fashion-product-images", "Topwear", "Apparel",
            "Men", "Blue", "Winter", 2015, "Sports",
        ),
        Item(
            "1530", "Heels, red", "Heels", "fashion-product-images", "Shoes", "Footwear",
            "Women", "NA", None, 2010, None, duplicate_group="7",
        ),
        Item(
            "1531", "Heels, blue, small", "Heels", "fashion-product-images", "Shoes", "Footwear",
            "Women", "Red", "Fall", None, "NA", duplicate_group="7",
        ),
    ]  # fmt: skip
    assert [(raw.photo.photo_id, raw.photo.item_id, raw.photo.kind) for raw in drop.photos] == [
        (name, name, "catalogue") for name in ("1164", "1530", "1531")
    ]
    assert all(raw.read() == jpeg() for raw in drop.photos)


def test_of_several_sizes_the_largest_picture_wins(tmp_path: Path) -> None:
    write(tmp_path, fpi(["small/1164.jpg", "images.zip/1530.jpg", "images.zip/1531.jpg"]))
    write(tmp_path, {"big.zip/sub/1164.jpg": jpeg(300, 400), "broken/1164.jpg": b"no picture"})
    photo = read_drop(tmp_path).photos[0]
    assert size(photo.read()) == (300, 400)
    assert len(photo.otherwise) == 3


def test_a_product_without_a_picture_is_an_item_and_a_rejected_photo(tmp_path: Path) -> None:
    drop = read_drop(write(tmp_path, fpi(["images/1530.jpg", "images/1531.jpg"])))
    assert len(drop.rows["items"]) == 3
    assert len(drop.photos) == 2
    assert reasons(drop) == [".: no picture is named 1164"]
