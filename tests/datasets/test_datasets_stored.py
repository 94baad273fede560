"""What is stored: tables, shards, and the step from one state of the data folder to the next."""

from __future__ import annotations

import hashlib
import os
import tarfile
from dataclasses import fields, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from atelier.datasets import store, tables
from atelier.datasets.catalogue import Catalogue
from atelier.datasets.shards import read_picture, write_shards
from atelier.errors import CorruptionError
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


@pytest.mark.parametrize("name", TABLES)
def test_a_table_gives_back_its_rows_sorted_by_key(name: str, tmp_path: Path) -> None:
    tables.write(tmp_path / "table", name, ROWS[name])
    back = tables.to_rows(name, tables.read(tmp_path / "table", name))
    assert back == sorted(ROWS[name], key=lambda row: tables.key_of(name, row))


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_the_fields_of_its_class(name: str) -> None:
    assert tables.schema(name).names == [field.name for field in fields(TABLES[name])]


def test_equal_rows_give_equal_bytes_whatever_their_order(tmp_path: Path) -> None:
    tables.write(tmp_path / "one", "items", ROWS["items"])
    tables.write(tmp_path / "two", "items", ROWS["items"][::-1])
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_damaged_table_is_corruption(tmp_path: Path) -> None:
    tables.write(tmp_path / "table", "items", ROWS["items"])
    (tmp_path / "table").write_bytes((tmp_path / "table").read_bytes()[:-20])
    with pytest.raises(CorruptionError, match="not a table of items"):
        tables.read(tmp_path / "table", "items")


def test_shards_hold_what_was_packed_and_tar_reads_them(tmp_path: Path) -> None:
    packed = pictures(10)
    places = write_shards(tmp_path, packed, max_bytes=6000)
    assert len({place.shard for place in places.values()}) > 1
    assert all(path.stat().st_size <= 6000 + 1024 for path in tmp_path.iterdir())
    for sha256, data in packed:
        assert read_picture(tmp_path, places[sha256], sha256) == data
        with tarfile.open(tmp_path / places[sha256].shard) as shard:
            member = shard.extractfile(f"{sha256}.jpg")
            assert member is not None
            assert member.read() == data


def test_shards_are_named_by_content_and_equal_input_gives_equal_files(tmp_path: Path) -> None:
    write_shards(tmp_path / "one", pictures(5))
    write_shards(tmp_path / "two", pictures(5))
    (one,), (two,) = (tmp_path / "one").iterdir(), (tmp_path / "two").iterdir()
    assert one.name == two.name == hashlib.sha256(one.read_bytes()).hexdigest()[:16] + ".tar"
    assert one.read_bytes() == two.read_bytes()


def test_a_changed_byte_or_a_missing_shard_is_corruption(tmp_path: Path) -> None:
    ((sha256, _), *_) = packed = pictures(2)
    place = write_shards(tmp_path, packed)[sha256]
    path = tmp_path / place.shard
    content = bytearray(path.read_bytes())
    content[place.offset + 5] ^= 1
    path.write_bytes(content)
    with pytest.raises(CorruptionError, match=place.shard):
        read_picture(tmp_path, place, sha256)
    path.unlink()
    with pytest.raises(CorruptionError, match="cannot be read"):
        read_picture(tmp_path, place, sha256)


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


def test_a_table_of_something_else_is_corruption(tmp_path: Path) -> None:
    tables.write(tmp_path / "table", "clicks", ROWS["clicks"])
    with pytest.raises(CorruptionError, match="no column item_id, title, category"):
        tables.read(tmp_path / "table", "items")


def test_sets_are_given_by_their_side(tmp_path: Path) -> None:
    outfits = [Outfit(name, ("a", "b"), "s", split=name) for name in ("test", "train")]
    sets = [CategorySet(name, ("Hats", "Hats"), "s", split=name) for name in ("test", "train")]
    store.publish(tmp_path, ROWS | {"outfits": outfits, "category_sets": sets}, {})
    catalogue = Catalogue.open(tmp_path)
    assert (catalogue.outfits(), catalogue.category_sets()) == (outfits, sets)
    assert (catalogue.outfits(Split.TEST), catalogue.category_sets(Split.TRAIN)) == (outfits[:1], sets[1:])


def test_tables_replace_the_old_ones_all_at_once_wherever_a_kill_falls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Die before each rename of a publish in turn; readers see the old tables or the new, never a mixture."""
    old: dict[str, list[object]] = {name: [] for name in TABLES}
    steps = 0
    for fatal in range(20):
        data_dir = tmp_path / str(fatal)
        store.publish(data_dir, old, {})
        steps = 0
        with monkeypatch.context() as patched:

            def rename(path: Path, target: Path, fatal: int = fatal) -> Path:
                nonlocal steps
                steps += 1
                if steps > fatal:
                    raise KeyboardInterrupt
                os.replace(path, target)  # noqa: PTH105 - the method of Path is what dies here
                return target

            patched.setattr(Path, "rename", rename)
            patched.setattr(Path, "replace", rename)
            try:
                store.publish(data_dir, ROWS, {"mark": "drop"})
                finished = True
            except KeyboardInterrupt:
                finished = False
        seen = {name: Catalogue.open(data_dir).rows(name) for name in TABLES}
        is_new = fatal > 0
        for name in TABLES:
            expected = sorted(ROWS[name], key=lambda row: tables.key_of(name, row)) if is_new else []
            assert seen[name] == expected
        store.settle(data_dir)
        assert {name: Catalogue.open(data_dir).rows(name) for name in TABLES} == seen
        assert not (data_dir / ".incoming").exists()
        if finished:
            break
    assert steps == 1 + len(TABLES) + 1


def test_shards_that_no_photo_names_are_swept_away(tmp_path: Path) -> None:
    kept, gone = pictures(2)
    (place,) = write_shards(tmp_path / "pictures", [kept]).values()
    write_shards(tmp_path / "pictures", [gone])
    (tmp_path / "pictures" / "x.tar.partial").touch()
    store.publish(tmp_path, ROWS | {"photos": [Photo("p", None, "street", "s", shard=place.shard)]}, {})
    store.sweep(tmp_path)
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == [place.shard]


def test_publishing_replaces_files_and_never_writes_into_them(tmp_path: Path) -> None:
    """A cache may hold the very same files by hard links."""
    store.publish(tmp_path, ROWS, {})
    linked = tmp_path / "cache"
    linked.hardlink_to(tmp_path / "tables" / "items.parquet")
    linked.chmod(0o444)
    before = linked.read_bytes()
    store.publish(tmp_path, ROWS | {"items": []}, {})
    assert linked.read_bytes() == before
    assert Catalogue.open(tmp_path).items() == []
