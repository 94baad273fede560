"""Every preset builds its networks."""

from __future__ import annotations

import pytest
import torch

from atelier.families.retrieval.model import RetrievalNetwork
from atelier.families.retrieval.presets import PRESETS


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_builds_its_networks(name: str) -> None:
    preset = PRESETS[name]()
    for config in (preset.teacher, preset.student):
        network = RetrievalNetwork(config.network, 7).eval()
        size = config.network.image_size
        features = network(torch.zeros(2, 3, size, size))
        assert features.embedding.shape == (2, config.network.dimension)
        assert features.category_logits.shape == (2, 7)
    assert preset.teacher.network.dimension == preset.student.network.dimension
