"""Averages a module's weights exponentially; the averages are evaluated, stored and served."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class ExponentialMovingAverage:
    """Averages parameters in float32; copies buffers, which are statistics already.

    The decay warms up as min(decay, (1 + step) / (10 + step)), so that a short run is not an average of its
    random beginning (the rule of TensorFlow's `ExponentialMovingAverage`). With decay 0 nothing is kept: the
    module's own weights stand for the average.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        # The parameters themselves, not views: wrapping a module for several processes moves their memory.
        self._parameters, self._buffers = list(module.parameters()), list(module.buffers())
        self._averages: list[Tensor] = []
        self._buffer_copies: list[Tensor] = []
        if decay:
            self._averages = [p.detach().to(torch.float32, copy=True) for p in self._parameters]
            self._buffer_copies = [buffer.clone() for buffer in self._buffers]
        self._names = [name for name, _ in [*module.named_parameters(), *module.named_buffers()]]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after optimizer step `step`, counted from 0."""
        if not self.decay:
            return
        decay = min(self.decay, (1 + step) / (10 + step))
        # `float()` is the parameter itself where it is float32 already.
        torch._foreach_lerp_(self._averages, [p.float() for p in self._parameters], 1.0 - decay)
        if self._buffers:
            torch._foreach_copy_(self._buffer_copies, self._buffers)

    def tensors(self) -> dict[str, Tensor]:
        """Return the averaged weights by name, as the module names them; live, not copies."""
        return dict(zip(self._names, self._averaged(), strict=True))

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take the averages from `tensors`, named as `tensors()` names them."""
        for name, own in self.tensors().items():
            own.copy_(tensors[name])

    @contextmanager
    def swapped_in(self) -> Iterator[None]:
        """Load the averaged weights into the module inside the block, and its own again after it."""
        own = [tensor.detach().clone() for tensor in [*self._parameters, *self._buffers]]
        self.copy_to_module()
        try:
            yield
        finally:
            self._write_to_module(own)

    def copy_to_module(self) -> None:
        """Leave the averaged weights in the module."""
        self._write_to_module(self._averaged())

    @torch.no_grad()
    def _write_to_module(self, tensors: list[Tensor]) -> None:
        torch._foreach_copy_([*self._parameters, *self._buffers], tensors)

    def _averaged(self) -> list[Tensor]:
        if self.decay:
            return [*self._averages, *self._buffer_copies]
        return [tensor.detach() for tensor in [*self._parameters, *self._buffers]]
