"""Computes losses that align sets with items: the DSSM loss, with in-batch and hard negatives.

B = sets, D = vector, H = hard negatives, K = candidates
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def dssm_loss(
    query_BD: Tensor, target_BD: Tensor, item_B: Tensor, source_B: Tensor, weight_B: Tensor, scale: float
) -> Tensor:
    """Compute the softmax loss of each set's missing piece among those of all sets of its source in the
    batch.

    Softmax over cosines (Huang et al. 2013, section 3.2, equation 5). The others stand there as often as they
    are bought, so that what is learned is how much better than by chance a piece goes with a set. Another set
    that lacks the same item is no negative. `weight_B` is what each set counts.
    """
    if len(query_BD) == 0:
        return query_BD.sum()
    logits_BB = scale * query_BD @ target_BD.T
    target_B = torch.arange(len(item_B), device=item_B.device)
    rivals_BB = logits_BB.masked_fill(no_rivals(item_B, source_B), float("-inf"))
    return (weight_B * F.cross_entropy(rivals_BB, target_B, reduction="none")).mean()


def no_rivals(item_B: Tensor, source_B: Tensor) -> Tensor:
    """Mask [B, B] the missing pieces that are no negatives of a set: the same item, or of another source."""
    excluded_BB = (item_B[:, None] == item_B[None]) | (source_B[:, None] != source_B[None])
    return excluded_BB.fill_diagonal_(False)


def hard_loss(
    query_BD: Tensor, target_BD: Tensor, hard_BHD: Tensor, known_BH: Tensor, scale: float
) -> Tensor:
    """Compute the softmax loss of each set's piece among items of the same category; sets without any are
    left out.
    """
    right_B1 = (query_BD * target_BD).sum(-1, keepdim=True)
    wrong_BH = torch.einsum("bd,bhd->bh", query_BD, hard_BHD).masked_fill(~known_BH, -4.0)
    loss_B = -(scale * torch.cat([right_B1, wrong_BH], 1)).log_softmax(1)[:, 0]
    asked_B = known_BH.any(1)
    return (loss_B * asked_B).sum() / asked_B.sum().clamp_min(1)


def judge_loss(cosine_B: Tensor, fits_B: Tensor, counts_B: Tensor, scale: float, threshold: float) -> Tensor:
    """Compute binary cross-entropy for each pair of a set and a piece.

    A sigmoid loss over pairs (Zhai et al. 2023, section 3.2). The softmaxes above rank answers to one
    question; this makes cosines of different sets comparable. `counts_B` is the weight of each pair.
    """
    sign_B = torch.where(fits_B, -1.0, 1.0)
    loss_B = F.softplus(sign_B * scale * (cosine_B - threshold))
    return (loss_B * counts_B).sum() / counts_B.sum().clamp_min(1e-6)
