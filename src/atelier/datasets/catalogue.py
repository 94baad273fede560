"""Typed read access to an accepted data folder: `data/tables/` and `data/pictures/`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from atelier.datasets import tables
from atelier.datasets.shards import Place, read_picture
from atelier.datasets.store import table_path
from atelier.vocabulary import TABLES, CategorySet, Click, Item, Outfit, Photo, PhotoKind, Region, Split

if TYPE_CHECKING:
    from atelier.datasets.splits import SetRow
    from atelier.datasets.tables import Row


@dataclass(frozen=True)
class Catalogue:
    """The content of one data folder at the time it was opened. Cheap to send to another process."""

    data_dir: Path
    tables: dict[str, pa.Table]
    """Every table of `vocabulary.TABLES`, sorted by key."""

    @classmethod
    def open(cls, data_dir: Path) -> Catalogue:
        """Read the tables; a folder that is absent or empty is an empty catalogue.

        A table or an optional column that Atelier did not have when the folder was written is empty.
        Raises CorruptionError where a table is not one that Atelier wrote.
        """
        return cls(data_dir, {name: _read_table(data_dir, name) for name in TABLES})

    def table(self, name: str) -> pa.Table:
        """Return a table of `vocabulary.TABLES`, with the right columns even where it is empty."""
        return self.tables[name]

    def rows(self, name: str) -> list[Row]:
        return tables.to_rows(name, self.tables[name])

    def items(self) -> list[Item]:
        return self.rows("items")

    def photos(self, kind: PhotoKind | None = None, split: Split | None = None) -> list[Photo]:
        photos: Sequence[Photo] = self.rows("photos")
        return [
            photo
            for photo in photos
            if (kind is None or photo.kind == kind) and (split is None or photo.split == split)
        ]

    def labelled_photos(self, split: Split | None = None) -> list[Photo]:
        """List shoppers' photos with a label (`category`) and without an item."""
        return [
            photo
            for photo in self.photos(PhotoKind.SHOPPER, split)
            if photo.category is not None and photo.item_id is None
        ]

    def regions(self) -> list[Region]:
        return self.rows("regions")

    def outfits(self, split: Split | None = None) -> list[Outfit]:
        return _on_side(self.rows("outfits"), split)

    def category_sets(self, split: Split | None = None) -> list[CategorySet]:
        return _on_side(self.rows("category_sets"), split)

    def clicks(self) -> list[Click]:
        return self.rows("clicks")

    def read(self, photo: Photo) -> bytes:
        """Read the stored bytes of a picture, checked against their digest; raises CorruptionError."""
        assert photo.shard is not None and photo.offset is not None and photo.num_bytes is not None
        assert photo.sha256 is not None, "a photo of the catalogue has its picture columns"
        place = Place(photo.shard, photo.offset, photo.num_bytes)
        return read_picture(self.data_dir / "pictures", place, photo.sha256)


def _on_side(rows: list[SetRow], split: Split | None) -> list[SetRow]:
    return [row for row in rows if split is None or row.split == split]


def _read_table(data_dir: Path, name: str) -> pa.Table:
    path = table_path(data_dir, name)
    return tables.read(path, name) if path.exists() else tables.schema(name).empty_table()
