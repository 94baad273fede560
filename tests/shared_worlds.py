"""Worlds that are costly to make: made once in a session of tests, whichever process comes first, and copied.

A test that changes its workspace changes a copy. `once` makes under a lock in the folder that all workers of
pytest-xdist share; `moved_copy` lets a copy know its own place.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from family_runs import train_and_judge, why_unavailable
from filelock import FileLock

from atelier.jobs.data.ingest import ingest
from atelier.jobs.outfit.family import OUTFIT
from atelier.jobs.retrieval.family import RETRIEVAL
from atelier.settings import Settings
from atelier.simulate.drop import simulate

NUM_ITEMS = 260
"""Items of the shared drop: enough for a few sets of experts in each part of the data."""
SEED = 5


def once(base_dir: Path, name: str, make: Callable[[Path], None]) -> Path:
    """The folder `base_dir/name`, made by the first that asks; the others wait for it. To be read only."""
    folder = base_dir / name
    with FileLock(base_dir / f"{name}.lock"):
        if not folder.exists():
            unfinished = base_dir / f"{name}.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            make(unfinished)
            move_names(unfinished, unfinished, folder)
            unfinished.rename(folder)
    return folder


def moved_copy(source: Path, target: Path) -> Path:
    """A copy of a workspace in which every absolute path beneath the source is one beneath the target."""
    shutil.copytree(source, target, symlinks=True)
    move_names(target, source, target)
    return target


def move_names(folder: Path, old: Path, new: Path) -> None:
    """Write `new` for `old` in the databases and settings of a workspace: MLflow keeps absolute paths."""
    for path in folder.rglob("*"):
        if path.name.endswith(".db") and path.read_bytes()[:6] == b"SQLite":
            _move_in_database(path, str(old), str(new))
        elif path.name == "config.local":
            path.write_text(path.read_text().replace(str(old), str(new)))


def _move_in_database(path: Path, old: str, new: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            columns = database.execute(f"PRAGMA table_info('{table}')").fetchall()
            for _, column, kind, *_ in columns:
                if not kind.upper().startswith(("VARCHAR", "TEXT", "CHAR")):
                    continue
                database.execute(
                    f'UPDATE "{table}" SET "{column}" = replace("{column}", ?, ?) '
                    f'WHERE instr("{column}", ?) > 0',
                    (old, new, old),
                )


def make_drop(folder: Path) -> None:
    """The shared simulated drop."""
    simulate(folder / "drop", NUM_ITEMS, seed=SEED, progress=False)


def make_ingested(folder: Path, drop_dir: Path) -> None:
    """A home whose data is the shared drop, and nothing else."""
    ingest(Settings(home=folder), drop_dir, progress=False)


def make_trained(folder: Path, ingested_home: Path) -> None:
    """The same home with a photo search of the preset `debug` that is the champion."""
    shutil.copytree(ingested_home, folder, symlinks=True, dirs_exist_ok=True)
    move_names(folder, ingested_home, folder)
    settings = Settings(home=folder)
    assert "no retrieval model has passed its gate yet" in str(why_unavailable(settings, OUTFIT))
    judged = train_and_judge(settings, RETRIEVAL)
    assert judged.verdict.promoted, "the first model becomes the champion"
