"""Distils the student from the teacher's outputs.

Distillation is one more task with a frozen teacher inside. Student and teacher look at the same views; the
student's vectors are pulled to the teacher's, its rankings to the teacher's rankings, and it finds items
among the vectors that the teacher gives to their catalogue photos: what a student does that searches in a
gallery of the teacher's (asymmetric metric learning, Budnik and Avrithis 2021, section 3.3).

B = products, L = labelled photos, V = 2 B + L views, N = items, D = embedding, C = categories
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
    soft_divergence,
)
from atelier.families.retrieval.model import RetrievalNetwork
from atelier.families.retrieval.task import Loss, weighted
from atelier.families.retrieval.validation import Validation, evaluate_network
from atelier.families.retrieval.views import Views, make_views
from atelier.precision import Precision


class TeacherTargets(NamedTuple):
    """Views for the student and the teacher's outputs for them, compact enough to be cached."""

    pixels_V3SS: Tensor
    """uint8."""
    embedding_VD: Tensor
    """Half precision, as the others."""
    category_VC: Tensor
    label_VL: Tensor


class TaughtViews(NamedTuple):
    """Views, and the teacher's outputs for them."""

    views: Views
    lesson: TeacherTargets


class StudentModule(nn.Module):
    """The student network, in the teacher's space, and the frozen gallery it is to find items in."""

    def __init__(
        self,
        network: RetrievalNetwork,
        teacher: RetrievalNetwork,
        gallery_ND: Tensor,
        config: RetrievalConfig,
    ) -> None:
        super().__init__()
        self.config = config.loss
        self.network = network
        network.space.join(teacher.space)
        # Titles are cheap to embed: the student keeps the teacher's own tower and learns to meet it.
        network.text.load_state_dict(teacher.text.state_dict())
        network.text.requires_grad_(False)
        loss, (num_items, dimension) = config.loss, gallery_ND.shape
        self.items = MarginSoftmax(
            num_items, dimension, loss.student_item_scale, loss.student_item_margin, loss.sampled_items
        )
        self.items.prototypes_ND.data.copy_(gallery_ND)
        self.items.requires_grad_(False)

    def forward(self, taught: TaughtViews) -> Loss:
        views, lesson = taught
        student = self.network(views.pixels_V3SS)
        products, config = views.products, self.config
        student_VD, teacher_VD = student.embedding, lesson.embedding_VD.float()
        gallery_BD = views.of_products(teacher_VD).chunk(2)[0]
        parts = {
            "item": self.items(views.of_products(student_VD), views.twice(products.item_B)),
            "embedding": embedding_distance(student_VD, teacher_VD),
            "similarity": similarity_divergence(student_VD, teacher_VD, gallery_BD, config.temperature),
            "category": F.cross_entropy(
                views.of_products(student.category_logits),
                views.twice(products.category_B),
                label_smoothing=config.label_smoothing,
            ),
            "soft_category": soft_divergence(student.category_logits, lesson.category_VC.float()),
        }
        if len(products.label_L):
            label_LC = views.of_labelled(student.label_logits)
            soft_LC = views.of_labelled(lesson.label_VL).float()
            parts["label"] = F.cross_entropy(
                label_LC, products.label_L, label_smoothing=config.label_smoothing
            )
            parts["soft_label"] = soft_divergence(label_LC, soft_LC)
        weights = {
            "item": config.student_item_weight,
            "embedding": config.embedding_weight,
            "similarity": config.similarity_weight,
            "category": config.category_weight,
            "soft_category": config.category_weight,
            "label": config.label_weight / 2,
            "soft_label": config.label_weight / 2,
        }
        return weighted(parts, weights), parts


class DistillTask:
    """The engine's `Task` for a student; the teacher is frozen and stays outside of `module`.

    With `caches_teacher_targets` a batch that comes again is not made and shown to the teacher again: most of
    a step's time is the teacher's (fast pretraining distillation, TinyViT, Wu et al. 2022, section 3.1). What
    is lost, as when a run resumes, is computed again, the same. Targets take some 10 kB a view of 56 pixels.
    """

    def __init__(
        self,
        module: StudentModule,
        teacher: RetrievalNetwork,
        streets_M3HW: Tensor,
        config: RetrievalConfig,
        precision: Precision,
        validation: Validation | None = None,
        *,
        caches_teacher_targets: bool = False,
    ) -> None:
        """`precision`: what the teacher computes in."""
        self.module: nn.Module = module
        self.caches_teacher_targets = caches_teacher_targets
        self._lessons: dict[int, TeacherTargets] = {}
        self.teacher = teacher.eval().requires_grad_(False)
        self.size = config.network.image_size
        # Views have the teacher's size, so that it says what it would say; the student sees them smaller.
        self.views_config = replace(config, network=teacher.config)
        self.streets_M3HW = streets_M3HW
        self.precision = precision
        self.validation = validation

    def prepare(self, batch: ProductBatch, generator: torch.Generator) -> TaughtViews:
        number = generator.initial_seed()
        lesson = self._lessons.get(number)
        if lesson is None:
            lesson = self._lesson(batch, generator)
            if self.caches_teacher_targets:
                self._lessons[number] = lesson
        return TaughtViews(Views(lesson.pixels_V3SS.float() / 255, batch), lesson)

    def _lesson(self, batch: ProductBatch, generator: torch.Generator) -> TeacherTargets:
        pixels = make_views(batch, self.streets_M3HW, self.views_config, generator).pixels_V3SS
        self.teacher.to(pixels.device)
        with torch.no_grad(), self.precision.autocast(pixels.device):
            outputs = self.teacher(pixels)
        if pixels.shape[-1] != self.size:
            pixels = F.interpolate(
                pixels, (self.size, self.size), mode="bilinear", antialias=True, align_corners=False
            )
        pixels = (255 * pixels).round().to(torch.uint8).contiguous(memory_format=torch.channels_last)
        return TeacherTargets(
            pixels, outputs.embedding.half(), outputs.category_logits.half(), outputs.label_logits.half()
        )

    def loss(self, module: nn.Module, batch: TaughtViews) -> Loss:
        total, parts = module(batch)
        return total, parts

    def evaluate(self, module: nn.Module) -> dict[str, float]:
        if self.validation is None:
            return {}
        return evaluate_network(module.network, self.validation)


def item_gallery(embedding_PD: Tensor, item_P: Tensor, num_items: int) -> Tensor:
    """Average each item's P catalogue photos to one unit vector [N, D].

    An item without a photo gets zeros, which nothing is near to.
    """
    gallery_ND = torch.zeros(num_items, embedding_PD.shape[1])
    return F.normalize(gallery_ND.index_add_(0, item_P, embedding_PD))
