"""Distils a student generator from its teacher's predictions of the missing piece.

Distillation is one more task with a frozen teacher inside: the set Transformer teaches a DAN, which answers
several times as fast. Both see the same question; the student's softmax over the pieces that a batch lacks is
pulled to the teacher's (Hinton et al. 2015, section 2).

B = sets
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from atelier.families.outfit.config import LossConfig
from atelier.families.outfit.losses import no_rivals
from atelier.families.outfit.model import OutfitNetwork
from atelier.families.outfit.task import OutfitModule, Question, answers_to


class StudentModule(OutfitModule):
    """A network with the losses of any other, and its frozen teacher's opinion as one more."""

    def __init__(self, network: OutfitNetwork, teacher: OutfitNetwork, config: LossConfig) -> None:
        super().__init__(network, config)
        # In a list, so that it is no part of what is trained, averaged and kept.
        self._teacher = [teacher.eval().requires_grad_(False)]

    def forward(self, question: Question) -> tuple[Tensor, dict[str, Tensor]]:
        answers = answers_to(self.network, question)
        teacher = self._teacher[0].to(answers.query_BD.device)
        with torch.no_grad():
            taught = answers_to(teacher, question)
        rivals_BB = no_rivals(question.target_B, question.source_B)
        logits_BB, taught_BB = (
            (self.config.scale * vectors.query_BD @ vectors.target_BD.T).masked_fill(rivals_BB, -1e4)
            for vectors in (answers, taught)
        )
        parts = self.losses(question, answers)
        parts["teacher"] = F.kl_div(
            logits_BB.log_softmax(1), taught_BB.log_softmax(1), reduction="batchmean", log_target=True
        )
        return self.total(parts), parts
