"""Builds the trainings of the outfit family: a set Transformer, the distilled DAN, and optionally the image
tower.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from atelier.families.outfit.config import LossConfig, NetworkConfig, OutfitPreset
from atelier.families.outfit.distill import StudentModule
from atelier.families.outfit.end_to_end import EndToEndModule, EndToEndTask
from atelier.families.outfit.export import WEIGHTS_FILE, export_network, load_network
from atelier.families.outfit.image_tower import image_tower, write_tower
from atelier.families.outfit.material import EndToEndMaterial, SetMaterial
from atelier.families.outfit.model import ItemFeatures, OutfitNetwork
from atelier.families.outfit.task import OutfitModule, OutfitTask, SameCategorySampler
from atelier.families.schedule import Schedule
from atelier.families.training import Training, Weights
from atelier.vocabulary import Split


def teacher_training(
    material: SetMaterial, preset: OutfitPreset, weights: Weights, device: torch.device
) -> Training:
    """Prepare the training of the preset's set Transformer."""
    del weights, device  # it has no teacher, and the engine moves the rest
    return training_of(material, preset.teacher, preset.loss, preset.teacher_schedule)


def student_training(
    material: SetMaterial, preset: OutfitPreset, weights: Weights, device: torch.device
) -> Training:
    """Prepare the training of the preset's DAN, distilled from the Transformer."""
    del device  # the engine moves it
    teacher = trained_network(weights, "teacher", preset.teacher, material)
    return training_of(material, preset.student, preset.loss, preset.student_schedule, teacher)


def end_to_end_training(
    material: EndToEndMaterial, preset: OutfitPreset, weights: Weights, device: torch.device
) -> Training:
    """Prepare the student and the image tower that it was trained with to go on together."""
    del device  # the engine moves it
    schedule = preset.end_to_end_schedule
    assert schedule is not None, "the stage is asked for by this schedule"
    sets = material.sets
    network = trained_network(weights, "student", preset.student, sets)
    with TemporaryDirectory() as folder:
        for name, data in material.tower_files.items():
            (Path(folder) / name).write_bytes(data.tobytes())
        tower = image_tower(Path(folder))
    outfits = OutfitModule(network, preset.loss)
    frozen = OutfitTask(
        outfits,
        features_of(sets),
        SameCategorySampler(sets.same_category()),
        sets.validation(Split.VALIDATION),
    )

    def write(folder: Path) -> None:
        export_network(network, sets.facts, sets.space, folder)
        write_tower(tower, folder)

    return Training(
        task=EndToEndTask(EndToEndModule(tower, outfits), material.pictures, frozen),
        examples=sets.sets(),
        schedule=schedule,
        write=write,
        figures={"sets/pictures": float(len(material.pictures.pixels_M3SS))},
    )


def network_for(config: NetworkConfig, material: SetMaterial, seed: int) -> OutfitNetwork:
    """Build an untrained network for the inputs of the material's items; the same for a seed."""
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
    weights: Weights, role: str, config: NetworkConfig, material: SetMaterial
) -> OutfitNetwork:
    """Load the network of an earlier stage on such material; untrained where it has no weights."""
    network = network_for(config, material, seed=0)
    return load_network(network.config, weights[role] / WEIGHTS_FILE) if role in weights else network


def features_of(material: SetMaterial) -> ItemFeatures:
    """Return the material's items as inputs of the networks."""
    return ItemFeatures(*(torch.from_numpy(part) for part in material.items.columns))


def training_of(
    material: SetMaterial,
    config: NetworkConfig,
    loss: LossConfig,
    schedule: Schedule,
    teacher: OutfitNetwork | None = None,
) -> Training:
    """Prepare the training of a network on the material, distilled if there is a teacher."""
    network = network_for(config, material, schedule.seed)
    module = OutfitModule(network, loss) if teacher is None else StudentModule(network, teacher, loss)
    validation = material.validation(Split.VALIDATION)

    def write(folder: Path) -> None:
        export_network(network, material.facts, material.space, folder)

    return Training(
        task=OutfitTask(
            module, features_of(material), SameCategorySampler(material.same_category()), validation
        ),
        examples=material.sets(),
        schedule=schedule,
        write=write,
        figures={f"sets/{source.name}": float(len(source.rows[Split.TRAIN])) for source in material.sources},
    )
