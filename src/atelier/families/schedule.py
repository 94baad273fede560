"""Configures the length and the optimiser of a training of any family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # serving reads configurations, and has no torch
    from atelier.precision import AskedPrecision


@dataclass(frozen=True)
class Schedule:
    """One training of a preset; the engine's fields of the same names."""

    num_epochs: int
    """Passes over the catalogue."""
    distinct_epochs: int | None = None
    """Passes after which the same views come again; None: never. A student's teacher speaks but once."""
    batch_size: int = 96
    """Products in a step; fewer where the catalogue is small."""
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    warmup_share: float = 0.05
    """Share of the steps in which the learning rate rises."""
    max_grad_norm: float = 5.0
    ema_decay: float = 0.998
    precision: AskedPrecision = "auto"
    """Number format of training and validation; "auto" takes what the device computes fastest."""
    num_evaluations: int = 2
    """How often validation is asked, evenly spread and at the end."""
    channels_last: bool = True
    compile: bool = False
    num_workers: int = 0
    seed: int = 0
