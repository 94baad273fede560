"""What the student learns: to answer as the teacher does, at a fraction of the cost.

Distillation is one more task with a frozen teacher inside. Student and teacher look at the same views; the
student's vectors are pulled to the teacher's, its rankings to the teacher's rankings, and it finds items
among the teacher's own prototypes, so that both stay in one space.

B = batch, V = 2 B views, D = embedding, C = categories
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from atelier.datasets.batches import ProductBatch
from atelier.families.retrieval.config import RetrievalConfig
from atelier.families.retrieval.losses import (
    MarginSoftmax,
    embedding_distance,
    similarity_divergence,
)
from atelier.families.retrieval.model import Features, RetrievalNetwork
from atelier.families.retrieval.task import (
    RetrievalModule,
    Validation,
    Views,
    evaluate_network,
    make_views,
)


class TaughtViews(NamedTuple):
    """Views, and what the teacher says of them."""

    views: Views
    teacher: Features


class StudentModule(nn.Module):
    """The student network beside the teacher's frozen item prototypes."""

    def __init__(self, network: RetrievalNetwork, teacher: RetrievalModule, config: RetrievalConfig) -> None:
        super().__init__()
        self.config = config.loss
        self.network = network
        num_items, dimension = teacher.items.prototypes_ND.shape
        self.items = MarginSoftmax(num_items, dimension, config.loss.item_scale, config.loss.item_margin)
        self.items.load_state_dict(teacher.items.state_dict())
        self.items.requires_grad_(False)

    def forward(self, taught: TaughtViews) -> tuple[Tensor, dict[str, Tensor]]:
        views, (teacher_VD, teacher_VC, _) = taught
        embedding_VD, category_VC, _ = self.network(views.pixels_V3SS)
        gallery_BD = teacher_VD.chunk(2)[0]
        config = self.config
        parts = {
            "item": self.items(embedding_VD, views.twice(views.products.item_B)),
            "embedding": embedding_distance(embedding_VD, teacher_VD),
            "similarity": similarity_divergence(embedding_VD, teacher_VD, gallery_BD, config.temperature),
            "category": F.cross_entropy(
                category_VC, views.twice(views.products.category_B), label_smoothing=config.label_smoothing
            ),
            "soft_category": F.kl_div(
                category_VC.log_softmax(-1),
                teacher_VC.log_softmax(-1),
                log_target=True,
                reduction="batchmean",
            ),
        }
        weights = {
            "item": config.student_item_weight,
            "embedding": config.embedding_weight,
            "similarity": config.similarity_weight,
            "category": config.category_weight,
            "soft_category": config.category_weight,
        }
        total = torch.stack([weights[name] * value for name, value in parts.items()]).sum()
        return total, parts


class DistillTask:
    """The engine's `Task` for a student; the teacher is frozen and stays outside of `module`."""

    def __init__(
        self,
        module: StudentModule,
        teacher: RetrievalModule,
        streets_M3HW: Tensor,
        config: RetrievalConfig,
        validation: Validation | None = None,
    ) -> None:
        self.module: nn.Module = module
        self.teacher = teacher.network.eval().requires_grad_(False)
        # Whitened vectors are harder to imitate (docs/experiments.md): the student learns the space before
        # that, the teacher's prototypes are part of it, and whitens it for itself.
        self.teacher.whitening.reset()
        self.size = config.network.image_size
        # Views have the teacher's size, so that it says what it would say; the student sees them smaller.
        self.views_config = replace(config, network=teacher.network.config)
        self.streets_M3HW = streets_M3HW
        self.validation = validation

    def prepare(self, batch: ProductBatch, generator: torch.Generator) -> TaughtViews:
        views = make_views(batch, self.streets_M3HW, self.views_config, generator)
        pixels = views.pixels_V3SS
        self.teacher.to(pixels.device)
        with torch.no_grad(), torch.autocast(pixels.device.type, torch.bfloat16):
            said = self.teacher(pixels)
        if pixels.shape[-1] != self.size:
            pixels = F.interpolate(
                pixels, (self.size, self.size), mode="bilinear", antialias=True, align_corners=False
            ).contiguous(memory_format=torch.channels_last)
        return TaughtViews(views._replace(pixels_V3SS=pixels), said)

    def loss(self, module: nn.Module, batch: TaughtViews) -> tuple[Tensor, dict[str, Tensor]]:
        return module(batch)

    def evaluate(self, module: nn.Module) -> dict[str, float]:
        if self.validation is None:
            return {}
        return evaluate_network(module.network, self.validation)
