"""The files say what the network says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ranking_world import ITEMS, LONGEST, World, untrained, world

from atelier.families.ranking.config import NetworkConfig
from atelier.families.ranking.export import FILES, export_network
from atelier.families.ranking.inference import (
    CONTRACT_FILE,
    OnnxRanker,
    RankingContract,
    scores,
)
from atelier.families.ranking.model import RankingNetwork
from atelier.families.ranking.sets import bucket_of, profiles
from atelier.families.ranking.task import set_vectors, user_vectors


@pytest.fixture(scope="module")
def made() -> World:
    return world()


@pytest.fixture(scope="module")
def network() -> RankingNetwork:
    return untrained()


def test_served_scores_are_those_of_the_network(made: World, network: RankingNetwork, tmp_path: Path) -> None:
    contract = export_network(network, tmp_path, longest_history=LONGEST, vectors_digest="of-the-vectors")
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)
    assert RankingContract.from_json((tmp_path / CONTRACT_FILE).read_text()) == contract
    ranker = OnnxRanker(tmp_path, contract)
    sets_SE = ranker.set_vectors(made.sets)
    np.testing.assert_allclose(sets_SE, set_vectors(network, made.sets), atol=2e-5)
    histories = [[], [3, 5], list(range(30))]
    served = scores(ranker.user_vectors(made.sets.summaries, ["new", "u1", "u2"], histories), sets_SE)
    history = np.full((3, LONGEST), -1, np.int64)
    history[1, :2], history[2] = [3, 5], range(LONGEST)
    buckets = np.array([0, bucket_of("u1", 2, 32), bucket_of("u2", 30, 32)])
    users = user_vectors(network, profiles(made.sets.summaries, history), buckets)
    np.testing.assert_allclose(served, scores(users, sets_SE), atol=1e-4)


def test_items_without_facts_or_names_are_ranked_and_exported_too(made: World, tmp_path: Path) -> None:
    plain = replace(ITEMS, fact_sizes={})
    sets = replace(made.sets, config=plain, codes_NF=np.zeros((100, 0), np.int64))
    network = RankingNetwork(NetworkConfig(plain, dimension=4, width=8)).eval()
    ranker = OnnxRanker(tmp_path, export_network(network, tmp_path, longest_history=5, vectors_digest=""))
    np.testing.assert_allclose(ranker.set_vectors(sets), set_vectors(network, sets), atol=1e-5)
    assert np.isfinite(ranker.user_vectors(sets.summaries, ["anyone"], [[1]])).all()
