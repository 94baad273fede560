"""Bad rows with their reasons: `quarantine/<table>.parquet`, every column as text, for people to read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from atelier.datasets.raw import Rejected
from atelier.datasets.tables import schema
from atelier.vocabulary import ROW_CLASSES

_LONGEST = 1_000
"""Characters of a value that are kept."""


def write_quarantine(quarantine_dir: Path, drop: str, rejected: Iterable[Rejected]) -> None:
    """Replace this drop's rows in quarantine; rows of other drops stay.

    A drop that was mended and ingested again so leaves the quarantine by itself.
    """
    of_table: dict[str, list[Rejected]] = {name: [] for name in ROW_CLASSES}
    for one in rejected:
        of_table[one.table].append(one)
    for name, bad in of_table.items():
        path = quarantine_dir / f"{name}.parquet"
        kept = [row for row in read_quarantine(quarantine_dir, name).to_pylist() if row["drop"] != drop]
        rows = kept + [_as_text(one.row) | {"reason": _text(one.reason), "drop": drop} for one in bad]
        if rows:
            _write(path, sorted(rows, key=_order), _columns(name))
        else:
            path.unlink(missing_ok=True)


def read_quarantine(quarantine_dir: Path, name: str) -> pa.Table:
    """Read the bad rows of a table: its columns as text, `reason` and `drop`."""
    path = quarantine_dir / f"{name}.parquet"
    return pq.read_table(path, partitioning=None) if path.exists() else _columns(name).empty_table()


def _columns(name: str) -> pa.Schema:
    return pa.schema([(column, pa.string()) for column in (*schema(name).names, "reason", "drop")])


def _write(path: Path, rows: list[dict[str, str | None]], columns: pa.Schema) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial_path = path.with_suffix(".partial")
    pq.write_table(pa.Table.from_pylist(rows, schema=columns), partial_path, compression="zstd")
    partial_path.replace(path)


def _as_text(row: Mapping[str, Any]) -> dict[str, str | None]:
    return {column: None if _is_missing(value) else _text(value) for column, value in row.items()}


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _text(value: Any) -> str:
    text = " ".join(map(str, value)) if isinstance(value, list | tuple | np.ndarray) else str(value)
    return text[:_LONGEST].encode("utf-8", "backslashreplace").decode()


def _order(row: Mapping[str, str | None]) -> tuple[str, ...]:
    return tuple(value or "" for _, value in sorted(row.items()))
