"""The tables of judgments: every recorded file becomes a part that never changes; the tables are their sum.

    judgments/judgments-<digest>.parquet      items judged, one part for each recording
    judgments/preferences-<digest>.parquet    which of two models was better

Of several rows with one key the one judged last counts, so that a reviewer may change their mind; what was
said before stays in its part. A part is written aside and renamed: a kill leaves it whole or not at all, and
two who record at once do not meet.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from atelier.datasets import tables
from atelier.datasets.tables import Row, key_of
from atelier.vocabulary import REVIEW_TABLES


@dataclass(frozen=True)
class Recorded:
    """The numbers of rows that one recording added, replaced and kept."""

    added: int
    updated: int
    """Rows that take the place of an earlier one of the same key."""
    unchanged: int
    """Rows that were there already, or that a later one had replaced."""


def record(judgments_dir: Path, name: str, rows: Sequence[Row]) -> Recorded:
    """Add rows to a table, of each key the latest; recording the same rows again changes nothing."""
    present = {key_of(name, row): row for row in read(judgments_dir, name)}
    num_rows = len(rows)
    rows = list({key_of(name, row): row for row in sorted(rows, key=_moment)}.values())
    added = [row for row in rows if key_of(name, row) not in present]
    updated = [
        row for row in rows if (old := present.get(key_of(name, row))) is not None and _is_later(row, old)
    ]
    if added or updated:
        _write_part(judgments_dir, name, [*added, *updated])
    return Recorded(len(added), len(updated), num_rows - len(added) - len(updated))


def read(judgments_dir: Path, name: str) -> list[Row]:
    """Read the valid rows, sorted by key; none where nothing was recorded. CorruptionError: a part is
    broken.
    """
    latest: dict[tuple[str, ...], Row] = {}
    for path in _parts(judgments_dir, name):
        for row in tables.to_rows(name, tables.read(path, name)):
            key = key_of(name, row)
            if key not in latest or _moment(row) > _moment(latest[key]):
                latest[key] = row
    return [latest[key] for key in sorted(latest)]


def digest(judgments_dir: Path) -> str:
    """Hash everything that was recorded, so that figures name the judgments they are based on."""
    names = [path.name for name in REVIEW_TABLES for path in _parts(judgments_dir, name)]
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def _is_later(row: Row, old: Row) -> bool:
    same = replace(row, recorded_at=old.recorded_at) == old
    return not same and _moment(row) > _moment(old)


def _moment(row: Row) -> tuple[str, str]:
    return row.judged_at, row.recorded_at


def _parts(judgments_dir: Path, name: str) -> Iterable[Path]:
    return sorted(judgments_dir.glob(f"{name}-*.parquet"))


def _write_part(judgments_dir: Path, name: str, rows: Sequence[Row]) -> None:
    judgments_dir.mkdir(parents=True, exist_ok=True)
    partial_path = judgments_dir / f".{name}-{uuid.uuid4().hex}.partial"
    tables.write(partial_path, name, rows)
    part = hashlib.sha256(partial_path.read_bytes()).hexdigest()[:16]
    partial_path.replace(judgments_dir / f"{name}-{part}.parquet")
