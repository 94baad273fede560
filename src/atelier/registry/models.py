"""Model versions: registered once, fetched with every digest checked, named by aliases.

A version is an MLflow model: its files beside an `MLmodel` with a signature and an input example, so that
`mlflow.pyfunc.load_model` serves it from its ONNX file. Nothing in it is pickled.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from filelock import FileLock

from atelier.errors import DigestError, RegistryError
from atelier.registry.connection import Connection, experiment_id
from atelier.registry.digests import digests_of
from atelier.registry.packing import CARD, Package, pack
from atelier.registry.runs import TAG_PREFIX, RunRef, long_tag

_DIGEST_PREFIX = "sha256."
_FILES_TAG = TAG_PREFIX + "files"
_MAX_DESCRIPTION = 4900


@dataclass(frozen=True)
class ModelVersion:
    """One version of a registered model. `digests` maps each of its files to its sha256."""

    name: str
    version: int
    run_id: str
    files_digest: str
    """Of the files as they were handed in: the same files of the same run are the same version."""
    digests: Mapping[str, str]
    aliases: tuple[str, ...]
    tags: Mapping[str, str]
    """Ours, by short name: `data_version`."""
    created_at: float
    """Seconds since 1970, UTC."""
    location: str
    """Where MLflow keeps the files."""


def register(
    connection: Connection, name: str, run: RunRef, package: Package, tags: Mapping[str, str]
) -> ModelVersion:
    """See `Registry.register`."""
    package.signature.check(package.input_example)
    files_digest = _digest_of_files(package.files_dir)
    with FileLock(connection.locks_dir / f"model-{name}.lock"):
        if _registered(connection, name) is None:
            connection.client.create_registered_model(name)
        known = _find(connection, name, run, files_digest)
        if known is None:
            with TemporaryDirectory() as folder:
                model_dir = Path(folder) / "model"
                pack(package, model_dir)
                facts = {**{long_tag(tag): value for tag, value in tags.items()}, _FILES_TAG: files_digest}
                _publish(connection, name, run, model_dir, facts)
            known = _find(connection, name, run, files_digest)
            assert known is not None
        return set_alias(connection, name, "candidate", known.version)


def fetch(connection: Connection, version: ModelVersion, target_dir: Path) -> Path:
    """See `Registry.fetch`."""
    from mlflow.artifacts import download_artifacts

    target_dir.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target_dir.parent, prefix=f".{target_dir.name}-") as folder:
        fetched = Path(
            download_artifacts(artifact_uri=version.location, dst_path=folder, tracking_uri=connection.uri)
        )
        _check_digests(version, digests_of(fetched))
        if target_dir.exists():
            shutil.rmtree(target_dir)
        fetched.replace(target_dir)
    return target_dir


def find_version(connection: Connection, name: str, which: str | int) -> ModelVersion | None:
    """See `Registry.version`."""
    model = _registered(connection, name)
    if model is None:
        return None
    number = int(which) if str(which).isdecimal() else model.aliases.get(str(which))
    return next(
        (version for version in _versions(connection, model) if version.version == int(number or 0)), None
    )


def find_versions(connection: Connection, name: str) -> list[ModelVersion]:
    """See `Registry.versions`."""
    model = _registered(connection, name)
    return [] if model is None else _versions(connection, model)


def set_alias(connection: Connection, name: str, alias: str, version: int) -> ModelVersion:
    """See `Registry.set_alias`."""
    if find_version(connection, name, version) is None:
        known = [each.version for each in find_versions(connection, name)]
        raise RegistryError(f"{name} has no version {version} to be its {alias}; known versions: {known}")
    connection.client.set_registered_model_alias(name, alias, str(version))
    moved = find_version(connection, name, version)
    assert moved is not None
    return moved


def tag_version(connection: Connection, version: ModelVersion, tags: Mapping[str, str]) -> None:
    """See `Registry.tag_version`."""
    for tag, value in tags.items():
        connection.client.set_model_version_tag(version.name, str(version.version), long_tag(tag), value)


def _publish(
    connection: Connection, name: str, run: RunRef, model_dir: Path, facts: Mapping[str, str]
) -> None:
    """Upload the folder as one of MLflow's logged models and make it a version. Its tags come with it, at
    once: a kill before that leaves an unnamed upload behind, never a version without digests."""
    from mlflow.entities import LoggedModelOutput

    client = connection.client
    logged = client.create_logged_model(
        experiment_id(connection, run.family), name, source_run_id=run.run_id, model_type=run.family
    )
    client.log_model_artifacts(logged.model_id, str(model_dir))
    client.finalize_logged_model(logged.model_id, "READY")
    client.log_outputs(run.run_id, [LoggedModelOutput(logged.model_id, step=0)])
    digests = {_DIGEST_PREFIX + path: digest for path, digest in digests_of(model_dir).items()}
    client.create_model_version(
        name,
        logged.artifact_location,
        run_id=run.run_id,
        model_id=logged.model_id,
        tags={**facts, **digests},
        description=(model_dir / CARD).read_text(encoding="utf-8")[:_MAX_DESCRIPTION],
    )


def _registered(connection: Connection, name: str) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        return connection.client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise


def _find(connection: Connection, name: str, run: RunRef, files_digest: str) -> ModelVersion | None:
    for version in find_versions(connection, name):
        if version.run_id == run.run_id and version.files_digest == files_digest:
            return version
    return None


def _digest_of_files(files_dir: Path) -> str:
    """Names the files of a version, but for its card: a card may tell the time of day."""
    digests = {path: digest for path, digest in digests_of(files_dir).items() if path != CARD}
    return hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()


def _versions(connection: Connection, model: Any) -> list[ModelVersion]:
    """All versions of a registered model, the newest first."""
    aliases: dict[int, list[str]] = {}
    for alias, number in model.aliases.items():
        aliases.setdefault(int(number), []).append(alias)
    found = connection.client.search_model_versions(f"name = '{model.name}'")
    versions = [_version(each, tuple(sorted(aliases.get(int(each.version), ())))) for each in found]
    return sorted(versions, key=lambda version: -version.version)


def _version(found: Any, aliases: tuple[str, ...]) -> ModelVersion:
    tags = found.tags
    return ModelVersion(
        name=found.name,
        version=int(found.version),
        run_id=found.run_id,
        files_digest=tags.get(_FILES_TAG, ""),
        digests=_with_prefix(tags, _DIGEST_PREFIX),
        aliases=aliases,
        tags=_with_prefix(tags, TAG_PREFIX),
        created_at=found.creation_timestamp / 1000,
        location=found.source,
    )


def _with_prefix(tags: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {tag.removeprefix(prefix): value for tag, value in tags.items() if tag.startswith(prefix)}


def _check_digests(version: ModelVersion, seen: Mapping[str, str]) -> None:
    for path in sorted(version.digests.keys() | seen.keys()):
        expected, found = version.digests.get(path, "no such file"), seen.get(path, "no such file")
        if expected != found:
            raise DigestError(
                f"{version.name} version {version.version}: {path} is not what was registered "
                f"(expected {expected[:16]}, found {found[:16]}) in {version.location}; "
                f"restore that folder from a backup, or register the model again and move the alias"
            )
