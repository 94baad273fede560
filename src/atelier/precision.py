"""Chooses the number format that networks are trained in: bfloat16 where it is computed, float32 elsewhere.

Engine and families ask here, so that training, validation, distillation and embedding get one answer. A
processor without arithmetic for bfloat16 emulates it: ten times slower than float32, and more.
"""

from __future__ import annotations

import logging
import platform
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch

log = logging.getLogger(__name__)

Mode = Literal["no", "bf16", "fp16"]
"""Of mixed precision, in Accelerate's words; "no" computes in float32."""
AskedPrecision = Literal["auto", "no", "bf16", "fp16"]
"""What a schedule asks for; "auto" leaves the choice to the device."""

_DTYPES = {"no": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
_SIDE = 256
_ROUNDS = 15


@dataclass(frozen=True)
class Precision:
    """A number format, and why it was chosen."""

    mode: Mode
    reason: str
    """The same whenever the same device is asked."""

    @property
    def dtype(self) -> torch.dtype:
        """The number format of matrix products and convolutions."""
        return _DTYPES[self.mode]

    def autocast(self, device: torch.device) -> torch.autocast:
        """Return a context in which matrix products and convolutions are computed in this format."""
        if self.mode == "no":
            return torch.autocast(device.type, enabled=False)
        return torch.autocast(device.type, self.dtype)


def choose_precision(asked: AskedPrecision, device: torch.device) -> Precision:
    """Resolve `asked` to a format on a device; "auto" is decided once in a process, in milliseconds."""
    if asked != "auto":
        return Precision(asked, f"asked for by precision={asked!r}")
    return _chosen(device.type, device.index)


@lru_cache
def _chosen(device_type: str, index: int | None) -> Precision:
    device = torch.device(device_type, index) if index is not None else torch.device(device_type)
    if device_type == "cuda":
        return _on_cuda(device)
    if device_type == "cpu":
        return _on_cpu()
    return Precision("no", f"float32: nothing is known about the bfloat16 arithmetic of '{device_type}'")


def _on_cuda(device: torch.device) -> Precision:
    name = torch.cuda.get_device_name(device)
    with torch.cuda.device(device):
        has_arithmetic = torch.cuda.is_bf16_supported(including_emulation=False)
    if has_arithmetic:
        return Precision("bf16", f"bfloat16: {name} has arithmetic for it")
    return Precision("no", f"float32: {name} has no arithmetic for bfloat16")


def _on_cpu() -> Precision:
    unit = bf16_unit()
    if unit is None:
        return Precision("no", "float32: the processor has no arithmetic for bfloat16")
    if not torch.backends.mkldnn.is_available() or not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return Precision(
            "no",
            f"float32: the processor has {unit}, but oneDNN does not use it here "
            f"(ONEDNN_MAX_CPU_ISA may forbid it)",
        )
    ratio = bf16_time_ratio()
    log.debug("a bfloat16 product takes %.2f times as long as one in float32", ratio)
    if ratio >= 1:
        return Precision(
            "no", f"float32: the processor has {unit}, but a timed product is not faster in bfloat16"
        )
    return Precision("bf16", f"bfloat16: the processor has {unit}, and a timed product is faster with it")


def bf16_unit() -> str | None:
    """Return the processor's fastest unit for bfloat16 by its flags; None where it has none."""
    flags = torch.cpu.get_capabilities()
    if platform.machine().lower() in ("arm64", "aarch64"):
        names = {"sve_bf16": "SVE-BF16", "bf16": "NEON-BF16"}
    else:
        names = {"amx_bf16": "AMX-BF16", "avx512_bf16": "AVX512-BF16", "avx10_2": "AVX10.2"}
    return next((name for flag, name in names.items() if flags.get(flag)), None)


def bf16_time_ratio() -> float:
    """Time a matrix product in bfloat16 and in float32 and return the ratio, limits of oneDNN included.

    One thread, its own processor time, and the quickest of several rounds: a busy machine does not change it.
    """
    matrices = [torch.ones(_SIDE, _SIDE, dtype=dtype) for dtype in (torch.bfloat16, torch.float32)]
    quickest = [float("inf")] * 2
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for number in range(_ROUNDS + 1):
            for place, matrix in enumerate(matrices):
                began = time.thread_time()
                torch.mm(matrix, matrix)
                if number:  # the first round also makes the kernels
                    quickest[place] = min(quickest[place], time.thread_time() - began)
    finally:
        torch.set_num_threads(threads)
    return quickest[0] / quickest[1]
