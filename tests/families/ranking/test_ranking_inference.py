"""The served ranker refuses other files, contracts and facts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ranking_world import ITEMS, LONGEST, World, untrained, world

from atelier.errors import DigestError, RegistryError
from atelier.families.ranking.export import export_network
from atelier.families.ranking.inference import (
    SET_FILE,
    OnnxRanker,
    RankingContract,
)
from atelier.families.ranking.model import RankingNetwork
from atelier.families.ranking.sets import Sets


@pytest.fixture(scope="module")
def made() -> World:
    return world()


@pytest.fixture(scope="module")
def network() -> RankingNetwork:
    return untrained()


def test_a_ranker_refuses_another_file_and_other_facts(
    made: World, network: RankingNetwork, tmp_path: Path
) -> None:
    contract = export_network(network, tmp_path, longest_history=LONGEST, vectors_digest="")
    turned = replace(ITEMS, fact_sizes={"usage": 3, "category": 4})
    others = Sets(
        turned, made.sets.vectors_ND, made.sets.codes_NF[:, ::-1], made.sets.prices_N, made.sets.rows_SP
    )
    with pytest.raises(ValueError, match="describe them as its contract says"):
        OnnxRanker(tmp_path, contract).set_vectors(others)
    (tmp_path / SET_FILE).write_bytes(b"something else")
    with pytest.raises(DigestError, match=SET_FILE):
        OnnxRanker(tmp_path, contract)
    with pytest.raises(RegistryError, match="not a ranking contract"):
        RankingContract.from_json("{}")
