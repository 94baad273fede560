"""Trains the ranker of a preset: data version in, a finished run with weights and curves out."""

from __future__ import annotations

from pathlib import Path

import torch

from atelier.datasets.catalogue import Catalogue
from atelier.errors import TooLittleDataError, TrainingError
from atelier.families import ranking
from atelier.families.ranking.export import export_network
from atelier.families.ranking.model import RankingNetwork
from atelier.families.ranking.presets import PRESETS, RankingPreset
from atelier.families.ranking.task import RankingModule, RankingTask
from atelier.families.retrieval.training import Training, code_digest
from atelier.jobs.outfit.champion import champion_embedder
from atelier.jobs.outfit.material import RETRIEVAL
from atelier.jobs.ranking.champion import FAMILY, SPACE
from atelier.jobs.ranking.material import RankingMaterial, material_for
from atelier.jobs.retrieval.train import TrainOutcome, current_version, run_key, run_once
from atelier.registry.store import Registry, open_registry
from atelier.settings import Settings
from atelier.vocabulary import Split

_SHAPE_THE_WEIGHTS = ("config", "export", "inference", "losses", "model", "sets", "showings", "task")
"""Modules of the family whose change makes earlier runs worthless."""


def train_ranker(settings: Settings, preset: str, *, progress: bool = True) -> TrainOutcome:
    """Train the preset's ranker on the current data version's clicks, or find the run that did.

    Killed and called again, it goes on from its last checkpoint. VersionError: there is no data yet.
    TooLittleDataError: there are too few clicks, or no retrieval champion to see items with.
    """
    wanted, version = ranking_preset(preset), current_version(settings)
    if open_registry(settings).version(RETRIEVAL, "champion") is None:
        raise TooLittleDataError(
            f"a ranker knows items by what a {RETRIEVAL} champion sees, and none is there yet; "
            f"`atelier retrain` trains one first"
        )
    catalogue = Catalogue.open(settings.data_dir)
    with champion_embedder(settings, catalogue) as eyes:
        space = eyes.contract.digest
        key = run_key("ranker", version, wanted, space, code=ranker_code())

        def training(registry: Registry) -> Training:
            del registry  # a ranker has no teacher to ask it for
            material = material_for(catalogue, eyes, wanted, progress=progress)
            return training_of(material, wanted, space)

        tags = {SPACE: space}
        return run_once(
            settings, f"ranker-{preset}", key, wanted, version, training, progress, FAMILY, **tags
        )


def training_of(material: RankingMaterial, preset: RankingPreset, space: str) -> Training:
    """A ranker about to be trained on the material."""
    preset = preset.for_items(material.description.items)
    torch.manual_seed(preset.schedule.seed)
    network = RankingNetwork(preset.config.network)
    module = RankingModule(network, preset.config.loss)

    def write(folder: Path) -> None:
        longest = material.description.longest_history
        export_network(network, folder, longest_history=longest, vectors_digest=space)
        material.description.write(folder)

    counts = material.counts()
    return Training(
        task=RankingTask(module, material.sets, material.parts[Split.VALIDATION]),
        products=material.parts[Split.TRAIN],
        schedule=preset.schedule,
        finish=lambda: None,
        write=write,
        figures={f"{name}/{split}": float(num) for split, own in counts.items() for name, num in own.items()},
    )


def ranker_code() -> str:
    """Digest of the code that shapes a ranker's weights."""
    return code_digest(ranking, _SHAPE_THE_WEIGHTS)


def ranking_preset(name: str) -> RankingPreset:
    """The ranker that belongs to a preset. TrainingError, naming the known ones, where there is none."""
    if name not in PRESETS:
        raise TrainingError(f"there is no preset '{name}'; known presets: {', '.join(PRESETS)}")
    return PRESETS[name]()
