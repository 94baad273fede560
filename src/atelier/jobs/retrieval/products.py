"""Lists products, labelled photos and class numbers of a catalogue, in the order of training.

N = catalogue photos, P = labelled photos of unknown items
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from atelier.datasets.catalogue import Catalogue
from atelier.families.retrieval.products import UNKNOWN
from atelier.vocabulary import Item, Photo, PhotoKind, Split


def products_of(catalogue: Catalogue, split: Split | None = None) -> tuple[list[Photo], list[Item]]:
    """List the catalogue photos of a split (None: all) and, row by row, their items."""
    items = {item.item_id: item for item in catalogue.items()}
    photos = [photo for photo in catalogue.photos(PhotoKind.CATALOGUE, split) if photo.item_id in items]
    return photos, [items[str(photo.item_id)] for photo in photos]


def labelled(catalogue: Catalogue, split: Split) -> tuple[list[Photo], NDArray[np.int64], tuple[str, ...]]:
    """List labelled shoppers' photos of unknown items, their label numbers, and the labels' names.

    The names are those of the training part; photos of other labels are left out.
    """
    names = tuple(sorted({str(photo.category) for photo in catalogue.labelled_photos(Split.TRAIN)}))
    number = {name: index for index, name in enumerate(names)}
    photos = [photo for photo in catalogue.labelled_photos(split) if photo.category in number]
    return photos, np.asarray([number[str(photo.category)] for photo in photos], np.int64), names


def item_numbers(items: Sequence[Item]) -> NDArray[np.int64]:
    """Number the items; members of one duplicate group share a number."""
    return class_numbers([item.duplicate_group or f"item {item.item_id}" for item in items])[0]


def class_numbers(values: Sequence[str | None]) -> tuple[NDArray[np.int64], list[str]]:
    """Number the classes in the order of their sorted names, `UNKNOWN` for None; returns the names as
    well.
    """
    names = sorted({value for value in values if value is not None})
    number = {name: index for index, name in enumerate(names)}
    return np.asarray([UNKNOWN if value is None else number[value] for value in values], np.int64), names
