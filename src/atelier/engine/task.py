"""Defines the protocols of the engine: a `Task` to train and a `Tracker` to log to.

Both are structural: a family or a registry satisfies them by having the methods, without importing this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn


@runtime_checkable
class Task(Protocol):
    """Something to learn: a module, its loss, and how good it has become."""

    module: nn.Module
    """Everything that is trained: network and parameters of the loss. A frozen teacher stays outside."""

    def prepare(self, batch: Any, generator: torch.Generator) -> Any:
        """Return a batch ready for `loss`, on the batch's device: augmented, cast, normalised.

        All its randomness comes from `generator`, which is seeded from (seed, batch number, rank): that is
        why a resumed run sees the very same augmentations, with nothing to save. Its `initial_seed()` names
        the batch: where batches come again (`distinct_epochs`), what was prepared may be kept under it.
        """
        ...

    def loss(self, module: nn.Module, batch: Any) -> tuple[Tensor, dict[str, Tensor]]:
        """Compute a scalar to minimise, and scalars worth reporting.

        Call the `module` given here, as `module(...)`: with several processes it is `self.module` wrapped,
        and only a call that goes through it averages the gradients. Autocast is on; a part that needs float32
        says so with `torch.autocast(device_type, enabled=False)`. Reported scalars may stay on the device:
        they are read only when a line is due.
        """
        ...

    def evaluate(self, module: nn.Module) -> dict[str, float]:
        """Compute validation metrics by name; `module` has the averaged weights, in `eval()`, without
        gradients.

        Runs on the main process alone. Autocast is on, as in `loss`.
        """
        ...


@runtime_checkable
class Tracker(Protocol):
    """Logs a run. Only the main process calls it."""

    def params(self, values: Mapping[str, object]) -> None:
        """Log the parameters of the run; called again, unchanged, when a run resumes."""
        ...

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Log measurements after `step` optimizer steps."""
        ...
