"""The trainings of outfit networks: sizes from the material, weights from the stage before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from outfit_toys import CATEGORY, NUM_ITEMS, STYLE

from atelier.families.outfit.config import OutfitPreset
from atelier.families.outfit.distill import StudentModule
from atelier.families.outfit.export import WEIGHTS_FILE, load_network
from atelier.families.outfit.inference import load_model
from atelier.families.outfit.material import OUTFITS, SetMaterial, Source
from atelier.families.outfit.presets import debug
from atelier.families.outfit.table import ItemTable
from atelier.families.outfit.training import (
    features_of,
    network_for,
    student_training,
    teacher_training,
    trained_network,
)
from atelier.vocabulary import Split

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def material() -> SetMaterial:
    """Forty items of two styles in five categories, and sets of one style."""
    pictures_NI = np.eye(2, dtype=np.float32)[STYLE]
    nothing_NT, colours_NC = np.zeros((NUM_ITEMS, 3), np.float32), np.zeros((NUM_ITEMS, 6), np.float32)
    table = ItemTable(pictures_NI, nothing_NT, colours_NC, CATEGORY[:, None] + 1)
    sets = [[first, first + 8, first + 16] for first in range(8)]
    rows: dict[str, list[list[int]]] = {Split.TRAIN: sets[:6], Split.VALIDATION: sets[6:], Split.TEST: []}
    source = Source(OUTFITS, table, CATEGORY, np.arange(NUM_ITEMS), rows)
    return SetMaterial({"category": tuple("abcde")}, (source,), "the space")


@pytest.fixture(scope="module")
def preset() -> OutfitPreset:
    return debug()


def test_a_network_takes_the_sizes_of_its_material_and_the_seeds_weights(
    material: SetMaterial, preset: OutfitPreset
) -> None:
    network = network_for(preset.student, material, seed=1)
    items = network.config.items
    assert (items.image_dimension, items.title_dimension, items.colour_dimension) == (2, 3, 6)
    assert items.fact_sizes == {"category": 5}
    same, other = (network_for(preset.student, material, seed) for seed in (1, 2))
    vectors = [torch.nn.utils.parameters_to_vector(each.parameters()) for each in (network, same, other)]
    assert torch.equal(vectors[0], vectors[1])
    assert not torch.equal(vectors[0], vectors[2])
    assert [len(part) for part in features_of(material)] == [NUM_ITEMS] * 4


def test_a_training_has_the_training_sets_and_logs_their_number(
    material: SetMaterial, preset: OutfitPreset
) -> None:
    training = teacher_training(material, preset, {}, CPU)
    assert len(training.examples) == training.figures["sets/outfits"] == 6
    assert training.schedule == preset.teacher_schedule
    assert "outfits/fill_in_the_blank" in training.task.evaluate(training.task.module.eval())


def test_the_student_learns_from_the_teacher_that_was_written(
    material: SetMaterial, preset: OutfitPreset, tmp_path: Path
) -> None:
    odd = replace(preset, teacher_schedule=replace(preset.teacher_schedule, seed=99))
    teacher = teacher_training(material, odd, {}, CPU)
    teacher.task.module.eval()
    teacher.write(tmp_path)
    config = network_for(preset.teacher, material, seed=0).config
    left = load_network(config, tmp_path / WEIGHTS_FILE).state_dict()
    taken = trained_network({"teacher": tmp_path}, "teacher", preset.teacher, material).state_dict()
    assert all(torch.equal(taken[name], left[name]) for name in left)
    training = student_training(material, preset, {"teacher": tmp_path}, CPU)
    module = training.task.module
    assert isinstance(module, StudentModule)
    frozen = module._teacher[0].state_dict()
    assert all(torch.equal(frozen[name], left[name]) for name in left)


def test_what_is_written_is_a_model_for_the_materials_space(
    material: SetMaterial, preset: OutfitPreset, tmp_path: Path
) -> None:
    training = student_training(material, preset, {}, CPU)
    training.task.module.eval()
    training.write(tmp_path)
    model = load_model(tmp_path)
    assert model.contract.space == "the space"
    assert model.contract.facts == {"category": tuple("abcde")}
    assert len(model.items.encode(material.items)) == NUM_ITEMS
