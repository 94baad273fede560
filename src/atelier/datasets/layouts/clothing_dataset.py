"""`clothing-dataset`: `images.csv` (image, sender_id, label, kids), and users' photos `<image>.jpg`."""

from __future__ import annotations

from typing import Any

from atelier.datasets.layouts.layout import Folder, Layout, Pictures, raw_photo
from atelier.datasets.raw import Drop
from atelier.datasets.records import read_csv
from atelier.datasets.values import to_row
from atelier.vocabulary import PhotoKind

NAME = "clothing-dataset"
_REQUIRED = ("image", "sender_id", "label")


def read(folder: Folder, drop: Drop) -> None:
    """Read a shopper's photo for each row: its label is known, the item is not."""
    images = folder.file("images.csv")
    assert images is not None, "recognised by this file"
    records = read_csv(images, _REQUIRED)
    for values, reason in records.broken:
        drop.reject("photos", _renamed(values), reason)
    pictures = Pictures(folder)
    for values in records.rows:
        renamed = _renamed(values) | {"kind": PhotoKind.SHOPPER.value, "source": NAME}
        try:
            photo = to_row("photos", renamed)
        except ValueError as error:
            drop.reject("photos", renamed, f"{images.path}: {error}")
            continue
        if sizes := pictures.named(photo.photo_id):
            drop.photos.append(raw_photo(photo, sizes))
        else:
            drop.reject("photos", renamed, pictures.why_missing(photo.photo_id))


def _renamed(values: dict[str, Any]) -> dict[str, Any]:
    return {
        "photo_id": values.get("image"),
        "category": values.get("label"),
        "sender": values.get("sender_id"),
    }


LAYOUT = Layout(NAME, "images.csv", lambda folder: folder.file("images.csv") is not None, read)
