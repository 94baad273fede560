"""The public sets of outfits in their published layouts, a few outfits each, their pictures drawn here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from public_sets_world import write_picture

CATEGORY_LINES = "4 Day Dresses\r\n46 Sandals\r\n259 Backpacks\r\n"


def write_files(root: Path, files: dict[str, Any]) -> Path:
    """Write files: text and bytes as they are, anything else as JSON."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
    return root


def write_categories(root: Path, *more: Any) -> Path:
    """Two good sets of categories, and `more` entries of the list."""
    sets: list[Any] = [
        {"set_id": "11", "items_category": [4, 46, 259, 46], "items_index": [1, 2, 3, 4]},
        {"set_id": 12, "items_category": [4, 46], "items_index": [1, 2]},
    ]
    return write_files(root, {"outfits.json": [*sets, *more], "category_id.txt": CATEGORY_LINES})


def maryland_outfit(set_id: str, num_pieces: int = 3, **changed: Any) -> dict[str, Any]:
    pieces = [
        {"index": n, "name": f"piece {n}", "price": 10.0 * n, "likes": n, "categoryid": (4, 46, 259)[n % 3]}
        for n in range(1, num_pieces + 1)
    ]
    return {"set_id": set_id, "name": f"outfit {set_id}", "likes": 7, "views": 9, "items": pieces} | changed


def write_maryland(root: Path, *outfits: dict[str, Any], name: str = "outfits.json") -> Path:
    """Outfits with a picture of every piece, under `images`."""
    for outfit in outfits:
        for piece in outfit["items"]:
            path = f"images/{outfit['set_id']}/{piece['index']}.jpg"
            write_picture(root / path, len(path) + 100 * int(outfit["set_id"]) + piece["index"])
    return write_files(root, {name: list(outfits)})


def write_pog(root: Path, **changed: str) -> Path:
    """Outfits o1 and o2 of items a to d, of which b has a picture; e and f are in no outfit, e has one."""
    for number, name in enumerate("be"):
        write_picture(root / f"images/{name}.jpg", 50 + number)
    texts = {
        "outfit_data.txt": "o1,a;b;c\no2,b;d;b\n",
        "item_data.txt": "".join(
            f"{name},1{n},//img/{name}.jpg,长\u3000裙, {name}\n" for n, name in enumerate("abcdef")
        ),
        "user_data.txt": "u1,a;x9,o1\nu1,a;x9;c,o2\nu2,d,o1\n",
    }
    return write_files(root, texts | {f"{name}_data.txt": text for name, text in changed.items()})


def write_polyvore_outfits(root: Path) -> Path:
    """Items 1 to 12; outfits 100 (train), 200 (valid), 300 and 400 (test); item 3 is in 100 and in 300."""
    outfits = {
        "train": {"100": [1, 2, 3]},
        "valid": {"200": [4, 5, 6]},
        "test": {"300": [3, 7, 8, 9], "400": [10, 11, 12]},
    }
    facts = {"title": "", "url_name": "a thing", "semantic_category": "tops", "category_id": "15"}
    files: dict[str, Any] = {
        "polyvore_item_metadata.json": {
            str(n): facts | ({"title": "A\nred  thing"} if n == 1 else {}) for n in range(1, 13)
        },
        "polyvore_outfit_titles.json": {"100": {"title": "To the sea", "url_name": "to sea"}},
        "categories.csv": "15,Sweaters,tops\n15,Male Sweaters,tops\n41,Flats,shoes\n",
    }
    for variant in ("nondisjoint", "disjoint"):
        for side, sets in outfits.items():
            files[f"{variant}/{side}.json"] = [
                {
                    "set_id": set_id,
                    "items": [{"item_id": str(item), "index": n} for n, item in enumerate(items, 1)],
                }
                for set_id, items in sets.items()
            ]
        files[f"{variant}/fill_in_blank_test.json"] = [
            {
                "question": ["300_1", "300_2", "300_4"],
                "blank_position": 3,
                "answers": ["400_1", "300_3", "400_2", "400_3"],
            },
            {"question": ["400_2", "400_3"], "blank_position": 1, "answers": ["400_1", "300_1"]},
        ]
        files[f"{variant}/compatibility_test.txt"] = "1 300_1 300_2 300_3 300_4\n0 300_1 400_2\n"
    for n in range(1, 13):
        write_picture(root / f"images/{n}.jpg", n)
    return write_files(root, files)
