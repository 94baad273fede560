"""Bad rows are kept with their reasons, drop by drop, and leave once they are mended."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from atelier.datasets.quarantine import read_quarantine, write_quarantine
from atelier.datasets.raw import Rejected
from atelier.vocabulary import TABLES


def _bad(item_id: str, **more: object) -> Rejected:
    return Rejected("items", {"item_id": item_id, **more}, f"{item_id} has no title")


def _kept(folder: Path) -> list[tuple[str, str]]:
    return [(row["drop"], row["item_id"]) for row in read_quarantine(folder, "items").to_pylist()]


def test_a_bad_row_is_kept_with_its_reason_and_its_drop(tmp_path: Path) -> None:
    write_quarantine(tmp_path / "q", "monday", [_bad("a", price=12.5, stock=float("nan"))])
    (row,) = read_quarantine(tmp_path / "q", "items").to_pylist()
    assert (row["item_id"], row["price"], row["stock"]) == ("a", "12.5", None)
    assert (row["reason"], row["drop"]) == ("a has no title", "monday")
    assert [path.name for path in (tmp_path / "q").iterdir()] == ["items.parquet"]


def test_a_drop_replaces_its_own_rows_and_leaves_those_of_others(tmp_path: Path) -> None:
    write_quarantine(tmp_path, "monday", [_bad("a"), _bad("b")])
    write_quarantine(tmp_path, "tuesday", [_bad("c")])
    write_quarantine(tmp_path, "monday", [_bad("b")])
    assert sorted(_kept(tmp_path)) == [("monday", "b"), ("tuesday", "c")]
    write_quarantine(tmp_path, "monday", [])
    write_quarantine(tmp_path, "tuesday", [])
    assert list(tmp_path.iterdir()) == [], "a quarantine without rows is gone"


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_table_without_bad_rows_is_empty_with_its_columns(tmp_path: Path, name: str) -> None:
    table = read_quarantine(tmp_path, name)
    assert table.num_rows == 0
    assert table.column_names[-2:] == ["reason", "drop"]


def test_values_of_any_kind_are_kept_as_text(tmp_path: Path) -> None:
    odd = {"item_id": "\udcff", "title": "x" * 5_000, "category": ["a", "b"], "colour": np.array([1, 2])}
    write_quarantine(tmp_path, "d", [Rejected("items", odd, "odd")])
    (row,) = read_quarantine(tmp_path, "items").to_pylist()
    assert row["item_id"] == "\\udcff"
    assert len(row["title"]) == 1_000
    assert (row["category"], row["colour"]) == ("a b", "1 2")
