"""The public sets in their published layouts, a dozen pictures each, drawn here.

A picture of item n is `patch(n)`: 4 x 4 random colours, with a few shades of noise for each view of it.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from atelier.pictures import encode_jpeg

IN_SHOP_BOX = (16, 16, 80, 80)


def patch(item: int, view: int = 0, side: int = 96) -> NDArray[np.uint8]:
    """One view of an item: uint8 [side, side, 3]."""
    colours = np.random.default_rng(item).integers(0, 256, (4, 4, 3))
    noise = np.random.default_rng((item, view)).integers(-12, 13, (4, 4, 3)) * (view > 0)
    pixels = np.clip(colours + noise, 0, 255).astype(np.uint8)
    return pixels.repeat(side // 4, 0).repeat(side // 4, 1)


def write_picture(path: Path, item: int, view: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_jpeg(patch(item, view), quality=95))


def listing(columns: str, rows: list[str], announced: int | None = None) -> str:
    """A list of DeepFashion: how many rows, their columns, the rows padded with blanks."""
    return "\n".join([str(len(rows) if announced is None else announced), columns, *rows]) + "\n"


def in_shop_name(item: int, view: int) -> str:
    folder = "WOMEN/Dresses" if item % 2 else "MEN/Tees_Tanks"
    return f"img/{folder}/id_{item:08d}/{view:02d}_1_front.jpg"


def write_in_shop(root: Path, pictures: str = "Img") -> Path:
    """Items 1 and 2 to train with; of items 3 to 6 a query each, and two gallery photos each."""
    sides = [(item, view, "train") for item in (1, 2) for view in (1, 2)]
    sides += [
        (item, view, "query" if view == 1 else "gallery") for item in (3, 4, 5, 6) for view in (1, 2, 3)
    ]
    rows, boxes = [], []
    for item, view, status in sides:
        name = in_shop_name(item, view)
        write_picture(root / pictures / name, item, view)
        rows.append(f"{name}      id_{item:08d} {status}      ")
        boxes.append(f"{name}  3  1  " + "  ".join(f"{edge:03d}" for edge in IN_SHOP_BOX))
    described = [
        {"item": "id_00000003", "color": "Cream", "description": ["", "A  knitted dress.", "Wash it cold."]},
        {"item": "id_00000004", "color": "Black", "description": ["A plain tee."]},
        {"item": "id_00000004", "color": "White", "description": ["A plain tee."]},
    ]
    for path, text in {
        "Eval/list_eval_partition.txt": listing("image_name item_id evaluation_status", rows),
        "Anno/list_bbox_inshop.txt": listing(
            "image_name  clothes_type  pose_type  x_1  y_1  x_2  y_2", boxes
        ),
        "Anno/list_description_inshop.json": json.dumps(described),
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def write_consumer_to_shop(root: Path) -> Path:
    """Items 1 (train), 2 (val), 3 and 4 (test): two consumers' photos and one or two of the shop each."""
    statuses = {1: "train", 2: "val", 3: "test", 4: "test"}
    rows, boxes = [], []
    for item, status in statuses.items():
        folder = f"img/DRESSES/Lace_Dress/id_{item:08d}"
        shops = [f"{folder}/shop_{number:02d}.jpg" for number in range(1, 3 if item == 3 else 2)]
        consumers = [f"{folder}/comsumer_{number:02d}.jpg" for number in (1, 2)]
        for view, name in enumerate([*shops, *consumers]):
            write_picture(root / "Img" / name, item, view)
            boxes.append(f"{name} 3 {1 if name in shops else 2} 008 008 088 088")
        rows += [f"{one} {other} id_{item:08d} {status}" for one in consumers for other in shops]
    columns = "image_pair_name_1 image_pair_name_2 item_id evaluation_status"
    for path, text in {
        "Eval/list_eval_partition.txt": listing(columns, rows),
        "Anno/list_bbox_consumer2shop.txt": listing(
            "image_name clothes_type source_type x_1 y_1 x_2 y_2", boxes
        ),
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def write_sop(root: Path) -> Path:
    """Products 1 and 2 to train with, 3 to 6 to test with, two or three photos each."""
    columns = "image_id class_id super_class_id path"
    lists: dict[str, list[str]] = {"Ebay_train.txt": [columns], "Ebay_test.txt": [columns]}
    number = 0
    for item in range(1, 7):
        kind = ("bicycle", "coffee_maker")[item % 2]
        for view in range(1, 3 + item % 2):
            number += 1
            path = f"{kind}_final/11108512{item:04d}_{view}.JPG"
            write_picture(root / path, item, view)
            rows = lists["Ebay_train.txt" if item < 3 else "Ebay_test.txt"]
            rows.append(f"{number} {item} {item % 2 + 1} {path}")
    lists["Ebay_info.txt"] = [columns, *lists["Ebay_train.txt"][1:], *lists["Ebay_test.txt"][1:]]
    for name, lines in lists.items():
        (root / name).write_text("\n".join(lines) + "\n")
    return root


def replace_in(path: Path, old: str, new: str) -> None:
    """Change the first occurrence of a text in a file; the text must be there."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
