"""`deepfashion-in-shop`: DeepFashion's In-shop Clothes Retrieval Benchmark, 52,712 photos of 7,982 items.

    Eval/list_eval_partition.txt        image_name item_id evaluation_status (train, query or gallery)
    Anno/list_bbox_inshop.txt           image_name clothes_type pose_type x_1 y_1 x_2 y_2
    Anno/list_description_inshop.json   [{"item": "id_00000002", "color": "Cream", "description": ["..."]}]
    Img/img/WOMEN/Dresses/id_00000002/02_1_front.jpg

Boxes and descriptions may be absent. Attributes, landmarks and segments are not read: no table of ours has
a place for them.
"""

from __future__ import annotations

from typing import Any

from atelier.datasets.layouts.deepfashion import (
    PARTITION,
    department_and_category,
    find_picture,
    has_partition,
    read_boxes,
    read_partition,
)
from atelier.datasets.layouts.layout import Folder, Layout, parse_json
from atelier.datasets.layouts.public_set import add_to_drop
from atelier.datasets.protocol import Listed, Protocol, Shown
from atelier.datasets.raw import Drop
from atelier.errors import DropError, PictureError

NAME = "deepfashion-in-shop"
COLUMNS = ("image_name", "item_id", "evaluation_status")
_STATUSES = ("train", "query", "gallery")
_DESCRIPTIONS = "Anno/list_description_inshop.json"
_GENDERS = {"MEN": "Men", "WOMEN": "Women"}
_LONGEST_TITLE = 200


def read(folder: Folder, drop: Drop) -> None:
    """Read an item for each item id, and a catalogue photo for each photo, all of which shops took."""
    titles = _descriptions(folder)

    def facts(shown: Shown) -> dict[str, Any]:
        department, category = department_and_category(shown.name)
        plain = f"{department.capitalize()} {category} {shown.item}".strip()
        title, colour = titles.get(shown.item, ("", None))
        gender = _GENDERS.get(department)
        return {"title": title or plain, "category": category, "gender": gender, "colour": colour}

    add_to_drop(drop, listed(folder), NAME, "inshop", facts)


def protocol(folder: Folder) -> Protocol:
    """Return the protocol: query photos are searched among the gallery photos for one of their item."""
    photos = listed(folder)
    return Protocol(
        "in-shop",
        queries=tuple(shown for shown in photos.photos if shown.status == "query"),
        gallery=tuple(shown for shown in photos.photos if shown.status == "gallery"),
        ks=(1, 10, 20, 30, 50),
        broken_lines=photos.broken,
    )


def listed(folder: Folder) -> Listed:
    """List the photos of the partition, with their boxes."""
    listing = read_partition(folder, COLUMNS)
    boxes, broken_boxes = read_boxes(folder, "list_bbox_inshop.txt")
    photos: dict[str, Shown] = {}
    for line, row in listing.rows:
        name, status = row["image_name"], row["evaluation_status"]
        if status not in _STATUSES:
            listing.reject(line, f"{name} is {status!a}; expected {', '.join(_STATUSES)}")
        elif name in photos:
            listing.reject(line, f"{name} was listed before")
        else:
            photos[name] = Shown(name, row["item_id"], status, find_picture(folder, name), boxes.get(name))
    return Listed(tuple(photos.values()), (*listing.broken, *broken_boxes))


def _descriptions(folder: Folder) -> dict[str, tuple[str, str | None]]:
    """The first sentence written of each item, and its colour where it comes in one alone."""
    file = folder.file(_DESCRIPTIONS)
    if file is None:
        return {}
    try:
        entries = parse_json(file.read())
    except (PictureError, ValueError, RecursionError) as error:
        raise DropError(f"{file.path} is not JSON we can read: {error}") from error
    if not isinstance(entries, list):
        raise DropError(
            f"{file.path} holds a {type(entries).__name__}; expected a list with an entry an item"
        )
    titles: dict[str, str] = {}
    colours: dict[str, set[str]] = {}
    for entry in (entry for entry in entries if isinstance(entry, dict)):
        item, colour = str(entry.get("item", "")), str(entry.get("color") or "").strip()
        titles.setdefault(item, _first_sentence(entry.get("description")))
        colours.setdefault(item, set()).update({colour[:100]} if colour else ())
    return {
        item: (title, next(iter(colours[item])) if len(colours[item]) == 1 else None)
        for item, title in titles.items()
    }


def _first_sentence(description: object) -> str:
    lines = description if isinstance(description, list) else [description]
    texts = (" ".join(line.split()) for line in lines if isinstance(line, str))
    return next((text for text in texts if text), "")[:_LONGEST_TITLE]


LAYOUT = Layout(
    NAME, f"{PARTITION} with {' '.join(COLUMNS)}", lambda folder: has_partition(folder, COLUMNS), read
)
