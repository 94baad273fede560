"""Learns the embedding space: whitening for relevance vectors, and their main axes for recall vectors.

Margins and contrast leave an embedding in which lighting, framing and background still move an item's photos
along a few directions. Their covariance is measured once, after training, and divided out by one linear map:
these are the relevance vectors. The directions in which items then differ most make the recall vectors.

N = items, B = batch, D = embedding, K = recall vector
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

SHRINKAGE = 0.01
"""Added to the covariance's diagonal, as a share of its mean: bounds the gain of directions hardly seen."""
_MIN_VARIANCE = 1e-9


class Space(nn.Module):
    """Linear maps of unit vectors to unit vectors; vectors are left alone until `learn` was called.

    The whitening half of Radenovic, Tolias and Chum (2018), section 3.4, after Mikolajczyk and Matas (2007);
    speaker recognition knows it as within-class covariance normalisation (Hatch et al. 2006). Whitened within
    items, the leading principal axes are those of linear discriminant analysis.
    """

    mean_D: Tensor
    text_mean_D: Tensor
    matrix_DD: Tensor
    text_matrix_DD: Tensor
    recall_DK: Tensor

    def __init__(self, dimension: int, recall_dimension: int) -> None:
        super().__init__()
        if not 1 <= recall_dimension <= dimension:
            raise ValueError(f"recall_dimension: expected 1 to {dimension}, got {recall_dimension}")
        self.register_buffer("mean_D", torch.zeros(dimension))
        self.register_buffer("text_mean_D", torch.zeros(dimension))
        self.register_buffer("matrix_DD", torch.eye(dimension))
        self.register_buffer("text_matrix_DD", torch.eye(dimension))
        self.register_buffer("recall_DK", torch.eye(dimension)[:, :recall_dimension].contiguous())

    def reset(self) -> None:
        """Reset to the identity."""
        for mean_D in (self.mean_D, self.text_mean_D):
            mean_D.zero_()
        for matrix in (self.matrix_DD, self.text_matrix_DD, self.recall_DK):
            nn.init.eye_(matrix)

    @torch.no_grad()
    def join(self, other: Space) -> None:
        """Use the other's space, for a network distilled from its relevance vectors: pictures are left alone.

        Texts come from the other's own tower, so that they are mapped as there; so is what is recalled.
        """
        self.mean_D.zero_()
        nn.init.eye_(self.matrix_DD)
        self.text_mean_D.copy_(other.text_mean_D)
        self.text_matrix_DD.copy_(other.text_matrix_DD)
        self.recall_DK.copy_(other.recall_DK)

    def forward(self, unit_BD: Tensor) -> Tensor:
        """Compute relevance vectors of pictures."""
        return self._whitened(unit_BD, self.mean_D, self.matrix_DD)

    def of_text(self, unit_BD: Tensor) -> Tensor:
        """Compute relevance vectors of texts: as for pictures, but centred on the mean of the texts."""
        return self._whitened(unit_BD, self.text_mean_D, self.text_matrix_DD)

    def recall(self, relevance_BD: Tensor) -> Tensor:
        """Compute recall vectors [B, K], unit rows, of relevance vectors."""
        with torch.autocast(relevance_BD.device.type, enabled=False):
            return unit_rows(relevance_BD.float() @ self.recall_DK)

    @torch.no_grad()
    def learn(self, first_ND: Tensor, second_ND: Tensor, text_ND: Tensor) -> None:
        """Learn the space from two photos of each of N items and their titles.

        All are unit rows as `forward` and `of_text` get them. Relevance: the inverse square root of the
        covariance within items. Recall: the main axes of what that makes of the first photos.
        """
        half_ND = (first_ND.double() - second_ND.double()) / 2**0.5
        within_DD = half_ND.T @ half_ND / len(half_ND)
        within_DD.diagonal().add_(SHRINKAGE * within_DD.diagonal().mean() + _MIN_VARIANCE)
        variance_D, axes_DD = torch.linalg.eigh(within_DD)
        matrix_DD = axes_DD * variance_D.rsqrt() @ axes_DD.T
        self.mean_D.copy_(first_ND.double().mean(0))
        self.text_mean_D.copy_(text_ND.double().mean(0))
        self.matrix_DD.copy_(matrix_DD / matrix_DD.diagonal().mean())
        self.text_matrix_DD.copy_(self.matrix_DD)
        relevance_ND = self(first_ND).double()
        _, main_DD = torch.linalg.eigh(torch.cov(relevance_ND.T))
        # `eigh` leaves the sign of an axis open: the largest component is made positive.
        recall_DK = main_DD.flip(1)[:, : self.recall_DK.shape[1]]
        largest_1K = recall_DK.gather(0, recall_DK.abs().argmax(0, keepdim=True))
        self.recall_DK.copy_(recall_DK * largest_1K.sign())

    def _whitened(self, unit_BD: Tensor, mean_D: Tensor, matrix_DD: Tensor) -> Tensor:
        with torch.autocast(unit_BD.device.type, enabled=False):
            return unit_rows((unit_BD.float() - mean_D) @ matrix_DD)


def unit_rows(rows_BD: Tensor) -> Tensor:
    """Normalise rows to length 1: `F.normalize` in three nodes of an ONNX graph instead of five."""
    return rows_BD / rows_BD.norm(dim=-1, keepdim=True).clamp_min(1e-12)
