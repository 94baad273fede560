"""A retrieval network as image tower: loaded from a version's files, written as what an encoder opens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from atelier.errors import TrainingError
from atelier.families.outfit.image_tower import FILES, image_tower, write_tower
from atelier.families.outfit.inference import TOWER_CONTRACT_FILE, TOWER_FILE
from atelier.families.retrieval.export import export_network
from atelier.families.retrieval.inference import EmbeddingContract, Encoder
from atelier.families.retrieval.model import RetrievalNetwork
from atelier.families.retrieval.presets import debug


@pytest.fixture(scope="module")
def network() -> RetrievalNetwork:
    torch.manual_seed(3)
    return RetrievalNetwork(debug().student.network, 2, 1).eval()


@pytest.fixture(scope="module")
def model_dir(network: RetrievalNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("version")
    export_network(network, ("tall", "wide"), ("Hat",), folder, "student")
    return folder


def test_a_tower_sees_as_the_network_that_it_was_loaded_from(
    network: RetrievalNetwork, model_dir: Path
) -> None:
    tower = image_tower(model_dir).eval()
    assert (tower.categories, tower.labels) == (("tall", "wide"), ("Hat",))
    size = network.config.image_size
    pixels = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        found, expected = tower(pixels), network(pixels).embedding
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(2))


def test_a_tower_is_written_as_an_encoder_of_its_vectors(model_dir: Path, tmp_path: Path) -> None:
    tower = image_tower(model_dir).eval()
    write_tower(tower, tmp_path)
    contract = EmbeddingContract.from_json((tmp_path / TOWER_CONTRACT_FILE).read_bytes())
    assert (contract.categories, contract.labels) == (tower.categories, tower.labels)
    encoder = Encoder(tmp_path / TOWER_FILE, contract, 1)
    picture = np.random.default_rng(0).integers(0, 255, (contract.image_size,) * 2 + (3,), np.uint8)
    vector = encoder.encode([picture]).relevance
    assert vector.shape == (1, contract.relevance_dimension)


def test_weights_of_another_network_are_refused(model_dir: Path, tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).write_bytes((model_dir / name).read_bytes())
    facts = (tmp_path / "contract.json").read_text()
    (tmp_path / "contract.json").write_text(facts.replace('"tall"', '"short", "tall"'))
    with pytest.raises(TrainingError):
        image_tower(tmp_path)
