"""Training runs of any family: a stage is trained unless a finished run has its key."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from atelier.engine.processes import device, is_main_process, wait_for_everyone
from atelier.engine.tracker import NullTracker
from atelier.errors import DigestError
from atelier.families.training import Stage
from atelier.lifecycle.code import code_digest
from atelier.lifecycle.context import Context, open_context
from atelier.lifecycle.family import Family, Outcomes, TrainOutcome
from atelier.lifecycle.fit import figures_of, fit_on_schedule
from atelier.registry.digests import digests_of
from atelier.registry.plots import loss_curves
from atelier.registry.runs import RunTracker
from atelier.registry.store import Registry
from atelier.settings import Settings

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

WEIGHTS_FOLDER = "weights"
"""Folder of a run with its network; digests of the files lie beside it in `weights.json`."""


def train_family(
    settings: Settings, family: Family[Any], preset: str, *, progress: bool = True
) -> dict[str, TrainOutcome]:
    """Train every stage that a preset asks for, one after the other. Raises as `train_stage` does."""
    outcomes: dict[str, TrainOutcome] = {}
    for stage in family.stages(family.preset(preset)):
        outcomes[stage.role] = train_stage(settings, family, preset, stage.role, outcomes, progress=progress)
    return outcomes


def train_stage(
    settings: Settings,
    family: Family[Any],
    preset: str,
    role: str,
    earlier: Outcomes,
    *,
    progress: bool = True,
) -> TrainOutcome:
    """Train one stage of a family on the current data, or find the finished run that did.

    `earlier`: outcomes of the stages before it. Resumes from the last checkpoint if interrupted.

    VersionError: there is no data yet. TrainingError, TooLittleDataError: the data cannot teach this stage.
    RegistryError: a family that it needs has no champion. DigestError: weights of an earlier stage changed.
    """
    start = time.perf_counter()
    stage = family.plan.stage(role)
    with open_context(settings, family.preset(preset), progress=progress) as context:
        key = stage_key(family, context, stage, earlier)
        found = context.registry.find_run(key)
        if found is None:
            _train(family, context, stage, key, earlier)
        finished = context.registry.find_run(key)
    assert finished is not None, "the main process has finished its run"
    return TrainOutcome(
        finished.run_id, key, found is not None, measured(finished.metrics), time.perf_counter() - start
    )


def stage_key(family: Family[Any], context: Context[Any], stage: Stage, earlier: Outcomes) -> str:
    """Hash everything that a stage's weights depend on."""
    return run_key(
        f"{family.name}/{stage.role}",
        context.data_version,
        stage.config(context.preset),
        *family.inputs(context),
        *(earlier[role].key for role in stage.after),
        code=code_digest(stage.build, family.material),
    )


def run_key(role: str, *parts: DataclassInstance | tuple[Any, ...] | str | None, code: str) -> str:
    """Hash everything that a run depends on: its data, its configuration, and `code`, the digest of its
    code.
    """
    depends_on = [role, parts, code]
    return sha256_of(json.dumps(depends_on, sort_keys=True, default=asdict).encode())[:32]


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def measured(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the metrics of a run without those of the machine."""
    return {name: value for name, value in metrics.items() if not name.startswith("system/")}


def keep_weights(run: RunTracker, folder: Path) -> None:
    """Log a trained network's files with its run, and their digests beside them."""
    run.file(folder, WEIGHTS_FOLDER)
    run.json(f"{WEIGHTS_FOLDER}.json", digests_of(folder))


def read_weights(registry: Registry, outcome: TrainOutcome, target_dir: Path) -> Path:
    """Copy the files that `keep_weights` logged into a new folder. DigestError: a file has changed since."""
    digests: dict[str, str] = json.loads(registry.read(outcome.run_id, f"{WEIGHTS_FOLDER}.json"))
    for name, digest in digests.items():
        data = registry.read(outcome.run_id, f"{WEIGHTS_FOLDER}/{name}")
        if sha256_of(data) != digest:
            raise DigestError(
                f"run {outcome.run_id}: {name} is not the file that was trained (expected sha256 "
                f"{digest[:16]}, found {sha256_of(data)[:16]}). Delete the run in the MLflow UI and "
                f"train again"
            )
        path = target_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return target_dir


@contextmanager
def weights_of(registry: Registry, outcomes: Outcomes) -> Iterator[dict[str, Path]]:
    """Copy each run's files to a temporary folder; yields role -> folder."""
    with TemporaryDirectory(prefix="atelier-weights-") as folder:
        yield {
            role: read_weights(registry, outcome, Path(folder) / role) for role, outcome in outcomes.items()
        }


def _train(family: Family[Any], context: Context[Any], stage: Stage, key: str, earlier: Outcomes) -> None:
    """Train in a run under `key`. Of several processes all train, and the main one keeps the run."""
    checkpoint_dir = context.settings.checkpoints_dir / key
    material = family.material(context, stage.role)
    needed = {role: earlier[role] for role in stage.after}
    with weights_of(context.registry, needed) as weights:
        work = stage.build(material, context.preset, weights, device())
    if is_main_process():
        tags = {"data_version": context.data_version, "preset": context.preset.name}
        tags |= {role: outcome.run_id for role, outcome in needed.items()}
        name = f"{stage.role}-{context.preset.name}"
        with context.registry.start_run(name, key, tags, family=family.name) as run:
            run.params({"preset": asdict(context.preset)})
            run.metrics(work.figures, 0)
            report = fit_on_schedule(work, run, checkpoint_dir, context.progress)
            run.metrics(figures_of(report), report.steps)
            with TemporaryDirectory() as folder:
                work.write(Path(folder))
                keep_weights(run, Path(folder))
            run.figure("loss_curves", loss_curves(run.history()))
        shutil.rmtree(checkpoint_dir, ignore_errors=True)
    else:
        fit_on_schedule(work, NullTracker(), checkpoint_dir, context.progress)
    wait_for_everyone()
