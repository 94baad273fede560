"""A ranker that learns hidden tastes from clicks, is exported, and meets users it never saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from ranking_world import ITEMS, LONGEST, NETWORK, World, showings, world

from atelier.engine.config import EngineConfig
from atelier.engine.tracker import NullTracker
from atelier.engine.trainer import fit
from atelier.families.ranking.config import LossConfig
from atelier.families.ranking.inference import (
    scores,
)
from atelier.families.ranking.metrics import auc_within_users, calibration_error, ranking_metrics
from atelier.families.ranking.model import RankingNetwork
from atelier.families.ranking.presets import PRESETS
from atelier.families.ranking.sets import profiles
from atelier.families.ranking.showings import Showings
from atelier.families.ranking.task import RankingModule, RankingTask, scores_of, set_vectors, user_vectors

NUM_KNOWN = 70
"""Users that training sees; thirty more it never does."""


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
