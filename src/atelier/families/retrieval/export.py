"""From a trained network to the files that are registered: safetensors, and ONNX for serving."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from atelier.errors import TrainingError
from atelier.families.network_files import export_onnx, save_network
from atelier.families.retrieval.inference import (
    CONTRACT_FILE,
    INPUT,
    OUTPUTS,
    TEXT_FILE,
    TEXT_INPUT,
    TEXT_OUTPUTS,
    EmbeddingContract,
)
from atelier.families.retrieval.model import RetrievalNetwork
from atelier.families.retrieval.tokens import MAX_TOKENS


def load_module(module: nn.Module, path: Path) -> None:
    """Read the weights back; the file may hold more than this module. TrainingError: it holds another one."""
    kept = load_file(path)
    try:
        module.load_state_dict({name: kept[name] for name in module.state_dict() if name in kept})
    except RuntimeError as error:
        raise TrainingError(f"{path} does not hold the weights of this network: {error}") from error


def export_network(
    network: RetrievalNetwork,
    categories: tuple[str, ...],
    labels: tuple[str, ...],
    files_dir: Path,
    name: str,
) -> EmbeddingContract:
    """Write `<name>.safetensors`, `<name>.onnx`, `text.onnx`, `network.json` and `contract.json`.

    `<name>.onnx` takes `pixels`, float32 [B, 3, S, S] in 0..1, and gives `recall` [B, K] and `relevance`
    [B, D] with unit rows, `category_logits` [B, C] and `label_logits` [B, L]; `text.onnx` takes `tokens`,
    int64 [B, T], and gives vectors of the same spaces. B is free.
    """
    config = network.config
    save_network(network, config, files_dir / f"{name}.safetensors", files_dir / "network.json")
    contract = EmbeddingContract(
        model_digest=export_image_tower(network, files_dir / f"{name}.onnx"),
        text_digest=export_text_tower(network, files_dir / TEXT_FILE),
        image_size=config.image_size,
        dimension=config.recall_dimension,
        relevance_dimension=config.dimension,
        num_buckets=config.text.num_buckets,
        categories=categories,
        labels=labels,
    )
    (files_dir / CONTRACT_FILE).write_text(contract.to_json() + "\n")
    return contract


def export_image_tower(network: RetrievalNetwork, path: Path) -> str:
    """Write the image tower as ONNX and return the file's sha256."""
    size = network.config.image_size
    return _export(_Pictures(network), path, INPUT, torch.zeros(2, 3, size, size), OUTPUTS)


def export_text_tower(network: RetrievalNetwork, path: Path) -> str:
    """Write the text tower as ONNX and return the file's sha256."""
    tokens = torch.ones(2, MAX_TOKENS, dtype=torch.int64)
    return _export(_Texts(network), path, TEXT_INPUT, tokens, TEXT_OUTPUTS)


def _export(bare: nn.Module, path: Path, name: str, example: Tensor, outputs: tuple[str, ...]) -> str:
    free = {each: {0: "batch"} for each in (name, *outputs)}
    return export_onnx(bare, path, {name: example}, outputs, free)


class _Pictures(nn.Module):
    """The image tower with a plain tuple for its outputs, as ONNX wants it."""

    def __init__(self, network: RetrievalNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        features = self.network(pixels)
        recall = self.network.space.recall(features.embedding)
        return recall, features.embedding, features.category_logits, features.label_logits


class _Texts(nn.Module):
    """The text tower, likewise."""

    def __init__(self, network: RetrievalNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        relevance = self.network.embed_text(tokens)
        return self.network.space.recall(relevance), relevance
