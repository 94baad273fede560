"""Clicks with known preferences: each user has a hidden taste, each set a popularity, and that is all.

Sixty sets of two or three items, eight components. Log-odds of a click are popularity plus the product of
taste and the set's mean vector: a two-tower network can learn it, popularity alone cannot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from atelier.families.ranking.config import ItemConfig, NetworkConfig
from atelier.families.ranking.model import RankingNetwork
from atelier.families.ranking.sets import Sets, bucket_of
from atelier.families.ranking.showings import Showings, earlier_clicks

ITEMS = ItemConfig(vector_dimension=8, fact_sizes={"category": 4, "usage": 3}, price_mean=4.0)
LONGEST = 20
NETWORK = NetworkConfig(ITEMS, dimension=16, width=64, num_layers=0, num_buckets=32)


@dataclass(frozen=True, eq=False)
class World:
    sets: Sets
    odds_US: np.ndarray
    """True log-odds of a click."""
    popularity_S: np.ndarray


def world(num_users: int = 100, num_sets: int = 60) -> World:
    rng = np.random.default_rng(0)
    num_items = 100
    vectors = rng.normal(size=(num_items, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    codes = np.stack([rng.integers(0, 5, num_items), rng.integers(1, 4, num_items)], 1)
    prices = np.exp(rng.normal(4, 1, num_items)).astype(np.float32)
    prices[::7] = np.nan
    rows = np.array([rng.choice(num_items, 3, replace=False) for _ in range(num_sets)])
    rows[::4, 2] = -1
    sets = Sets(ITEMS, vectors, codes, prices, rows)
    means = sets.summaries[:, :8]
    popularity = rng.normal(-1.0, 0.5, num_sets)
    taste = rng.normal(size=(num_users, 8))
    taste /= np.linalg.norm(taste, axis=1, keepdims=True)
    return World(sets, popularity + 5.0 * taste @ means.T, popularity)


def showings(
    of: World, seed: int, num: int, users: np.ndarray | None = None, num_buckets: int = 0
) -> Showings:
    """In the order of time, drawn by popularity and, for a third, evenly."""
    rng = np.random.default_rng(seed)
    users = np.arange(len(of.odds_US)) if users is None else users
    popular = np.exp(of.popularity_S) / np.exp(of.popularity_S).sum()
    policy = 2 / 3 * popular + 1 / 3 / len(popular)
    user, shown = rng.choice(users, num), rng.choice(len(policy), num, p=policy)
    clicked = rng.random(num) < 1 / (1 + np.exp(-of.odds_US[user, shown]))
    history = earlier_clicks(user, shown, clicked, LONGEST)
    buckets = [
        bucket_of(f"u{each}", before, num_buckets)
        for each, before in zip(user, (history >= 0).sum(1), strict=True)
    ]
    propensity = policy[shown].astype(np.float32)
    return Showings(shown, user, history, np.array(buckets, np.int64), clicked, propensity)


def untrained(config: NetworkConfig = NETWORK) -> RankingNetwork:
    """A network that has an answer to everything, names included; which one does not matter."""
    torch.manual_seed(0)
    network = RankingNetwork(config)
    torch.nn.init.normal_(network.users.names.weight[1:])
    return network.eval()
