"""From a trained detector to the files that are registered: safetensors, and ONNX for serving."""

from __future__ import annotations

from pathlib import Path

import torch
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
from atelier.families.network_files import export_onnx, save_network

WEIGHTS_FILE, CONFIG_FILE = "detector.safetensors", "network.json"
FILES = (WEIGHTS_FILE, MODEL_FILE, CONFIG_FILE, CONTRACT_FILE)
"""What a model version holds beside its card."""


def export_network(network: DetectionNetwork, config: DetectionConfig, files_dir: Path) -> DetectionContract:
    """Write `FILES` into `files_dir`.

    The ONNX graph takes `pixels`, float32 [B, 3, S, S] in 0..1 with B and S free (S a multiple of 32), and
    gives the probabilities of kinds [B, G, K], where the main item is [B, G], and boxes [B, G, 4].
    """
    save_network(network, network.config, files_dir / WEIGHTS_FILE, files_dir / CONFIG_FILE)
    size = network.config.look_size
    free = {INPUT: {0: "batch", 2: "side", 3: "side"}} | {name: {0: "batch", 1: "cells"} for name in OUTPUTS}
    pixels = {INPUT: torch.zeros(2, 3, size, size)}
    digest = export_onnx(_Bare(network), files_dir / MODEL_FILE, pixels, OUTPUTS, free)
    contract = contract_of(config, digest)
    (files_dir / CONTRACT_FILE).write_text(contract.to_json() + "\n")
    return contract


def contract_of(config: DetectionConfig, model_digest: str) -> DetectionContract:
    network = config.network
    return DetectionContract(model_digest, network.look_size, network.close_size, KINDS, config.rules)


class _Bare(nn.Module):
    """The network with a plain tuple of probabilities and boxes, as serving wants it."""

    def __init__(self, network: DetectionNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        cells = self.network(pixels)
        return cells.kind_logits.sigmoid(), cells.main_logits.softmax(1), cells.boxes
