"""Trains the ranking network to predict which showings were clicked.

B = showings, S = sets, E = vector and biases
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from atelier.datasets.batches import ShowingBatch
from atelier.families.ranking.config import LossConfig
from atelier.families.ranking.losses import click_loss, own_click_loss
from atelier.families.ranking.metrics import ranking_metrics
from atelier.families.ranking.model import RankingNetwork
from atelier.families.ranking.sets import Pieces, Sets, profiles
from atelier.families.ranking.showings import Showings

_AT_ONCE = 4096


class Question(NamedTuple):
    """Users and the sets shown to them, as network inputs."""

    profile_BW: Tensor
    bucket_B: Tensor
    pieces: tuple[Tensor, Tensor, Tensor, Tensor]
    """As `sets.Pieces`."""
    showings: ShowingBatch


class RankingModule(nn.Module):
    """The network with its losses. Call it with a `Question`: a loss and its parts."""

    def __init__(self, network: RankingNetwork, config: LossConfig) -> None:
        super().__init__()
        self.network = network
        self.config = config
        # Of the softmax only: probabilities keep the scale that the clicks themselves ask for.
        self.log_scale = nn.Parameter(torch.tensor(math.log(8.0)))

    def forward(self, question: Question) -> tuple[Tensor, dict[str, Tensor]]:
        shown = question.showings
        user_BE = self.network.users(question.profile_BW, question.bucket_B)
        set_BE = self.network.sets(*question.pieces)
        logits_B = (user_BE * set_BE).sum(1)
        clicked_B = shown.clicked_B
        parts = {
            "click": click_loss(logits_B, clicked_B, shown.propensity_B, self.config.max_weight),
            "own": own_click_loss(
                user_BE[clicked_B],
                set_BE[clicked_B],
                shown.set_B[clicked_B],
                shown.history_BH[clicked_B],
                self.log_scale.exp(),
            ),
        }
        return parts["click"] + self.config.softmax_weight * parts["own"], parts


class RankingTask:
    """The engine's `Task`: `sets` are all shown sets, `ShowingBatch` holds who saw which."""

    def __init__(self, module: RankingModule, sets: Sets, validation: Showings | None = None) -> None:
        """`validation`: showings that training never sees, of the same sets."""
        self.module: nn.Module = module
        self.sets = sets
        self.validation = validation

    def prepare(self, batch: ShowingBatch, generator: torch.Generator) -> Question:
        where = batch.set_B.device
        config: LossConfig = self.module.config
        chance_B = torch.rand(len(batch.set_B), generator=generator)
        history_BH = batch.history_BH.cpu().masked_fill((chance_B < config.cold_share)[:, None], -1)
        nameless_B = chance_B < config.cold_share + config.nameless_share
        return Question(
            torch.from_numpy(profiles(self.sets.summaries, history_BH.numpy())).to(where),
            batch.bucket_B.masked_fill(nameless_B.to(where), 0),
            _tensors(self.sets.pieces(batch.set_B.cpu().numpy()), where),
            batch,
        )

    def loss(self, module: nn.Module, batch: Question) -> tuple[Tensor, dict[str, Tensor]]:
        total, parts = module(batch)
        return total, parts

    def evaluate(self, module: nn.Module) -> dict[str, float]:
        if self.validation is None:
            return {}
        shown = self.validation
        scores_N = scores_of(module.network, self.sets, shown)
        return ranking_metrics(scores_N, shown.clicked_N, shown.user_N)


@torch.inference_mode()
def set_vectors(network: RankingNetwork, sets: Sets) -> NDArray[np.float32]:
    """Compute the rows [S, E] of all sets."""
    where = next(network.parameters()).device
    slices = [slice(start, start + _AT_ONCE) for start in range(0, len(sets), _AT_ONCE)]
    parts = [network.sets(*_tensors(sets.pieces(part), where)).float().cpu().numpy() for part in slices]
    return np.concatenate([np.zeros((0, network.config.dimension + 2), np.float32), *parts])


@torch.inference_mode()
def user_vectors(
    network: RankingNetwork, profile_BW: NDArray[np.float32], bucket_B: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Compute the rows [B, E] of users."""
    where = next(network.parameters()).device
    found: NDArray[np.float32] = (
        network.users(torch.from_numpy(profile_BW).to(where), torch.from_numpy(bucket_B).to(where))
        .float()
        .cpu()
        .numpy()
    )
    return found


def scores_of(network: RankingNetwork, sets: Sets, showings: Showings) -> NDArray[np.float32]:
    """Compute the log-odds of a click at each showing, from the user's earlier clicks."""
    sets_SE = set_vectors(network, sets)
    found = [np.zeros(0, np.float32)]
    for start in range(0, len(showings), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        profile_BW = profiles(sets.summaries, showings.history_NH[part])
        users_BE = user_vectors(network, profile_BW, showings.bucket_N[part])
        found.append((users_BE * sets_SE[showings.set_N[part]]).sum(1))
    return np.concatenate(found)


def _tensors(pieces: Pieces, where: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    vectors, codes, prices, known = (torch.from_numpy(part).to(where) for part in pieces)
    return vectors, codes, prices, known
