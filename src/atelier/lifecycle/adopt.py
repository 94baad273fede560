"""Takes in a family that was trained elsewhere, by digest: files in, finished runs out."""

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
from atelier.families.onnx_file import open_session
from atelier.families.training import Stage
from atelier.lifecycle import checksums
from atelier.lifecycle.family import Family, TrainOutcome
from atelier.lifecycle.runs import keep_weights, sha256_of
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

_SUFFIXES = {".json", ".onnx", ".safetensors"}


@dataclass(frozen=True)
class Adopted:
    """A family trained elsewhere, with runs as if it had been trained here."""

    preset: str
    data_version: str
    """The version that it was trained on."""
    digest: str
    runs: dict[str, TrainOutcome]
    """Role -> run, in the order of training."""


def adopt(settings: Settings, family: Family[Any], trained_dir: Path, digest: str | None) -> Adopted:
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
        description = _description(settings, family, copy_dir)
        registry = open_registry(settings)
        figures = json.loads((copy_dir / METRICS_FILE).read_text())
        runs: dict[str, TrainOutcome] = {}
        for stage in family.stages(family.preset(description["preset"]["name"])):
            role = stage.role
            runs[role] = _run(
                registry, family, stage, copy_dir / role, description, figures[role], digest, runs
            )
    return Adopted(description["preset"]["name"], description["data_version"], digest, runs)


def declared(trained_dir: Path) -> tuple[str, str]:
    """The family and the preset that a folder says it was trained for; nothing is checked yet.

    TrainingError: the folder is not one that `train_pack` finished.
    """
    if not trained_dir.is_dir():
        raise TrainingError(f"there is no folder {trained_dir} (expected what train_pack wrote)")
    description = _read_description(trained_dir)
    return description["family"], description["preset"]["name"]


def _read_description(folder: Path) -> dict[str, Any]:
    if not (folder / TRAINING_FILE).is_file():
        raise TrainingError(f"the folder has no {TRAINING_FILE}: it is not one that train_pack finished")
    description: dict[str, Any] = json.loads((folder / TRAINING_FILE).read_text())
    return description


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


def _description(settings: Settings, family: Family[Any], folder: Path) -> dict[str, Any]:
    """What the folder says of itself; every way in which it could not be registered is found here."""
    description = _read_description(folder)
    if (description["format"], description["family"]) != (TRAINED_FORMAT, family.name):
        raise TrainingError(
            f"the folder holds a model of family '{description['family']}', format {description['format']} "
            f"(expected '{family.name}', {TRAINED_FORMAT})"
        )
    preset = family.preset(description["preset"]["name"])
    version = description["data_version"]
    if recorded(settings, version) is None:
        known = ", ".join(str(each) for each in versions(settings)) or "none yet"
        raise VersionError(
            f"the model was trained on data version {version[:12]}, which this workspace never accepted "
            f"(known: {known}). Train it on a pack of this workspace: "
            f"`atelier pack {family.name} PACK_DIR`"
        )
    for stage in family.stages(preset):
        networks = sorted((folder / stage.role / WEIGHTS_FOLDER).glob("*.onnx"))
        if not networks:
            raise TrainingError(f"the folder has no network of the stage '{stage.role}'")
        for path in networks:
            open_session(path, sha256_of(path.read_bytes()), 1, TrainingError)
    return description


def _run(
    registry: Registry,
    family: Family[Any],
    stage: Stage,
    folder: Path,
    description: Mapping[str, Any],
    figures: dict[str, float],
    digest: str,
    earlier: Mapping[str, TrainOutcome],
) -> TrainOutcome:
    """The finished run of one network, made from its files, or found."""
    start = time.perf_counter()
    key = sha256_of(f"adopted {family.name} {stage.role} {digest}".encode())[:32]
    found = registry.find_run(key)
    if found is None:
        preset = description["preset"]["name"]
        tags = {"data_version": description["data_version"], "preset": preset, "adopted": digest}
        tags |= {role: earlier[role].run_id for role in stage.after}
        with registry.start_run(f"{stage.role}-{preset}-adopted", key, tags, family=family.name) as run:
            run.params({name: value for name, value in description.items() if name != "format"})
            for name, points in json.loads((folder / CURVES_FILE).read_text()).items():
                for step, value in points:
                    run.metrics({name: value}, step)
            run.metrics(figures, int(figures["steps"]))
            keep_weights(run, folder / WEIGHTS_FOLDER)
            run.figure("loss_curves", loss_curves(run.history()))
    finished = registry.find_run(key)
    assert finished is not None, "the run was finished just now"
    return TrainOutcome(finished.run_id, key, found is not None, figures, time.perf_counter() - start)
