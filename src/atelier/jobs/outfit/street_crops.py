"""Cuts pieces out of street photos by their masks: sets of items that were worn together.

A crop is the pixels of its own label alone: of a photo's background it keeps nothing, of its light all. What
is learned from is its palette. Vectors of a retrieval model, which is to overlook light and shade, made crops
harder to match, not easier (docs/experiments.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atelier.datasets.catalogue import Catalogue
from atelier.datasets.splits import MASK_SUFFIX
from atelier.families.detection.kinds import NOT_ITEMS
from atelier.families.outfit.colours import DIMENSION, palette
from atelier.lifecycle.cache import in_threads, kept_folder
from atelier.pictures import decode, read_mask
from atelier.settings import Settings
from atelier.vocabulary import Photo, PhotoKind, Region, Split

MIN_PIXELS = 1500
"""Of a piece's mask; below, there is little to see."""
CROPS_FORMAT = 2
"""Raise it when crops are made differently: kept ones are then made anew."""


@dataclass(frozen=True)
class Crop:
    """One piece of a street photo."""

    photo_id: str
    label: str
    palette_C: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Worn:
    """The crops of street photos. N = crops."""

    photo_N: Sequence[str]
    label_N: Sequence[str]
    split_N: Sequence[str]
    colour_NC: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.photo_N)


def crops_of(
    photo_id: str, pixels: NDArray[np.uint8], mask: NDArray[np.uint8], regions: Iterable[Region]
) -> list[Crop]:
    """Cut out the pieces that can be sold, in the order of their labels; skin and hair are left out."""
    found = []
    for region in sorted(regions, key=lambda region: region.label):
        if region.mask_value is None or region.label in NOT_ITEMS:
            continue
        own = mask == region.mask_value
        if own.sum() < MIN_PIXELS:
            continue
        found.append(Crop(photo_id, region.label, palette(pixels[own])))
    return found


def worn_in(settings: Settings, catalogue: Catalogue, data_version: str, *, progress: bool = True) -> Worn:
    """Return the crops of a data version, made once; about 50 ms a photo."""
    masks = {photo.photo_id: photo for photo in catalogue.photos(PhotoKind.MASK)}
    photos = [
        photo
        for photo in catalogue.photos(PhotoKind.STREET)
        if photo.photo_id + MASK_SUFFIX in masks and photo.split is not None
    ]
    regions: dict[str, list[Region]] = {}
    for region in catalogue.regions():
        regions.setdefault(region.photo_id, []).append(region)

    def crops(photo: Photo) -> list[Crop]:
        mask = read_mask(catalogue.read(masks[photo.photo_id + MASK_SUFFIX]))
        pixels = decode(catalogue.read(photo))
        return crops_of(photo.photo_id, pixels, mask, regions.get(photo.photo_id, []))

    def write(target: object) -> None:
        made = [crop for each in in_threads(crops, photos, "worn pieces", progress) for crop in each]
        described = describe(made)
        np.save(f"{target}/photos.npy", np.array(described.photo_N, np.str_))
        np.save(f"{target}/labels.npy", np.array(described.label_N, np.str_))
        np.save(f"{target}/colour.npy", described.colour_NC)

    name = f"{data_version[:16]}-{CROPS_FORMAT}"
    folder = kept_folder(settings.stores_dir / "worn" / name, write)
    side = {photo.photo_id: str(photo.split) for photo in photos}
    photo_N = np.load(folder / "photos.npy").tolist()
    return Worn(
        photo_N,
        np.load(folder / "labels.npy").tolist(),
        [side[photo] for photo in photo_N],
        np.load(folder / "colour.npy"),
    )


def describe(crops: Sequence[Crop]) -> Worn:
    """Return crops as columns, all of the test split."""
    return Worn(
        [crop.photo_id for crop in crops],
        [crop.label for crop in crops],
        [Split.TEST.value] * len(crops),
        np.array([crop.palette_C for crop in crops], np.float32).reshape(len(crops), DIMENSION),
    )
