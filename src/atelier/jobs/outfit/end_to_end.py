"""Trains an outfit network together with the image tower that it sees items by, from where both are.

N = items, S = image size
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from atelier.families.outfit.config import LossConfig
from atelier.families.outfit.end_to_end import EndToEndModule, EndToEndTask, Pictures
from atelier.families.outfit.export import export_network
from atelier.families.outfit.model import OutfitNetwork
from atelier.families.outfit.task import Kin, OutfitModule, OutfitTask
from atelier.families.retrieval.config import NetworkConfig, TextConfig
from atelier.families.retrieval.export import export_network as export_tower
from atelier.families.retrieval.export import load_module
from atelier.families.retrieval.model import RetrievalNetwork
from atelier.families.schedule import Schedule
from atelier.jobs.fitting import Training
from atelier.jobs.outfit.items import Eyes
from atelier.jobs.outfit.material import SetMaterial
from atelier.jobs.outfit.train import features_of
from atelier.vocabulary import Split

TOWER_FOLDER = "tower"
"""Where the tower's files lie among those of the network that was trained with it."""
_FRAMED_AT_ONCE = 256


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


def pictures_of(material: SetMaterial, eyes: Eyes, *, progress: bool = True) -> Pictures:
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
        outfits, features_of(material), Kin(material.kin()), material.validation(Split.VALIDATION)
    )

    def write(folder: Path) -> None:
        export_network(network, material.facts, material.space, folder)
        export_tower(tower.network, tower.categories, tower.labels, folder / TOWER_FOLDER, "student")

    return Training(
        task=EndToEndTask(EndToEndModule(tower, outfits), pictures, frozen),
        products=material.sets(),
        schedule=schedule,
        finish=lambda: None,
        write=write,
        figures={"sets/pictures": float(len(pictures.pixels_M3SS))},
    )
