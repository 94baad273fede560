"""Tables give back their rows, sorted and byte for byte."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from atelier.datasets import tables
from atelier.errors import CorruptionError
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


def test_a_table_of_something_else_is_corruption(tmp_path: Path) -> None:
    tables.write(tmp_path / "table", "clicks", ROWS["clicks"])
    with pytest.raises(CorruptionError, match="no column item_id, title, category"):
        tables.read(tmp_path / "table", "items")
