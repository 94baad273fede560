"""The text tower: a title or a written query in, a vector of the pictures' space out.

B = batch, T = tokens, E = width of a token, D = embedding
"""

from __future__ import annotations

from torch import Tensor, nn

from atelier.families.retrieval.config import TextConfig
from atelier.families.retrieval.space import unit_rows
from atelier.families.retrieval.tokens import PADDING


class TextTower(nn.Module):
    """Mean of token embeddings and two layers. Takes `token_ids`, int64 [B, T]; gives unit rows [B, D]."""

    def __init__(self, config: TextConfig, dimension: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(config.num_buckets, config.width, padding_idx=PADDING)
        self.layers = nn.Sequential(
            nn.LayerNorm(config.width),
            nn.Linear(config.width, config.hidden),
            nn.GELU(),
            nn.Linear(config.hidden, dimension),
        )

    def forward(self, tokens_BT: Tensor) -> Tensor:
        vectors_BTE = self.embedding(tokens_BT)
        known_BT1 = (tokens_BT != PADDING).to(vectors_BTE.dtype)[..., None]
        mean_BE = (vectors_BTE * known_BT1).sum(1) / known_BT1.sum(1).clamp_min(1)
        return unit_rows(self.layers(mean_BE).float())
