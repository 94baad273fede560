"""A problem small enough to train in a blink, with everything in it that a resume could get wrong.

The network has dropout (process-wide randomness), batch normalisation (buffers) and biases (no weight
decay); `prepare` adds noise (the engine's generator); the metric comes from the averaged weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from atelier.engine.config import EngineConfig
from atelier.engine.task import Task
from atelier.engine.tracker import ListTracker
from atelier.engine.trainer import FitReport, fit

CONFIG = EngineConfig(
    max_steps=24,
    batch_size=8,
    gradient_accumulation=2,
    learning_rate=1e-2,
    warmup_steps=4,
    precision="no",
    ema_decay=0.9,
    evaluate_every=6,
    checkpoint_every=5,
    log_every=1,
    early_stop_metric="accuracy",
    final_weights="best",
    seed=7,
)
"""Epochs are five batches of eight, steps are two batches: checkpoints fall in the middle of epochs."""
PLAIN = replace(
    CONFIG,
    gradient_accumulation=1,
    early_stop_metric=None,
    final_weights="last",
    evaluate_every=None,
    ema_decay=0.0,
)


@dataclass(frozen=True)
class ToyBatch:
    features: Tensor
    label: Tensor


class ToyData:
    """Three noisy clusters of points on a circle, in eight dimensions."""

    def __init__(self, num_samples: int = 43) -> None:
        generator = torch.Generator().manual_seed(0)
        self.label = torch.arange(num_samples) % 3
        centres = torch.randn(3, 8, generator=generator)
        self.features = centres[self.label] + 0.7 * torch.randn(num_samples, 8, generator=generator)

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.features[index], int(self.label[index])

    def collate(self, samples: list[tuple[Tensor, int]]) -> ToyBatch:
        return ToyBatch(torch.stack([x for x, _ in samples]), torch.tensor([y for _, y in samples]))


class ToyTask:
    """Tell the clusters apart."""

    def __init__(self, module: nn.Module | None = None, noise: float = 0.1) -> None:
        torch.manual_seed(0)
        self.module = module or nn.Sequential(
            nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 3)
        )
        self.noise = noise
        self.validation = ToyData(30)

    def prepare(self, batch: ToyBatch, generator: torch.Generator) -> ToyBatch:
        noise = torch.randn(batch.features.shape, generator=generator, device=batch.features.device)
        return ToyBatch(batch.features + self.noise * noise, batch.label)

    def loss(self, module: nn.Module, batch: ToyBatch) -> tuple[Tensor, dict[str, Tensor]]:
        logits = module(batch.features)
        loss = nn.functional.cross_entropy(logits, batch.label)
        return loss, {"accuracy": (logits.argmax(1) == batch.label).float().mean()}

    def evaluate(self, module: nn.Module) -> dict[str, float]:
        torch.rand(1)  # an evaluation that draws random numbers must not change the run
        predicted = module(self.validation.features).argmax(1)
        return {"accuracy": float((predicted == self.validation.label).float().mean())}


class StoppingTracker(ListTracker):
    """Calls `stop` once the metrics of training step `step` arrive."""

    def __init__(self, step: int, stop: Any) -> None:
        super().__init__()
        self.step = step
        self.stop = stop

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        super().metrics(values, step)
        if step == self.step and "train/loss" in values:
            self.stop()


def weights(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def train(
    folder: Path, config: EngineConfig, task: Task | None = None, data: Any = None
) -> tuple[dict[str, Tensor], ListTracker, FitReport]:
    task, tracker = task or ToyTask(), ListTracker()
    report = fit(task, data or ToyData(), config, tracker, folder, progress=False)
    return weights(task.module), tracker, report
