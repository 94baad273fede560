"""Measures model FLOPs utilisation: FLOPs of a training step, peaks of devices, and the ratio."""

from __future__ import annotations

import copy
import time
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from atelier.engine.task import Task
from atelier.precision import Precision

PEAK_TFLOPS = {
    "B200": 2250.0,
    "H200": 989.0,
    "H100 PCIe": 756.0,
    "H100 NVL": 835.0,
    "H100": 989.0,
    "A100": 312.0,
    "L40S": 362.0,
}
"""Dense bf16 matrix products, 10^12 operations a second, by words of the device's name; the first that fits
counts. From the maker's data sheets."""
_MATMUL_SIDE = 2048
_MATMUL_ROUNDS = 5


def flops_of_step(task: Task, batch: Any, device: torch.device, precision: Precision) -> int:
    """Count floating-point operations of one training step on a batch that is on `device`.

    Matrix products and convolutions, forward and backward, a multiplication and an addition counted as two,
    and what `prepare` lets other networks say (a teacher's forward pass). Augmentation, norms, the optimizer
    and the average count nothing: this is the model's arithmetic, not the device's work. Runs the step once,
    uncompiled, on a copy of the module.
    """
    module = copy.deepcopy(task.module).to(device).train()
    with FlopCounterMode(display=False) as counter:
        prepared = task.prepare(batch, torch.Generator(device).manual_seed(0))
        with precision.autocast(device):
            loss, _ = task.loss(module, prepared)
        loss.backward()
    return counter.get_total_flops()


def peak_tflops_of(device: torch.device, precision: Precision) -> float | None:
    """Return the device's peak: a CPU's is measured, in a second; None for a GPU that is not in
    `PEAK_TFLOPS`.
    """
    if device.type == "cpu":
        return measured_tflops(device, precision.dtype)
    return listed_tflops(torch.cuda.get_device_name(device))


def listed_tflops(device_name: str) -> float | None:
    """Return the data sheet's figure for a name as CUDA gives it: 'NVIDIA A100-SXM4-80GB'."""
    words = set(device_name.replace("-", " ").split())
    return next((peak for part, peak in PEAK_TFLOPS.items() if set(part.split()) <= words), None)


def measured_tflops(device: torch.device, dtype: torch.dtype) -> float:
    """Measure the best of some large matrix products, in 10^12 operations a second."""
    left, right = (torch.ones(_MATMUL_SIDE, _MATMUL_SIDE, device=device, dtype=dtype) for _ in range(2))
    best = float("inf")
    for _ in range(_MATMUL_ROUNDS):
        began = time.perf_counter()
        (left @ right)[0, 0].item()
        best = min(best, time.perf_counter() - began)
    return 2 * _MATMUL_SIDE**3 / best / 1e12
