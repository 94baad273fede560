"""Defines the network of both passes: heat map of kinds, main item, and boxes.

B = batch, S = side of a view, G = cells of a view (S / 8 squared), K = kinds, N = neck channels.
Boxes are x0, y0, x1, y1 in shares of the view.
"""

from __future__ import annotations

from typing import NamedTuple

import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from atelier.errors import TrainingError
from atelier.families.detection.config import STRIDE, NetworkConfig
from atelier.families.detection.kinds import KINDS
from atelier.families.small_maps import use_unfolded_weight_gradient

_MIDDLE, _SPREAD = 0.45, 0.226
"""Mean and standard deviation of photos' pixels, one for all channels."""
_RARE = -4.0
"""Logit of a cell at the start: most cells are no item's middle (Lin et al., Focal Loss, section 3.3)."""


class Cells(NamedTuple):
    """Predictions of each cell of a view."""

    kind_logits: Tensor
    """[B, G, K]: whether an item of this kind has its middle here."""
    main_logits: Tensor
    """[B, G]: over all cells, where the item is that the photo is about."""
    boxes: Tensor
    """[B, G, 4]: the box of the item that covers the cell."""


class DetectionNetwork(nn.Module):
    """Takes pixels [B, 3, S, S] in 0..1, S any multiple of 32, and normalises them itself.

    Points for objects after Zhou et al. (2019), https://arxiv.org/abs/1904.07850, distances to the four
    edges from each cell after Tian et al. (FCOS, 2019), https://arxiv.org/abs/1904.01355.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = build_backbone(config)
        N = config.neck_channels
        self.laterals = nn.ModuleList(nn.Conv2d(num, N, 1) for num in self.backbone.feature_info.channels())
        self.mix = nn.Sequential(_convolution(N), _convolution(N))
        self.head = nn.Conv2d(N, len(KINDS) + 1 + 4, 1)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)
        nn.init.constant_(self.head.bias[: len(KINDS)], _RARE)

    def forward(self, pixels_B3SS: Tensor) -> Cells:
        even = (pixels_B3SS - _MIDDLE) * (1 / _SPREAD)
        fine, middle, coarse = (
            lateral(features) for lateral, features in zip(self.laterals, self.backbone(even), strict=True)
        )
        middle = middle + F.interpolate(coarse, scale_factor=2.0)
        fine = fine + F.interpolate(middle, scale_factor=2.0)
        output = self.head(self.mix(fine)).float()
        num_rows, num_columns = output.shape[2:]
        output_BGX = output.flatten(2).transpose(1, 2)
        kinds, main, edges = output_BGX.split([len(KINDS), 1, 4], 2)
        return Cells(kinds, main[..., 0], _boxes(edges, num_rows, num_columns))


def cell_middles(num_rows: int, num_columns: int, device: torch.device) -> Tensor:
    """Return the centres of the cells, [G, 2], as x and y in shares of the view."""
    x = (torch.arange(num_columns, device=device) + 0.5) / num_columns
    y = (torch.arange(num_rows, device=device) + 0.5) / num_rows
    return torch.stack(
        [x[None].expand(num_rows, num_columns), y[:, None].expand(num_rows, num_columns)], -1
    ).view(-1, 2)


def build_backbone(config: NetworkConfig) -> nn.Module:
    """Build a timm model with features at strides 8, 16 and 32, untrained.

    TrainingError: timm does not know the name, or the model has no such features.
    """
    if not timm.is_model(config.backbone):
        near = ", ".join(timm.list_models(f"*{config.backbone[:6]}*")[:5]) or "timm.list_models()"
        raise TrainingError(f"timm knows no backbone '{config.backbone}'; near it: {near}")
    backbone = timm.create_model(
        config.backbone,
        pretrained=False,
        features_only=True,
        out_indices=(2, 3, 4),
        **dict(config.backbone_options),
    )
    strides = backbone.feature_info.reduction()
    if strides != [STRIDE, 2 * STRIDE, 4 * STRIDE]:
        raise TrainingError(
            f"backbone '{config.backbone}': expected features at strides 8, 16 and 32, it has {strides}"
        )
    return use_unfolded_weight_gradient(backbone)


def _boxes(edges_BG4: Tensor, num_rows: int, num_columns: int) -> Tensor:
    """Distances to left, top, right and bottom, all positive, around each cell's middle."""
    # At the start a box spans about a third of the view.
    left_top, right_bottom = (F.softplus(edges_BG4 - 1.7)).split(2, 2)
    middles_G2 = cell_middles(num_rows, num_columns, edges_BG4.device)
    return torch.cat([middles_G2 - left_top, middles_G2 + right_bottom], 2)


def _convolution(channels: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(True)
    )
