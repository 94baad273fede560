"""A retrieval network as the image tower of an outfit model that is trained end to end.

V = views, S = image size, I = image dimension
"""

from __future__ import annotations

import json
from pathlib import Path

from torch import Tensor, nn

from atelier.families.outfit.inference import TOWER_CONTRACT_FILE, TOWER_FILE
from atelier.families.retrieval.config import NetworkConfig, TextConfig
from atelier.families.retrieval.export import export_image_tower, load_module
from atelier.families.retrieval.inference import EmbeddingContract
from atelier.families.retrieval.model import RetrievalNetwork

FILES = ("network.json", "contract.json", "student.safetensors")
"""Files of a retrieval version that `image_tower` reads."""


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
        """Compute unit rows [V, I]."""
        embedding: Tensor = self.network(pixels_V3SS).embedding
        return embedding


def image_tower(model_dir: Path) -> ImageTower:
    """Load the image tower of a retrieval version from its weights. TrainingError: they are of another
    one.
    """
    facts = json.loads((model_dir / "network.json").read_text())
    contract = json.loads((model_dir / "contract.json").read_text())
    config = NetworkConfig(**facts | {"text": TextConfig(**facts["text"]), "weights": None})
    categories, labels = tuple(contract["categories"]), tuple(contract["labels"])
    network = RetrievalNetwork(config, len(categories), len(labels))
    load_module(network, model_dir / "student.safetensors")
    return ImageTower(network, categories, labels)


def write_tower(tower: ImageTower, folder: Path) -> None:
    """Write the tower as ONNX with its embedding contract."""
    config = tower.network.config
    contract = EmbeddingContract(
        model_digest=export_image_tower(tower.network, folder / TOWER_FILE),
        text_digest="",
        image_size=config.image_size,
        dimension=config.recall_dimension,
        relevance_dimension=config.dimension,
        num_buckets=config.text.num_buckets,
        categories=tower.categories,
        labels=tower.labels,
    )
    (folder / TOWER_CONTRACT_FILE).write_text(contract.to_json() + "\n")
