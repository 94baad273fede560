"""Trains the teacher of a family: data version in, a finished run with weights and curves out."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from atelier.datasets.catalogue import Catalogue
from atelier.engine.batches import to_device
from atelier.engine.config import EngineConfig
from atelier.engine.processes import is_main_process, wait_for_everyone
from atelier.engine.task import Task, Tracker
from atelier.engine.tracker import NullTracker
from atelier.engine.trainer import FitReport, fit
from atelier.errors import DigestError, TrainingError, VersionError
from atelier.families import detection, retrieval
from atelier.families.detection.presets import DetectionPreset
from atelier.families.detection.presets import Schedule as DetectionSchedule
from atelier.families.detection.products import Cutouts
from atelier.families.retrieval.config import RetrievalConfig
from atelier.families.retrieval.export import export_network, save_module
from atelier.families.retrieval.framing import frame
from atelier.families.retrieval.model import RetrievalNetwork
from atelier.families.retrieval.presets import PRESETS, RetrievalPreset, Schedule
from atelier.families.retrieval.products import Labels, Products, squeezed
from atelier.families.retrieval.task import RetrievalModule, RetrievalTask, Validation, learn_whitening
from atelier.jobs.products import in_threads, item_numbers, products_of, streets, training_products
from atelier.jobs.queries import Query, held_out_queries
from atelier.pictures import decode
from atelier.registry.digests import digests_of
from atelier.registry.plots import loss_curves
from atelier.registry.runs import RunTracker
from atelier.registry.store import Registry, open_registry
from atelier.settings import Settings
from atelier.versioning.workspace import current
from atelier.vocabulary import Photo, Split

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

WEIGHTS_FOLDER = "weights"
"""Where a run keeps its network; digests of its files lie beside it in `weights.json`."""
MODULE_FILE = "module.safetensors"
_SHAPE_THE_WEIGHTS: dict[ModuleType, tuple[str, ...]] = {
    retrieval: (
        *("augment", "clusters", "distill", "export", "framing"),
        *("losses", "model", "products", "task", "whitening"),
    ),
    detection: ("export", "inference", "kinds", "losses", "model", "products", "scenes", "task"),
}
"""Modules of each family whose change makes earlier runs worthless."""
_WHITENING_PRODUCTS = 4096
"""Products that the whitening is measured on, at most: thrice as many change recall by less than 0.01."""
_WHITENING_BATCH = 256
_VALIDATION_GALLERY = 1000
"""Catalogue photos among which validation looks, at most; the test looks among all."""


@dataclass(frozen=True)
class TrainOutcome:
    """A trained network, as a finished run in the registry."""

    run_id: str
    key: str
    """Digest of all that the run depends on: data, configuration, code of the family."""
    reused: bool
    """Whether the run was found finished, so that nothing was trained."""
    metrics: dict[str, float]
    seconds: float


@dataclass(frozen=True)
class Material:
    """What a retrieval network is trained on and judged by."""

    products: Products
    streets_M3HW: torch.Tensor
    validation: Validation


def train(settings: Settings, preset: str, *, progress: bool = True) -> TrainOutcome:
    """Train the preset's teacher on the current data version, or find the run that did.

    Killed and called again, it goes on from its last checkpoint. VersionError: there is no data yet.
    """
    config = preset_named(preset)
    version = current_version(settings)
    key = run_key("teacher", version, config.teacher, config.teacher_schedule)

    def training(registry: Registry) -> Training:
        del registry  # only a student asks it, for its teacher
        material = load_material(settings, config.teacher, version, progress)
        labels = material.products.labels
        torch.manual_seed(config.teacher_schedule.seed)
        network = RetrievalNetwork(config.teacher.network, len(labels.categories))
        module = RetrievalModule(network, labels, config.teacher)
        return Training(
            task=RetrievalTask(module, material.streets_M3HW, config.teacher, material.validation),
            products=material.products,
            schedule=config.teacher_schedule,
            finish=lambda: whiten(network, material, config.teacher),
            keep=lambda run: log_network(run, network, labels.categories, "teacher", module),
        )

    return run_once(settings, f"teacher-{preset}", key, config, version, training, progress)


@dataclass(frozen=True)
class Training:
    """All that one run needs."""

    task: Task
    products: Products | Cutouts
    schedule: Schedule | DetectionSchedule
    finish: Callable[[], None]
    """Done to what was trained, before it is judged and kept."""
    keep: Callable[[RunTracker], None]
    """Logs what was trained, once it is."""


def run_once(
    settings: Settings,
    name: str,
    key: str,
    preset: RetrievalPreset | DetectionPreset,
    data_version: str,
    training: Callable[[Registry], Training],
    progress: bool,
    family: str = "retrieval",
) -> TrainOutcome:
    """Train in a run under `key`, unless a finished run has that key already.

    Of several processes all train, and the main one keeps the run.
    """
    start = time.perf_counter()
    registry = open_registry(settings)
    found = registry.find_run(key)
    if found is None:
        checkpoint_dir = settings.checkpoints_dir / key
        work = training(registry)
        if is_main_process():
            tags = {"data_version": data_version, "preset": preset.name}
            with registry.start_run(name, key, tags, family=family) as run:
                run.params({"preset": asdict(preset)})
                report = fit_on_schedule(work, run, checkpoint_dir, progress)
                run.metrics(_figures(report), report.steps)
                work.keep(run)
                run.figure("loss_curves", loss_curves(run.history()))
            shutil.rmtree(checkpoint_dir, ignore_errors=True)
        else:
            fit_on_schedule(work, NullTracker(), checkpoint_dir, progress)
        wait_for_everyone()
    finished = registry.find_run(key)
    assert finished is not None, "the main process has finished its run"
    metrics = {name: value for name, value in finished.metrics.items() if not name.startswith("system/")}
    return TrainOutcome(finished.run_id, key, found is not None, metrics, time.perf_counter() - start)


def _figures(report: FitReport) -> dict[str, float]:
    return {f"validation/{name}": value for name, value in report.metrics.items()} | {
        "images_per_second": report.images_per_second,
        "peak_memory_gb": report.peak_memory_bytes / 2**30,
        "training_seconds": report.seconds,
    }


def fit_on_schedule(training: Training, tracker: Tracker, checkpoint_dir: Path, progress: bool) -> FitReport:
    """Train on products as the schedule says, and finish; smaller batches where the catalogue is small."""
    schedule, products = training.schedule, training.products
    batch_size = min(schedule.batch_size, len(products))
    max_steps = max(1, schedule.num_epochs * (len(products) // batch_size))
    config = EngineConfig(
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
    report = fit(training.task, products, config, tracker, checkpoint_dir, progress=progress)
    training.finish()
    return replace(report, metrics=training.task.evaluate(training.task.module.eval()))


def whiten(network: RetrievalNetwork, material: Material, config: RetrievalConfig) -> None:
    """Learn the network's whitening from a sample of what it was trained on."""
    products, device = material.products, network.mean.device
    order = torch.randperm(len(products), generator=torch.Generator().manual_seed(0))
    batches = (
        to_device(products.__getitems__(rows.tolist()), device)
        for rows in order[:_WHITENING_PRODUCTS].split(_WHITENING_BATCH)
    )
    learn_whitening(network, batches, material.streets_M3HW, config)


def load_material(settings: Settings, config: RetrievalConfig, data_version: str, progress: bool) -> Material:
    """Read a data version as training wants it."""
    catalogue = Catalogue.open(settings.data_dir)
    products = training_products(settings, catalogue, data_version, config.items_per_cluster, progress)
    return Material(
        products,
        torch.from_numpy(streets(settings, catalogue, data_version, products)),
        _validation(settings, catalogue, data_version, config.network.image_size, products.labels),
    )


def log_network(
    run: RunTracker,
    network: RetrievalNetwork,
    categories: tuple[str, ...],
    name: str,
    module: nn.Module | None = None,
) -> None:
    """Keep a trained network with its run: safetensors, ONNX, contract; `module` with its training heads."""
    with TemporaryDirectory() as folder:
        export_network(network, categories, Path(folder), name)
        if module is not None:
            save_module(module, Path(folder) / MODULE_FILE)
        log_weights(run, Path(folder))


def log_weights(run: RunTracker, folder: Path) -> None:
    """Keep the files of a trained network with its run, and their digests beside them."""
    run.file(folder, WEIGHTS_FOLDER)
    run.json(f"{WEIGHTS_FOLDER}.json", digests_of(folder))


def read_weights(registry: Registry, outcome: TrainOutcome, names: Sequence[str], target_dir: Path) -> None:
    """Copy files that `log_weights` kept into `target_dir`. DigestError: a file has changed since."""
    digests: dict[str, str] = json.loads(registry.read(outcome.run_id, f"{WEIGHTS_FOLDER}.json"))
    for name in names:
        data = registry.read(outcome.run_id, f"{WEIGHTS_FOLDER}/{name}")
        if sha256_of(data) != digests.get(name):
            raise DigestError(
                f"run {outcome.run_id}: {name} is not the file that was trained (expected sha256 "
                f"{str(digests.get(name))[:16]}, found {sha256_of(data)[:16]}). Delete the run in the MLflow "
                f"UI and train again"
            )
        (target_dir / name).write_bytes(data)


def preset_named(name: str) -> RetrievalPreset:
    """TrainingError, naming the known ones, where there is no such preset."""
    if name not in PRESETS:
        raise TrainingError(f"there is no preset '{name}'; known presets: {', '.join(PRESETS)}")
    return PRESETS[name]()


def current_version(settings: Settings) -> str:
    """Digest of the data that training reads. VersionError: nothing was ingested yet."""
    version = current(settings)
    if version is None:
        raise VersionError(
            f"there is no data in {settings.data_dir} yet: run `atelier ingest DIR` with a drop, or "
            f"`atelier simulate DIR` to make one"
        )
    return version.digest


def run_key(role: str, *parts: DataclassInstance | str | None, family: ModuleType = retrieval) -> str:
    """Digest of all that a run depends on: its data, its configuration and the code that shapes weights."""
    folder = Path(family.__path__[0])
    code = sha256_of(b"".join((folder / f"{name}.py").read_bytes() for name in _SHAPE_THE_WEIGHTS[family]))
    return sha256_of(json.dumps([role, parts, code], sort_keys=True, default=asdict).encode())[:32]


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _validation(
    settings: Settings, catalogue: Catalogue, data_version: str, size: int, labels: Labels
) -> Validation:
    """Held-out products among a part of the others, and searches for them."""
    held_out, _ = products_of(catalogue, Split.VALIDATION)
    others, _ = products_of(catalogue, Split.TRAIN)
    photos = held_out + others[: max(0, _VALIDATION_GALLERY - len(held_out))]
    items = {item.item_id: item for item in catalogue.items()}
    gallery_items = [items[str(photo.item_id)] for photo in photos]
    number_G = item_numbers(gallery_items)
    number_of = {item.item_id: int(number) for item, number in zip(gallery_items, number_G, strict=True)}
    category_of = {name: index for index, name in enumerate(labels.categories)}

    def gallery_picture(photo: Photo) -> NDArray[np.uint8]:
        return squeezed(frame(decode(catalogue.read(photo), shrink_to=2 * size)), size)

    def query_picture(query: Query) -> NDArray[np.uint8]:
        return squeezed(frame(query.pixels(), query.box), size)

    queries = held_out_queries(settings, catalogue, data_version, Split.VALIDATION)
    queries = [query for query in queries if query.item_id in number_of]
    kinds = sorted({query.kind for query in queries})
    by_kind = {kind: [query for query in queries if query.kind == kind] for kind in kinds}
    return Validation(
        gallery_G3SS=np.stack(in_threads(gallery_picture, photos, "validation gallery", False)),
        gallery_item_G=number_G,
        gallery_category_G=np.asarray([category_of.get(item.category, -1) for item in gallery_items]),
        held_out_G=np.arange(len(photos)) < len(held_out),
        queries={
            kind: np.stack(in_threads(query_picture, own, kind, False)) for kind, own in by_kind.items()
        },
        query_items={
            kind: np.asarray([number_of[query.item_id] for query in own]) for kind, own in by_kind.items()
        },
    )
