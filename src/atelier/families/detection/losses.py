"""Computes the targets of the cells and the losses against them.

B = batch, G = cells, K = kinds, R = boxes of a view, padded with kind -1.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

_MIDDLE = 0.3
"""A cell answers for a box when it lies within this share of its sides from its middle."""


class Targets(NamedTuple):
    """Target values of each cell."""

    heat_BGK: Tensor
    """1 in the cell that holds an item's middle, falling off around it."""
    box_BG4: Tensor
    """The box that a cell answers for."""
    answers_BG: Tensor
    """bool: whether it answers for one."""
    main_BG: Tensor
    """Where the main item is: rows sum to one, or to zero where a view has none."""


def targets_of(
    boxes_BR4: Tensor, kinds_BR: Tensor, has_main_B: Tensor, middles_G2: Tensor, num_kinds: int
) -> Targets:
    """Assign boxes to cells. Where several claim a cell, the main item has it, or else the smallest."""
    known_BR = kinds_BR >= 0
    side_BR2 = (boxes_BR4[..., 2:] - boxes_BR4[..., :2]).clamp_min(1e-4)
    middle_BR2 = (boxes_BR4[..., 2:] + boxes_BR4[..., :2]) / 2
    cell_side = 1 / len(middles_G2) ** 0.5
    away_BRG2 = (middles_G2 - middle_BR2[:, :, None]).abs()
    # A Gaussian as wide as the box, but never narrower than a cell.
    sigma_BR2 = (side_BR2 / 8).clamp_min(0.4 * cell_side)
    bump_BRG = torch.exp(-((away_BRG2 / sigma_BR2[:, :, None]) ** 2).sum(-1) / 2)
    nearest_BRG = F.one_hot(bump_BRG.argmax(2), len(middles_G2)).bool()
    bump_BRG = torch.where(nearest_BRG, 1.0, bump_BRG) * known_BR[..., None]
    heat_BKG = bump_BRG.new_zeros(len(bump_BRG), num_kinds, len(middles_G2))
    kind_BRG = kinds_BR.clamp_min(0)[..., None].expand_as(bump_BRG)
    heat_BGK = heat_BKG.scatter_reduce(1, kind_BRG, bump_BRG, "amax").transpose(1, 2)
    reach_BR2 = torch.maximum(_MIDDLE * side_BR2, side_BR2.new_tensor(0.5 * cell_side))
    claims_BRG = (away_BRG2 <= reach_BR2[:, :, None]).all(-1) | nearest_BRG
    claims_BRG = claims_BRG & known_BR[..., None]
    area_BR = side_BR2.prod(-1)
    area_BR = torch.cat([area_BR[:, :1] - 10 * has_main_B[:, None].float(), area_BR[:, 1:]], 1)
    owner_BG = torch.where(claims_BRG, area_BR[..., None], torch.inf).argmin(1)
    box_BG4 = boxes_BR4.gather(1, owner_BG[..., None].expand(-1, -1, 4))
    main_BG = bump_BRG[:, 0] * has_main_B[:, None]
    main_BG = main_BG / main_BG.sum(1, keepdim=True).clamp_min(1e-6)
    return Targets(heat_BGK, box_BG4, claims_BRG.any(1), main_BG)


def kind_loss(logits_BGK: Tensor, heat_BGK: Tensor) -> Tensor:
    """Compute the focal loss of a heat map (Zhou et al., 2019, equation 1), for each item."""
    probability = torch.sigmoid(logits_BGK).clamp(1e-4, 1 - 1e-4)
    is_middle = heat_BGK > 0.999
    right = (1 - probability) ** 2 * probability.log() * is_middle
    wrong = (1 - heat_BGK) ** 4 * probability**2 * (1 - probability).log() * ~is_middle
    return -(right.sum() + wrong.sum()) / is_middle.sum().clamp_min(1)


def main_loss(logits_BG: Tensor, main_BG: Tensor) -> Tensor:
    """Compute the cross-entropy over the cells of each view that has a main item."""
    return -(main_BG * F.log_softmax(logits_BG, 1)).sum() / main_BG.sum().clamp_min(1)


def box_loss(box_X4: Tensor, target_X4: Tensor, weight_X: Tensor) -> Tensor:
    """Compute generalised IoU (Rezatofighi et al., 2019) and the edges' distances in shares of the box's
    sides.
    """
    side_X2 = (target_X4[..., 2:] - target_X4[..., :2]).clamp_min(0.02)
    off_X = ((box_X4 - target_X4).abs() / torch.cat([side_X2, side_X2], -1)).mean(-1)
    losses_X = 1 - generalised_iou(box_X4, target_X4) + off_X
    return (losses_X * weight_X).sum() / weight_X.sum().clamp_min(1)


def generalised_iou(one: Tensor, other: Tensor) -> Tensor:
    """Compute generalised IoU, from -1 for boxes far apart to 1 for equal ones, [..., 4] and [..., 4] ->
    [...].
    """
    low, high = torch.maximum(one[..., :2], other[..., :2]), torch.minimum(one[..., 2:], other[..., 2:])
    start, end = torch.minimum(one[..., :2], other[..., :2]), torch.maximum(one[..., 2:], other[..., 2:])
    inner, outer = (high - low).clamp_min(0), end - start
    shared, around = inner.prod(-1), outer.prod(-1)
    union = (one[..., 2:] - one[..., :2]).prod(-1) + (other[..., 2:] - other[..., :2]).prod(-1) - shared
    return shared / union.clamp_min(1e-9) - (around - union) / around.clamp_min(1e-9)
