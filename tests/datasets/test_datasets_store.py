"""What is stored: tables, shards, and the step from one state of the data folder to the next."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from atelier.datasets import store, tables
from atelier.datasets.catalogue import Catalogue
from atelier.datasets.shards import write_shards
from atelier.vocabulary import TABLES, CategorySet, Click, Item, Outfit, Photo, PhotoKind, Region

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
