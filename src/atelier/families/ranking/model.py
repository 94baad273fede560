"""The network: two towers, so that sets are known by vectors made once and a user's feed is one product.

The last two components of a vector are biases: a user's row ends with (1, bias of the user), a set's with
(bias of the set, 1). So the product of two rows is the log-odds of a click. A set's vector before them is a
unit one; a user's is as long as the user's taste is sure, which is shorter after few clicks.

Either tower has a straight path beside its layers: that a user likes what is like the clicks of the past is
nearly all there is to learn, and it is linear.

B = batch, P = places, D = item vector, W = summary, X = stacked parts, E = vector and biases
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from atelier.families.ranking.config import NetworkConfig


class SetTower(nn.Module):
    """A deep averaging network over the pieces of a set (Iyyer et al. 2015, section 3), independent of their
    order.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.vector_scale = config.items.vector_dimension**0.5
        self.facts = nn.ModuleList(
            nn.Embedding(size + 1, config.fact_width, padding_idx=0)
            for size in config.items.fact_sizes.values()
        )
        stacked = config.items.vector_dimension + len(self.facts) * config.fact_width + 2
        self.lift = nn.Sequential(nn.Linear(stacked, config.width), nn.GELU())
        self.layers = _layers(config)
        self.straight = nn.Linear(stacked, config.dimension + 1, bias=False)

    def forward(self, vectors_BPD: Tensor, codes_BPF: Tensor, prices_BP2: Tensor, known_BP: Tensor) -> Tensor:
        """Compute rows [B, E]: a unit vector, the set's bias, 1."""
        facts = [table(codes_BPF[..., number]) for number, table in enumerate(self.facts)]
        stacked_BPX = torch.cat([self.vector_scale * vectors_BPD, *facts, prices_BP2], -1)
        share_BP1 = (known_BP / known_BP.sum(1, keepdim=True))[..., None]
        pooled_BW, mean_BX = (self.lift(stacked_BPX) * share_BP1).sum(1), (stacked_BPX * share_BP1).sum(1)
        out = (self.layers(pooled_BW) + self.straight(mean_BX)).float()
        return torch.cat([F.normalize(out[:, :-1], dim=-1), out[:, -1:], torch.ones_like(out[:, -1:])], 1)


class UserTower(nn.Module):
    """Embeds a user by the clicked sets and, where there are buckets, by the user id."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        items = config.items
        scale_W = torch.ones(items.summary_width + 1)
        scale_W[: items.vector_dimension] = items.vector_dimension**0.5
        self.register_buffer("scale_W", scale_W, persistent=False)
        self.lift = nn.Linear(len(scale_W), config.width)
        self.names = nn.Embedding(config.num_buckets + 1, config.width, padding_idx=0)
        nn.init.zeros_(self.names.weight)
        self.layers = _layers(config)
        self.straight = nn.Linear(len(scale_W), config.dimension + 1, bias=False)

    def forward(self, profile_BW: Tensor, bucket_B: Tensor) -> Tensor:
        """Compute rows [B, E]: a vector, 1, the user's bias."""
        scaled_BW = profile_BW * self.scale_W
        lifted = F.gelu(self.lift(scaled_BW) + self.names(bucket_B))
        out = (self.layers(lifted) + self.straight(scaled_BW)).float()
        return torch.cat([out[:, :-1], torch.ones_like(out[:, -1:]), out[:, -1:]], 1)


class RankingNetwork(nn.Module):
    """Both towers."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.users = UserTower(config)
        self.sets = SetTower(config)


def _layers(config: NetworkConfig) -> nn.Sequential:
    """From what was lifted to a vector and a bias."""
    hidden = [
        layer
        for _ in range(config.num_layers)
        for layer in (nn.Linear(config.width, config.width), nn.GELU(), nn.Dropout(config.dropout))
    ]
    return nn.Sequential(nn.LayerNorm(config.width), *hidden, nn.Linear(config.width, config.dimension + 1))
