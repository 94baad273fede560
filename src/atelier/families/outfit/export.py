"""From a trained network to the files that generation runs, and back to a network."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

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
_OPSET = 17
_PLACES = 4


def export_network(
    network: OutfitNetwork, facts: Mapping[str, tuple[str, ...]], space: str, folder: Path
) -> OutfitContract:
    """Write `FILES` into a folder and return the contract; `space`: see there.

    The generator takes `pieces`, float32 [B, P, D], and `known`, int64 [B, P], pieces first; it gives
    `query` [B, D] with unit rows. The item tower takes those of `ITEM_INPUTS` that it was built for and gives
    `vector` [N, D]. B, N and P are free.
    """
    folder.mkdir(parents=True, exist_ok=True)
    device, was_training = next(network.parameters()).device, network.training
    network = network.cpu().float().eval()
    save_file(
        {name: value.contiguous() for name, value in network.state_dict().items()}, folder / WEIGHTS_FILE
    )
    (folder / NETWORK_FILE).write_text(json.dumps(asdict(network.config), indent=2) + "\n")
    _export_generator(network, folder / MODEL_FILE)
    _export_items(network, folder / ITEMS_FILE)
    items = network.config.items
    contract = OutfitContract(
        generator_digest=_sha256(folder / MODEL_FILE),
        items_digest=_sha256(folder / ITEMS_FILE),
        kind=network.config.generator,
        dimension=network.config.dimension,
        image_dimension=items.image_dimension,
        title_dimension=items.title_dimension,
        colour_dimension=items.colour_dimension,
        facts=facts,
        space=space,
    )
    (folder / CONTRACT_FILE).write_text(contract.to_json() + "\n")
    network.to(device).train(was_training)
    return contract


def load_network(config: NetworkConfig, path: Path) -> OutfitNetwork:
    """Load the trained network whose weights `export_network` wrote."""
    network = OutfitNetwork(config)
    network.load_state_dict(load_file(path))
    return network


def _export_generator(network: OutfitNetwork, path: Path) -> None:
    pieces = torch.randn(2, _PLACES, network.config.dimension)
    known = torch.tensor([[1] * _PLACES, [1] * (_PLACES - 1) + [0]])
    places = {PIECES: {0: "sets", 1: "places"}, KNOWN: {0: "sets", 1: "places"}, QUERY: {0: "sets"}}
    _export(_Generator(network), (pieces, known), [PIECES, KNOWN], QUERY, places, path)


def _export_items(network: OutfitNetwork, path: Path) -> None:
    config = network.config.items
    lengths = (config.image_dimension, config.title_dimension, config.colour_dimension)
    vectors = [torch.randn(2, length) for length in lengths]
    codes = torch.ones(2, len(config.fact_sizes), dtype=torch.long)
    free = {name: {0: "items"} for name in (*ITEM_INPUTS, VECTOR)}
    _export(_Items(network), (*vectors, codes), list(ITEM_INPUTS), VECTOR, free, path)


def _export(
    bare: nn.Module,
    example: tuple[Tensor, ...],
    inputs: Sequence[str],
    output: str,
    free: Mapping[str, Mapping[int, str]],
    path: Path,
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            bare.eval(),
            example,
            str(path),
            input_names=list(inputs),
            output_names=[output],
            dynamic_axes={name: dict(axes) for name, axes in free.items()},
            opset_version=_OPSET,
            # The TorchScript exporter: no network has control flow.
            dynamo=False,
        )


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


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
