"""Trains an outfit network together with the image tower that it sees items by, from where both are.

N = items, S = image size
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from atelier.datasets.catalogue import Catalogue
from atelier.families.outfit.config import LossConfig
from atelier.families.outfit.end_to_end import EndToEndModule, EndToEndTask, Pictures
from atelier.families.outfit.export import export_network
from atelier.families.outfit.inference import TOWER_CONTRACT_FILE, TOWER_FILE
from atelier.families.outfit.model import OutfitNetwork
from atelier.families.outfit.task import OutfitModule, OutfitTask, SameCategorySampler
from atelier.families.retrieval.config import NetworkConfig, TextConfig
from atelier.families.retrieval.export import export_onnx, load_module
from atelier.families.retrieval.inference import EmbeddingContract
from atelier.families.retrieval.model import RetrievalNetwork
from atelier.families.retrieval.training import Training
from atelier.families.schedule import Schedule
from atelier.jobs.outfit.champion import FAMILY, champion_embedder
from atelier.jobs.outfit.material import MATERIAL_FORMAT, SetMaterial, load_sets
from atelier.jobs.outfit.train import features_of, outfit_code, outfit_preset, trained_network
from atelier.jobs.retrieval.embedder import CatalogueEmbedder
from atelier.jobs.retrieval.train import TrainOutcome, current_version, run_key, run_once
from atelier.registry.store import Registry
from atelier.settings import Settings
from atelier.vocabulary import Split

_FRAMED_AT_ONCE = 256


def finetune_end_to_end(
    settings: Settings, preset: str, student: TrainOutcome, *, progress: bool = True
) -> TrainOutcome | None:
    """Let the preset's finished student go on together with its image tower, or find the run that did.

    None: the preset does not ask for it. Raises as `train_outfits` does.
    """
    wanted, version = outfit_preset(preset), current_version(settings)
    schedule = wanted.end_to_end_schedule
    if schedule is None:
        return None
    catalogue = Catalogue.open(settings.data_dir)
    with champion_embedder(settings, catalogue) as eyes:
        space = eyes.contract.digest
        role = f"outfit-end-to-end {MATERIAL_FORMAT}"
        key = run_key(role, version, wanted, space, student.key, code=outfit_code())

        def training(registry: Registry) -> Training:
            material = load_sets(settings, catalogue, eyes, version, progress)
            network = trained_network(registry, student, wanted.student, material)
            tower, pictures = image_tower(eyes.model_dir), pictures_of(material, eyes, progress=progress)
            return end_to_end_training(material, network, tower, pictures, wanted.loss, schedule)

        return run_once(
            settings,
            f"outfit-end-to-end-{preset}",
            key,
            wanted,
            version,
            training,
            progress,
            FAMILY,
            space=space[:16],
        )


def better_of(student: TrainOutcome, seeing: TrainOutcome | None) -> TrainOutcome:
    """Which of the two fills more blanks of the validation part, mean over the sources of sets."""
    return student if seeing is None or _validated(seeing) <= _validated(student) else seeing


class ImageTower(nn.Module):
    """A retrieval network as the tower of an `EndToEndModule`: pixels in 0..1 to relevance vectors."""

    def __init__(
        self, network: RetrievalNetwork, categories: tuple[str, ...], labels: tuple[str, ...]
    ) -> None:
        super().__init__()
        self.network = network
        self.categories = categories
        self.labels = labels

    def forward(self, pixels_V3SS: Tensor) -> Tensor:
        """Unit rows [V, I]."""
        embedding: Tensor = self.network(pixels_V3SS).embedding
        return embedding


def image_tower(model_dir: Path) -> ImageTower:
    """The image tower of a retrieval version, from its weights. TrainingError: these are of another one."""
    facts = json.loads((model_dir / "network.json").read_text())
    contract = json.loads((model_dir / "contract.json").read_text())
    config = NetworkConfig(**facts | {"text": TextConfig(**facts["text"]), "weights": None})
    categories, labels = tuple(contract["categories"]), tuple(contract["labels"])
    network = RetrievalNetwork(config, len(categories), len(labels))
    load_module(network, model_dir / "student.safetensors")
    return ImageTower(network, categories, labels)


def pictures_of(material: SetMaterial, eyes: CatalogueEmbedder, *, progress: bool = True) -> Pictures:
    """The catalogue photos of the material's items, framed as the eyes frame them: S * S * 3 bytes each."""
    picture_of = eyes.gallery.picture_of
    shown = {row: picture_of[item_id] for row, item_id in material.item_ids.items() if item_id in picture_of}
    row_N = torch.full((len(material.items),), -1)
    row_N[list(shown)] = torch.arange(len(shown))
    digests, size = list(shown.values()), eyes.contract.image_size
    pixels_M3SS = np.zeros((len(digests), 3, size, size), np.uint8)
    bar = tqdm(total=len(digests), desc="pictures", unit="picture", disable=None if progress else True)
    with bar:
        for start in range(0, len(digests), _FRAMED_AT_ONCE):
            part = slice(start, start + _FRAMED_AT_ONCE)
            pixels_M3SS[part] = np.round(eyes.gallery.framed(digests[part]) * 255)
            bar.update(len(digests[part]))
    return Pictures(torch.from_numpy(pixels_M3SS), row_N)


def end_to_end_training(
    material: SetMaterial,
    network: OutfitNetwork,
    tower: ImageTower,
    pictures: Pictures,
    loss: LossConfig,
    schedule: Schedule,
) -> Training:
    """A trained network and the tower it was trained with, about to go on together."""
    outfits = OutfitModule(network, loss)
    frozen = OutfitTask(
        outfits,
        features_of(material),
        SameCategorySampler(material.same_category()),
        material.validation(Split.VALIDATION),
    )

    def write(folder: Path) -> None:
        export_network(network, material.facts, material.space, folder)
        _write_tower(tower, folder)

    return Training(
        task=EndToEndTask(EndToEndModule(tower, outfits), pictures, frozen),
        products=material.sets(),
        schedule=schedule,
        finish=lambda: None,
        write=write,
        figures={"sets/pictures": float(len(pictures.pixels_M3SS))},
    )


def _write_tower(tower: ImageTower, folder: Path) -> None:
    export_onnx(tower.network, folder / TOWER_FILE)
    config = tower.network.config
    contract = EmbeddingContract(
        model_digest=hashlib.sha256((folder / TOWER_FILE).read_bytes()).hexdigest(),
        text_digest="",
        image_size=config.image_size,
        dimension=config.recall_dimension,
        relevance_dimension=config.dimension,
        num_buckets=config.text.num_buckets,
        categories=tower.categories,
        labels=tower.labels,
    )
    (folder / TOWER_CONTRACT_FILE).write_text(contract.to_json() + "\n")


def _validated(outcome: TrainOutcome) -> float:
    blanks = [
        value
        for name, value in outcome.metrics.items()
        if name.startswith("validation/") and name.endswith("/fill_in_the_blank")
    ]
    return float(np.mean(blanks)) if blanks else 0.0
