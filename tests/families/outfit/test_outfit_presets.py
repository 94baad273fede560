"""Presets of outfits belong to those of photo search, and build."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from atelier.families.outfit.config import ItemConfig
from atelier.families.outfit.model import OutfitNetwork
from atelier.families.outfit.presets import PRESETS
from atelier.families.retrieval.presets import PRESETS as RETRIEVAL_PRESETS

ITEMS = ItemConfig(image_dimension=8, fact_sizes={"category": 3})


def test_every_preset_of_photo_search_has_its_outfits() -> None:
    assert PRESETS.keys() == RETRIEVAL_PRESETS.keys()
    assert all(preset().name == name for name, preset in PRESETS.items())


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_set_transformer_teaches_a_dan_of_the_same_items(name: str) -> None:
    preset = PRESETS[name]()
    assert (preset.teacher.generator, preset.student.generator) == ("transformer", "dan")
    assert preset.teacher.width % preset.teacher.num_heads == 0
    with torch.device("meta"):  # shapes alone: `base` is large
        networks = [OutfitNetwork(replace(each, items=ITEMS)) for each in (preset.teacher, preset.student)]
    assert {network.config.dimension for network in networks} == {preset.teacher.dimension}


def test_a_demo_accepts_any_first_champion_and_is_otherwise_small() -> None:
    demo, small = PRESETS["demo"](), PRESETS["small"]()
    assert (demo.teacher, demo.student, demo.loss) == (small.teacher, small.student, small.loss)
    assert demo.min_fill_in_the_blank == 0.0 < small.min_fill_in_the_blank
