"""From a trained network to the files that generation runs, and back to a network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from atelier.families.network_files import export_onnx, save_network
from atelier.families.outfit.config import NetworkConfig
from atelier.families.outfit.inference import (
    CONTRACT_FILE,
    ITEM_INPUTS,
    ITEMS_FILE,
    KNOWN,
    MODEL_FILE,
    PIECES,
    QUERY,
    VECTOR,
    OutfitContract,
)
from atelier.families.outfit.model import ItemFeatures, OutfitNetwork

WEIGHTS_FILE, NETWORK_FILE = "outfit.safetensors", "network.json"
FILES = (WEIGHTS_FILE, NETWORK_FILE, MODEL_FILE, ITEMS_FILE, CONTRACT_FILE)
_PLACES = 4


def export_network(
    network: OutfitNetwork, facts: Mapping[str, tuple[str, ...]], space: str, folder: Path
) -> OutfitContract:
    """Write `FILES` into a folder and return the contract; `space`: see there.

    The generator takes `pieces`, float32 [B, P, D], and `known`, int64 [B, P], pieces first; it gives
    `query` [B, D] with unit rows. The item tower takes those of `ITEM_INPUTS` that it was built for and gives
    `vector` [N, D]. B, N and P are free.
    """
    save_network(network, network.config, folder / WEIGHTS_FILE, folder / NETWORK_FILE)
    items = network.config.items
    contract = OutfitContract(
        generator_digest=_export_generator(network, folder / MODEL_FILE),
        items_digest=_export_items(network, folder / ITEMS_FILE),
        kind=network.config.generator,
        dimension=network.config.dimension,
        image_dimension=items.image_dimension,
        title_dimension=items.title_dimension,
        colour_dimension=items.colour_dimension,
        facts=facts,
        space=space,
    )
    (folder / CONTRACT_FILE).write_text(contract.to_json() + "\n")
    return contract


def load_network(config: NetworkConfig, path: Path) -> OutfitNetwork:
    """Load the trained network whose weights `export_network` wrote."""
    network = OutfitNetwork(config)
    network.load_state_dict(load_file(path))
    return network


def _export_generator(network: OutfitNetwork, path: Path) -> str:
    pieces = torch.randn(2, _PLACES, network.config.dimension)
    known = torch.tensor([[1] * _PLACES, [1] * (_PLACES - 1) + [0]])
    places = {PIECES: {0: "sets", 1: "places"}, KNOWN: {0: "sets", 1: "places"}, QUERY: {0: "sets"}}
    return export_onnx(_Generator(network), path, {PIECES: pieces, KNOWN: known}, [QUERY], places)


def _export_items(network: OutfitNetwork, path: Path) -> str:
    config = network.config.items
    lengths = (config.image_dimension, config.title_dimension, config.colour_dimension)
    vectors = [torch.randn(2, length) for length in lengths]
    codes = torch.ones(2, len(config.fact_sizes), dtype=torch.long)
    free = {name: {0: "items"} for name in (*ITEM_INPUTS, VECTOR)}
    inputs = dict(zip(ITEM_INPUTS, (*vectors, codes), strict=True))
    return export_onnx(_Items(network), path, inputs, [VECTOR], free)


class _Generator(nn.Module):
    """The network's queries as a plain call."""

    def __init__(self, network: OutfitNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pieces_BPD: Tensor, known_BP: Tensor) -> Tensor:
        return self.network.queries(pieces_BPD, known_BP)


class _Items(nn.Module):
    """The network's item tower, likewise."""

    def __init__(self, network: OutfitNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, title: Tensor, colour: Tensor, codes: Tensor) -> Tensor:
        vectors: Tensor = self.network.items(ItemFeatures(image, title, colour, codes))
        return vectors
