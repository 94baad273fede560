"""The connection to MLflow's store: an absolute address, migrated once, quiet and offline."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from atelier.errors import RegistryError
from atelier.registry.moved import mend_moved_store
from atelier.settings import Settings

_SWITCHES = {
    "MLFLOW_MODEL_CATALOG_URI": "",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}
"""No network, no pickles, no chatter. MLflow reads these when it is imported and offers no other way."""


@dataclass(frozen=True)
class Connection:
    """An open store. `client` is an MlflowClient bound to `uri`; MLflow's global default is never used."""

    client: Any
    uri: str
    artifact_root: str
    locks_dir: Path


def connect(settings: Settings) -> Connection:
    """Open the store of `settings`, creating and migrating its database where it is empty.

    The store of a workspace that was moved is mended. Several processes may do so at once: MLflow's own
    set-up crashes then, ours waits for a file lock. The lock is local, so a PostgreSQL store that many
    machines share should be migrated once, by hand, first.
    """
    uri = settings.mlflow_uri
    if uri.startswith("sqlite:") and not uri.startswith("sqlite:////"):
        raise RegistryError(
            f"ATELIER_TRACKING_URI is {uri!r}, whose path depends on the working folder; "
            f"give an absolute one, with four slashes: sqlite:////srv/atelier/mlflow.db"
        )
    locks_dir = settings.home / "mlruns" / "locks"
    locks_dir.mkdir(parents=True, exist_ok=True)
    mlflow = _import_quietly()
    with FileLock(locks_dir / "set-up.lock"):
        _migrate(uri, settings.mlflow_artifacts)
        mend_moved_store(settings)
        client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
    return Connection(client, uri, settings.mlflow_artifacts, locks_dir)


def experiment_id(connection: Connection, family: str) -> str:
    """Return the experiment of a family; creates it with its artifacts beneath our root where it is
    missing.
    """
    from mlflow.exceptions import MlflowException

    client = connection.client
    experiment = client.get_experiment_by_name(family)
    if experiment is None:
        try:
            return str(client.create_experiment(family, f"{connection.artifact_root}/{family}"))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            experiment = client.get_experiment_by_name(family)
    if experiment.lifecycle_stage != "active":
        raise RegistryError(
            f"the MLflow experiment {family!r} was deleted, and runs cannot go into it; restore it with "
            f"`mlflow experiments restore -x {experiment.experiment_id}`"
        )
    return str(experiment.experiment_id)


def _import_quietly() -> Any:
    os.environ.update(_SWITCHES)
    import mlflow
    from mlflow.telemetry import set_telemetry_client

    set_telemetry_client()  # ends the one of an import that came before ours and had no switches
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return mlflow


def _migrate(uri: str, artifact_root: str) -> None:
    """Create the tables. MLflow's default experiment gets our artifact root, not the working folder."""
    from mlflow.store.db.db_types import DATABASE_ENGINES

    if not uri.startswith(tuple(DATABASE_ENGINES)):
        return  # a tracking server looks after its own database
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    SqlAlchemyStore(uri, artifact_root)
