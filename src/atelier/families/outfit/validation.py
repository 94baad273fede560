"""Answers questions about validation sets with a network in training.

Q = questions, P = places, N = items, D = vector, S = sets
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from atelier.families.outfit.metrics import compatibility_auc, fill_in_the_blank, recall_at
from atelier.families.outfit.model import ItemFeatures, OutfitNetwork
from atelier.families.outfit.questions import (
    Blanks,
    Floats,
    Generator,
    Ints,
    compatibility,
    queries_of,
    ranks_within_category,
    scores_of,
)

_AT_ONCE = 4096


def _no_sets() -> Ints:
    return np.zeros((0, 2), np.int64)


@dataclass(frozen=True, eq=False)
class Validation:
    """Validation sets of one source, as questions."""

    blanks: Blanks
    good_SP: Ints = field(default_factory=_no_sets)
    """Real sets"""
    bad_SP: Ints = field(default_factory=_no_sets)
    """and made-up ones; either both or none."""
    same_category_N: Ints | None = None
    """Where the right piece is looked for: all items with the same number; None asks no such thing."""


class TorchGenerator:
    """A network in training as a generator of `questions`; its `OnnxGenerator` before export."""

    def __init__(self, network: OutfitNetwork) -> None:
        self.network = network

    @torch.inference_mode()
    def queries(self, pieces_BPD: NDArray[np.float32], num_B: NDArray[np.int64]) -> NDArray[np.float32]:
        """Compute unit rows [B, D] for sets whose first `num_B` pieces are known."""
        where = next(self.network.parameters()).device
        found = [np.zeros((0, self.network.config.dimension), np.float32)]
        for start in range(0, len(pieces_BPD), _AT_ONCE):
            part_BPD, part_B = pieces_BPD[start : start + _AT_ONCE], num_B[start : start + _AT_ONCE]
            known_BP = (np.arange(part_BPD.shape[1]) < part_B[:, None]).astype(np.int64)
            query_BD = self.network.queries(
                torch.from_numpy(part_BPD).to(where), torch.from_numpy(known_BP).to(where)
            )
            found.append(query_BD.float().cpu().numpy())
        return np.concatenate(found)


@torch.inference_mode()
def item_vectors(network: OutfitNetwork, features: ItemFeatures) -> NDArray[np.float32]:
    """Compute the vectors [N, D] of all items."""
    where = next(network.parameters()).device
    slices = [slice(start, start + _AT_ONCE) for start in range(0, len(features.codes), _AT_ONCE)]
    parts = [ItemFeatures(*(part[rows].to(where) for part in features)) for rows in slices]
    none = np.zeros((0, network.config.dimension), np.float32)
    return np.concatenate([none, *(network.items(part).float().cpu().numpy() for part in parts)])


def evaluate_network(
    network: OutfitNetwork, features: ItemFeatures, validation: Mapping[str, Validation]
) -> dict[str, float]:
    """Compute metrics of each source: 'categories/fill_in_the_blank'."""
    generator, items_ND = TorchGenerator(network), item_vectors(network, features)
    return {
        f"{source}/{name}": value
        for source, asked in validation.items()
        for name, value in answer(generator, items_ND, asked).items()
    }


def answer(generator: Generator, items_ND: Floats, asked: Validation) -> dict[str, float]:
    """Compute `fill_in_the_blank`, and `compatibility_auc` and `recall_at_10` where there are questions for
    them.
    """
    blanks, metrics = asked.blanks, dict[str, float]()
    if len(blanks):
        queries_QD = queries_of(generator, items_ND, blanks.rows_QP)
        metrics["fill_in_the_blank"] = fill_in_the_blank(scores_of(queries_QD, blanks.answers_QA, items_ND))
        if asked.same_category_N is not None:
            rank_Q = ranks_within_category(
                queries_QD, blanks.answers_QA[:, 0], items_ND, asked.same_category_N
            )
            metrics["recall_at_10"] = recall_at(rank_Q, 10)
    if len(asked.good_SP):
        good_S, bad_S = (compatibility(generator, items_ND, s) for s in (asked.good_SP, asked.bad_SP))
        metrics["compatibility_auc"] = compatibility_auc(good_S, bad_S)
    return metrics
