"""Replaces the state of a data folder so that an interruption leaves the old or the new one.

    data/tables/<table>.parquet        the accepted tables
    data/tables/ingested.json          which drops made them
    data/pictures/<digest>.tar         their shards; one that no table names is harmless
    data/.incoming/partial/            tables being written
    data/.incoming/tables/             tables written whole: they count from when this folder has its name

`publish` writes shards first, then the tables into `partial/`, and renames that to `tables/`: the one step
that counts. Readers look there first. What is left, moving the files to their place, `settle` finishes.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from atelier.datasets import tables
from atelier.datasets.tables import Row
from atelier.vocabulary import TABLES

_INGESTED = "ingested.json"


def table_path(data_dir: Path, name: str) -> Path:
    """Return the path of the present state of a table; the file need not exist."""
    return _current_path(data_dir, f"{name}.parquet")


def exists(data_dir: Path) -> bool:
    """Test whether anything was published here, also by an earlier version with fewer tables."""
    return any(table_path(data_dir, name).exists() for name in TABLES)


def ingested(data_dir: Path) -> dict[str, str]:
    """Read the fingerprints of the drops that made this state, each with the drop's name."""
    path = _current_path(data_dir, _INGESTED)
    return dict(json.loads(path.read_text())) if path.exists() else {}


def publish(data_dir: Path, rows: Mapping[str, Sequence[Row]], ingested: Mapping[str, str]) -> None:
    """Replace all tables by these in one step. Their shards must be in place already."""
    incoming_dir = data_dir / ".incoming"
    partial_dir = incoming_dir / "partial"
    partial_dir.mkdir(parents=True)
    for name, table_rows in rows.items():
        tables.write(partial_dir / f"{name}.parquet", name, table_rows)
    (partial_dir / _INGESTED).write_text(json.dumps(ingested, indent=0, sort_keys=True) + "\n")
    partial_dir.rename(incoming_dir / "tables")
    settle(data_dir)


def settle(data_dir: Path) -> None:
    """Finish a `publish` that counted but was killed, and clear away one that did not count.

    Files are replaced, never written in place: a version's cache may share them by hard links.
    """
    incoming_dir = data_dir / ".incoming"
    committed_dir = incoming_dir / "tables"
    if committed_dir.is_dir():
        tables_dir = data_dir / "tables"
        tables_dir.mkdir(exist_ok=True)
        for path in sorted(committed_dir.iterdir()):
            path.replace(tables_dir / path.name)
    if incoming_dir.is_dir():
        shutil.rmtree(incoming_dir)


def sweep(data_dir: Path) -> None:
    """Remove shards that no photo names: a killed ingest leaves some, and replaced pictures do.

    What a version holds so depends on its rows alone, not on what happened on the way.
    """
    path = table_path(data_dir, "photos")
    named = set(tables.read(path, "photos").column("shard").to_pylist()) if path.exists() else set()
    pictures_dir = data_dir / "pictures"
    for shard in pictures_dir.iterdir() if pictures_dir.is_dir() else ():
        if shard.name not in named:
            shard.unlink()


def scratch_dir(data_dir: Path) -> Path:
    """Return a folder on the same disk for unfinished files; `settle` removes it."""
    path = data_dir / ".incoming" / "scratch"
    path.mkdir(parents=True, exist_ok=True)
    return path


def _current_path(data_dir: Path, name: str) -> Path:
    committed = data_dir / ".incoming" / "tables" / name
    return committed if committed.exists() else data_dir / "tables" / name
