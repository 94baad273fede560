"""Learned whitening: what differs between two photos of one item counts little, the rest counts more.

Margins and contrast leave an embedding in which lighting, framing and background still move an item's photos
along a few directions. Their covariance is measured once, after training, and divided out by one linear map.

N = items, B = batch, D = embedding
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

SHRINKAGE = 0.01
"""Added to the covariance's diagonal, as a share of its mean: bounds the gain of directions hardly seen."""
_LEAST_VARIANCE = 1e-9


class Whitening(nn.Module):
    """A linear map of unit vectors to unit vectors; it leaves them alone until `learn` was called.

    The whitening half of Radenovic, Tolias and Chum (2018), section 3.4, after Mikolajczyk and Matas (2007);
    speaker recognition knows it as within-class covariance normalisation (Hatch et al. 2006).
    """

    mean_D: Tensor
    matrix_DD: Tensor

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.register_buffer("mean_D", torch.zeros(dimension))
        self.register_buffer("matrix_DD", torch.eye(dimension))

    def reset(self) -> None:
        """Back to leaving vectors alone."""
        self.mean_D.zero_()
        torch.nn.init.eye_(self.matrix_DD)

    def forward(self, unit_BD: Tensor) -> Tensor:
        with torch.autocast(unit_BD.device.type, enabled=False):
            return unit_rows((unit_BD.float() - self.mean_D) @ self.matrix_DD)

    @torch.no_grad()
    def learn(self, first_ND: Tensor, second_ND: Tensor) -> None:
        """Take over the inverse square root of the covariance within items, measured on two photos of each.

        Both are unit rows as `forward` gets them.
        """
        mean_D = first_ND.double().mean(0)
        half_ND = (first_ND.double() - second_ND.double()) / 2**0.5
        within_DD = half_ND.T @ half_ND / len(half_ND)
        within_DD.diagonal().add_(SHRINKAGE * within_DD.diagonal().mean() + _LEAST_VARIANCE)
        variance_D, axes_DD = torch.linalg.eigh(within_DD)
        matrix_DD = axes_DD * variance_D.rsqrt() @ axes_DD.T
        self.mean_D.copy_(mean_D)
        self.matrix_DD.copy_(matrix_DD / matrix_DD.diagonal().mean())


def unit_rows(rows_BD: Tensor) -> Tensor:
    """Rows of length 1: `F.normalize` in three nodes of an ONNX graph instead of five."""
    return rows_BD / rows_BD.norm(dim=-1, keepdim=True).clamp_min(1e-12)
