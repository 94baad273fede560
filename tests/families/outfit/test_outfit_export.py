"""What is served says what the trained network says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from atelier.families.outfit.config import ItemConfig, Kind, NetworkConfig
from atelier.families.outfit.export import WEIGHTS_FILE, export_network, load_network
from atelier.families.outfit.inference import (
    CONTRACT_FILE,
    ItemEncoder,
    OnnxGenerator,
    OutfitContract,
)
from atelier.families.outfit.model import GENERATORS, ItemFeatures, OutfitNetwork
from atelier.families.outfit.table import ItemTable, codes_of
from atelier.families.outfit.validation import TorchGenerator, item_vectors

FACTS = {"season": ("Fall",), "category": ("Shoes", "Tops")}
CONFIG = NetworkConfig(
    ItemConfig(image_dimension=5, colour_dimension=7, fact_sizes={"season": 1, "category": 2}),
    dimension=16,
    look_dimension=8,
    width=32,
)


def items(num: int = 9) -> ItemTable:
    rng = np.random.default_rng(0)
    codes = codes_of(
        FACTS, [{"category": ["Shoes", "Tops", None][n % 3], "season": "Fall"} for n in range(num)]
    )
    image, colour = (rng.normal(size=(num, size)).astype(np.float32) for size in (5, 7))
    return ItemTable(image, np.zeros((num, 0), np.float32), colour, codes)


@pytest.mark.parametrize("kind", GENERATORS)
def test_the_files_say_what_the_network_says(kind: Kind, tmp_path: Path) -> None:
    network = OutfitNetwork(replace(CONFIG, generator=kind)).eval()
    contract = export_network(network, FACTS, "space", tmp_path)
    assert OutfitContract.from_json((tmp_path / CONTRACT_FILE).read_text()) == contract
    # Read back, as serving does: the order of the facts is that of the network's.
    vectors = ItemEncoder(tmp_path, OutfitContract.from_json(contract.to_json())).encode(items())
    features = ItemFeatures(*(torch.from_numpy(part) for part in items().columns))
    np.testing.assert_allclose(vectors, item_vectors(network, features), atol=1e-5)
    pieces, num = vectors.reshape(3, 3, -1).copy(), np.array([3, 1, 2])
    pieces[1, 1:] = pieces[2, 2:] = 0
    np.testing.assert_allclose(
        OnnxGenerator(tmp_path, contract).queries(pieces, num),
        TorchGenerator(network).queries(pieces, num),
        atol=1e-5,
    )
    again = load_network(network.config, tmp_path / WEIGHTS_FILE).eval()
    np.testing.assert_array_equal(item_vectors(again, features), item_vectors(network, features))
