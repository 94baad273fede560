"""Backbones are known by name and start from local weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from atelier.errors import TrainingError
from atelier.families.network_files import save_weights
from atelier.families.retrieval.config import NetworkConfig
from atelier.families.retrieval.model import build_backbone
from atelier.families.retrieval.presets import debug


def test_an_unknown_backbone_or_missing_weights_are_refused() -> None:
    with pytest.raises(TrainingError, match="timm knows no backbone 'resnet1800'"):
        build_backbone(NetworkConfig("resnet1800"))
    with pytest.raises(TrainingError, match="there is no file"):
        build_backbone(NetworkConfig("resnet18", weights="nowhere.safetensors"))


def test_local_weights_are_where_the_backbone_starts(tmp_path: Path) -> None:
    config = debug().student.network
    source = build_backbone(config)
    save_weights(source, tmp_path / "backbone.safetensors")
    started = build_backbone(replace(config, weights=str(tmp_path / "backbone.safetensors")))
    assert all(
        torch.equal(own, seen)
        for own, seen in zip(source.state_dict().values(), started.state_dict().values(), strict=True)
    )
