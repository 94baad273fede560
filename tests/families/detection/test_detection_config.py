"""Sizes of views are multiples of the coarsest stride."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atelier.families.detection.config import DetectionConfig, NetworkConfig, SceneConfig

CONFIG = DetectionConfig(
    NetworkConfig("resnet10t", {"channels": (16, 24, 32, 32)}, neck_channels=24, look_size=64, close_size=32),
    SceneConfig(bare_share=0.0, plain_share=0.0, height_share=(0.4, 0.7)),
)


def test_a_size_that_the_strides_do_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 32"):
        replace(CONFIG.network, look_size=100)
