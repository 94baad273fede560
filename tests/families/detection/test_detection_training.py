"""The training of a detector: of the preset's seed, on its material, written as what serving loads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from test_detection_scenes import red_products

from atelier.families.detection.config import DetectionPreset, NetworkConfig
from atelier.families.detection.export import FILES
from atelier.families.detection.inference import CONTRACT_FILE, MODEL_FILE, DetectionContract, Detector
from atelier.families.detection.presets import debug
from atelier.families.detection.products import Cutouts
from atelier.families.detection.scenes import Streets
from atelier.families.detection.task import Truth
from atelier.families.detection.training import Material, detector_training

TINY = NetworkConfig("resnet10t", {"channels": (8, 8, 16, 16)}, neck_channels=8, look_size=64, close_size=32)


@pytest.fixture(scope="module")
def material() -> Material:
    cut = red_products()
    products = Cutouts(cut.frames_B4FF.numpy(), cut.extents_B4.numpy(), cut.kind_B.numpy())
    streets = Streets(
        torch.full((2, 3, 90, 60), 99, dtype=torch.uint8),
        torch.tensor([0.0, 0.0, 1.0, 1.0]).repeat(2, 2, 1),
        torch.full((2, 2), -1),
    )
    box_14 = np.array([[5, 5, 40, 60]], np.float32)
    return Material(products, streets, [Truth(np.zeros((90, 60, 3), np.uint8), box_14, ("top",), True)])


@pytest.fixture(scope="module")
def preset() -> DetectionPreset:
    return replace(debug(), config=replace(debug().config, network=TINY))


def test_a_detector_is_trained_on_the_products_by_the_presets_schedule(
    material: Material, preset: DetectionPreset
) -> None:
    training = detector_training(material, preset, {}, torch.device("cpu"))
    assert training.examples is material.products
    assert training.schedule is preset.schedule
    assert {"main/hit_50", "average_precision_50"} <= training.task.evaluate(
        training.task.module.eval()
    ).keys()


def test_the_same_seed_begins_with_the_same_weights(material: Material, preset: DetectionPreset) -> None:
    other = replace(preset, schedule=replace(preset.schedule, seed=preset.schedule.seed + 1))
    first, same, changed = (
        torch.nn.utils.parameters_to_vector(
            detector_training(material, each, {}, torch.device("cpu")).task.module.parameters()
        )
        for each in (preset, preset, other)
    )
    assert torch.equal(first, same)
    assert not torch.equal(first, changed)


def test_what_is_written_is_a_whole_detector(
    material: Material, preset: DetectionPreset, tmp_path: Path
) -> None:
    training = detector_training(material, preset, {}, torch.device("cpu"))
    training.task.module.eval()
    training.write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} >= set(FILES)
    contract = DetectionContract.from_json((tmp_path / CONTRACT_FILE).read_bytes())
    Detector(tmp_path / MODEL_FILE, contract, 1)
