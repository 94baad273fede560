"""Trains the detector of a preset: data version in, a finished run with weights and curves out."""

from __future__ import annotations

from pathlib import Path

import torch

from atelier.errors import TrainingError
from atelier.families import detection
from atelier.families.detection.export import export_network
from atelier.families.detection.model import DetectionNetwork
from atelier.families.detection.presets import PRESETS, DetectionPreset
from atelier.families.detection.task import DetectionModule, DetectionTask
from atelier.families.retrieval.training import Training, code_digest
from atelier.jobs.detection.champion import FAMILY
from atelier.jobs.detection.material import load_material
from atelier.jobs.retrieval.train import TrainOutcome, current_version, run_key, run_once
from atelier.registry.store import Registry
from atelier.settings import Settings

_SHAPE_THE_WEIGHTS = ("export", "inference", "kinds", "losses", "model", "products", "scenes", "task")
"""Modules of the family whose change makes earlier runs worthless."""


def train_detector(settings: Settings, preset: str, *, progress: bool = True) -> TrainOutcome:
    """Train the preset's detector on the current data version, or find the run that did.

    Killed and called again, it goes on from its last checkpoint. VersionError: there is no data yet.
    """
    wanted = detection_preset(preset)
    version = current_version(settings)
    key = run_key("detector", version, wanted.config, wanted.schedule, code=detector_code())

    def training(registry: Registry) -> Training:
        del registry  # a detector has no teacher to ask it for
        material = load_material(settings, version, progress)
        torch.manual_seed(wanted.schedule.seed)
        network = DetectionNetwork(wanted.config.network)
        module = DetectionModule(network, wanted.config.loss)

        def write(folder: Path) -> None:
            export_network(network, wanted.config, folder)

        return Training(
            task=DetectionTask(module, material.streets, wanted.config, material.validation),
            products=material.products,
            schedule=wanted.schedule,
            finish=lambda: None,
            write=write,
        )

    return run_once(settings, f"detector-{preset}", key, wanted, version, training, progress, FAMILY)


def detector_code() -> str:
    """Digest of the code that shapes a detector's weights."""
    return code_digest(detection, _SHAPE_THE_WEIGHTS)


def detection_preset(name: str) -> DetectionPreset:
    """The detector that belongs to a preset. TrainingError, naming the known ones, where there is none."""
    if name not in PRESETS:
        raise TrainingError(f"there is no preset '{name}'; known presets: {', '.join(PRESETS)}")
    return PRESETS[name]()
