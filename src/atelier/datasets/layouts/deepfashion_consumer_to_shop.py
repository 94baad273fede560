"""`deepfashion-consumer-to-shop`: DeepFashion's Consumer-to-shop Clothes Retrieval Benchmark, 239,557 photos.

    Eval/list_eval_partition.txt        image_pair_name_1 image_pair_name_2 item_id evaluation_status
                                        (a consumer's photo, a shop's of the same item; train, val or test)
    Anno/list_bbox_consumer2shop.txt    image_name clothes_type source_type x_1 y_1 x_2 y_2
    Img/img/DRESSES/Dress/id_00000001/comsumer_01.jpg and .../shop_01.jpg

A photo is listed once for each pair that it belongs to. Boxes may be absent.
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
from atelier.datasets.layouts.layout import Folder, Layout
from atelier.datasets.layouts.public_set import add_to_drop
from atelier.datasets.protocol import Listed, Protocol, Shown
from atelier.datasets.raw import Drop

NAME = "deepfashion-consumer-to-shop"
COLUMNS = ("image_pair_name_1", "image_pair_name_2", "item_id", "evaluation_status")
_STATUSES = ("train", "val", "test")


def read(folder: Folder, drop: Drop) -> None:
    """Read an item for each item id, the shops' photos as its catalogue photos, the consumers' as
    shoppers'.
    """

    def facts(shown: Shown) -> dict[str, Any]:
        department, category = department_and_category(shown.name)
        title = f"{category} {shown.item}"
        return {"title": title, "category": category, "department": department.capitalize() or None}

    add_to_drop(drop, listed(folder), NAME, "c2s", facts)


def protocol(folder: Folder) -> Protocol:
    """Return the protocol: consumers' photos of the test part are queries, the shops' photos the gallery."""
    photos = listed(folder)
    test = [shown for shown in photos.photos if shown.status == "test"]
    return Protocol(
        "consumer-to-shop",
        queries=tuple(shown for shown in test if shown.by_consumer),
        gallery=tuple(shown for shown in test if not shown.by_consumer),
        ks=(1, 20, 50),
        broken_lines=photos.broken,
    )


def listed(folder: Folder) -> Listed:
    """List the photos of all pairs, each once, with their boxes."""
    listing = read_partition(folder, COLUMNS)
    boxes, broken_boxes = read_boxes(folder, "list_bbox_consumer2shop.txt")
    photos: dict[str, Shown] = {}
    for line, row in listing.rows:
        status = row["evaluation_status"]
        if status not in _STATUSES:
            listing.reject(line, f"the pair is {status!a}; expected {', '.join(_STATUSES)}")
            continue
        pair = [
            Shown(name, row["item_id"], status, find_picture(folder, name), boxes.get(name), by_consumer)
            for name, by_consumer in ((row[COLUMNS[0]], True), (row[COLUMNS[1]], False))
        ]
        odd = [shown.name for shown in pair if photos.get(shown.name, shown) != shown]
        if odd:
            listing.reject(line, f"{odd[0]} was listed before as another item's, side's or taker's")
        else:
            photos |= {shown.name: shown for shown in pair}
    return Listed(tuple(photos.values()), (*listing.broken, *broken_boxes))


LAYOUT = Layout(
    NAME, f"{PARTITION} with {' '.join(COLUMNS)}", lambda folder: has_partition(folder, COLUMNS), read
)
