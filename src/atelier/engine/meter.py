"""Measures the losses, speed and memory of a run; reads the device only when a line is due."""

from __future__ import annotations

import math
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable
from typing import Any

import torch
from torch import Tensor

from atelier.errors import TrainingError


class Meter:
    """Gathers scalars that stay on the device, and times the loader, between one `read` and the next.

    Its clock runs from the first batch after a reading to the next reading: evaluations and checkpoints lie
    outside.
    """

    def __init__(
        self, device: torch.device, images_per_step: int, mean_over_processes: Callable[[Tensor], Tensor]
    ) -> None:
        self._device = device
        self.images_per_step = images_per_step
        self._mean_over_processes = mean_over_processes
        self._scalars: defaultdict[str, list[Tensor]] = defaultdict(list)
        self._steps: list[int] = []
        self._loader_seconds = 0.0
        self._began: float | None = None
        self.seconds = 0.0
        """Length of the window that was read last."""
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)

    def timed(self, batches: Iterable[Any]) -> Generator[Any]:
        """Yield the same batches and measure the wait for each."""
        iterator = iter(batches)
        while True:
            asked = time.perf_counter()
            if self._began is None:
                self._began = asked
            batch = next(iterator)
            self._loader_seconds += time.perf_counter() - asked
            yield batch

    def record(self, step: int, loss: Tensor, scalars: dict[str, Tensor]) -> None:
        """Remember the scalars of one forward pass of optimizer step `step`, without waiting for them."""
        self._steps.append(step)
        for name, value in {**scalars, "loss": loss}.items():
            self._scalars[name].append(value.detach())

    def read(self) -> dict[str, float]:
        """Return means since the last reading, over all processes.

        TrainingError: a loss was not finite; it names the step.
        """
        columns = {name: self._column(name) for name in self._scalars}
        _check_finite(self._steps, columns["loss"])
        assert self._began is not None
        self.seconds = time.perf_counter() - self._began
        values = {name: math.fsum(column) / len(column) for name, column in columns.items()}
        values["images_per_second"] = len(set(self._steps)) * self.images_per_step / self.seconds
        values["loader_wait"] = self._loader_seconds / self.seconds
        values["peak_memory_bytes"] = float(self.peak_memory_bytes())
        self._scalars.clear()
        self._steps, self._loader_seconds, self._began = [], 0.0, None
        return values

    def peak_memory_bytes(self) -> int:
        """Return the peak GPU memory of this run's tensors; on a CPU, the peak of the process."""
        if self._device.type == "cuda":
            return torch.cuda.max_memory_allocated(self._device)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024

    def _column(self, name: str) -> list[float]:
        return self._mean_over_processes(torch.stack(self._scalars[name]).float()).tolist()


def _check_finite(steps: list[int], losses: list[float]) -> None:
    for step, loss in zip(steps, losses, strict=True):
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss of step {step + 1} is {loss}, not a finite number. Try a lower learning_rate, a "
                f"longer warmup_steps, max_grad_norm=1 or precision='no'; if it happens at once, look for "
                f"broken samples."
            )
