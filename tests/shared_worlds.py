"""Worlds that are costly to make: made once in a session of tests, whichever process comes first, and copied.

A test that changes its workspace changes a copy. `once` makes under a lock in the folder that all workers of
pytest-xdist share; `moved_copy` lets a copy know its own place.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from family_runs import train_and_judge, why_unavailable
from filelock import FileLock

from atelier.jobs.data.ingest import ingest
from atelier.jobs.detection.family import DETECTION
from atelier.jobs.outfit.family import OUTFIT
from atelier.jobs.release.publish import publish
from atelier.jobs.retrieval.family import RETRIEVAL
from atelier.lifecycle.pack import pack
from atelier.settings import Settings
from atelier.simulate.drop import simulate

NUM_ITEMS = 260
"""Items of the shared drop: enough for a few sets of experts in each part of the data."""
SEED = 5
ABSENT = (
    *("mlflow", "prefect", "lancedb", "lance", "dvc", "great_expectations", "fastapi", "typer", "pandas"),
    *("pyarrow", "pydantic", "pydantic_settings", "matplotlib", "sqlalchemy"),
)
"""What a bare GPU machine does not have."""


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


def copy_into(folder: Path, source: Path) -> Settings:
    """Copy a workspace into a folder that exists; returns its settings."""
    shutil.copytree(source, folder, symlinks=True, dirs_exist_ok=True)
    move_names(folder, source, folder)
    return Settings(home=folder, serve_threads=1)


def make_trained(folder: Path, ingested_home: Path) -> None:
    """The same home with a photo search of the preset `debug` that is the champion."""
    settings = copy_into(folder, ingested_home)
    assert "no retrieval model has passed its gate yet" in str(why_unavailable(settings, OUTFIT))
    judged = train_and_judge(settings, RETRIEVAL)
    assert judged.verdict.promoted, "the first model becomes the champion"


def make_detecting(folder: Path, ingested_home: Path) -> None:
    """The home of the shared drop with a detector that is the champion."""
    settings = copy_into(folder, ingested_home)
    assert train_and_judge(settings, DETECTION).verdict.promoted, "the first model becomes the champion"


def make_styling(folder: Path, trained_home: Path) -> None:
    """The home with a champion of photo search, and an outfit model that went live with it."""
    settings = copy_into(folder, trained_home)
    assert why_unavailable(settings, OUTFIT) is None
    assert train_and_judge(settings, OUTFIT).verdict.promoted, "the first model becomes the champion"
    publish(settings, progress=False)


def make_packed(folder: Path, ingested_home: Path) -> None:
    """A pack of photo search, and what a machine without most of our libraries trained from it."""
    settings = copy_into(folder / "home", ingested_home)
    packed = pack(settings, RETRIEVAL, folder / "pack", "debug", progress=False)
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({ABSENT})); "
        f"from atelier.lifecycle.train_pack import main; sys.exit(main())"
    )
    arguments = [str(folder / "pack"), "--preset", "debug", "--output", str(folder / "trained")]
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    facts = {"data_version": packed.data_version, "digest": done.stdout.splitlines()[-1]}
    (folder / "facts.json").write_text(json.dumps(facts))
