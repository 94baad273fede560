"""Identifies this process among those that train together.

Under `accelerate launch` or `torchrun` every process runs the whole program; what is written once is the main
one's to write. Without a launcher the only process is the main one.
"""

from __future__ import annotations

from datetime import timedelta

import torch
from accelerate import PartialState

LONGEST_WAIT = timedelta(hours=2)
"""Of one process for another: the others wait while the main one evaluates."""


def is_main_process() -> bool:
    return bool(_state().is_main_process)


def wait_for_everyone() -> None:
    """Returns in all processes once all have come here."""
    _state().wait_for_everyone()


def num_processes() -> int:
    """Count the processes that train together."""
    return int(_state().num_processes)


def device() -> torch.device:
    """Return the device of this process."""
    where: torch.device = _state().device
    return where


def _state() -> PartialState:
    """Accelerate's own view. Without an accelerator it must be told that several processes share a CPU."""
    return PartialState(cpu=not torch.accelerator.is_available(), timeout=LONGEST_WAIT)
