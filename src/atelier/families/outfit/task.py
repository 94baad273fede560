"""Trains the outfit networks to predict the missing piece of a set.

B = sets, L = those of them that are liked, P = places, H = hard negatives, N = items, U = items of a batch,
D = vector
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from atelier.datasets.batches import SetBatch
from atelier.families.outfit.config import LossConfig
from atelier.families.outfit.losses import dssm_loss, hard_loss, judge_loss
from atelier.families.outfit.model import ItemFeatures, OutfitNetwork
from atelier.families.outfit.validation import Validation, evaluate_network

MAX_SHOWN = 8
"""Pieces of a set that a question shows; a longer set shows others each time."""
_PARTIAL_SHARE = 0.6
"""Share of the questions of which only some pieces are shown: generation asks with started sets."""


class Question(NamedTuple):
    """Sets with a piece blanked out; each item of the question is there once."""

    items: ItemFeatures
    """[U, ...]: the others are rows of these."""
    pieces_BP: Tensor
    known_BP: Tensor
    target_B: Tensor
    hard_BH: Tensor
    has_hard_BH: Tensor
    source_B: Tensor
    liked_B: Tensor


class SetAnswers(NamedTuple):
    """A network's unit vectors for a question."""

    query_BD: Tensor
    target_BD: Tensor
    hard_BHD: Tensor


class OutfitModule(nn.Module):
    """The network with its losses. Call it with a `Question`: a loss and its parts."""

    def __init__(self, network: OutfitNetwork, config: LossConfig) -> None:
        super().__init__()
        self.network = network
        self.config = config

    def forward(self, question: Question) -> tuple[Tensor, dict[str, Tensor]]:
        parts = self.losses(question, answers_to(self.network, question))
        return self.total(parts), parts

    def losses(self, question: Question, answers: SetAnswers) -> dict[str, Tensor]:
        """Compute each part of the loss, unweighted."""
        config, liked_B = self.config, question.liked_B
        query_BD, target_BD, hard_BHD = answers
        weight_B = torch.where(question.has_hard_BH.any(1), config.easy_weight, 1.0)
        query_LD, target_LD = query_BD[liked_B], target_BD[liked_B]
        item_L, source_L = question.target_B[liked_B], question.source_B[liked_B]
        parts = {"dssm": dssm_loss(query_LD, target_LD, item_L, source_L, weight_B[liked_B], config.scale)}
        if hard_BHD.shape[1]:
            known_BH = question.has_hard_BH & liked_B[:, None]
            parts["hard"] = hard_loss(query_BD, target_BD, hard_BHD, known_BH, config.scale)
            parts["judge"] = self._judge(answers, known_BH, liked_B)
        return parts

    def total(self, parts: dict[str, Tensor]) -> Tensor:
        """Sum the weighted parts."""
        weights = {
            "dssm": 1.0,
            "hard": self.config.hard_weight,
            "judge": self.config.judge_weight,
            "teacher": self.config.teacher_weight,
        }
        return torch.stack([weights[name] * part for name, part in parts.items()]).sum()

    def _judge(self, answers: SetAnswers, known_BH: Tensor, liked_B: Tensor) -> Tensor:
        """Pieces of real sets fit, others of their category do not, nor do those of badly clicked sets."""
        query_BD, target_BD, hard_BHD = answers
        right_B = (query_BD * target_BD).sum(-1)
        wrong_BH = torch.einsum("bd,bhd->bh", query_BD, hard_BHD)
        share_BH = known_BH / known_BH.sum(1, keepdim=True).clamp_min(1)
        counts_B = (known_BH.any(1) | ~liked_B).float()
        return judge_loss(
            torch.cat([right_B, wrong_BH.flatten()]),
            torch.cat([liked_B, torch.zeros_like(known_BH).flatten()]),
            torch.cat([counts_B, share_BH.flatten()]),
            self.config.judge_scale,
            self.config.judge_threshold,
        )


def answers_to(network: OutfitNetwork, question: Question) -> SetAnswers:
    """Compute the network's vectors for the sets, their missing pieces, and others of the same category."""
    items_UD = network.items(question.items)
    return SetAnswers(
        network.queries(items_UD[question.pieces_BP], question.known_BP),
        items_UD[question.target_B],
        items_UD[question.hard_BH],
    )


class SameCategorySampler:
    """Items by category, for drawing others of an item's own category."""

    def __init__(self, category_N: NDArray[np.int64]) -> None:
        order = np.argsort(category_N, kind="stable")
        count_C = np.bincount(category_N)
        self.category_N = torch.from_numpy(category_N)
        self.item_K = torch.from_numpy(order)
        self.first_C = torch.from_numpy(np.cumsum(count_C) - count_C)
        self.count_C = torch.from_numpy(count_C)

    def draw(self, item_B: Tensor, num: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw items [B, num] of the same categories; returns which of them differ from the item itself."""
        category_B = self.category_N[item_B]
        chance_BH = torch.rand(len(item_B), num, generator=generator)
        step_BH = (chance_BH * self.count_C[category_B][:, None]).long()
        drawn_BH = self.item_K[self.first_C[category_B][:, None] + step_BH]
        return drawn_BH, drawn_BH != item_B[:, None]


class OutfitTask:
    """The engine's `Task`: `features` are those of all items, `SetBatch` holds the sets."""

    def __init__(
        self,
        module: OutfitModule,
        features: ItemFeatures,
        same_category: SameCategorySampler | None = None,
        validation: Mapping[str, Validation] | None = None,
    ) -> None:
        """Without `same_category`, as where an item is its category alone, there are no hard negatives."""
        self.module: nn.Module = module
        self.num_hard = module.config.num_hard if same_category else 0
        self.features = features
        self.same_category = same_category
        self.validation = validation or {}

    def prepare(self, batch: SetBatch, generator: torch.Generator) -> Question:
        """Blank a piece out of each set."""
        question, _ = self.ask(batch, generator)
        return question

    def ask(self, batch: SetBatch, generator: torch.Generator) -> tuple[Question, Tensor]:
        """Blank a piece out of each set; returns the rows [U] of the question's items as well."""
        where = batch.rows_BP.device
        rows_BP, target_B = blanked(batch.rows_BP.cpu(), generator)
        hard_BH = torch.zeros(len(target_B), self.num_hard, dtype=torch.long)
        has_hard_BH = torch.zeros_like(hard_BH, dtype=torch.bool)
        if self.same_category:
            hard_BH, has_hard_BH = self.same_category.draw(target_B, self.num_hard, generator)
        shown = [rows_BP.clamp_min(0), target_B, hard_BH]
        items_U, row = torch.unique(torch.cat([each.flatten() for each in shown]), return_inverse=True)
        parts = row.split([each.numel() for each in shown])
        pieces_BP, own_B, others_BH = (p.view_as(each) for p, each in zip(parts, shown, strict=True))
        question = Question(
            self.features.at(items_U),
            pieces_BP,
            (rows_BP >= 0).long(),
            own_B,
            others_BH,
            has_hard_BH,
            batch.source_B,
            batch.liked_B,
        )
        return Question(*(_moved(part, where) for part in question)), items_U

    def loss(self, module: nn.Module, batch: Question) -> tuple[Tensor, dict[str, Tensor]]:
        total, parts = module(batch)
        return total, parts

    def evaluate(self, module: nn.Module) -> dict[str, float]:
        return evaluate_network(module.network, self.features, self.validation)


def blanked(rows_BP: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Take a random piece out of each set: the others [B, P], in their order and first, and the piece [B].

    Of some sets only some of the others are left: generation asks with started sets.
    P is `MAX_SHOWN` at most.
    """
    known_BP = rows_BP >= 0
    chance_BP = torch.rand(rows_BP.shape, generator=generator).masked_fill(~known_BP, -1.0)
    place_B = chance_BP.argmax(1)
    rows_B = torch.arange(len(rows_BP))
    target_B = rows_BP[rows_B, place_B]
    partial_B1 = torch.rand(len(rows_BP), 1, generator=generator) < _PARTIAL_SHARE
    threshold_B1 = torch.rand(len(rows_BP), 1, generator=generator)
    place_BP = torch.rand(rows_BP.shape, generator=generator)
    kept_BP = known_BP & (~partial_B1 | (place_BP < threshold_B1))
    # The order of `place_BP` says who is left of a long set, too.
    kept_BP &= place_BP.masked_fill(~kept_BP, 2.0).argsort(1).argsort(1) < MAX_SHOWN - 1
    # One piece at least is shown, if there is another one: the one that was nearest to being taken.
    second_B = chance_BP.scatter(1, place_B[:, None], -2.0).argmax(1)
    kept_BP[rows_B, second_B] = known_BP[rows_B, second_B]
    kept_BP[rows_B, place_B] = False
    order_BP = torch.argsort((~kept_BP).int(), dim=1, stable=True)
    return torch.where(kept_BP, rows_BP, -1).gather(1, order_BP)[:, :MAX_SHOWN], target_B


def _moved(part: ItemFeatures | Tensor, where: torch.device) -> ItemFeatures | Tensor:
    if isinstance(part, ItemFeatures):
        return ItemFeatures(*(each.to(where) for each in part))
    return part.to(where)
