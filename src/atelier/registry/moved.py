"""Repairs the store of a workspace that was moved or copied: MLflow keeps absolute addresses of artifacts."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from atelier.settings import Settings

_ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
"""Table and column of each address. MLflow offers no call that changes them."""
_OURS = "/mlruns/artifacts"

log = logging.getLogger(__name__)


def mend_moved_store(settings: Settings) -> bool:
    """Rewrite addresses made in another folder to the present place of the artifacts; returns whether there
    were any.

    Only for a workspace that holds both database and artifacts. Costs a millisecond where nothing is to do;
    else one transaction, so that a killed call has changed nothing. Call it while nobody else writes.
    """
    old, new = made_elsewhere(settings), settings.mlflow_artifacts
    if old is None:
        return False
    with closing(sqlite3.connect(_database(settings), timeout=60)) as connection, connection:
        for table, column in _ADDRESSES:
            if column not in _columns(connection, table):  # of a database that is still to be migrated
                continue
            connection.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                (new, len(old) + 1, old, len(old) + 1, f"{old}/"),
            )
    log.info("the store of runs and models was made in %s; it now says %s", old, new)
    return True


def made_elsewhere(settings: Settings) -> str | None:
    """Return the artifact root that the store's addresses begin with, if the artifacts lie elsewhere now."""
    if settings.tracking_uri or settings.artifact_root or not _database(settings).is_file():
        return None
    with closing(sqlite3.connect(_database(settings), timeout=60)) as connection:
        old = _old_root(connection)
    return old if old is not None and old.endswith(_OURS) and old != settings.mlflow_artifacts else None


def _database(settings: Settings) -> Path:
    return settings.home / "mlruns" / "mlflow.db"


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")}


def _old_root(connection: sqlite3.Connection) -> str | None:
    """The artifact root that MLflow's default experiment was made under; None in an empty database."""
    if not _columns(connection, "experiments"):
        return None
    found = connection.execute("SELECT artifact_location FROM experiments WHERE experiment_id = 0").fetchone()
    return None if found is None else str(found[0]).removesuffix("/0")
