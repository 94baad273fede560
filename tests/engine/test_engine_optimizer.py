"""Weight decay spares vectors, and the optimizer's state is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from engine_toys import PLAIN, ToyBatch, ToyTask, train, weights
from torch import Tensor, nn


def test_weight_decay_spares_biases_and_norms(tmp_path: Path) -> None:
    """A loss that ignores the weights leaves decay alone to move them."""

    class Indifferent(ToyTask):
        def loss(self, module: nn.Module, batch: ToyBatch) -> tuple[Tensor, dict[str, Tensor]]:
            return module(batch.features).sum() * 0.0, {}

    task = Indifferent()
    before = weights(task.module)
    after, _, _ = train(tmp_path, replace(PLAIN, weight_decay=0.5), task)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert {name for name, _ in task.module.named_parameters()} & moved == {"0.weight", "4.weight"}
