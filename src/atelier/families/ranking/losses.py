"""Computes the losses of the two towers: click prediction, and each user's click among the others'.

B = showings, C = clicked showings, E = vector and biases
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def click_loss(logits_B: Tensor, clicked_B: Tensor, propensity_B: Tensor, max_weight: float) -> Tensor:
    """Compute binary cross-entropy, weighted by inverse propensity: as if all sets were shown equally often.

    Schnabel et al. 2016, section 4. A weight is at most `max_weight` times the mean, which bounds the
    variance for some bias towards what was shown most.
    """
    weight_B = 1 / propensity_B
    weight_B = (weight_B / weight_B.mean()).clamp_max(max_weight)
    loss_B = F.binary_cross_entropy_with_logits(logits_B, clicked_B.float(), reduction="none")
    return (weight_B * loss_B).sum() / weight_B.sum()


def own_click_loss(
    user_CE: Tensor, set_CE: Tensor, set_C: Tensor, history_CH: Tensor, scale: Tensor
) -> Tensor:
    """Compute the softmax loss of each click's set among all clicked sets of the batch, by cosine alone.

    Softmax as in retrieval (Huang et al. 2013, equation 5). Biases stay outside: the others stand there as
    often as they are clicked, so that what is learned is how much more than others a user likes a set. No
    negatives: the same set clicked by another user, and what the user had clicked before.
    """
    if len(set_C) < 2:
        return user_CE.sum() * 0.0
    logits_CC = scale * F.normalize(user_CE[:, :-2], dim=-1) @ set_CE[:, :-2].T
    liked_CC = (set_C[:, None] == set_C[None]) | (history_CH[:, :, None] == set_C).any(1)
    liked_CC.fill_diagonal_(False)
    target_C = torch.arange(len(set_C), device=set_C.device)
    return F.cross_entropy(logits_CC.masked_fill(liked_CC, float("-inf")), target_C)
