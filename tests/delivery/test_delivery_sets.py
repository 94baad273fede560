"""Sets and histories of a release are read back as written, and a damaged file is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from atelier.delivery.sets import SetTable, read_histories, write_histories
from atelier.errors import ReleaseError

TABLE = SetTable(
    ranker="digest-of-a-contract",
    outfit_ids=("o1", "o2", "o3"),
    item_ids=(("a", "b"), ("c",), ("a", "c", "d")),
    made_by=("expert", "generator", "user"),
    on_offer_S=np.array([True, True, False]),
    price_S=np.array([12.5, np.nan, 80.0]),
    num_showings_S=np.array([0, 4, 9]),
    vectors_SE=np.arange(12, dtype=np.float32).reshape(3, 4),
    summaries_SW=np.arange(6, dtype=np.float32).reshape(3, 2),
)


def test_a_table_is_read_back_as_written(tmp_path: Path) -> None:
    TABLE.write(tmp_path / "sets.parquet")
    read = SetTable.read(tmp_path / "sets.parquet")
    assert (read.ranker, read.outfit_ids, read.item_ids, read.made_by) == (
        TABLE.ranker,
        TABLE.outfit_ids,
        TABLE.item_ids,
        TABLE.made_by,
    )
    for name in ("on_offer_S", "price_S", "num_showings_S", "vectors_SE", "summaries_SW"):
        np.testing.assert_array_equal(getattr(read, name), getattr(TABLE, name))
    assert read.vectors_SE.dtype == np.float32


def test_equal_tables_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        replace(TABLE).write(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_rows_are_found_by_id_and_generated_sets_are_marked() -> None:
    assert len(TABLE) == 3
    assert [TABLE.row_of[name] for name in ("o3", "o1")] == [2, 0]
    assert TABLE.generated.tolist() == [False, True, False]


def test_columns_of_two_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="one value of each kind for each set"):
        replace(TABLE, price_S=np.zeros(2))


def test_an_empty_table_is_a_table(tmp_path: Path) -> None:
    empty = SetTable(
        *("r", (), (), ()),
        *(np.zeros(0, bool), np.zeros(0), np.zeros(0, np.int64)),
        *(np.zeros((0, 4), np.float32), np.zeros((0, 2), np.float32)),
    )
    empty.write(tmp_path / "none.parquet")
    assert SetTable.read(tmp_path / "none.parquet").vectors_SE.shape == (0, 4)


@pytest.mark.parametrize(
    "column",
    ["outfit_id", "item_ids", "made_by", "on_offer", "price", "num_showings", "vector", "summary"],
)
def test_a_table_without_a_column_is_refused_by_the_column_s_name(tmp_path: Path, column: str) -> None:
    path = tmp_path / "sets.parquet"
    TABLE.write(path)
    pq.write_table(pq.read_table(path).drop_columns([column]), path)
    with pytest.raises(ReleaseError, match=rf"no column {column}.*`atelier publish`"):
        SetTable.read(path)


@pytest.mark.parametrize("content", [b"", b"no table at all", None])
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "sets.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ReleaseError, match="is not a table of a release"):
        SetTable.read(path)


def test_histories_keep_each_user_s_order_and_users_without_clicks(tmp_path: Path) -> None:
    write_histories(tmp_path / "h.parquet", {"u2": ("o9", "o1"), "u1": ()})
    assert read_histories(tmp_path / "h.parquet") == {"u1": (), "u2": ("o9", "o1")}


def test_histories_do_not_depend_on_the_order_of_users(tmp_path: Path) -> None:
    write_histories(tmp_path / "one", {"u2": ("o9",), "u1": ("o1",)})
    write_histories(tmp_path / "two", {"u1": ("o1",), "u2": ("o9",)})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
