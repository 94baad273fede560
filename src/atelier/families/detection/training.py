"""Builds the training of the detection family: one detector, on scenes composed of products and street
photos.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from atelier.families.detection.config import DetectionPreset
from atelier.families.detection.export import export_network
from atelier.families.detection.model import DetectionNetwork
from atelier.families.detection.products import Cutouts
from atelier.families.detection.scenes import Streets
from atelier.families.detection.task import DetectionModule, DetectionTask, Truth
from atelier.families.training import Training, Weights


@dataclass(frozen=True)
class Material:
    """Training and validation data of a detector."""

    products: Cutouts
    streets: Streets
    validation: list[Truth]


def detector_training(
    material: Material, preset: DetectionPreset, weights: Weights, device: torch.device
) -> Training:
    """Prepare the training of the preset's detector."""
    del weights, device  # it has no teacher, and the engine moves the rest
    torch.manual_seed(preset.schedule.seed)
    network = DetectionNetwork(preset.config.network)
    module = DetectionModule(network, preset.config.loss)

    def write(folder: Path) -> None:
        export_network(network, preset.config, folder)

    return Training(
        task=DetectionTask(module, material.streets, preset.config, material.validation),
        examples=material.products,
        schedule=preset.schedule,
        write=write,
    )
