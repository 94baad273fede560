"""`polyvore-maryland` (Han et al. 2017): outfits that people put together, with a picture of each piece.

    outfits.json                   [{"set_id": "100050716", "name": ..., "likes": 9, "items": [...]}, ...]
                                   each item: index, name, price ('$19.00', -1: not known), categoryid
    images/<set_id>/<index>.jpg    or images.zip/...; an item's `file` may name it, or be null: none
    category_id.txt                4 Day Dresses; may also lie in the folder `polyvore_categories` beside it

Published as `train_no_dup.json`, `valid_no_dup.json` and `test_no_dup.json`, whose outfits keep their side.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from atelier.datasets.files import File
from atelier.datasets.layouts.layout import Folder, Layout, raw_photo
from atelier.datasets.layouts.polyvore import (
    CATEGORIES,
    OUTFITS,
    begins_with_key,
    category_names,
    id_of,
    one_line,
    read_records,
)
from atelier.datasets.prices import price_of
from atelier.datasets.raw import Drop
from atelier.datasets.values import to_row
from atelier.vocabulary import Photo, PhotoKind, Split

NAME = "polyvore-maryland"
_LISTS = {
    OUTFITS: None,
    "train_no_dup.json": Split.TRAIN,
    "valid_no_dup.json": Split.VALIDATION,
    "test_no_dup.json": Split.TEST,
}
_PICTURE_FOLDERS = ("images", "images.zip", "images.zip/images", "")


def read(folder: Folder, drop: Drop) -> None:
    """Read an item `polyvore-<set_id>-<index>` with its photo for each piece, and the outfits."""
    names = _names(folder)
    for name, split in _LISTS.items():
        if folder.file(name) is not None:
            for where, record in read_records(folder, name, "outfits", drop):
                _read_outfit(_Source(folder, where, names), record, split, drop)


class _Source:
    """Where an outfit was found, for its pictures, its categories and for messages."""

    def __init__(self, folder: Folder, where: str, names: dict[str, str]) -> None:
        self.folder, self.where, self.names = folder, where, names

    def picture(self, name: str) -> File | None:
        places = (self.folder.path / place / name for place in _PICTURE_FOLDERS)
        return next((file for place in places if (file := self.folder.files.find(place)) is not None), None)


def _names(folder: Folder) -> dict[str, str]:
    places = (folder.path / CATEGORIES, folder.path.parent / "polyvore_categories" / CATEGORIES)
    file = next((file for place in places if (file := folder.files.get(place)) is not None), None)
    return {} if file is None else category_names(file)


def _read_outfit(source: _Source, record: dict[str, Any], split: Split | None, drop: Drop) -> None:
    values = {"outfit_id": record.get("set_id"), "title": one_line(record.get("name")), "source": NAME}
    values |= {"likes": record.get("likes"), "made_by": "expert", "split": split and split.value}
    try:
        set_id, pieces = id_of(record.get("set_id")), record.get("items")
        if not isinstance(pieces, list):
            raise ValueError(f"items is {ascii(pieces)[:80]}; expected a list of pieces")
        item_ids = [_read_piece(source, set_id, piece, drop) for piece in pieces]
        values |= {"outfit_id": f"polyvore-{set_id}", "item_ids": [one for one in item_ids if one]}
        drop.rows["outfits"].append(to_row("outfits", values))
    except ValueError as error:
        drop.reject("outfits", values, f"{source.where}: {error}")


def _read_piece(source: _Source, set_id: str, piece: Any, drop: Drop) -> str | None:
    """The id of the piece's item; None where it cannot be read."""
    piece = piece if isinstance(piece, dict) else {}
    values: dict[str, Any] = {"title": one_line(piece.get("name")), "source": NAME}
    try:
        index, category_id = id_of(piece.get("index")), id_of(piece.get("categoryid"))
        values |= {
            "item_id": f"polyvore-{set_id}-{index}",
            "category": source.names.get(category_id, category_id),
            "price": price_of(piece.get("price")),
        }
        values["title"] = values["title"] or values["category"]
        item = to_row("items", values)
    except ValueError as error:
        drop.reject("items", values, f"{source.where}: {error}")
        return None
    drop.rows["items"].append(item)
    _read_photo(source, item.item_id, piece.get("file", f"{set_id}/{index}.jpg"), drop)
    return str(item.item_id)


def _read_photo(source: _Source, item_id: str, name: Any, drop: Drop) -> None:
    file = source.picture(name) if isinstance(name, str) else None
    if file is not None:
        drop.photos.append(raw_photo(Photo(item_id, item_id, PhotoKind.CATALOGUE, NAME), [file]))
    elif name is not None:
        row = {"photo_id": item_id, "item_id": item_id}
        missing = source.folder.missing(f"holds no picture {name!a}", PurePosixPath(str(name)).stem)
        drop.reject("photos", row, f"{source.where}: {missing}")


def _recognises(folder: Folder) -> bool:
    return begins_with_key(folder, OUTFITS, "items") or folder.file("train_no_dup.json") is not None


LAYOUT = Layout(NAME, f"{OUTFITS} with items, or train_no_dup.json", _recognises, read)
