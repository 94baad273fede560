"""How teacher and student of a preset are trained on their material; needs neither MLflow nor the catalogue.

`jobs.train` and `jobs.distill` do it within runs, `jobs.train_pack` on a machine that has the training
libraries alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from atelier.engine.batches import to_device
from atelier.engine.config import EngineConfig
from atelier.engine.processes import device
from atelier.engine.task import Task, Tracker
from atelier.engine.trainer import FitReport, fit
from atelier.errors import TrainingError
from atelier.families import retrieval
from atelier.families.detection.products import Cutouts
from atelier.families.outfit.sets import Sets
from atelier.families.ranking.showings import Showings
from atelier.families.retrieval.clusters import ClusterSpread, look_alike_clusters, title_purity
from atelier.families.retrieval.config import RetrievalConfig
from atelier.families.retrieval.distill import DistillTask, StudentModule, item_gallery
from atelier.families.retrieval.export import export_network, load_module
from atelier.families.retrieval.model import RetrievalNetwork
from atelier.families.retrieval.presets import PRESETS, RetrievalPreset
from atelier.families.retrieval.products import Labels, Products
from atelier.families.retrieval.task import FactsModule, RetrievalModule, RetrievalTask, learn_space
from atelier.families.retrieval.validation import Predictions, embed_all
from atelier.families.schedule import Schedule
from atelier.lifecycle.packing import Material

TEACHER_FILE = "teacher.safetensors"
"""What a student learns from."""
FACTS_FILE = "facts.safetensors"
"""What the first pass leaves for the second."""
_SHAPE_THE_WEIGHTS = (
    *("augment", "clusters", "distill", "export", "framing", "losses", "model"),
    *("products", "space", "task", "text", "tokens", "validation", "views"),
)
"""Modules of the family whose change makes earlier runs worthless."""
_SPACE_PRODUCTS = 4096
"""Products that the space is learned on, at most: thrice as many change recall by less than 0.01."""
_SPACE_BATCH = 256
_SHRUNK_AT_ONCE = 1024


@dataclass(frozen=True)
class Training:
    """All that one run needs."""

    task: Task
    products: Products | Cutouts | Sets | Showings
    schedule: Schedule
    finish: Callable[[], None]
    """Done to what was trained, before it is judged and kept."""
    write: Callable[[Path], None]
    """Writes the files of what was trained into a folder, once it is."""
    figures: Mapping[str, float] = field(default_factory=dict)
    """What was measured of its material."""


def facts_training(material: Material, preset: RetrievalPreset) -> Training:
    """The first pass of the preset's teacher, about to be trained."""
    material, labels = _on_device(material), material.products.labels
    network = new_network(preset.teacher, labels, preset.facts_schedule.seed)
    module = FactsModule(network, labels, preset.teacher)
    return Training(
        task=RetrievalTask(module, material.streets_M3HW, preset.teacher, material.validation),
        products=material.products,
        schedule=preset.facts_schedule,
        finish=lambda: None,
        write=lambda folder: write_network(folder, network, labels, "facts"),
    )


def teacher_training(material: Material, preset: RetrievalPreset, facts_path: Path | None = None) -> Training:
    """The second pass, about to be trained: from the first one's weights, with its clusters of look-alikes.

    Without `facts_path` from scratch, and clustered by features that mean nothing: good for timing.
    """
    material = _on_device(material)
    network = new_network(preset.teacher, material.products.labels, preset.teacher_schedule.seed)
    if facts_path is not None:
        load_module(network, facts_path)
    products = clustered(material.products, network, preset.teacher)
    module = RetrievalModule(network, products.labels, preset.teacher)
    return Training(
        task=RetrievalTask(module, material.streets_M3HW, preset.teacher, material.validation),
        products=products,
        schedule=preset.teacher_schedule,
        finish=lambda: learn_space_of(network, material, preset.teacher),
        write=lambda folder: write_network(folder, network, products.labels, "teacher"),
        figures=cluster_figures(products),
    )


def student_training(material: Material, preset: RetrievalPreset, teacher: RetrievalNetwork) -> Training:
    """The preset's student, about to be distilled from a trained teacher."""
    material, labels = _on_device(material), material.products.labels
    network = new_network(preset.student, labels, preset.student_schedule.seed)
    seen_PD = torch.from_numpy(_seen_by(teacher, material.products).embedding_ND)
    gallery_ND = item_gallery(seen_PD, torch.from_numpy(labels.item_N), labels.num_items)
    module = StudentModule(network, teacher, gallery_ND, preset.student)
    return Training(
        task=DistillTask(
            module,
            teacher,
            material.streets_M3HW,
            preset.student,
            material.validation,
            caches_teacher_targets=preset.student_schedule.distinct_epochs is not None,
        ),
        products=material.products,
        schedule=preset.student_schedule,
        finish=lambda: None,
        write=lambda folder: write_network(folder, network, labels, "student"),
    )


def teacher_of(labels: Labels, preset: RetrievalPreset) -> RetrievalNetwork:
    """What a student learns from, untrained: its weights are in `TEACHER_FILE`."""
    return new_network(preset.teacher, labels, seed=0)


def new_network(config: RetrievalConfig, labels: Labels, seed: int) -> RetrievalNetwork:
    """An untrained network for these labels; the same for a seed."""
    torch.manual_seed(seed)
    return RetrievalNetwork(config.network, len(labels.categories), len(labels.shopper_labels))


def clustered(products: Products, network: RetrievalNetwork, config: RetrievalConfig) -> Products:
    """The products in clusters of look-alikes, by the network's penultimate features of their frames."""
    cluster_N = look_alike_clusters(
        _seen_by(network, products).pooled_NP,
        products.labels.category_N,
        config.items_per_cluster,
        config.cluster_size_factor,
    )
    return replace(products, labels=replace(products.labels, cluster_N=cluster_N))


def _seen_by(network: RetrievalNetwork, products: Products) -> Predictions:
    """What a network says of every product's catalogue photo, in their order."""
    network.to(device()).eval()
    size = network.config.image_size
    starts = range(0, len(products), _SHRUNK_AT_ONCE)
    shown = (shrunk(products.frames_N4FF[start : start + _SHRUNK_AT_ONCE, :3], size) for start in starts)
    said = [embed_all(network, pictures) for pictures in shown]
    return Predictions(*(np.concatenate(parts) for parts in zip(*said, strict=True)))


def cluster_figures(products: Products) -> dict[str, float]:
    """How even the clusters are, and how often cluster-mates are called the same.

    `clusters/pixel_purity` is the purity of clusters of the same sizes made of mere 8x8 thumbnails.
    """
    labels = products.labels
    spread = asdict(ClusterSpread.of(labels.cluster_N))
    starts = range(0, len(products), _SHRUNK_AT_ONCE)
    thumbnails = [shrunk(products.frames_N4FF[start : start + _SHRUNK_AT_ONCE, :3], 8) for start in starts]
    pixels_ND = np.concatenate(thumbnails).reshape(len(products), -1).astype(np.float32)
    mean_size = max(1, round(len(products) / spread["num_clusters"]))
    by_pixels_N = look_alike_clusters(pixels_ND, labels.category_N, mean_size)
    return {f"clusters/{name}": float(value) for name, value in spread.items()} | {
        "clusters/title_purity": title_purity(labels.cluster_N, labels.noun_N),
        "clusters/pixel_purity": title_purity(by_pixels_N, labels.noun_N),
    }


def shrunk(pictures_N3FF: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Square pictures at another size, uint8 [N, 3, size, size]."""
    pixels = torch.from_numpy(np.ascontiguousarray(pictures_N3FF)).float()
    resized = F.interpolate(pixels, (size, size), mode="bilinear", antialias=True, align_corners=False)
    return resized.round().clamp(0, 255).to(torch.uint8).numpy()


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
        distinct_epochs=schedule.distinct_epochs,
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


def learn_space_of(network: RetrievalNetwork, material: Material, config: RetrievalConfig) -> None:
    """Learn the network's space from a sample of what it was trained on."""
    products, where = material.products, network.mean.device
    order = torch.randperm(len(products), generator=torch.Generator().manual_seed(0))
    batches = (
        to_device(products.__getitems__(rows.tolist()), where)
        for rows in order[:_SPACE_PRODUCTS].split(_SPACE_BATCH)
    )
    learn_space(network, batches, material.streets_M3HW, config)


def write_network(folder: Path, network: RetrievalNetwork, labels: Labels, name: str) -> None:
    """Write a trained network: safetensors, ONNX, contract."""
    export_network(network, labels.categories, labels.shopper_labels, folder, name)


def preset_named(name: str) -> RetrievalPreset:
    """TrainingError, naming the known ones, where there is no such preset."""
    if name not in PRESETS:
        raise TrainingError(f"there is no preset '{name}'; known presets: {', '.join(PRESETS)}")
    return PRESETS[name]()


def code_digest(family: ModuleType = retrieval, modules: Sequence[str] = _SHAPE_THE_WEIGHTS) -> str:
    """Digest of the code that shapes weights: some modules of a family."""
    folder = Path(family.__path__[0])
    return sha256_of(b"".join((folder / f"{name}.py").read_bytes() for name in modules))


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _on_device(material: Material) -> Material:
    """With its streets where views are made: they are the same at every step, and 200 MB to copy."""
    return replace(material, streets_M3HW=material.streets_M3HW.to(device()))
