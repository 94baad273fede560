"""The catalogue reads what was published."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from atelier.datasets import store, tables
from atelier.datasets.catalogue import Catalogue
from atelier.datasets.shards import write_shards
from atelier.vocabulary import TABLES, CategorySet, Click, Item, Outfit, Photo, PhotoKind, Region, Split

ITEM = Item("b", "Navy shirt", "Shirts", "atelier-drop", year=2024, price=12.5, split="train")
ROWS: dict[str, list[object]] = {
    "items": [ITEM, Item("a", "Schöne Schuhe 靴", "Shoes", "atelier-drop")],
    "photos": [Photo("p", "a", PhotoKind.CATALOGUE, "atelier-drop", x0=0.5, width=3)],
    "regions": [Region("p", "Shoes", 0, 1, 2, 3.5, 7)],
    "outfits": [Outfit("o", ("a", "b"), "atelier-drop", likes=3)],
    "category_sets": [CategorySet("s", ("Day Dresses", "Hats", "Hats"), "polyvore-categories")],
    "clicks": [Click("c", "u", "o", True, "atelier-drop", "2026-01-01T00:00:00Z", 0.25, ("a", "x"))],
}


def pictures(count: int, size: int = 1000) -> list[tuple[str, bytes]]:
    contents = [bytes([n % 256]) * (size + n) for n in range(count)]
    return [(hashlib.sha256(data).hexdigest(), data) for data in contents]


def test_the_catalogue_reads_what_was_published(tmp_path: Path) -> None:
    ((sha256, data),) = packed = pictures(1)
    (place,) = write_shards(tmp_path / "pictures", packed).values()
    photo = Photo(
        "p", "a", "catalogue", "s", sha256=sha256, split="test",
        shard=place.shard, offset=place.offset, num_bytes=place.num_bytes,
    )  # fmt: skip
    street = replace(photo, photo_id="q", kind="street", split="train")
    store.publish(tmp_path, ROWS | {"photos": [photo, street]}, {"mark": "drop"})
    catalogue = Catalogue.open(tmp_path)
    assert catalogue.photos() == [photo, street]
    assert catalogue.photos(PhotoKind.STREET) == [street]
    assert catalogue.photos(split=Split.TEST) == [photo]
    assert catalogue.items()[1] == ITEM
    assert catalogue.read(street) == data
    assert store.ingested(tmp_path) == {"mark": "drop"}


def test_an_absent_folder_is_an_empty_catalogue(tmp_path: Path) -> None:
    catalogue = Catalogue.open(tmp_path / "nowhere")
    assert [catalogue.table(name).num_rows for name in TABLES] == [0] * len(TABLES)
    assert catalogue.table("photos").schema == tables.schema("photos")


def test_a_folder_of_an_earlier_atelier_opens_with_what_it_lacks_left_empty(tmp_path: Path) -> None:
    """Before sets of categories there were fewer tables and columns, and a click had to have a moment."""
    store.publish(tmp_path, ROWS, {})
    (tmp_path / "tables" / "category_sets.parquet").unlink()
    for name, old in {
        "items": {"item_id": ["a"], "title": ["A"], "category": ["Hats"], "source": ["s"], "split": ["test"]},
        "outfits": {"outfit_id": ["o"], "item_ids": [["a", "b"]], "source": ["s"]},
        "clicks": {
            "click_id": ["c"], "user_id": ["u"], "outfit_id": ["o"], "shown_at": ["2026-01-01T00:00:00Z"],
            "clicked": [True], "propensity": [0.5], "source": ["s"],
        },
    }.items():  # fmt: skip
        pq.write_table(pa.table(old), tmp_path / "tables" / f"{name}.parquet")
    assert store.exists(tmp_path)
    catalogue = Catalogue.open(tmp_path)
    assert catalogue.category_sets() == []
    assert catalogue.items() == [Item("a", "A", "Hats", "s", split="test")]
    assert catalogue.outfits() == [Outfit("o", ("a", "b"), "s")]
    assert catalogue.clicks() == [Click("c", "u", "o", True, "s", "2026-01-01T00:00:00Z", 0.5)]


def test_sets_are_given_by_their_side(tmp_path: Path) -> None:
    outfits = [Outfit(name, ("a", "b"), "s", split=name) for name in ("test", "train")]
    sets = [CategorySet(name, ("Hats", "Hats"), "s", split=name) for name in ("test", "train")]
    store.publish(tmp_path, ROWS | {"outfits": outfits, "category_sets": sets}, {})
    catalogue = Catalogue.open(tmp_path)
    assert (catalogue.outfits(), catalogue.category_sets()) == (outfits, sets)
    assert (catalogue.outfits(Split.TEST), catalogue.category_sets(Split.TRAIN)) == (outfits[:1], sets[1:])
