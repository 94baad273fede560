"""Trains the teacher of a family: data version in, a finished run with weights and curves out."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from atelier.datasets.catalogue import Catalogue
from atelier.engine.processes import is_main_process, wait_for_everyone
from atelier.engine.tracker import NullTracker
from atelier.errors import DigestError, VersionError
from atelier.families.detection.presets import DetectionPreset
from atelier.families.outfit.presets import OutfitPreset
from atelier.families.ranking.presets import RankingPreset
from atelier.families.retrieval.config import RetrievalConfig
from atelier.families.retrieval.framing import frame
from atelier.families.retrieval.presets import RetrievalPreset
from atelier.families.retrieval.products import Labels, squeezed
from atelier.families.retrieval.tokens import token_ids
from atelier.families.retrieval.training import (
    FACTS_FILE,
    Training,
    code_digest,
    facts_training,
    figures_of,
    fit_on_schedule,
    preset_named,
    sha256_of,
    teacher_training,
)
from atelier.families.retrieval.validation import Validation
from atelier.jobs.retrieval.material import (
    in_threads,
    item_numbers,
    labelled,
    products_of,
    streets,
    training_products,
)
from atelier.jobs.retrieval.queries import Query, held_out_queries
from atelier.lifecycle.packing import Material
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


def train(settings: Settings, preset: str, *, progress: bool = True) -> TrainOutcome:
    """Train the preset's teacher on the current data version, or find the run that did.

    Two passes, each a run of its own: the facts of the products first, then, from there, items and the
    clusters that the first pass's features fall into. Killed and called again, it goes on from its last
    checkpoint. VersionError: there is no data yet.
    """
    config = preset_named(preset)
    version = current_version(settings)
    facts = learn_facts(settings, preset, progress=progress)
    key = run_key("teacher", version, config.teacher, config.teacher_schedule, facts.key)

    def training(registry: Registry) -> Training:
        material = load_material(settings, config.teacher, version, progress)
        with TemporaryDirectory() as folder:
            read_weights(registry, facts, [FACTS_FILE], Path(folder))
            return teacher_training(material, config, Path(folder) / FACTS_FILE)

    return run_once(
        settings, f"teacher-{preset}", key, config, version, training, progress, facts=facts.run_id
    )


def learn_facts(settings: Settings, preset: str, *, progress: bool = True) -> TrainOutcome:
    """The first pass: article types, other facts, titles and shoppers' labels; or find its run."""
    config = preset_named(preset)
    version = current_version(settings)
    key = run_key("facts", version, config.teacher, config.facts_schedule)

    def training(registry: Registry) -> Training:
        del registry  # only later passes ask it, for earlier ones
        return facts_training(load_material(settings, config.teacher, version, progress), config)

    return run_once(settings, f"facts-{preset}", key, config, version, training, progress)


def run_once(
    settings: Settings,
    name: str,
    key: str,
    preset: RetrievalPreset | DetectionPreset | OutfitPreset | RankingPreset,
    data_version: str,
    training: Callable[[Registry], Training],
    progress: bool,
    family: str = "retrieval",
    **tags: str,
) -> TrainOutcome:
    """Train in a run under `key`, with `tags`, unless a finished run has that key already.

    Of several processes all train, and the main one keeps the run.
    """
    start = time.perf_counter()
    registry = open_registry(settings)
    found = registry.find_run(key)
    if found is None:
        checkpoint_dir = settings.checkpoints_dir / key
        work = training(registry)
        if is_main_process():
            tags |= {"data_version": data_version, "preset": preset.name}
            with registry.start_run(name, key, tags, family=family) as run:
                run.params({"preset": asdict(preset)})
                run.metrics(work.figures, 0)
                report = fit_on_schedule(work, run, checkpoint_dir, progress)
                run.metrics(figures_of(report), report.steps)
                with TemporaryDirectory() as folder:
                    work.write(Path(folder))
                    keep_weights(run, Path(folder))
                run.figure("loss_curves", loss_curves(run.history()))
            shutil.rmtree(checkpoint_dir, ignore_errors=True)
        else:
            fit_on_schedule(work, NullTracker(), checkpoint_dir, progress)
        wait_for_everyone()
    finished = registry.find_run(key)
    assert finished is not None, "the main process has finished its run"
    metrics = {name: value for name, value in finished.metrics.items() if not name.startswith("system/")}
    return TrainOutcome(finished.run_id, key, found is not None, metrics, time.perf_counter() - start)


def load_material(settings: Settings, config: RetrievalConfig, data_version: str, progress: bool) -> Material:
    """Read a data version as training wants it."""
    catalogue = Catalogue.open(settings.data_dir)
    products = training_products(settings, catalogue, data_version, config.network.text.num_buckets, progress)
    return Material(
        products,
        torch.from_numpy(streets(settings, catalogue, data_version, products)),
        _validation(settings, catalogue, data_version, config, products.labels),
    )


def keep_weights(run: RunTracker, folder: Path) -> None:
    """Log a trained network's files with its run, and their digests beside them."""
    run.file(folder, WEIGHTS_FOLDER)
    run.json(f"{WEIGHTS_FOLDER}.json", digests_of(folder))


def kept_names(registry: Registry, outcome: TrainOutcome) -> list[str]:
    """The names of all files that `keep_weights` logged."""
    return sorted(json.loads(registry.read(outcome.run_id, f"{WEIGHTS_FOLDER}.json")))


def read_weights(registry: Registry, outcome: TrainOutcome, names: Sequence[str], target_dir: Path) -> None:
    """Copy files that `keep_weights` logged into `target_dir`. DigestError: a file has changed since."""
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


def current_version(settings: Settings) -> str:
    """Digest of the data that training reads. VersionError: nothing was ingested yet."""
    version = current(settings)
    if version is None:
        raise VersionError(
            f"there is no data in {settings.data_dir} yet: run `atelier ingest DIR` with a drop, or "
            f"`atelier simulate DIR` to make one"
        )
    return version.digest


def run_key(role: str, *parts: DataclassInstance | str | None, code: str | None = None) -> str:
    """Digest of all that a run depends on: its data, its configuration and the code that shapes weights.

    `code`: digest of that code; by default the retrieval family's.
    """
    depends_on = [role, parts, code or code_digest()]
    return sha256_of(json.dumps(depends_on, sort_keys=True, default=asdict).encode())[:32]


def _validation(
    settings: Settings, catalogue: Catalogue, data_version: str, config: RetrievalConfig, labels: Labels
) -> Validation:
    """Held-out products among a part of the others, searches for them, and labelled photos."""
    size = config.network.image_size
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

    def labelled_picture(photo: Photo) -> NDArray[np.uint8]:
        return squeezed(frame(decode(catalogue.read(photo))), size)

    labelled_photos, label_L, _ = labelled(catalogue, Split.VALIDATION)
    labelled_pictures = in_threads(labelled_picture, labelled_photos, "labelled photos", False)
    _, title_G = np.unique([item.title for item in gallery_items], return_inverse=True)
    queries = held_out_queries(settings, catalogue, data_version, Split.VALIDATION)
    queries = [query for query in queries if query.item_id in number_of]
    kinds = sorted({query.kind for query in queries})
    by_kind = {kind: [query for query in queries if query.kind == kind] for kind in kinds}
    return Validation(
        gallery_G3SS=np.stack(in_threads(gallery_picture, photos, "validation gallery", False)),
        gallery_item_G=number_G,
        gallery_category_G=np.asarray([category_of.get(item.category, -1) for item in gallery_items]),
        gallery_tokens_GT=token_ids([item.title for item in gallery_items], config.network.text.num_buckets),
        gallery_title_G=title_G.astype(np.int64),
        held_out_G=np.arange(len(photos)) < len(held_out),
        queries={
            kind: np.stack(in_threads(query_picture, own, kind, False)) for kind, own in by_kind.items()
        },
        query_items={
            kind: np.asarray([number_of[query.item_id] for query in own]) for kind, own in by_kind.items()
        },
        labelled_L3SS=np.stack(labelled_pictures)
        if labelled_pictures
        else np.zeros((0, 3, size, size), np.uint8),
        label_L=label_L,
    )
