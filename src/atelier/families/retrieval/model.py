"""The network: a picture or a title in, vectors of one space and class logits out.

B = batch, S = image size, P = pooled features, D = embedding, K = recall vector, C = categories, L = labels,
T = tokens
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import timm
import torch
from torch import Tensor, nn

from atelier.errors import TrainingError
from atelier.families.retrieval.config import NetworkConfig
from atelier.families.retrieval.space import Space, unit_rows
from atelier.families.retrieval.text import TextTower
from atelier.families.small_maps import use_unfolded_weight_gradient

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)


class Features(NamedTuple):
    """The network's outputs for a batch of pictures."""

    embedding: Tensor
    """[B, D], unit rows: the relevance vectors."""
    category_logits: Tensor
    """[B, C], article types."""
    label_logits: Tensor
    """[B, L], coarse labels of shoppers' photos."""
    pooled: Tensor
    """[B, P], the penultimate features that all of it is read from."""


class RetrievalNetwork(nn.Module):
    """One network for all categories. Takes pixels [B, 3, S, S] in 0..1 and normalises them itself."""

    def __init__(self, config: NetworkConfig, num_categories: int, num_labels: int = 0) -> None:
        super().__init__()
        self.config = config
        self.num_categories = num_categories
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(_STD).view(1, 3, 1, 1), persistent=False)
        self.backbone = build_backbone(config)
        self.num_features = int(self.backbone.num_features)
        self.neck = nn.Sequential(
            nn.Linear(self.num_features, config.dimension, bias=False), nn.BatchNorm1d(config.dimension)
        )
        self.text = TextTower(config.text, config.dimension)
        self.space = Space(config.dimension, config.recall_dimension)
        self.class_head = nn.Linear(self.num_features, num_categories + num_labels)

    def forward(self, pixels_B3SS: Tensor) -> Features:
        pooled_BP = self.backbone((pixels_B3SS - self.mean) / self.std)
        embedding_BD = self.space(unit_rows(self.neck(pooled_BP).float()))
        logits = self.class_head(pooled_BP).float()
        return Features(
            embedding_BD, logits[:, : self.num_categories], logits[:, self.num_categories :], pooled_BP
        )

    def embed_text(self, tokens_BT: Tensor) -> Tensor:
        """Compute relevance vectors [B, D] of titles or written queries, comparable with those of
        pictures.
        """
        return self.space.of_text(self.text(tokens_BT))


def build_backbone(config: NetworkConfig) -> nn.Module:
    """Build a timm model without its classifier. Downloads nothing unless `config.weights` is 'timm'.

    TrainingError: timm does not know the name, or the local file of weights does not exist.
    """
    if config.weights not in (None, "timm") and not Path(config.weights).is_file():
        raise TrainingError(
            f"weights of backbone '{config.backbone}': expected None, 'timm' or the path of a safetensors "
            f"file, but there is no file {config.weights}"
        )
    if not timm.is_model(config.backbone):
        near = ", ".join(timm.list_models(f"*{config.backbone[:6]}*")[:5]) or "timm.list_models()"
        raise TrainingError(f"timm knows no backbone '{config.backbone}'; near it: {near}")
    overlay = {"file": config.weights} if config.weights not in (None, "timm") else None
    backbone = timm.create_model(
        config.backbone,
        pretrained=config.weights is not None,
        pretrained_cfg_overlay=overlay,
        num_classes=0,
        **dict(config.backbone_options),
    )
    return use_unfolded_weight_gradient(backbone)
