"""The served generator refuses other files and contracts."""

from __future__ import annotations

from pathlib import Path

import pytest

from atelier.errors import DigestError, OutfitContractError
from atelier.families.outfit.config import ItemConfig, NetworkConfig
from atelier.families.outfit.export import export_network
from atelier.families.outfit.inference import (
    MODEL_FILE,
    OnnxGenerator,
    OutfitContract,
)
from atelier.families.outfit.model import OutfitNetwork

FACTS = {"season": ("Fall",), "category": ("Shoes", "Tops")}
CONFIG = NetworkConfig(
    ItemConfig(image_dimension=5, colour_dimension=7, fact_sizes={"season": 1, "category": 2}),
    dimension=16,
    look_dimension=8,
    width=32,
)


def test_another_file_or_another_contract_is_refused(tmp_path: Path) -> None:
    contract = export_network(OutfitNetwork(CONFIG), FACTS, "space", tmp_path)
    (tmp_path / MODEL_FILE).write_bytes(b"something else")
    with pytest.raises(DigestError, match=MODEL_FILE):
        OnnxGenerator(tmp_path, contract)
    with pytest.raises(OutfitContractError, match="expected a JSON object"):
        OutfitContract.from_json('{"kind": "dan"}')
