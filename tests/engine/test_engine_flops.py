"""Operations are counted as the field counts them: two for a multiplication and an addition."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from atelier.engine.flops import flops_of_step, measured_tflops
from atelier.precision import Precision

CPU, FLOAT32 = torch.device("cpu"), Precision("no", "")


class Linear:
    """A matrix product of [B, 8] with [8, 4], whose arithmetic is known."""

    def __init__(self, teacher: nn.Module | None = None) -> None:
        self.module: nn.Module = nn.Linear(8, 4, bias=False)
        self.teacher = teacher

    def prepare(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        del generator
        if self.teacher is not None:
            with torch.no_grad():
                self.teacher(batch)
        return batch

    def loss(self, module: nn.Module, batch: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        return module(batch).sum(), {}

    def evaluate(self, module: nn.Module) -> dict[str, float]:
        del module
        return {}


@pytest.mark.parametrize("precision", [FLOAT32, Precision("bf16", "")])
def test_a_step_counts_forward_and_the_weights_gradient(precision: Precision) -> None:
    task, batch = Linear(), torch.ones(16, 8)
    before = task.module.state_dict()["weight"].clone()
    # The input needs no gradient, so that the backward pass is one product, not two.
    assert flops_of_step(task, batch, CPU, precision) == 2 * (2 * 16 * 8 * 4)
    assert task.module.state_dict()["weight"].equal(before)
    assert next(task.module.parameters()).grad is None, "it was counted on a copy"


def test_what_a_teacher_says_in_prepare_counts_once() -> None:
    task = Linear(teacher=nn.Linear(8, 32, bias=False))
    assert flops_of_step(task, torch.ones(16, 8), CPU, FLOAT32) == 2 * (2 * 16 * 8 * 4) + 2 * 16 * 8 * 32


def test_the_peak_of_a_cpu_is_measured() -> None:
    assert 0.001 < measured_tflops(CPU, torch.float32) < 100
