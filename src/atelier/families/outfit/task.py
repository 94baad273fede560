"""What the outfit networks learn: which piece a set lacks.

B = sets, P = places, H = hard negatives, N = items, D = vector
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from atelier.datasets.batches import SetBatch
from atelier.families.outfit.config import LossConfig
from atelier.families.outfit.losses import dssm_loss, hard_loss
from atelier.families.outfit.metrics import compatibility_auc, fill_in_the_blank
from atelier.families.outfit.model import ItemFeatures, OutfitNetwork
from atelier.families.outfit.questions import Blanks, leave_one_out, scores_of

_PARTIAL_SHARE = 0.3
"""Share of the questions of which only some pieces are shown: generation asks with started sets."""
_AT_ONCE = 4096


class Question(NamedTuple):
    """Sets with a piece blanked out, as the network is asked."""

    pieces: ItemFeatures
    """[B, P, ...]"""
    known_BP: Tensor
    target: ItemFeatures
    """[B, ...]"""
    target_B: Tensor
    hard: ItemFeatures
    """[B, H, ...]"""
    has_hard_BH: Tensor


@dataclass(frozen=True)
class Validation:
    """Sets that training never sees, as questions."""

    blanks: Blanks | None = None
    good_SP: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    """Real sets"""
    bad_SP: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    """and made-up ones; either both or none."""


class OutfitModule(nn.Module):
    """The network with its losses. Call it with a `Question`: a loss and its parts."""

    def __init__(self, network: OutfitNetwork, config: LossConfig) -> None:
        super().__init__()
        self.network = network
        self.config = config

    def forward(self, question: Question) -> tuple[Tensor, dict[str, Tensor]]:
        network, scale = self.network, self.config.scale
        query_BD = network.queries(network.items(question.pieces), question.known_BP)
        target_BD = network.items(question.target)
        parts = {"dssm": dssm_loss(query_BD, target_BD, question.target_B, scale)}
        total = parts["dssm"]
        if question.has_hard_BH.any():
            hard_BHD = network.items(question.hard)
            parts["hard"] = hard_loss(query_BD, target_BD, hard_BHD, question.has_hard_BH, scale)
            total = total + self.config.hard_weight * parts["hard"]
        return total, parts


class Kin:
    """Items by category, for drawing others of an item's own category."""

    def __init__(self, category_N: NDArray[np.int64]) -> None:
        order = np.argsort(category_N, kind="stable")
        count_C = np.bincount(category_N)
        self.category_N = torch.from_numpy(category_N)
        self.item_K = torch.from_numpy(order)
        self.first_C = torch.from_numpy(np.cumsum(count_C) - count_C)
        self.count_C = torch.from_numpy(count_C)

    def draw(self, item_B: Tensor, num: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Items [B, num] of the same categories, and which of them are others than the item itself."""
        category_B = self.category_N[item_B]
        chance_BH = torch.rand(len(item_B), num, generator=generator)
        step_BH = (chance_BH * self.count_C[category_B][:, None]).long()
        drawn_BH = self.item_K[self.first_C[category_B][:, None] + step_BH]
        return drawn_BH, drawn_BH != item_B[:, None]


class OutfitTask:
    """The engine's `Task`: `features` are those of all items, `SetBatch` says which stand together."""

    def __init__(
        self,
        module: OutfitModule,
        features: ItemFeatures,
        kin: Kin | None = None,
        validation: Validation | None = None,
    ) -> None:
        """Without `kin`, as where an item is nothing but its category, there are no hard negatives."""
        self.module: nn.Module = module
        self.features = features
        self.kin = kin
        self.validation = validation

    def prepare(self, batch: SetBatch, generator: torch.Generator) -> Question:
        where = batch.rows_BP.device
        rows_BP, target_B = blanked(batch.rows_BP.cpu(), generator)
        num_hard = self.module.config.num_hard if self.kin else 0
        hard_BH = torch.zeros(len(target_B), num_hard, dtype=torch.long)
        has_hard_BH = torch.zeros_like(hard_BH, dtype=torch.bool)
        if self.kin and num_hard:
            hard_BH, has_hard_BH = self.kin.draw(target_B, num_hard, generator)
        question = Question(
            self.features.at(rows_BP.clamp_min(0)),
            (rows_BP >= 0).long(),
            self.features.at(target_B),
            target_B,
            self.features.at(hard_BH),
            has_hard_BH,
        )
        return Question(*(_moved(part, where) for part in question))

    def loss(self, module: nn.Module, batch: Question) -> tuple[Tensor, dict[str, Tensor]]:
        total, parts = module(batch)
        return total, parts

    def evaluate(self, module: nn.Module) -> dict[str, float]:
        if self.validation is None:
            return {}
        return evaluate_network(module.network, self.features, self.validation)


def blanked(rows_BP: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Take a random piece out of each set: the others [B, P], in their order and first, and the piece [B].

    Of some sets only some of the others are left: generation asks with started sets.
    """
    known_BP = rows_BP >= 0
    chance_BP = torch.rand(rows_BP.shape, generator=generator).masked_fill(~known_BP, -1.0)
    place_B = chance_BP.argmax(1)
    rows_B = torch.arange(len(rows_BP))
    target_B = rows_BP[rows_B, place_B]
    partial_B1 = torch.rand(len(rows_BP), 1, generator=generator) < _PARTIAL_SHARE
    threshold_B1 = torch.rand(len(rows_BP), 1, generator=generator)
    kept_BP = known_BP & (~partial_B1 | (torch.rand(rows_BP.shape, generator=generator) < threshold_B1))
    # One piece at least is shown, if there is another one: the one that was nearest to being taken.
    second_B = chance_BP.scatter(1, place_B[:, None], -2.0).argmax(1)
    kept_BP[rows_B, second_B] = known_BP[rows_B, second_B]
    kept_BP[rows_B, place_B] = False
    order_BP = torch.argsort((~kept_BP).int(), dim=1, stable=True)
    return torch.where(kept_BP, rows_BP, -1).gather(1, order_BP), target_B


@torch.inference_mode()
def item_vectors(network: OutfitNetwork, features: ItemFeatures) -> NDArray[np.float32]:
    """The vectors [N, D] of all items."""
    where = next(network.parameters()).device
    slices = [slice(start, start + _AT_ONCE) for start in range(0, len(features.codes), _AT_ONCE)]
    parts = [ItemFeatures(*(part[rows].to(where) for part in features)) for rows in slices]
    return np.concatenate([network.items(part).cpu().numpy() for part in parts])


@torch.inference_mode()
def set_queries(
    network: OutfitNetwork, items_ND: NDArray[np.float32], rows_QP: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Unit queries [Q, D] for started sets; -1 in `rows_QP` stands behind the last piece."""
    where = next(network.parameters()).device
    found = []
    for start in range(0, len(rows_QP), _AT_ONCE):
        rows = rows_QP[start : start + _AT_ONCE]
        pieces = torch.from_numpy(items_ND[np.maximum(rows, 0)] * (rows >= 0)[..., None]).to(where)
        known = torch.from_numpy((rows >= 0).astype(np.int64)).to(where)
        found.append(network.queries(pieces, known).cpu().numpy())
    return np.concatenate(found)


def evaluate_network(
    network: OutfitNetwork, features: ItemFeatures, validation: Validation
) -> dict[str, float]:
    """`fill_in_the_blank` and, where there are made-up sets, `compatibility_auc`."""
    items_ND = item_vectors(network, features)
    metrics: dict[str, float] = {}
    if validation.blanks is not None:
        blanks = validation.blanks
        queries_QD = set_queries(network, items_ND, blanks.rows_QP)
        metrics["fill_in_the_blank"] = fill_in_the_blank(scores_of(queries_QD, blanks.answers_QA, items_ND))
    if len(validation.good_SP):
        good, bad = (
            compatibility(network, items_ND, rows_SP) for rows_SP in (validation.good_SP, validation.bad_SP)
        )
        metrics["compatibility_auc"] = compatibility_auc(good, bad)
    return metrics


def compatibility(
    network: OutfitNetwork, items_ND: NDArray[np.float32], rows_SP: NDArray[np.int64]
) -> NDArray[np.float64]:
    """How well the pieces of each set go together: the mean cosine of each with what the others ask for."""
    number_Q, rows_QP, target_Q = leave_one_out(rows_SP)
    cosine_Q = (set_queries(network, items_ND, rows_QP) * items_ND[target_Q]).sum(1)
    return np.bincount(number_Q, cosine_Q) / np.bincount(number_Q)


def _moved(part: ItemFeatures | Tensor, where: torch.device) -> ItemFeatures | Tensor:
    if isinstance(part, ItemFeatures):
        return ItemFeatures(*(each.to(where) for each in part))
    return part.to(where)
