"""A ranker that learns hidden tastes from clicks, is exported, and meets users it never saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from ranking_world import ITEMS, LONGEST, World, showings, world

from atelier.engine.config import EngineConfig
from atelier.engine.tracker import NullTracker
from atelier.engine.trainer import fit
from atelier.errors import DigestError, RegistryError
from atelier.families.ranking.config import LossConfig, NetworkConfig
from atelier.families.ranking.export import FILES, export_network
from atelier.families.ranking.inference import (
    CONTRACT_FILE,
    SET_FILE,
    OnnxRanker,
    RankingContract,
    scores,
)
from atelier.families.ranking.metrics import auc_within_users, calibration_error, ranking_metrics
from atelier.families.ranking.model import RankingNetwork
from atelier.families.ranking.presets import PRESETS
from atelier.families.ranking.sets import Sets, bucket_of, profiles
from atelier.families.ranking.showings import Showings
from atelier.families.ranking.task import RankingModule, RankingTask, scores_of, set_vectors, user_vectors

NUM_KNOWN = 70
"""Users that training sees; thirty more it never does."""
NETWORK = NetworkConfig(ITEMS, dimension=16, width=64, num_layers=0, num_buckets=32)


@pytest.fixture(scope="module")
def made() -> World:
    return world()


@pytest.fixture(scope="module")
def trained(made: World) -> Iterator[RankingNetwork]:
    """Some four seconds, on one thread: so small a network would spend more on waking the others."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    known = showings(made, 1, 16_000, np.arange(NUM_KNOWN), NETWORK.num_buckets)
    module = RankingModule(RankingNetwork(NETWORK), LossConfig())
    task = RankingTask(module, made.sets)
    optimizer = torch.optim.AdamW(module.parameters(), 5e-3, weight_decay=0.02)
    for step in range(400):
        optimizer.param_groups[0]["lr"] = 5e-3 * (1 - step / 400)
        generator = torch.Generator().manual_seed(step)
        batch = known.__getitems__(torch.randperm(len(known), generator=generator)[:256].tolist())
        loss, _ = task.loss(module, task.prepare(batch, generator))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    yield module.network.eval()
    torch.set_num_threads(threads)


def later(made: World, users: np.ndarray, seed: int) -> Showings:
    """Showings to these users once they have clicked on something."""
    shown = showings(made, seed, 150 * len(users), users, NETWORK.num_buckets)
    return shown.take((shown.history_NH >= 0).sum(1) >= 10)


def popularity_of(made: World, shown: Showings) -> float:
    return auc_within_users(made.popularity_S[shown.set_N], shown.clicked_N, shown.user_N)


@pytest.mark.parametrize(
    "users", [np.arange(NUM_KNOWN), np.arange(NUM_KNOWN, 100)], ids=["known", "never seen"]
)
def test_tastes_are_learned_from_clicks_also_of_users_never_seen(
    made: World, trained: RankingNetwork, users: np.ndarray
) -> None:
    shown = later(made, users, seed=2)
    found = ranking_metrics(scores_of(trained, made.sets, shown), shown.clicked_N, shown.user_N)
    popular = popularity_of(made, shown)
    best = auc_within_users(made.odds_US[shown.user_N, shown.set_N], shown.clicked_N, shown.user_N)
    assert found["auc_within_users"] > popular + 0.04
    assert found["auc_within_users"] > popular + 0.25 * (best - popular)
    assert found["calibration_error"] < 0.06


def test_a_user_without_a_click_is_shown_what_is_popular(made: World, trained: RankingNetwork) -> None:
    profile = profiles(made.sets.summaries, np.full((1, LONGEST), -1, np.int64))
    user = user_vectors(trained, profile, np.zeros(1, np.int64))
    cold = scores(user, set_vectors(trained, made.sets))[0]
    assert np.corrcoef(cold, made.odds_US.mean(0))[0, 1] > 0.8


def test_with_another_users_history_the_advantage_is_gone(made: World, trained: RankingNetwork) -> None:
    shown = later(made, np.arange(NUM_KNOWN), seed=3)
    other = np.random.default_rng(0).permutation(len(shown))
    mixed = replace(shown, history_NH=shown.history_NH[other], bucket_N=np.zeros_like(shown.bucket_N))
    own, lent = (
        auc_within_users(scores_of(trained, made.sets, each), shown.clicked_N, shown.user_N)
        for each in (shown, mixed)
    )
    assert own > lent + 0.05


def test_served_scores_are_those_of_the_network(made: World, trained: RankingNetwork, tmp_path: Path) -> None:
    contract = export_network(trained, tmp_path, longest_history=LONGEST, vectors_digest="of-the-vectors")
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)
    assert RankingContract.from_json((tmp_path / CONTRACT_FILE).read_text()) == contract
    ranker = OnnxRanker(tmp_path, contract)
    sets_SE = ranker.set_vectors(made.sets)
    np.testing.assert_allclose(sets_SE, set_vectors(trained, made.sets), atol=2e-5)
    histories = [[], [3, 5], list(range(30))]
    served = scores(ranker.user_vectors(made.sets.summaries, ["new", "u1", "u2"], histories), sets_SE)
    history = np.full((3, LONGEST), -1, np.int64)
    history[1, :2], history[2] = [3, 5], range(LONGEST)
    buckets = np.array([0, bucket_of("u1", 2, 32), bucket_of("u2", 30, 32)])
    users = user_vectors(trained, profiles(made.sets.summaries, history), buckets)
    np.testing.assert_allclose(served, scores(users, sets_SE), atol=1e-4)


def test_a_ranker_refuses_another_file_and_other_facts(
    made: World, trained: RankingNetwork, tmp_path: Path
) -> None:
    contract = export_network(trained, tmp_path, longest_history=LONGEST, vectors_digest="")
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


def test_sets_have_no_order_and_padding_is_not_seen(made: World, trained: RankingNetwork) -> None:
    rows = np.array([[4, 9, 2, -1], [2, 4, 9, -1]])
    sets = [replace(made.sets, rows_SP=each) for each in (rows, rows[:, :3])]
    first, second = (set_vectors(trained, each) for each in sets)
    np.testing.assert_allclose(first[0], first[1], atol=1e-5)
    np.testing.assert_allclose(first, second, atol=1e-5)


def test_items_without_facts_or_names_are_ranked_and_exported_too(made: World, tmp_path: Path) -> None:
    plain = replace(ITEMS, fact_sizes={})
    sets = replace(made.sets, config=plain, codes_NF=np.zeros((100, 0), np.int64))
    network = RankingNetwork(NetworkConfig(plain, dimension=4, width=8)).eval()
    ranker = OnnxRanker(tmp_path, export_network(network, tmp_path, longest_history=5, vectors_digest=""))
    np.testing.assert_allclose(ranker.set_vectors(sets), set_vectors(network, sets), atol=1e-5)
    assert np.isfinite(ranker.user_vectors(sets.summaries, ["anyone"], [[1]])).all()


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_fits_a_catalogue(made: World, name: str) -> None:
    preset = PRESETS[name]().for_items(ITEMS)
    config = replace(preset.config.network, num_buckets=min(preset.config.network.num_buckets, 10))
    network = RankingNetwork(config)
    assert set_vectors(network.eval(), made.sets).shape == (60, config.dimension + 2)


def test_the_engine_trains_the_task(made: World, tmp_path: Path) -> None:
    preset = PRESETS["debug"]().for_items(ITEMS)
    torch.manual_seed(0)
    module = RankingModule(RankingNetwork(preset.config.network), preset.config.loss)
    known, held = showings(made, 1, 640, num_buckets=16), showings(made, 2, 300, num_buckets=16)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    config = EngineConfig(max_steps=10, batch_size=64, precision="no", warmup_steps=1)
    report = fit(RankingTask(module, made.sets, held), known, config, NullTracker(), tmp_path, progress=False)
    assert report.steps == 10
    assert set(report.metrics) == {"auc_within_users", "ndcg_at_10", "log_loss", "calibration_error"}
    moved = [name for name, value in module.state_dict().items() if not torch.equal(value, before[name])]
    assert {name.split(".")[1] for name in moved if name.startswith("network")} == {"users", "sets"}
    assert calibration_error(scores_of(module.network, made.sets, held), held.clicked_N) < 0.5
