"""The towers: sets have no order, padding is not seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ranking_world import World, untrained, world

from atelier.families.ranking.model import RankingNetwork
from atelier.families.ranking.task import set_vectors


@pytest.fixture(scope="module")
def made() -> World:
    return world()


@pytest.fixture(scope="module")
def network() -> RankingNetwork:
    return untrained()


def test_sets_have_no_order_and_padding_is_not_seen(made: World, network: RankingNetwork) -> None:
    rows = np.array([[4, 9, 2, -1], [2, 4, 9, -1]])
    sets = [replace(made.sets, rows_SP=each) for each in (rows, rows[:, :3])]
    first, second = (set_vectors(network, each) for each in sets)
    np.testing.assert_allclose(first[0], first[1], atol=1e-5)
    np.testing.assert_allclose(first, second, atol=1e-5)
