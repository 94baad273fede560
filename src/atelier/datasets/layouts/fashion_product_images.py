"""`fashion-product-images`: `styles.csv`, and pictures `<id>.jpg` in folders or zips, in one size or more."""

from __future__ import annotations

from typing import Any

from atelier.datasets.layouts.layout import Folder, Layout, Pictures, raw_photo
from atelier.datasets.raw import Drop
from atelier.datasets.records import read_csv
from atelier.datasets.values import to_row
from atelier.vocabulary import Photo, PhotoKind

NAME = "fashion-product-images"
_COLUMNS = {
    "id": "item_id",
    "productDisplayName": "title",
    "articleType": "category",
    "subCategory": "subcategory",
    "masterCategory": "department",
    "gender": "gender",
    "baseColour": "colour",
    "season": "season",
    "year": "year",
    "usage": "usage",
    "dup_group": "duplicate_group",
}
_REQUIRED = ("id", "gender", "masterCategory", "subCategory", "articleType", "productDisplayName")


def read(folder: Folder, drop: Drop) -> None:
    """Read an item for each row of `styles.csv`, and its catalogue photo of the same id."""
    styles = folder.file("styles.csv")
    assert styles is not None, "recognised by this file"
    records = read_csv(styles, _REQUIRED, overflow="productDisplayName")
    for values, reason in records.broken:
        drop.reject("items", _renamed(values), reason)
    pictures = Pictures(folder)
    for values in records.rows:
        renamed = _renamed(values) | {"source": NAME}
        try:
            item = to_row("items", renamed)
        except ValueError as error:
            drop.reject("items", renamed, f"{styles.path}: {error}")
            continue
        drop.rows["items"].append(item)
        photo = Photo(item.item_id, item.item_id, PhotoKind.CATALOGUE, NAME)
        if sizes := pictures.named(item.item_id):
            drop.photos.append(raw_photo(photo, sizes))
        else:
            row = {"photo_id": item.item_id, "item_id": item.item_id}
            drop.reject("photos", row, pictures.why_missing(item.item_id))


def _renamed(values: dict[str, Any]) -> dict[str, Any]:
    return {ours: values[theirs] for theirs, ours in _COLUMNS.items() if theirs in values}


LAYOUT = Layout(NAME, "styles.csv", lambda folder: folder.file("styles.csv") is not None, read)
