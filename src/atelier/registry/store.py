"""Opens the registry: `open_registry(settings)`, and the methods of `Registry`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from atelier.registry import models, runs
from atelier.registry.connection import Connection, connect
from atelier.registry.models import ModelVersion
from atelier.registry.packing import Package
from atelier.registry.runs import RunRef, RunTracker
from atelier.registry.signature import Signature
from atelier.settings import Settings


def open_registry(settings: Settings) -> Registry:
    """Open the runs and models of a workspace, creating an empty store; safe from many processes at once.

    Costs about seven seconds in a fresh process (importing MLflow), and a few more for an empty store.
    """
    return Registry(connect(settings))


class Registry:
    """Runs and model versions of one workspace."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def find_run(self, key: str) -> RunRef | None:
        """Find the latest finished run with this key; None where the work is still to do."""
        return runs.find_run(self.connection, key)

    def start_run(
        self,
        name: str,
        key: str,
        tags: Mapping[str, str],
        *,
        family: str = "retrieval",
        system_seconds: float = 10.0,
    ) -> AbstractContextManager[RunTracker]:
        """Start a run that lasts as long as the block, in the experiment named like the family.

        `key` is the digest of everything the run depends on. A run that a killed process left RUNNING under
        it is taken up again with the same id; one that another live process holds raises RegistryError.
        `tags` are facts by short name (`data_version`, `preset`), shown as `atelier.data_version`; key,
        family and commit are added. System metrics are sampled every `system_seconds`. An exception marks
        the run FAILED, with its message in the tag `atelier.failure`; Ctrl-C marks it KILLED.
        """
        return runs.start_run(self.connection, name, key, tags, family=family, system_seconds=system_seconds)

    def read(self, run_id: str, name: str) -> bytes:
        """Read one artifact of a run by its whole name ('evaluation.json'); RegistryError where it has
        none.
        """
        return runs.read_artifact(self.connection, run_id, name)

    def register(
        self,
        name: str,
        files_dir: Path,
        run: RunRef,
        *,
        signature: Signature,
        input_example: Mapping[str, np.ndarray],
        card: str,
        tags: Mapping[str, str],
        served: str = "student.onnx",
    ) -> ModelVersion:
        """Make the files of a folder a version of the model `name`, and that version its `candidate`.

        The folder's files, card, signature and example become an MLflow model that `mlflow.pyfunc` can load
        and that runs the ONNX file `served`. `card` becomes card.md, with the digests of the files. Every
        file's sha256 becomes a tag of the version. The same files of the same run are registered once,
        however often this is called. Pickles, and files that cannot answer the example, are refused with
        RegistryError.
        """
        package = Package(files_dir, served, signature, input_example, card)
        return models.register(self.connection, name, run, package, tags)

    def fetch(self, version: ModelVersion, target_dir: Path) -> Path:
        """Copy a version's files to `target_dir`, replacing it whole once every digest was checked.

        DigestError names the first file that is missing, added or not what was registered.
        """
        return models.fetch(self.connection, version, target_dir)

    def version(self, name: str, alias_or_number: str | int) -> ModelVersion | None:
        """Find the version with an alias ('champion') or a number (3, '3'); None where there is none."""
        return models.find_version(self.connection, name, alias_or_number)

    def versions(self, name: str) -> list[ModelVersion]:
        """List all versions of a model, newest first."""
        return models.find_versions(self.connection, name)

    def set_alias(self, name: str, alias: str, version: int) -> ModelVersion:
        """Move an alias to a version, in one step; RegistryError where the version is unknown."""
        return models.set_alias(self.connection, name, alias, version)

    def tag_version(self, version: ModelVersion, tags: Mapping[str, str]) -> None:
        """Add facts to a version, such as the gate's verdict, as tags `atelier.<name>`."""
        models.tag_version(self.connection, version, tags)
