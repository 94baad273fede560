"""`stanford-online-products` (Song et al. 2016): 120,053 sellers' photos of 22,634 products in 12 classes.

    Ebay_train.txt, Ebay_test.txt       image_id class_id super_class_id path
    bicycle_final/111085122871_0.JPG    and eleven more folders

A class is a product, a super class a kind of product. `Ebay_info.txt` repeats both lists and is not read.
"""

from __future__ import annotations

from typing import Any

from atelier.datasets.layouts.layout import Folder, Layout
from atelier.datasets.layouts.public_set import add_to_drop
from atelier.datasets.listings import read_listing
from atelier.datasets.protocol import Listed, Protocol, Shown
from atelier.datasets.raw import Drop

NAME = "stanford-online-products"
COLUMNS = ("image_id", "class_id", "super_class_id", "path")
_LISTS = {"train": "Ebay_train.txt", "test": "Ebay_test.txt"}


def read(folder: Folder, drop: Drop) -> None:
    """Read an item for each class, and a catalogue photo for each photo, which the sellers took."""

    def facts(shown: Shown) -> dict[str, Any]:
        category = shown.name.partition("/")[0].removesuffix("_final").replace("_", " ")
        return {"title": f"{category} {shown.item}", "category": category}

    add_to_drop(drop, listed(folder), NAME, "sop", facts)


def protocol(folder: Folder) -> Protocol:
    """Return the protocol: every test photo is searched among all other test photos."""
    photos = listed(folder)
    test = tuple(shown for shown in photos.photos if shown.status == "test")
    return Protocol("sop", queries=test, gallery=test, ks=(1, 10, 100, 1000), broken_lines=photos.broken)


def listed(folder: Folder) -> Listed:
    """List the photos of both lists."""
    photos: dict[str, Shown] = {}
    broken: list[str] = []
    for status, name in _LISTS.items():
        file = folder.file(name)
        assert file is not None, "recognised by these files"
        listing = read_listing(file, COLUMNS, counted=False)
        for line, row in listing.rows:
            path = row["path"]
            if path in photos:
                listing.reject(line, f"{path} was listed before")
            else:
                photos[path] = Shown(path, row["class_id"], status, folder.files.find(folder.path / path))
        broken += listing.broken
    return Listed(tuple(photos.values()), tuple(broken))


def _recognises(folder: Folder) -> bool:
    return all(folder.file(name) is not None for name in _LISTS.values())


LAYOUT = Layout(NAME, " and ".join(_LISTS.values()), _recognises, read)
