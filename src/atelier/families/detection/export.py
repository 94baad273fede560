"""From a trained detector to the files that are registered: safetensors, and ONNX for serving."""

from __future__ import annotations

import hashlib
import json
import warnings
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from atelier.families.detection.config import DetectionConfig
from atelier.families.detection.inference import (
    CONTRACT_FILE,
    INPUT,
    MODEL_FILE,
    OUTPUTS,
    DetectionContract,
)
from atelier.families.detection.kinds import KINDS
from atelier.families.detection.model import DetectionNetwork

WEIGHTS_FILE, CONFIG_FILE = "detector.safetensors", "network.json"
FILES = (WEIGHTS_FILE, MODEL_FILE, CONFIG_FILE, CONTRACT_FILE)
"""What a model version holds beside its card."""
_OPSET = 17


def export_network(network: DetectionNetwork, config: DetectionConfig, files_dir: Path) -> DetectionContract:
    """Write `FILES` into `files_dir`.

    The ONNX graph takes `pixels`, float32 [B, 3, S, S] in 0..1 with B and S free (S a multiple of 32), and
    gives the probabilities of kinds [B, G, K], where the main item is [B, G], and boxes [B, G, 4].
    """
    files_dir.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    save_file(tensors, files_dir / WEIGHTS_FILE)
    (files_dir / CONFIG_FILE).write_text(json.dumps(asdict(network.config), indent=2) + "\n")
    export_onnx(network, files_dir / MODEL_FILE)
    digest = hashlib.sha256((files_dir / MODEL_FILE).read_bytes()).hexdigest()
    contract = contract_of(config, digest)
    (files_dir / CONTRACT_FILE).write_text(contract.to_json() + "\n")
    return contract


def contract_of(config: DetectionConfig, model_digest: str) -> DetectionContract:
    network = config.network
    return DetectionContract(model_digest, network.look_size, network.close_size, KINDS, config.rules)


def export_onnx(network: DetectionNetwork, path: Path) -> None:
    """Trace the network in float32 on the CPU and write it as ONNX."""
    was_training, device = network.training, network.head.weight.device
    size = network.config.look_size
    bare = _Bare(network).cpu().float().eval().to(memory_format=torch.contiguous_format)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            bare,
            (torch.zeros(2, 3, size, size),),
            str(path),
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            dynamic_axes={
                INPUT: {0: "batch", 2: "side", 3: "side"},
                **{name: {0: "batch", 1: "cells"} for name in OUTPUTS},
            },
            opset_version=_OPSET,
            # The TorchScript exporter: the network has no control flow, and its graphs fold batch norms.
            dynamo=False,
        )
    network.to(device).train(was_training)


class _Bare(nn.Module):
    """The network with a plain tuple of probabilities and boxes, as serving wants it."""

    def __init__(self, network: DetectionNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        cells = self.network(pixels)
        return cells.kind_logits.sigmoid(), cells.main_logits.softmax(1), cells.boxes
