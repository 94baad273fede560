"""The files say what the network says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from retrieval_toys import (
    network_of,
)

from atelier.errors import QueryError, TrainingError
from atelier.families.network_files import save_weights
from atelier.families.retrieval.export import export_network, load_module
from atelier.families.retrieval.inference import Encoder, TextEncoder
from atelier.families.retrieval.model import RetrievalNetwork
from atelier.families.retrieval.presets import debug
from atelier.families.retrieval.tokens import token_ids


def test_the_onnx_file_answers_as_the_network_does(tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = network_of(debug().student).eval()
    photos = F.normalize(torch.randn(2, 50, network.config.dimension), dim=-1)
    network.space.learn(photos[0], photos[1], photos[1])
    contract = export_network(network, ("tall", "wide"), ("Hat", "Shoes"), tmp_path, "student")
    encoder = Encoder(tmp_path / "student.onnx", contract)
    size = contract.image_size
    pictures = np.random.default_rng(0).integers(0, 255, (5, 3, size, size), dtype=np.uint8)
    with torch.inference_mode():
        features = network(torch.from_numpy(pictures).float() / 255)
        recall = network.space.recall(features.embedding)
        title = network.embed_text(torch.from_numpy(token_ids(["Blue 连衣裙"], 1024)))
    seen = encoder.encode_prepared((pictures / 255).astype(np.float32))
    np.testing.assert_allclose(seen.relevance, features.embedding.numpy(), atol=1e-4)
    np.testing.assert_allclose(seen.embedding, recall.numpy(), atol=1e-4)
    assert seen.embedding.shape == (5, contract.dimension)
    assert seen.category_probability.argmax(1).tolist() == features.category_logits.argmax(1).tolist()
    assert seen.label_probability.argmax(1).tolist() == features.label_logits.argmax(1).tolist()

    texts = TextEncoder(tmp_path / "text.onnx", contract)
    np.testing.assert_allclose(texts.encode(["Blue 连衣裙"]).relevance, title.numpy(), atol=1e-4)
    with pytest.raises(QueryError, match="expected words"):
        texts.encode(["blue", "?!"])


def test_weights_survive_a_round_trip_and_refuse_another_network(tmp_path: Path) -> None:
    config = debug().student.network
    network = RetrievalNetwork(config, 2)
    save_weights(network, tmp_path / "weights.safetensors")
    other = RetrievalNetwork(config, 2)
    load_module(other, tmp_path / "weights.safetensors")
    assert all(
        torch.equal(own, seen)
        for own, seen in zip(network.state_dict().values(), other.state_dict().values(), strict=True)
    )
    with pytest.raises(TrainingError, match="does not hold the weights"):
        load_module(RetrievalNetwork(config, 3), tmp_path / "weights.safetensors")
