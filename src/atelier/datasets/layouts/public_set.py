"""From the photos that a public set lists to the rows of a drop, its published split kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from atelier.datasets.layouts.layout import raw_photo
from atelier.datasets.protocol import Listed, Shown
from atelier.datasets.raw import Drop
from atelier.datasets.splits import split_of
from atelier.datasets.values import to_row
from atelier.vocabulary import PhotoKind, Split


def add_to_drop(
    drop: Drop, listed: Listed, source: str, prefix: str, facts_of: Callable[[Shown], dict[str, Any]]
) -> None:
    """Add an item for each item of the set, a photo for each of its photos; their ids begin with `prefix`.

    `facts_of` a photo: the columns of its item, `title` and `category` among them. What the set holds back
    for its test is our test; its training part is ours for training, less one item in twenty for validation
    where the set has no validation part of its own.
    """
    for reason in listed.broken:
        drop.reject("photos", {"source": source}, reason)
    has_validation = any(shown.status == "val" for shown in listed.photos)
    items: dict[str, Any] = {}
    for shown in listed.photos:
        item_id = f"{prefix}-{shown.item}"
        split = side_of(shown.status, item_id, has_validation)
        if shown.item not in items:
            values = {**facts_of(shown), "item_id": item_id, "source": source, "split": split.value}
            items[shown.item] = to_row("items", values)
        row = {
            "photo_id": f"{prefix}/{shown.name}",
            "item_id": item_id,
            "kind": (PhotoKind.SHOPPER if shown.by_consumer else PhotoKind.CATALOGUE).value,
            "source": source,
            "split": split.value,
            **_corners(shown),
        }
        if shown.file is None:
            drop.reject("photos", row, f"{source}: the folder holds no picture {shown.name}")
        else:
            drop.photos.append(raw_photo(to_row("photos", row), [shown.file]))
    drop.rows["items"] += items.values()


def side_of(status: str, item_id: str, has_validation: bool) -> Split:
    """Map a published split to ours; `has_validation`: whether the set has a validation split."""
    if status == "val":
        return Split.VALIDATION
    if status != "train":
        return Split.TEST
    chosen = not has_validation and split_of(item_id) == Split.VALIDATION
    return Split.VALIDATION if chosen else Split.TRAIN


def _corners(shown: Shown) -> dict[str, float]:
    return {} if shown.box is None else dict(zip(("x0", "y0", "x1", "y1"), shown.box.as_tuple(), strict=True))
