"""Every preset fits a catalogue."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ranking_world import ITEMS, World, world

from atelier.families.ranking.model import RankingNetwork
from atelier.families.ranking.presets import PRESETS
from atelier.families.ranking.task import set_vectors


@pytest.fixture(scope="module")
def made() -> World:
    return world()


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_fits_a_catalogue(made: World, name: str) -> None:
    preset = PRESETS[name]().for_items(ITEMS)
    config = replace(preset.config.network, num_buckets=min(preset.config.network.num_buckets, 10))
    network = RankingNetwork(config)
    assert set_vectors(network.eval(), made.sets).shape == (60, config.dimension + 2)
