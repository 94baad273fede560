"""How teacher and student of a preset are trained on their material; needs neither MLflow nor the catalogue.

`jobs.train` and `jobs.distill` do it within runs, `jobs.train_pack` on a machine that has the training
libraries alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from atelier.engine.batches import to_device
from atelier.engine.config import EngineConfig
from atelier.engine.processes import device
from atelier.engine.task import Task, Tracker
from atelier.engine.trainer import FitReport, fit
from atelier.errors import TrainingError
from atelier.families import retrieval
from atelier.families.retrieval.config import RetrievalConfig
from atelier.families.retrieval.distill import DistillTask, StudentModule
from atelier.families.retrieval.export import export_network, save_module
from atelier.families.retrieval.model import RetrievalNetwork
from atelier.families.retrieval.presets import PRESETS, RetrievalPreset, Schedule
from atelier.families.retrieval.products import Labels, Products
from atelier.families.retrieval.task import RetrievalModule, RetrievalTask, learn_whitening
from atelier.jobs.material import Material

MODULE_FILE = "module.safetensors"
_SHAPE_THE_WEIGHTS = (
    *("augment", "clusters", "distill", "export", "framing"),
    *("losses", "model", "products", "task", "whitening"),
)
"""Modules of the family whose change makes earlier runs worthless."""
_WHITENING_PRODUCTS = 4096
"""Products that the whitening is measured on, at most: thrice as many change recall by less than 0.01."""
_WHITENING_BATCH = 256


@dataclass(frozen=True)
class Training:
    """All that one run needs."""

    task: Task
    products: Products
    schedule: Schedule
    finish: Callable[[], None]
    """Done to what was trained, before it is judged and kept."""
    write: Callable[[Path], None]
    """Writes the files of what was trained into a folder, once it is."""


def teacher_training(material: Material, preset: RetrievalPreset) -> Training:
    """The preset's teacher, about to be trained."""
    material, labels = _on_device(material), material.products.labels
    torch.manual_seed(preset.teacher_schedule.seed)
    module = teacher_module(labels, preset)
    return Training(
        task=RetrievalTask(module, material.streets_M3HW, preset.teacher, material.validation),
        products=material.products,
        schedule=preset.teacher_schedule,
        finish=lambda: whiten(module.network, material, preset.teacher),
        write=lambda folder: write_network(folder, module.network, labels.categories, "teacher", module),
    )


def student_training(material: Material, preset: RetrievalPreset, teacher: RetrievalModule) -> Training:
    """The preset's student, about to be distilled from a trained teacher."""
    material, labels = _on_device(material), material.products.labels
    torch.manual_seed(preset.student_schedule.seed)
    network = RetrievalNetwork(preset.student.network, len(labels.categories))
    module = StudentModule(network, teacher, preset.student)
    return Training(
        task=DistillTask(module, teacher, material.streets_M3HW, preset.student, material.validation),
        products=material.products,
        schedule=preset.student_schedule,
        finish=lambda: whiten(network, material, preset.student),
        write=lambda folder: write_network(folder, network, labels.categories, "student"),
    )


def teacher_module(labels: Labels, preset: RetrievalPreset) -> RetrievalModule:
    """The preset's teacher with its training heads, untrained."""
    network = RetrievalNetwork(preset.teacher.network, len(labels.categories))
    return RetrievalModule(network, labels, preset.teacher)


def fit_on_schedule(training: Training, tracker: Tracker, checkpoint_dir: Path, progress: bool) -> FitReport:
    """Train on products as the schedule says, and finish; smaller batches where the catalogue is small."""
    config = engine_config(training.schedule, len(training.products))
    report = fit(training.task, training.products, config, tracker, checkpoint_dir, progress=progress)
    training.finish()
    return replace(report, metrics=training.task.evaluate(training.task.module.eval()))


def engine_config(schedule: Schedule, num_products: int) -> EngineConfig:
    """A schedule as the engine takes it."""
    batch_size = min(schedule.batch_size, num_products)
    max_steps = max(1, schedule.num_epochs * (num_products // batch_size))
    return EngineConfig(
        max_steps=max_steps,
        batch_size=batch_size,
        learning_rate=schedule.learning_rate,
        weight_decay=schedule.weight_decay,
        warmup_steps=round(schedule.warmup_share * max_steps),
        max_grad_norm=schedule.max_grad_norm,
        precision=schedule.precision,
        ema_decay=schedule.ema_decay,
        evaluate_every=max(1, max_steps // schedule.num_evaluations),
        checkpoint_every=max(1, max_steps // 10),
        log_every=max(1, min(20, max_steps // 20)),
        channels_last=schedule.channels_last,
        compile=schedule.compile,
        num_workers=schedule.num_workers,
        seed=schedule.seed,
    )


def figures_of(report: FitReport) -> dict[str, float]:
    """What a run ends with: validation, speed, memory, time."""
    return {f"validation/{name}": value for name, value in report.metrics.items()} | {
        "images_per_second": report.images_per_second,
        "peak_memory_gb": report.peak_memory_bytes / 2**30,
        "training_seconds": report.seconds,
    }


def whiten(network: RetrievalNetwork, material: Material, config: RetrievalConfig) -> None:
    """Learn the network's whitening from a sample of what it was trained on."""
    products, where = material.products, network.mean.device
    order = torch.randperm(len(products), generator=torch.Generator().manual_seed(0))
    batches = (
        to_device(products.__getitems__(rows.tolist()), where)
        for rows in order[:_WHITENING_PRODUCTS].split(_WHITENING_BATCH)
    )
    learn_whitening(network, batches, material.streets_M3HW, config)


def write_network(
    folder: Path,
    network: RetrievalNetwork,
    categories: tuple[str, ...],
    name: str,
    module: nn.Module | None = None,
) -> None:
    """Write a trained network: safetensors, ONNX, contract; `module` with its training heads."""
    export_network(network, categories, folder, name)
    if module is not None:
        save_module(module, folder / MODULE_FILE)


def preset_named(name: str) -> RetrievalPreset:
    """TrainingError, naming the known ones, where there is no such preset."""
    if name not in PRESETS:
        raise TrainingError(f"there is no preset '{name}'; known presets: {', '.join(PRESETS)}")
    return PRESETS[name]()


def code_digest() -> str:
    """Digest of the code that shapes weights."""
    folder = Path(retrieval.__path__[0])
    return sha256_of(b"".join((folder / f"{name}.py").read_bytes() for name in _SHAPE_THE_WEIGHTS))


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _on_device(material: Material) -> Material:
    """With its streets where views are made: they are the same at every step, and 200 MB to copy."""
    return replace(material, streets_M3HW=material.streets_M3HW.to(device()))
