"""What the network is trained for: margins over items and clusters, contrast between views, soft targets.

B = batch, D = embedding, N = classes
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MarginSoftmax(nn.Module):
    """Softmax over class prototypes with an additive cosine margin.

    CosFace (Wang et al. 2018, section 3.2): the cosine of the right class is lowered by `margin` before all
    are scaled by `scale`, so that classes end up apart by more than the boundary needs.
    """

    def __init__(self, num_classes: int, dimension: int, scale: float, margin: float) -> None:
        super().__init__()
        self.scale, self.margin = scale, margin
        self.prototypes_ND = nn.Parameter(torch.randn(num_classes, dimension) / dimension**0.5)

    def forward(self, embedding_BD: Tensor, target_B: Tensor) -> Tensor:
        """Mean loss of unit rows against class numbers `target_B`; a negative number is left out."""
        logits_BN = self.scale * self.cosine(embedding_BD)
        known_B = target_B >= 0
        right_B1 = target_B.clamp_min(0)[:, None]
        lowered_BN = logits_BN.scatter_add(
            1, right_B1, torch.full_like(right_B1, -self.scale * self.margin, dtype=logits_BN.dtype)
        )
        return masked_mean(F.cross_entropy(lowered_BN, right_B1[:, 0], reduction="none"), known_B)

    def cosine(self, embedding_BD: Tensor) -> Tensor:
        return (embedding_BD @ F.normalize(self.prototypes_ND).T).float()


def view_contrast(first_BD: Tensor, second_BD: Tensor, group_B: Tensor, temperature: float) -> Tensor:
    """Each view finds the other view of its item among the batch's (InfoNCE, both ways; van den Oord 2018).

    Rows of the same `group_B` are the same item: they are no negatives of each other.
    """
    logits_BB = (first_BD @ second_BD.T).float() / temperature
    twin_BB = group_B[:, None] == group_B[None]
    twin_BB.fill_diagonal_(False)
    logits_BB = logits_BB.masked_fill(twin_BB, float("-inf"))
    target_B = torch.arange(len(first_BD), device=first_BD.device)
    return (F.cross_entropy(logits_BB, target_B) + F.cross_entropy(logits_BB.T, target_B)) / 2


def embedding_distance(student_BD: Tensor, teacher_BD: Tensor) -> Tensor:
    """One minus the cosine between the student's and the teacher's embedding, mean over the batch."""
    return (1 - (student_BD * teacher_BD).sum(-1)).mean()


def similarity_divergence(
    student_QD: Tensor, teacher_QD: Tensor, gallery_GD: Tensor, temperature: float
) -> Tensor:
    """How differently student and teacher rank the teacher's gallery: KL of their soft rankings.

    Similarity-structure distillation after RKD (Park et al. 2019) and SEED (Fang et al. 2021, equation 4):
    both look for the query among the same teacher vectors, which keeps the student compatible with them.
    """
    teacher_QG = (teacher_QD @ gallery_GD.T).float() / temperature
    student_QG = (student_QD @ gallery_GD.T).float() / temperature
    return F.kl_div(
        student_QG.log_softmax(-1), teacher_QG.log_softmax(-1), log_target=True, reduction="batchmean"
    )


def masked_mean(values_B: Tensor, known_B: Tensor) -> Tensor:
    """Mean of the values that are known; zero where none is."""
    return (values_B * known_B).sum() / known_B.sum().clamp_min(1)
