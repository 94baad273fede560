"""Configures a training run, whatever it trains."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from atelier.precision import AskedPrecision

NOT_PART_OF_THE_RESULT = frozenset(
    {"num_workers", "log_every", "checkpoint_every", "keep_checkpoints", "matmul_precision"}
)
"""Fields that may differ between a checkpoint and the run that goes on from it."""


@dataclass(frozen=True)
class EngineConfig:
    """One training run. Steps are optimizer steps; sizes are for each process.

    One step sees `batch_size * gradient_accumulation * processes` samples.
    """

    max_steps: int
    """Optimizer steps in the whole run; the learning rate reaches its floor at the last one."""
    batch_size: int = 64
    """Samples in one forward pass of one process."""
    gradient_accumulation: int = 1
    """Forward and backward passes averaged into one optimizer step."""
    optimizer: Literal["adamw", "sgd"] = "adamw"
    """AdamW, or SGD with Nesterov momentum; fused kernels in both."""
    learning_rate: float = 1e-3
    """The highest rate, reached when the warm-up ends."""
    final_learning_rate_share: float = 0.0
    """Where the cosine ends, as a share of `learning_rate`."""
    weight_decay: float = 0.05
    """Decoupled for AdamW, plain L2 for SGD; never on biases, norms or other vectors."""
    momentum: float = 0.9
    """SGD's momentum, and AdamW's first beta."""
    warmup_steps: int = 100
    """Steps of linear warm-up before the cosine."""
    max_grad_norm: float | None = 1.0
    """Gradients are scaled down to this L2 norm; None leaves them alone."""
    precision: AskedPrecision = "auto"
    """Autocast type; "auto": bf16 where the device computes it, "no" elsewhere. fp16 needs a GPU."""
    matmul_precision: Literal["highest", "high", "medium"] | None = None
    """`torch.set_float32_matmul_precision` while the run lasts; None leaves the process as it is."""
    ema_decay: float = 0.999
    """Of the exponential moving average of the weights, after its own warm-up; 0 keeps none."""
    evaluate_every: int | None = None
    """Steps between evaluations; None evaluates once, at the end."""
    early_stop_metric: str | None = None
    """The metric of `Task.evaluate` that decides which weights are best."""
    early_stop_goal: Literal["max", "min"] = "max"
    """Whether more or less of that metric is better."""
    early_stop_patience: int | None = None
    """Evaluations without a better value before the run stops; None never stops early."""
    final_weights: Literal["last", "best"] = "last"
    """What `task.module` holds at the end: the last averaged weights, or those of the best evaluation."""
    checkpoint_every: int | None = 500
    """Steps between checkpoints; None writes one only on a signal and at the end."""
    keep_checkpoints: int = 2
    """How many checkpoints stay on disk; two, so that a damaged one has a predecessor."""
    log_every: int = 20
    """Steps between lines to the tracker. Only then is the device waited for."""
    seed: int = 0
    """All randomness is a function of this, the step and the process."""
    distinct_epochs: int | None = None
    """Epochs after which the first one's batches come again, in the same order and prepared with the same
    randomness, so that a task may keep what was costly to prepare; None: every epoch is new."""
    num_workers: int = 0
    """Loader processes; 0 loads in the training process."""
    compile: bool = False
    """Whether `torch.compile` compiles the module."""
    channels_last: bool = False
    """Whether 4-D weights lie channels-last in memory, which convolutions prefer."""

    def __post_init__(self) -> None:
        for name in ("max_steps", "batch_size", "gradient_accumulation", "log_every", "keep_checkpoints"):
            self._require(name, getattr(self, name) >= 1, "at least 1")
        for name in ("evaluate_every", "checkpoint_every", "early_stop_patience", "distinct_epochs"):
            self._require(
                name, getattr(self, name) is None or getattr(self, name) >= 1, "at least 1, or None"
            )
        for name in ("warmup_steps", "weight_decay", "num_workers"):
            self._require(name, getattr(self, name) >= 0, "at least 0")
        self._require("learning_rate", self.learning_rate > 0, "above 0")
        self._require(
            "max_grad_norm", self.max_grad_norm is None or self.max_grad_norm > 0, "above 0, or None"
        )
        self._require("ema_decay", 0 <= self.ema_decay < 1, "in [0, 1)")
        self._require("momentum", 0 <= self.momentum < 1, "in [0, 1)")
        self._require("final_learning_rate_share", 0 <= self.final_learning_rate_share <= 1, "in [0, 1]")
        if self.early_stop_metric is None and (self.early_stop_patience or self.final_weights == "best"):
            raise ValueError(
                "early_stop_patience and final_weights='best' need an early_stop_metric to watch"
            )

    def _require(self, name: str, holds: bool, expected: str) -> None:
        if not holds:
            raise ValueError(f"EngineConfig.{name} must be {expected}, not {getattr(self, name)!r}")

    def identity(self) -> dict[str, object]:
        """Return the fields that decide the weights a run ends with."""
        return {name: value for name, value in asdict(self).items() if name not in NOT_PART_OF_THE_RESULT}
