"""Randomness as a function of (seed, position, process), so that a checkpoint has none of it to carry.

Before each forward pass the process-wide generators are seeded anew. Whatever was drawn before - by an
evaluation, a loader, a library - cannot change what comes next: a resumed run draws the very same dropout.
"""

from __future__ import annotations

import hashlib
import random

import numpy as np
import torch


def derive_seed(*parts: int | str) -> int:
    """Derive a 32-bit seed that differs for each tuple of parts. (CPU generators read 32 bits only.)"""
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=4).digest())


class StepRandomness:
    """Seeds a process for one forward pass after another."""

    def __init__(self, seed: int, rank: int, device: torch.device) -> None:
        self._seed = seed
        self._rank = rank
        self._generator = torch.Generator(device)

    def at(self, position: int, batch: int) -> torch.Generator:
        """Seed torch, NumPy and `random` for forward pass `position`; a generator for `Task.prepare`,
        the same whenever batch number `batch` comes again."""
        seed = derive_seed("process", self._seed, position, self._rank)
        # Only the generators in use: `torch.manual_seed` seeds every kind of device there is, and takes a
        # stack trace for each that is not started yet, at every step.
        torch.default_generator.manual_seed(seed)
        if self._generator.device.type == "cuda":
            torch.cuda.manual_seed(seed)
        np.random.seed(seed)
        random.seed(seed)
        return self._generator.manual_seed(derive_seed("prepare", self._seed, batch, self._rank))
