"""From a trained network to the files that are registered: safetensors, and ONNX for serving."""

from __future__ import annotations

import hashlib
import json
import warnings
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from atelier.errors import TrainingError
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

_OPSET = 17


def save_module(module: nn.Module, path: Path) -> None:
    """Write all weights of a module as safetensors."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in module.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path)


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
    files_dir.mkdir(parents=True, exist_ok=True)
    config = network.config
    save_module(network, files_dir / f"{name}.safetensors")
    (files_dir / "network.json").write_text(json.dumps(asdict(config), indent=2) + "\n")
    onnx_path, text_path = files_dir / f"{name}.onnx", files_dir / TEXT_FILE
    export_onnx(network, onnx_path)
    export_text_onnx(network, text_path)
    contract = EmbeddingContract(
        model_digest=_sha256(onnx_path),
        text_digest=_sha256(text_path),
        image_size=config.image_size,
        dimension=config.recall_dimension,
        relevance_dimension=config.dimension,
        num_buckets=config.text.num_buckets,
        categories=categories,
        labels=labels,
    )
    (files_dir / CONTRACT_FILE).write_text(contract.to_json() + "\n")
    return contract


def export_onnx(network: RetrievalNetwork, path: Path) -> None:
    """Trace the image tower in float32 on the CPU and write it as ONNX."""
    size = network.config.image_size
    _export(_Pictures(network), torch.zeros(2, 3, size, size), INPUT, OUTPUTS, path)


def export_text_onnx(network: RetrievalNetwork, path: Path) -> None:
    """Trace the text tower in float32 on the CPU and write it as ONNX."""
    _export(_Texts(network), torch.ones(2, MAX_TOKENS, dtype=torch.int64), TEXT_INPUT, TEXT_OUTPUTS, path)


def _export(
    bare: nn.Module, example: Tensor, input_name: str, output_names: tuple[str, ...], path: Path
) -> None:
    was_training = bare.training
    bare = bare.cpu().float().eval().to(memory_format=torch.contiguous_format)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            bare,
            (example,),
            str(path),
            input_names=[input_name],
            output_names=list(output_names),
            dynamic_axes={name: {0: "batch"} for name in (input_name, *output_names)},
            opset_version=_OPSET,
            # The TorchScript exporter: the network has no control flow, and its graphs fold batch norms.
            dynamo=False,
        )
    bare.train(was_training)


class _Pictures(nn.Module):
    """The image tower with a plain tuple for its outputs, as ONNX wants it."""

    def __init__(self, network: RetrievalNetwork) -> None:
        super().__init__()
        self.network = network
        self.training = network.training

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        features = self.network(pixels)
        recall = self.network.space.recall(features.embedding)
        return recall, features.embedding, features.category_logits, features.label_logits


class _Texts(nn.Module):
    """The text tower, likewise."""

    def __init__(self, network: RetrievalNetwork) -> None:
        super().__init__()
        self.network = network
        self.training = network.training

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        relevance = self.network.embed_text(tokens)
        return self.network.space.recall(relevance), relevance


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
