"""Picks one held-out shopper's photo for a first search."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from atelier.datasets.catalogue import Catalogue
from atelier.errors import DropError
from atelier.settings import Settings
from atelier.vocabulary import Box, PhotoKind, Split


@dataclass(frozen=True)
class PickedPhoto:
    """A photo on disk and its ground truth."""

    path: Path
    box: Box | None
    item_id: str


def pick_photo(settings: Settings, target_path: Path, number: int = 0) -> PickedPhoto:
    """Write the first held-out shopper's photo with a known item to `target_path`.

    DropError: the data has no such photo.
    """
    catalogue = Catalogue.open(settings.data_dir)
    known = [photo for photo in catalogue.photos(PhotoKind.SHOPPER, Split.TEST) if photo.item_id is not None]
    if number >= len(known):
        raise DropError(
            f"{settings.data_dir} has {len(known)} shoppers' photos of known items on the test side of its "
            f"split (expected {number + 1} or more, to search with). Ingest a drop that has some: atelier "
            f"simulate writes one."
        )
    photo = known[number]
    target_path.parent.mkdir(parents=True, exist_ok=True)
    target_path.write_bytes(catalogue.read(photo))
    return PickedPhoto(target_path, photo.box, str(photo.item_id))
