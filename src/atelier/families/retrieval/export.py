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
from atelier.families.retrieval.inference import INPUT, OUTPUTS, EmbeddingContract
from atelier.families.retrieval.model import RetrievalNetwork

_OPSET = 17


def save_module(module: nn.Module, path: Path) -> None:
    """Write all weights of a module as safetensors."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in module.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path)


def load_module(module: nn.Module, path: Path) -> None:
    """Read the weights back. TrainingError: the file is not of this module."""
    try:
        module.load_state_dict(load_file(path))
    except RuntimeError as error:
        raise TrainingError(f"{path} does not hold the weights of this network: {error}") from error


def export_network(
    network: RetrievalNetwork, categories: tuple[str, ...], files_dir: Path, name: str
) -> EmbeddingContract:
    """Write `<name>.safetensors`, `<name>.onnx`, `network.json` and `contract.json` into `files_dir`.

    The ONNX graph takes `pixels`, float32 [B, 3, S, S] in 0..1, and gives `embedding` [B, D] with unit rows
    and `category_logits` [B, C]; B is free.
    """
    files_dir.mkdir(parents=True, exist_ok=True)
    save_module(network, files_dir / f"{name}.safetensors")
    (files_dir / "network.json").write_text(json.dumps(asdict(network.config), indent=2) + "\n")
    onnx_path = files_dir / f"{name}.onnx"
    export_onnx(network, onnx_path)
    contract = EmbeddingContract(
        model_digest=hashlib.sha256(onnx_path.read_bytes()).hexdigest(),
        image_size=network.config.image_size,
        dimension=network.config.dimension,
        categories=categories,
    )
    (files_dir / "contract.json").write_text(contract.to_json() + "\n")
    return contract


def export_onnx(network: RetrievalNetwork, path: Path) -> None:
    """Trace the network in float32 on the CPU and write it as ONNX."""
    was_training = network.training
    size = network.config.image_size
    bare = _Bare(network).cpu().float().eval().to(memory_format=torch.contiguous_format)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            bare,
            (torch.zeros(2, 3, size, size),),
            str(path),
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            dynamic_axes={name: {0: "batch"} for name in (INPUT, *OUTPUTS)},
            opset_version=_OPSET,
            # The TorchScript exporter: the network has no control flow, and its graphs fold batch norms.
            dynamo=False,
        )
    network.train(was_training)


class _Bare(nn.Module):
    """The network with a plain tuple for its outputs, as ONNX wants it."""

    def __init__(self, network: RetrievalNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        features = self.network(pixels)
        return features.embedding, features.category_logits
