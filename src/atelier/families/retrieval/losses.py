"""Computes the training losses: margins over items and clusters, contrast between views, soft targets.

B = batch, D = embedding, N = classes
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MarginSoftmax(nn.Module):
    """Softmax over class prototypes with an additive cosine margin.

    CosFace (Wang et al. 2018, section 3.2): the cosine of the right class is lowered by `margin` before all
    are scaled by `scale`, so that classes end up apart by more than the boundary needs.
    """

    def __init__(
        self, num_classes: int, dimension: int, scale: float, margin: float, num_sampled: int | None = None
    ) -> None:
        super().__init__()
        self.scale, self.margin, self.num_sampled = scale, margin, num_sampled
        self.prototypes_ND = nn.Parameter(torch.randn(num_classes, dimension) / dimension**0.5)

    def forward(self, embedding_BD: Tensor, target_B: Tensor) -> Tensor:
        """Compute the mean loss of unit rows against class numbers `target_B`; negative numbers are left
        out.
        """
        known_B = target_B >= 0
        target_B, prototypes_ND = self._sampled(target_B.clamp_min(0))
        logits_BN = self.scale * cosine(embedding_BD, prototypes_ND)
        right_B1 = target_B[:, None]
        lowered_BN = logits_BN.scatter_add(
            1, right_B1, torch.full_like(right_B1, -self.scale * self.margin, dtype=logits_BN.dtype)
        )
        return masked_mean(F.cross_entropy(lowered_BN, right_B1[:, 0], reduction="none"), known_B)

    def _sampled(self, target_B: Tensor) -> tuple[Tensor, Tensor]:
        """The prototypes that this step looks at, and where among them each target is.

        All of them, or while training those of the batch and a random sample of the others, `num_sampled`
        together (Partial FC, An et al. 2021, section 3.2): logits and their gradient then cost the sample,
        not the number of classes.
        """
        num_classes = len(self.prototypes_ND)
        if self.num_sampled is None or self.num_sampled >= num_classes or not self.training:
            return target_B, self.prototypes_ND
        chance_N = torch.rand(num_classes, device=target_B.device)
        chance_N[target_B] = 2.0
        num_kept = max(self.num_sampled, int((chance_N == 2.0).sum()))
        kept_K = chance_N.topk(num_kept).indices.sort().values
        return torch.searchsorted(kept_K, target_B), self.prototypes_ND[kept_K]


class PairContrast(nn.Module):
    """Each photo finds its item's title among the batch's, and the other way round.

    `softmax`: CLIP (Radford et al. 2021, section 2.3). `sigmoid`: every pair is judged by itself (SigLIP,
    Zhai et al. 2023, section 3.2), with its bias, which starts where most pairs are wrong. The temperature is
    learned.
    """

    def __init__(self, form: Literal["softmax", "sigmoid"]) -> None:
        super().__init__()
        self.form = form
        self.log_scale = nn.Parameter(torch.tensor(10.0).log())
        self.bias = nn.Parameter(torch.tensor(-10.0))

    def forward(self, image_BD: Tensor, text_BD: Tensor, group_B: Tensor) -> Tensor:
        """Compute the contrast; pairs of one `group_B`, such as two colours under one title, are no
        negatives.
        """
        logits_BB = (image_BD @ text_BD.T).float() * self.log_scale.clamp(max=4.6).exp()
        own_BB = torch.eye(len(group_B), dtype=torch.bool, device=group_B.device)
        twin_BB = (group_B[:, None] == group_B[None]) & ~own_BB
        if self.form == "softmax":
            logits_BB = logits_BB.masked_fill(twin_BB, float("-inf"))
            target_B = torch.arange(len(group_B), device=group_B.device)
            return (F.cross_entropy(logits_BB, target_B) + F.cross_entropy(logits_BB.T, target_B)) / 2
        signed_BB = torch.where(own_BB, 1.0, -1.0) * (logits_BB + self.bias)
        return -F.logsigmoid(signed_BB).masked_fill(twin_BB, 0.0).sum() / len(group_B)


def cosine(embedding_BD: Tensor, prototypes_ND: Tensor) -> Tensor:
    """Compute cosines [B, N] between unit rows and prototypes of any length."""
    return (embedding_BD @ F.normalize(prototypes_ND).T).float()


def view_contrast(first_BD: Tensor, second_BD: Tensor, group_B: Tensor, temperature: float) -> Tensor:
    """Compute InfoNCE between the two views of each item in the batch, both ways (van den Oord 2018).

    Rows of the same `group_B` are the same item: they are no negatives of each other.
    """
    logits_BB = (first_BD @ second_BD.T).float() / temperature
    twin_BB = group_B[:, None] == group_B[None]
    twin_BB.fill_diagonal_(False)
    logits_BB = logits_BB.masked_fill(twin_BB, float("-inf"))
    target_B = torch.arange(len(first_BD), device=first_BD.device)
    return (F.cross_entropy(logits_BB, target_B) + F.cross_entropy(logits_BB.T, target_B)) / 2


def embedding_distance(student_BD: Tensor, teacher_BD: Tensor) -> Tensor:
    """Compute one minus the cosine between the student's and the teacher's embedding, mean over the batch."""
    return (1 - (student_BD * teacher_BD).sum(-1)).mean()


def similarity_divergence(
    student_QD: Tensor, teacher_QD: Tensor, gallery_GD: Tensor, temperature: float
) -> Tensor:
    """Compute the KL divergence of the student's and the teacher's soft rankings of the teacher's gallery.

    Similarity-structure distillation after RKD (Park et al. 2019) and SEED (Fang et al. 2021, equation 4):
    both look for the query among the same teacher vectors, which keeps the student compatible with them.
    """
    teacher_QG = (teacher_QD @ gallery_GD.T).float() / temperature
    student_QG = (student_QD @ gallery_GD.T).float() / temperature
    return F.kl_div(
        student_QG.log_softmax(-1), teacher_QG.log_softmax(-1), log_target=True, reduction="batchmean"
    )


def soft_divergence(student_BC: Tensor, teacher_BC: Tensor) -> Tensor:
    """Compute the KL divergence of the class probabilities from the teacher's, at temperature 1 (Hinton et
    al. 2015).
    """
    return F.kl_div(
        student_BC.log_softmax(-1), teacher_BC.log_softmax(-1), log_target=True, reduction="batchmean"
    )


def masked_mean(values_B: Tensor, known_B: Tensor) -> Tensor:
    """Compute the mean of the known values; zero where none is known."""
    return (values_B * known_B).sum() / known_B.sum().clamp_min(1)
