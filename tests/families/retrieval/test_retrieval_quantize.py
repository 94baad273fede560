"""The int8 form of an exported network: smaller, and nearly the same vectors."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from atelier.families.retrieval.config import NetworkConfig
from atelier.families.retrieval.export import export_network
from atelier.families.retrieval.inference import Encoder
from atelier.families.retrieval.model import RetrievalNetwork
from atelier.families.retrieval.quantize import quantize


def test_the_int8_form_is_smaller_and_gives_nearly_the_same_vectors(tmp_path: Path) -> None:
    """Untrained, but with statistics of its own pictures: enough for ranges that are not degenerate."""
    torch.manual_seed(0)
    config = NetworkConfig(
        "resnet10t", {"channels": (32, 32, 64, 64)}, image_size=32, dimension=16, recall_dimension=16
    )
    network = RetrievalNetwork(config, 3)
    pixels = torch.rand(64, 3, 4, 4).repeat_interleave(8, 2).repeat_interleave(8, 3)
    network.train()
    with torch.no_grad():
        for _ in range(30):
            network(pixels)
    contract = export_network(network, ("a", "b", "c"), (), tmp_path, "student")

    quantize(tmp_path / "student.onnx", pixels[:48].numpy(), tmp_path / "int8.onnx")

    data = (tmp_path / "int8.onnx").read_bytes()
    assert len(data) < 0.6 * (tmp_path / "student.onnx").stat().st_size
    small = Encoder(
        tmp_path / "int8.onnx", replace(contract, model_digest=hashlib.sha256(data).hexdigest()), 1
    )
    whole = Encoder(tmp_path / "student.onnx", contract, 1)
    unseen = pixels[48:].numpy()
    cosines = (small.encode_prepared(unseen).embedding * whole.encode_prepared(unseen).embedding).sum(axis=1)
    assert np.median(cosines) > 0.98
    assert not np.array_equal(
        small.encode_prepared(unseen).embedding, whole.encode_prepared(unseen).embedding
    )
