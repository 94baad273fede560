"""Sets made in bulk belong to one order, block by block."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from atelier.errors import CatalogueIndexError
from atelier.index.sets import SCHEMA, BulkSetTable


def _block(number: int, *set_ids: str) -> pa.Table:
    columns = {
        "set_id": list(set_ids),
        "block": [number] * len(set_ids),
        "item_ids": [["a", "b"]] * len(set_ids),
        "slots": [["top", "bottom"]] * len(set_ids),
        "score": [0.5] * len(set_ids),
    }
    return pa.table(columns)


def test_blocks_are_added_whole_and_found_again(tmp_path: Path) -> None:
    table = BulkSetTable(tmp_path / "deep" / "sets.lance", "a thousand")
    assert (len(table), table.finished()) == (0, set())
    table.add(_block(3, "s1", "s2"))
    table.add(_block(0, "s3"))
    again = BulkSetTable(tmp_path / "deep" / "sets.lance", "a thousand")
    assert (len(again), again.finished()) == (3, {0, 3})
    assert again.read()["set_id"].to_pylist() == ["s1", "s2", "s3"]
    assert again.read(limit=1).num_rows == 1
    assert again.read().schema.remove_metadata() == SCHEMA


def test_the_table_of_another_order_is_refused_with_both(tmp_path: Path) -> None:
    BulkSetTable(tmp_path / "sets.lance", "a thousand")
    with pytest.raises(CatalogueIndexError, match="sets of another order: a thousand; expected two thousand"):
        BulkSetTable(tmp_path / "sets.lance", "two thousand")


def test_a_folder_that_a_killed_job_left_empty_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "sets.lance" / "data").mkdir(parents=True)
    table = BulkSetTable(tmp_path / "sets.lance", "a thousand")
    table.add(_block(0, "s1"))
    assert BulkSetTable(tmp_path / "sets.lance", "a thousand").finished() == {0}


def test_a_block_of_other_columns_is_refused(tmp_path: Path) -> None:
    table = BulkSetTable(tmp_path / "sets.lance", "a thousand")
    with pytest.raises(ValueError, match="not match"):
        table.add(_block(0, "s1").drop_columns(["score"]))
    assert len(table) == 0


def test_what_is_no_table_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes.txt").write_text("kept")
    for name, seen in (("file", "a file"), ("folder", "notes.txt")):
        with pytest.raises(CatalogueIndexError, match=f"{name} is no table of sets, it holds {seen}"):
            BulkSetTable(tmp_path / name, "a thousand")
    assert (tmp_path / "file").read_text() == "kept"
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["notes.txt"]


def test_an_empty_folder_is_room_for_a_table(tmp_path: Path) -> None:
    assert len(BulkSetTable(tmp_path, "a thousand")) == 0
