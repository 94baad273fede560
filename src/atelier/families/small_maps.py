"""Convolutions of small maps: on a CPU their weight gradient is one matrix product.

oneDNN's bfloat16 kernels for the gradient of the weights want many positions: on maps of 4x4 and 2x2 they
reach a fifth to a twentieth of what a matrix product of the unfolded input reaches (docs/experiments.md), and
a third of a ResNet's step goes into the weights of its last stages.

B = batch, C, O = channels in and out, H, W = sides of a map
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MAX_POSITIONS = 64
"""Of an output map, for which unfolding pays: 8x8."""


def use_unfolded_weight_gradient(module: nn.Module) -> nn.Module:
    """Let the module's convolutions train faster on small maps; returns the module.

    Weights and their names stay, gradients are the same to rounding. Nothing changes in `eval`, on
    another device than a CPU, without autocast, or on larger maps.
    """
    for part in module.modules():
        if type(part) is nn.Conv2d and _is_plain(part):
            part.__class__ = SmallMapConv2d
    return module


class SmallMapConv2d(nn.Conv2d):
    """An `nn.Conv2d` without groups, dilation or bias; see `use_unfolded_weight_gradient`."""

    def forward(self, maps_BCHW: Tensor) -> Tensor:
        if not (self.training and maps_BCHW.device.type == "cpu" and torch.is_autocast_enabled("cpu")):
            return super().forward(maps_BCHW)
        (rows, columns), (stride, _) = maps_BCHW.shape[2:], self.stride
        if (rows // stride) * (columns // stride) > MAX_POSITIONS:
            return super().forward(maps_BCHW)
        dtype = torch.get_autocast_dtype("cpu")
        result: Tensor = _Convolution.apply(
            maps_BCHW.to(dtype), self.weight.to(dtype), stride, int(self.padding[0])
        )
        return result


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, maps_BCHW: Tensor, weight_OCKK: Tensor, stride: int, padding: int) -> Tensor:
        ctx.save_for_backward(maps_BCHW, weight_OCKK)
        ctx.geometry = stride, padding
        return F.conv2d(maps_BCHW, weight_OCKK, stride=stride, padding=padding)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        (gradient_BOHW,) = gradients
        maps_BCHW, weight_OCKK = ctx.saved_tensors
        stride, padding = ctx.geometry
        to_maps = None
        if ctx.needs_input_grad[0]:
            to_maps = torch.nn.grad.conv2d_input(
                maps_BCHW.shape, weight_OCKK, gradient_BOHW, stride=stride, padding=padding
            )
        unfolded_PX = _unfolded(maps_BCHW, weight_OCKK.shape[2], stride, padding)
        gradient_PO = gradient_BOHW.permute(0, 2, 3, 1).reshape(len(unfolded_PX), -1)
        num_out, num_in, side, _ = weight_OCKK.shape
        to_weight = (unfolded_PX.t() @ gradient_PO).view(side, side, num_in, num_out).permute(3, 2, 0, 1)
        return to_maps, to_weight, None, None


def _unfolded(maps_BCHW: Tensor, side: int, stride: int, padding: int) -> Tensor:
    """What each output position looks at: [B x positions, side x side x C]."""
    padded = F.pad(maps_BCHW.permute(0, 2, 3, 1), (0, 0, padding, padding, padding, padding)).contiguous()
    windows = padded.unfold(1, side, stride).unfold(2, side, stride)  # [B, H, W, C, side, side]
    return windows.permute(0, 1, 2, 4, 5, 3).reshape(-1, side * side * padded.shape[3])


def _is_plain(part: nn.Conv2d) -> bool:
    return (
        part.groups == 1
        and part.bias is None
        and part.dilation == (1, 1)
        and part.padding_mode == "zeros"
        and not isinstance(part.padding, str)
        and len({*part.kernel_size}) == len({*part.stride}) == len({*part.padding}) == 1
    )
