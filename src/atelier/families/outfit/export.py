"""From a trained network to the file that generation runs."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from atelier.families.outfit.inference import KNOWN, PIECES, QUERY
from atelier.families.outfit.model import OutfitNetwork

_OPSET = 17
_PLACES = 4


def export_generator(network: OutfitNetwork, path: Path) -> str:
    """Write the generator as ONNX and return its sha256.

    It takes `pieces`, float32 [B, P, D], and `known`, int64 [B, P], pieces first; it gives `query` [B, D]
    with unit rows. B and P are free.
    """
    was_training, device = network.training, next(network.parameters()).device
    bare = _Bare(network).cpu().float().eval()
    pieces = torch.randn(2, _PLACES, network.config.dimension)
    known = torch.tensor([[1] * _PLACES, [1] * (_PLACES - 1) + [0]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            bare,
            (pieces, known),
            str(path),
            input_names=[PIECES, KNOWN],
            output_names=[QUERY],
            dynamic_axes={
                PIECES: {0: "sets", 1: "places"},
                KNOWN: {0: "sets", 1: "places"},
                QUERY: {0: "sets"},
            },
            opset_version=_OPSET,
            dynamo=False,
        )
    network.to(device).train(was_training)
    return hashlib.sha256(path.read_bytes()).hexdigest()


class _Bare(nn.Module):
    """The network's queries as a plain call."""

    def __init__(self, network: OutfitNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pieces_BPD: Tensor, known_BP: Tensor) -> Tensor:
        return self.network.queries(pieces_BPD, known_BP)
