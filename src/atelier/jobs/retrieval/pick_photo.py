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


def pick_photo(settings: Settings, target_path: Path) -> PickedPhoto:
    """Write the first held-out shopper's photo with a known item to `target_path`.

    Raises DropError where the data has none.
    """
    catalogue = Catalogue.open(settings.data_dir)
    for photo in catalogue.photos(PhotoKind.SHOPPER, Split.TEST):
        if photo.item_id is not None:
            target_path.parent.mkdir(parents=True, exist_ok=True)
            target_path.write_bytes(catalogue.read(photo))
            return PickedPhoto(target_path, photo.box, photo.item_id)
    raise DropError(
        f"{settings.data_dir} has no shopper's photo of a known item on the test side of its split, "
        f"and one was needed to search with. Ingest a drop that has some: atelier simulate writes one."
    )
