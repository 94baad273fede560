"""`polyvore-outfits` (Vasileva et al. 2018): 68,306 outfits of 251,008 items, each in as many as it likes.

    polyvore_item_metadata.json     {"154249722": {"title": ..., "url_name": ..., "semantic_category": "tops",
                                     "category_id": "15", ...}, ...}
    polyvore_outfit_titles.json     {"199244701": {"title": ..., "url_name": ...}, ...}
    categories.csv                  15,Sweaters,tops; an id may have several lines, of which the first counts
    images/<item_id>.jpg
    nondisjoint/train.json          [{"set_id": "199244701",
                                      "items": [{"item_id": "154249722", "index": 1}, ...]}, ...]
    nondisjoint/valid.json, nondisjoint/test.json, disjoint/...

An ingest takes the outfits and sides of `nondisjoint`, where outfits of two sides may share items, and those
of `disjoint` only where a folder holds nothing else. The questions of both are for `outfit_protocol.py`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from atelier.datasets.layouts.layout import Folder, Layout, Pictures, raw_photo, read_json
from atelier.datasets.layouts.polyvore import id_of, one_line, read_records
from atelier.datasets.raw import Drop
from atelier.datasets.values import to_row
from atelier.errors import DropError, PictureError
from atelier.vocabulary import Photo, PhotoKind, Split

NAME = "polyvore-outfits"
VARIANTS = ("nondisjoint", "disjoint")
"""In the order in which an ingest takes them."""
_METADATA, _TITLES, _CATEGORIES = (
    "polyvore_item_metadata.json",
    "polyvore_outfit_titles.json",
    "categories.csv",
)
_SIDES = {"train": Split.TRAIN, "valid": Split.VALIDATION, "test": Split.TEST}


def read(folder: Folder, drop: Drop) -> None:
    """Read an item `po-<item_id>` with its photo for each item of the metadata, and the outfits
    `po-<set_id>`.
    """
    variant = next((name for name in VARIANTS if folder.file(f"{name}/train.json") is not None), None)
    if variant is None:
        raise DropError(f"{folder.path} has {_METADATA}, but neither nondisjoint/ nor disjoint/train.json")
    _read_items(folder, drop)
    titles = _object(folder, _TITLES) if folder.file(_TITLES) is not None else {}
    for side, split in _SIDES.items():
        for where, record in read_records(folder, f"{variant}/{side}.json", "outfits", drop):
            _read_outfit(where, record, split, titles, drop)


def item_id_of(theirs: Any) -> str:
    """Return our id of an item of the set; ValueError where theirs is none."""
    return f"po-{id_of(theirs)}"


def pieces_of(record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """List the pieces of an outfit: name in the questions ('199244701_1') and our id of the item."""
    set_id, pieces = id_of(record.get("set_id")), record.get("items")
    if not isinstance(pieces, list) or not all(isinstance(piece, dict) for piece in pieces):
        raise ValueError(f"items is {ascii(pieces)[:80]}; expected a list of pieces")
    for piece in pieces:
        yield f"{set_id}_{id_of(piece.get('index'))}", item_id_of(piece.get("item_id"))


def _read_items(folder: Folder, drop: Drop) -> None:
    categories, pictures = _categories(folder), Pictures(folder)
    for number, entry in _object(folder, _METADATA).items():
        facts = entry if isinstance(entry, dict) else {}
        category_id, department = str(facts.get("category_id") or ""), facts.get("semantic_category")
        category = categories.get(category_id) or department or category_id
        title = one_line(facts.get("title")) or one_line(facts.get("url_name")) or category
        values = {"title": title, "category": category, "department": department, "source": NAME}
        try:
            values["item_id"] = item_id_of(number)
            item = to_row("items", values)
        except ValueError as error:
            drop.reject("items", values, f"{folder.path / _METADATA}, item {ascii(number)[:80]}: {error}")
            continue
        drop.rows["items"].append(item)
        if sizes := pictures.named(number):
            photo = Photo(item.item_id, item.item_id, PhotoKind.CATALOGUE, NAME)
            drop.photos.append(raw_photo(photo, sizes))
        else:
            row = {"photo_id": item.item_id, "item_id": item.item_id}
            drop.reject("photos", row, pictures.why_missing(number))


def _read_outfit(
    where: str, record: dict[str, Any], split: Split, titles: dict[str, Any], drop: Drop
) -> None:
    values = {"outfit_id": record.get("set_id"), "made_by": "expert", "split": split.value, "source": NAME}
    try:
        set_id = id_of(record.get("set_id"))
        known = titles.get(set_id)
        known = known if isinstance(known, dict) else {}
        values |= {
            "outfit_id": f"po-{set_id}",
            "title": one_line(known.get("title")) or one_line(known.get("url_name")),
            "item_ids": list(dict.fromkeys(item_id for _, item_id in pieces_of(record))),
        }
        drop.rows["outfits"].append(to_row("outfits", values))
    except ValueError as error:
        drop.reject("outfits", values, f"{where}: {error}")


def _object(folder: Folder, name: str) -> dict[str, Any]:
    file, content = read_json(folder, name)
    if not isinstance(content, dict):
        raise DropError(f"{file.path} holds a {type(content).__name__}; expected one object, by id")
    return content


def _categories(folder: Folder) -> dict[str, str]:
    """The first name of each category; none where the folder does not tell."""
    file = folder.file(_CATEGORIES)
    if file is None:
        return {}
    try:
        rows = csv.reader(file.read().decode("utf-8-sig", errors="surrogateescape").splitlines())
        pairs = [(row[0].strip(), row[1].strip()) for row in rows if len(row) >= 2]
    except (PictureError, csv.Error) as error:
        raise DropError(f"{file.path} is not CSV we can read: {error}") from error
    return dict(reversed(pairs))


def recognises(folder: Folder) -> bool:
    return folder.file(_METADATA) is not None


LAYOUT = Layout(NAME, _METADATA, recognises, read)
