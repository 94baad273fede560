"""The training of a ranker: on the showings of the training part, written with the values it knows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch
from ranking_world import ITEMS, showings, world

from atelier.errors import RegistryError
from atelier.families.ranking.inference import (
    CONTRACT_FILE,
    VALUES_FILE,
    OnnxRanker,
    RankingContract,
    write_values,
)
from atelier.families.ranking.presets import debug
from atelier.families.ranking.training import Description, RankingMaterial, ranker_training
from atelier.vocabulary import Split

VALUES = {"category": ("a", "b", "c", "d"), "usage": ("day", "night", "sport")}


@pytest.fixture(scope="module")
def material() -> RankingMaterial:
    of, buckets = world(num_users=20), debug().config.network.num_buckets
    parts = {
        Split.TRAIN: showings(of, 1, 60, num_buckets=buckets),
        Split.VALIDATION: showings(of, 2, 20, num_buckets=buckets),
        Split.TEST: showings(of, 3, 30, num_buckets=buckets),
    }
    users = tuple(f"user {number}" for number in range(20))
    description = Description(VALUES, ITEMS, 10, buckets)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return RankingMaterial(description, (), of.sets, parts, users, moment, 0, "the space")


def test_material_counts_showings_clicks_and_users_of_each_part(material: RankingMaterial) -> None:
    counts = material.counts()
    assert {split: own["showings"] for split, own in counts.items()} == {
        "train": 60,
        "validation": 20,
        "test": 30,
    }
    shown = material.parts[Split.TEST]
    assert counts["test"]["clicks"] == sum(shown.clicked_N.tolist())
    assert counts["test"]["users"] == len(set(shown.user_N.tolist()))


def test_a_ranker_is_trained_on_the_training_part_and_logs_its_sizes(material: RankingMaterial) -> None:
    training = ranker_training(material, debug(), {}, torch.device("cpu"))
    assert training.examples is material.parts[Split.TRAIN]
    assert training.schedule == debug().schedule
    assert training.figures["showings/train"] == 60
    assert training.figures["clicks/test"] == material.counts()["test"]["clicks"]
    assert "log_loss" in training.task.evaluate(training.task.module.eval())


def test_what_is_written_is_a_ranker_that_knows_its_values_and_its_space(
    material: RankingMaterial, tmp_path: Path
) -> None:
    training = ranker_training(material, debug(), {}, torch.device("cpu"))
    training.task.module.eval()
    training.write(tmp_path)
    contract = RankingContract.from_json((tmp_path / CONTRACT_FILE).read_bytes())
    assert contract.longest_history == 10
    ranker = OnnxRanker(tmp_path, contract, 1)
    assert len(ranker.set_vectors(material.sets)) == len(material.sets)
    assert Description.read(tmp_path, contract) == material.description
    write_values(tmp_path / VALUES_FILE, {**VALUES, "usage": ("day", "night")})
    with pytest.raises(RegistryError, match="the version is damaged"):
        Description.read(tmp_path, contract)
