"""The exponential moving average of a module's weights: what is evaluated, kept and shipped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class ExponentialMovingAverage:
    """Averages parameters in float32; copies buffers, which are statistics already.

    The decay warms up as min(decay, (1 + step) / (10 + step)), so that a short run is not an average of its
    random beginning (the rule of TensorFlow's `ExponentialMovingAverage`). Decay 0 follows the weights.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        parameters, buffers = dict(module.named_parameters()), dict(module.named_buffers())
        self._names = [*parameters, *buffers]
        self._sources = [parameter.detach() for parameter in parameters.values()]
        self._averages = [parameter.to(torch.float32, copy=True) for parameter in self._sources]
        self._buffers = list(buffers.values())
        self._buffer_copies = [buffer.clone() for buffer in self._buffers]

    def update(self, step: int) -> None:
        """Take in the weights after optimizer step `step`, counted from 0."""
        decay = min(self.decay, (1 + step) / (10 + step)) if self.decay else 0.0
        torch._foreach_lerp_(self._averages, self._sources_in_float32(), 1.0 - decay)
        if self._buffers:
            torch._foreach_copy_(self._buffer_copies, self._buffers)

    def tensors(self) -> dict[str, Tensor]:
        """The averaged weights by name, as the module names them; live, not copies."""
        return dict(zip(self._names, [*self._averages, *self._buffer_copies], strict=True))

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take the averages from `tensors`, named as `tensors()` names them."""
        for name, own in self.tensors().items():
            own.copy_(tensors[name])

    @contextmanager
    def swapped_in(self) -> Iterator[None]:
        """The module holds the averaged weights inside the block, and its own again after it."""
        weights = [t.clone() for t in [*self._sources, *self._buffers]]
        self.copy_to_module()
        try:
            yield
        finally:
            torch._foreach_copy_([*self._sources, *self._buffers], weights)

    def copy_to_module(self) -> None:
        """Leave the averaged weights in the module."""
        torch._foreach_copy_([*self._sources, *self._buffers], [*self._averages, *self._buffer_copies])

    def _sources_in_float32(self) -> list[Tensor]:
        return [source.float() for source in self._sources]  # the tensor itself where it is float32 already
