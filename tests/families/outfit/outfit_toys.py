"""Networks that learn what goes with what, in a world of two styles that never mix.

Forty items, twenty of each style, told by a fact and a picture: a set has pieces of one style. That is little
enough to learn in seconds, and a generator that looks at one piece alone would still fill the blank, so that
order, padding and pooling are tested by themselves.
"""

from __future__ import annotations

import numpy as np
import torch

from atelier.families.outfit.config import ItemConfig, LossConfig, NetworkConfig
from atelier.families.outfit.distill import StudentModule
from atelier.families.outfit.model import ItemFeatures, OutfitNetwork
from atelier.families.outfit.questions import (
    padded,
    queries_of,
)
from atelier.families.outfit.sets import Sets
from atelier.families.outfit.task import OutfitModule, OutfitTask, SameCategorySampler
from atelier.families.outfit.validation import TorchGenerator, item_vectors

NUM_ITEMS = 40
STYLE = np.arange(NUM_ITEMS) % 2
CATEGORY = np.arange(NUM_ITEMS) // 8
SMALL = NetworkConfig(
    ItemConfig(image_dimension=4, fact_sizes={"category": 5}), dimension=16, look_dimension=8, width=32
)


def features() -> ItemFeatures:
    """The style shows in the picture alone, the category in the fact alone."""
    rng = np.random.default_rng(0)
    pictures = np.concatenate([np.eye(2)[STYLE], 0.3 * rng.normal(size=(NUM_ITEMS, 2))], 1)
    return ItemFeatures(
        torch.from_numpy(pictures).float(),
        torch.zeros(NUM_ITEMS, 0),
        torch.zeros(NUM_ITEMS, 0),
        torch.from_numpy(CATEGORY[:, None] + 1),
    )


def sets_of_one_style(num: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return padded(
        [
            rng.choice(
                np.flatnonzero(rng.integers(2) == STYLE), int(rng.integers(2, 5)), replace=False
            ).tolist()
            for _ in range(num)
        ]
    )


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def asked(network: OutfitNetwork, rows: list[list[int]]) -> np.ndarray:
    return queries_of(TorchGenerator(network), item_vectors(network, features()), padded(rows))


def trained(
    config: NetworkConfig, steps: int = 150, sets: Sets | None = None, teacher: OutfitNetwork | None = None
) -> OutfitNetwork:
    torch.manual_seed(0)
    network = OutfitNetwork(config)
    loss_config = LossConfig(num_hard=4, teacher_weight=20)
    module = StudentModule(network, teacher, loss_config) if teacher else OutfitModule(network, loss_config)
    task = OutfitTask(module, features(), SameCategorySampler(CATEGORY))
    sets = sets or all_liked(sets_of_one_style(400, seed=1))
    optimizer = torch.optim.Adam(module.parameters(), 3e-3)
    for step in range(steps):
        chosen = torch.randperm(len(sets), generator=generator(step))[:64].tolist()
        loss, _ = task.loss(module, task.prepare(sets.__getitems__(chosen), generator(step)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.eval()


def all_liked(rows_SP: np.ndarray) -> Sets:
    return Sets(rows_SP, np.zeros(len(rows_SP), np.int64), np.ones(len(rows_SP), bool))
