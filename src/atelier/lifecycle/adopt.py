"""Takes in a model that was trained elsewhere, by digest: files in, two finished runs out."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from atelier.errors import DigestError, TrainingError, VersionError
from atelier.families.retrieval.inference import EmbeddingContract, Encoder
from atelier.families.retrieval.training import preset_named, sha256_of
from atelier.jobs.retrieval.train import TrainOutcome, keep_weights
from atelier.lifecycle import checksums
from atelier.lifecycle.train_pack import (
    CURVES_FILE,
    METRICS_FILE,
    TRAINED_FORMAT,
    TRAINING_FILE,
    WEIGHTS_FOLDER,
)
from atelier.registry.plots import loss_curves
from atelier.registry.store import Registry, open_registry
from atelier.settings import Settings
from atelier.versioning.version import recorded, versions

ROLES = ("teacher", "student")
_SUFFIXES = {".json", ".onnx", ".safetensors"}


@dataclass(frozen=True)
class Adopted:
    """A model trained elsewhere, with runs as if it had been trained here."""

    preset: str
    data_version: str
    """The version that it was trained on."""
    digest: str
    teacher: TrainOutcome
    student: TrainOutcome


def adopt(settings: Settings, trained_dir: Path, digest: str | None) -> Adopted:
    """Check a folder that `train_pack` wrote against its digest and record its networks as finished runs.

    All is checked before anything is recorded; the files that were checked are those that are kept. Asked
    again for the same digest, it finds the runs.

    DigestError: there is no digest, it is another's, or a file has changed. VersionError: the model was
    trained on data that this workspace never accepted. TrainingError: the folder holds no such model.
    """
    if not digest:
        raise DigestError(
            f"{trained_dir}: a model trained elsewhere is taken by its digest (expected the 64 digits that "
            f"`python -m atelier.lifecycle.train_pack` printed last): add --digest SHA256"
        )
    with TemporaryDirectory() as folder:
        copy_dir = Path(folder) / "trained"
        if not trained_dir.is_dir():
            raise TrainingError(f"there is no folder {trained_dir} (expected what train_pack wrote)")
        shutil.copytree(trained_dir, copy_dir, symlinks=True)
        digest = _checked(copy_dir, trained_dir, digest)
        facts = _facts(settings, copy_dir)
        registry = open_registry(settings)
        metrics = json.loads((copy_dir / METRICS_FILE).read_text())
        teacher = _run(registry, "teacher", copy_dir, facts, metrics["teacher"], digest)
        student = _run(
            registry, "student", copy_dir, facts, metrics["student"], digest, teacher=teacher.run_id
        )
    return Adopted(facts["preset"]["name"], facts["data_version"], digest, teacher, student)


def _checked(folder: Path, trained_dir: Path, digest: str) -> str:
    """The digest, once every file was found to be what it says."""
    try:
        found = checksums.check(folder, digest)
    except DigestError as error:
        raise DigestError(str(error).replace(str(folder), str(trained_dir))) from None
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix not in _SUFFIXES:
            raise TrainingError(
                f"{trained_dir} holds {path.name} (expected {', '.join(sorted(_SUFFIXES))} only)"
            )
    return found


def _facts(settings: Settings, folder: Path) -> dict[str, Any]:
    """What the folder says of itself; every way in which it could not be registered is found here."""
    if not (folder / TRAINING_FILE).is_file():
        raise TrainingError(f"the folder has no {TRAINING_FILE}: it is not one that train_pack finished")
    facts: dict[str, Any] = json.loads((folder / TRAINING_FILE).read_text())
    if (facts["format"], facts["family"]) != (TRAINED_FORMAT, "retrieval"):
        raise TrainingError(
            f"the folder holds a model of family '{facts['family']}', format {facts['format']} (expected "
            f"'retrieval', {TRAINED_FORMAT})"
        )
    preset_named(facts["preset"]["name"])
    version = facts["data_version"]
    if recorded(settings, version) is None:
        known = ", ".join(str(each) for each in versions(settings)) or "none yet"
        raise VersionError(
            f"the model was trained on data version {version[:12]}, which this workspace never accepted "
            f"(known: {known}). Train it on a pack of this workspace: `atelier pack retrieval PACK_DIR`"
        )
    for role in ROLES:
        weights_dir = folder / role / WEIGHTS_FOLDER
        contract = EmbeddingContract.from_json((weights_dir / "contract.json").read_bytes())
        Encoder(weights_dir / f"{role}.onnx", contract, threads=1)
    return facts


def _run(
    registry: Registry,
    role: str,
    folder: Path,
    facts: Mapping[str, Any],
    figures: dict[str, float],
    digest: str,
    **tags: str,
) -> TrainOutcome:
    """The finished run of one network, made from its files, or found."""
    start = time.perf_counter()
    key = sha256_of(f"adopted {role} {digest}".encode())[:32]
    found = registry.find_run(key)
    if found is None:
        tags |= {"data_version": facts["data_version"], "preset": facts["preset"]["name"], "adopted": digest}
        with registry.start_run(f"{role}-{facts['preset']['name']}-adopted", key, tags) as run:
            run.params({name: value for name, value in facts.items() if name != "format"})
            for name, points in json.loads((folder / role / CURVES_FILE).read_text()).items():
                for step, value in points:
                    run.metrics({name: value}, step)
            run.metrics(figures, int(figures["steps"]))
            keep_weights(run, folder / role / WEIGHTS_FOLDER)
            run.figure("loss_curves", loss_curves(run.history()))
    finished = registry.find_run(key)
    assert finished is not None, "the run was finished just now"
    seconds = time.perf_counter() - start
    return TrainOutcome(finished.run_id, key, found is not None, figures, seconds)
