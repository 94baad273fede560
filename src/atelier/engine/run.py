"""One run: where it stands, and all that moves when it moves on."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from atelier.engine.checkpoint import Checkpoint, Fingerprint
from atelier.engine.config import EngineConfig
from atelier.engine.ema import ExponentialMovingAverage
from atelier.engine.optimizer import load_optimizer_tensors, optimizer_tensors
from atelier.errors import TrainingError


@dataclass
class Position:
    """The part of a run that is not a tensor; JSON values only."""

    step: int = 0
    """Optimizer steps done."""
    seconds: float = 0.0
    """Spent in `fit`, over all sittings."""
    training_seconds: float = 0.0
    """Spent in steps, without evaluation and checkpoints."""
    metrics: dict[str, float] = field(default_factory=dict)
    """Of the latest evaluation."""
    evaluated_at: int | None = None
    """Step of the latest evaluation."""
    best_metrics: dict[str, float] = field(default_factory=dict)
    """Of the evaluation with the best early_stop_metric."""
    best_step: int | None = None
    """Step of that evaluation."""
    evaluations_since_best: int = 0
    """How often it has not been bettered since."""
    finished: bool = False
    """Whether the module holds its final weights."""


class Run:
    """A module, its optimizer, its average, and a position; into a checkpoint and out of one."""

    def __init__(
        self,
        module: nn.Module,
        optimizer: torch.optim.Optimizer,
        scaler: torch.amp.GradScaler | None,
        config: EngineConfig,
        fingerprint: Fingerprint,
    ) -> None:
        self.module = module
        self.optimizer = optimizer
        self.scaler = scaler
        self.config = config
        self.fingerprint = fingerprint
        self.ema = ExponentialMovingAverage(module, config.ema_decay)
        self.best_weights: dict[str, Tensor] = {}
        self.position = Position()
        self._began = time.monotonic()

    @property
    def step(self) -> int:
        return self.position.step

    @property
    def stopped_early(self) -> bool:
        """Test whether patience is exhausted."""
        patience = self.config.early_stop_patience
        return patience is not None and self.position.evaluations_since_best >= patience

    @property
    def over(self) -> bool:
        """Test whether no step is left to do."""
        return self.step >= self.config.max_steps or self.stopped_early

    @property
    def evaluation_due(self) -> bool:
        """Test whether these weights are to be evaluated and are not yet."""
        wanted = self.step >= self.config.max_steps or (
            self.step > 0 and self.due(self.config.evaluate_every)
        )
        return wanted and self.position.evaluated_at != self.step

    @property
    def checkpoint_due(self) -> bool:
        return self.over or self.due(self.config.checkpoint_every)

    @property
    def pause_due(self) -> bool:
        """Test whether a line, an evaluation or a checkpoint is due."""
        return self.due(self.config.log_every) or self.evaluation_due or self.checkpoint_due

    def due(self, every: int | None) -> bool:
        return every is not None and self.step % every == 0

    def end_step(self) -> None:
        """Count a step of the optimizer."""
        self.ema.update(self.step)
        self.position.step += 1

    def judge(self, metrics: dict[str, float]) -> None:
        """Take in an evaluation of the averaged weights; remember them if they are the best so far."""
        position, watched = self.position, self.config.early_stop_metric
        position.metrics, position.evaluated_at = metrics, self.step
        if watched is None:
            return
        if watched not in metrics:
            raise TrainingError(
                f"early_stop_metric is {watched!r}, but the task evaluates {', '.join(sorted(metrics))}"
            )
        sign = 1.0 if self.config.early_stop_goal == "max" else -1.0
        if (
            position.best_step is not None
            and not sign * metrics[watched] > sign * position.best_metrics[watched]
        ):
            position.evaluations_since_best += 1
            return
        position.best_metrics, position.best_step, position.evaluations_since_best = metrics, self.step, 0
        if self.config.final_weights == "best":
            self.best_weights = {name: tensor.clone() for name, tensor in self.ema.tensors().items()}

    def finish(self) -> None:
        """Leave the averaged weights in the module: the last, or the best."""
        if self.config.final_weights == "best":
            self.ema.load(self.best_weights)
        self.ema.copy_to_module()
        self.position.finished = True

    def checkpoint(self) -> Checkpoint:
        """Return the state that `resume` needs; of a finished run, its final weights alone."""
        tensors = {"module": weights_of(self.module)}
        if not self.position.finished:
            tensors["average"] = self.ema.tensors()
            tensors["optimizer"] = optimizer_tensors(self.optimizer, self.module)
            tensors["best"] = self.best_weights
        self.position.seconds = time.monotonic() - self._began
        facts: dict[str, Any] = {"position": asdict(self.position)}
        if self.scaler is not None:
            facts["scaler"] = self.scaler.state_dict()
        return Checkpoint(self.step, self.fingerprint, facts, tensors, final=self.position.finished)

    def resume(self, checkpoint: Checkpoint) -> None:
        """Restore the state of a checkpoint."""
        self.position = Position(**checkpoint.facts["position"])
        self._began = time.monotonic() - self.position.seconds
        load_weights(self.module, checkpoint.tensors["module"])
        if self.position.finished:
            return
        self.ema.load(checkpoint.tensors["average"])
        load_optimizer_tensors(self.optimizer, self.module, checkpoint.tensors["optimizer"])
        device = next(self.module.parameters()).device
        self.best_weights = {name: tensor.to(device) for name, tensor in checkpoint.tensors["best"].items()}
        if self.scaler is not None:
            self.scaler.load_state_dict(checkpoint.facts["scaler"])


def fingerprint_of(
    module: nn.Module, config: EngineConfig, num_samples: int, num_processes: int
) -> Fingerprint:
    """Return the values that must be equal in a checkpoint and in the run that resumes from it."""
    return {
        "config": config.identity(),
        "shape of": {name: list(tensor.shape) for name, tensor in weights_of(module).items()},
        "data": {"num_samples": num_samples, "num_processes": num_processes},
    }


def weights_of(module: nn.Module) -> dict[str, Tensor]:
    """Return parameters and buffers by name, each once."""
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


@torch.no_grad()
def load_weights(module: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Load the tensors of `weights_of`."""
    for name, own in weights_of(module).items():
        own.copy_(tensors[name])
