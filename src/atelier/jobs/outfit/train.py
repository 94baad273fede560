"""Trains the outfit networks of a preset: data version in, finished runs with weights and curves out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from atelier.datasets.catalogue import Catalogue
from atelier.errors import TrainingError
from atelier.families import outfit
from atelier.families.outfit.config import LossConfig, NetworkConfig
from atelier.families.outfit.distill import StudentModule
from atelier.families.outfit.export import WEIGHTS_FILE, export_network, load_network
from atelier.families.outfit.model import ItemFeatures, OutfitNetwork
from atelier.families.outfit.presets import PRESETS, OutfitPreset
from atelier.families.outfit.task import OutfitModule, OutfitTask, SameCategorySampler
from atelier.families.retrieval.training import Training, code_digest
from atelier.families.schedule import Schedule
from atelier.jobs.outfit.champion import FAMILY, champion_embedder
from atelier.jobs.outfit.material import MATERIAL_FORMAT, SetMaterial, load_sets
from atelier.jobs.retrieval.train import TrainOutcome, current_version, read_weights, run_key, run_once
from atelier.registry.store import Registry
from atelier.settings import Settings
from atelier.vocabulary import Split

_SHAPE_THE_WEIGHTS = (
    *("colours", "config", "distill", "end_to_end", "export", "losses", "model"),
    *("questions", "sets", "table", "task", "validation"),
)
"""Modules of the family whose change makes earlier runs worthless."""


def train_outfits(settings: Settings, preset: str, *, progress: bool = True) -> TrainOutcome:
    """Train the preset's set Transformer on the current data version, or find the run that did.

    Killed and called again, it goes on from its last checkpoint. VersionError: there is no data yet.
    RegistryError: there is no retrieval champion to see items with. TrainingError: there are too few sets.
    """
    return _train(settings, preset, "teacher", None, progress)


def distill_outfits(
    settings: Settings, preset: str, teacher: TrainOutcome, *, progress: bool = True
) -> TrainOutcome:
    """Train the preset's DAN, taught by a finished run of its Transformer. Raises as `train_outfits` does."""
    return _train(settings, preset, "student", teacher, progress)


def outfit_preset(name: str) -> OutfitPreset:
    """The outfit networks of a preset. TrainingError, naming the known ones, where there is none."""
    if name not in PRESETS:
        raise TrainingError(f"there is no preset '{name}'; known presets: {', '.join(PRESETS)}")
    return PRESETS[name]()


def outfit_code() -> str:
    """Digest of the code that shapes an outfit network's weights."""
    return code_digest(outfit, _SHAPE_THE_WEIGHTS)


def network_for(config: NetworkConfig, material: SetMaterial, seed: int) -> OutfitNetwork:
    """An untrained network for what is known of the material's items; the same for a seed."""
    items = material.items
    known = replace(
        config.items,
        image_dimension=items.image_NI.shape[1],
        title_dimension=items.title_NT.shape[1],
        colour_dimension=items.colour_NC.shape[1],
        fact_sizes={fact: len(values) for fact, values in material.facts.items()},
    )
    torch.manual_seed(seed)
    return OutfitNetwork(replace(config, items=known))


def trained_network(
    registry: Registry, outcome: TrainOutcome, config: NetworkConfig, material: SetMaterial
) -> OutfitNetwork:
    """The network of a finished run that was trained on such material."""
    with TemporaryDirectory() as folder:
        read_weights(registry, outcome, [WEIGHTS_FILE], Path(folder))
        return load_network(network_for(config, material, seed=0).config, Path(folder) / WEIGHTS_FILE)


def features_of(material: SetMaterial) -> ItemFeatures:
    """The material's items as the networks take them."""
    return ItemFeatures(*(torch.from_numpy(part) for part in material.items.columns))


def training_of(
    material: SetMaterial,
    config: NetworkConfig,
    loss: LossConfig,
    schedule: Schedule,
    teacher: OutfitNetwork | None = None,
) -> Training:
    """A network about to be trained on the material; taught, where there is a teacher."""
    network = network_for(config, material, schedule.seed)
    module = OutfitModule(network, loss) if teacher is None else StudentModule(network, teacher, loss)
    validation = material.validation(Split.VALIDATION)

    def write(folder: Path) -> None:
        export_network(network, material.facts, material.space, folder)

    return Training(
        task=OutfitTask(
            module, features_of(material), SameCategorySampler(material.same_category()), validation
        ),
        products=material.sets(),
        schedule=schedule,
        finish=lambda: None,
        write=write,
        figures={f"sets/{source.name}": float(len(source.rows[Split.TRAIN])) for source in material.sources},
    )


def _train(
    settings: Settings, preset: str, role: str, teacher: TrainOutcome | None, progress: bool
) -> TrainOutcome:
    wanted, version = outfit_preset(preset), current_version(settings)
    config, schedule = (
        (wanted.teacher, wanted.teacher_schedule)
        if teacher is None
        else (wanted.student, wanted.student_schedule)
    )
    catalogue = Catalogue.open(settings.data_dir)
    with champion_embedder(settings, catalogue) as eyes:
        space = eyes.contract.digest
        key = run_key(
            f"outfit-{role} {MATERIAL_FORMAT}",
            version,
            config,
            wanted,
            space,
            teacher.key if teacher else None,
            code=outfit_code(),
        )

        def training(registry: Registry) -> Training:
            material = load_sets(settings, catalogue, eyes, version, progress)
            master = None
            if teacher is not None:
                master = trained_network(registry, teacher, wanted.teacher, material)
            return training_of(material, config, wanted.loss, schedule, master)

        return run_once(
            settings,
            f"outfit-{role}-{preset}",
            key,
            wanted,
            version,
            training,
            progress,
            FAMILY,
            space=space[:16],
        )
