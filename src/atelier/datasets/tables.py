"""Rows of `vocabulary` to Arrow tables and Parquet files and back, and to data frames.

The same rows give the same bytes: tables are sorted by their key and written without a time or a host.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

import pyarrow as pa
import pyarrow.parquet as pq

from atelier.errors import CorruptionError
from atelier.vocabulary import KEYS, ROW_CLASSES

if TYPE_CHECKING:
    import pandas as pd

Row = Any
"""An instance of one of the classes in `vocabulary.ROW_CLASSES`."""

_ARROW_TYPES: dict[object, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    tuple[str, ...]: pa.list_(pa.string()),
}


@cache
def column_types(name: str) -> Mapping[str, tuple[Any, bool]]:
    """List each column of a table in order: its Python type without `None`, and whether it may be missing."""
    hints = get_type_hints(ROW_CLASSES[name])
    return {field.name: _without_none(hints[field.name]) for field in fields(ROW_CLASSES[name])}


@cache
def schema(name: str) -> pa.Schema:
    """Return the Arrow schema of a table: the fields of its class, in their order."""
    return pa.schema(
        [
            pa.field(column, _ARROW_TYPES[kind], nullable=optional)
            for column, (kind, optional) in column_types(name).items()
        ]
    )


def from_rows(name: str, rows: Iterable[Row]) -> pa.Table:
    """Convert rows of the table's class to an Arrow table, in the order given."""
    rows = list(rows)
    columns = [
        pa.array([getattr(row, field.name) for row in rows], type=field.type) for field in schema(name)
    ]
    return pa.Table.from_arrays(columns, schema=schema(name))


def to_rows(name: str, table: pa.Table) -> list[Row]:
    """Convert the table's rows to instances of its class."""
    row_type = ROW_CLASSES[name]
    columns = [table.column(column).to_pylist() for column in schema(name).names]
    for index, (kind, _) in enumerate(column_types(name).values()):
        if get_origin(kind) is tuple:
            columns[index] = [None if value is None else tuple(value) for value in columns[index]]
    return [row_type(*values) for values in zip(*columns, strict=True)]


def to_frame(name: str, rows: Iterable[Row]) -> pd.DataFrame:
    """Convert rows to a data frame; missing values are null."""
    return from_rows(name, rows).to_pandas()


def key_of(name: str, row: Row) -> tuple[str, ...]:
    """Return the key of a row within its table."""
    return tuple(getattr(row, column) for column in KEYS[name])


def write(path: Path, name: str, rows: Iterable[Row]) -> None:
    """Write the rows as one Parquet file, sorted by key; equal rows give equal bytes."""
    table = from_rows(name, sorted(rows, key=lambda row: key_of(name, row)))
    pq.write_table(table, path, compression="zstd", store_schema=False, version="2.6")


def read(path: Path, name: str) -> pa.Table:
    """Read a table that `write` wrote; raises CorruptionError where it is not one.

    An optional column that the table was written without, by an earlier Atelier, is null in every row.
    """
    try:
        table = pq.read_table(path, partitioning=None)
        required = [field.name for field in schema(name) if not field.nullable]
        if missing := [column for column in required if column not in table.column_names]:
            raise pa.ArrowInvalid(f"it has no column {', '.join(missing)}")
        return pa.Table.from_arrays([_column(table, field) for field in schema(name)], schema=schema(name))
    except (pa.ArrowInvalid, pa.ArrowTypeError, OSError) as error:
        raise CorruptionError(
            f"{path} is not a table of {name} as Atelier writes them: {error}. "
            f"`atelier data restore` brings back an accepted version"
        ) from error


def _column(table: pa.Table, field: pa.Field) -> pa.ChunkedArray | pa.Array:
    if field.name not in table.column_names:
        return pa.nulls(table.num_rows, field.type)
    return table.column(field.name).cast(field.type)


def _without_none(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) not in (Union, types.UnionType):
        return hint, False
    kinds = [kind for kind in get_args(hint) if kind is not type(None)]
    assert len(kinds) == 1, f"a column has one type, not {hint}"
    return kinds[0], True
