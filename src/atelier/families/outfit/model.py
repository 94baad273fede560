"""The networks: an item to its vector, and a started set to the vector of what it lacks.

Three generators answer to one call, `queries(pieces, known)`: none knows where its pieces come from.

B = sets, P = places for pieces, N = items, D = vector, W = width, F = facts
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from atelier.families.outfit.config import ItemConfig, NetworkConfig


class ItemFeatures(NamedTuple):
    """What is known of items; rows of zeros, and code 0, stand for what is not."""

    image: Tensor
    """[..., I], unit rows; I is 0 without pictures."""
    title: Tensor
    """[..., T], unit rows."""
    codes: Tensor
    """[..., F], int64: facts in the order of `ItemConfig.fact_sizes`, values from 1."""

    def at(self, rows: Tensor) -> ItemFeatures:
        """The features of some items, in any shape of `rows`."""
        return ItemFeatures(*(part[rows] for part in self))


class ItemTower(nn.Module):
    """Everything known of an item, stacked and mixed into one unit vector."""

    def __init__(self, config: ItemConfig, dimension: int, width: int) -> None:
        super().__init__()
        self.dropout = config.dropout
        self.vectors = nn.ModuleList(
            nn.Linear(length, config.vector_width, bias=False)
            for length in (config.image_dimension, config.title_dimension)
            if length
        )
        self._has_vector = (config.image_dimension > 0, config.title_dimension > 0)
        self.facts = nn.ModuleList(
            nn.Embedding(size + 1, config.fact_width, padding_idx=0) for size in config.fact_sizes.values()
        )
        stacked = len(self.vectors) * config.vector_width + len(self.facts) * config.fact_width
        if stacked == 0:
            raise ValueError("an item needs a picture, a title or a fact")
        self.mix = nn.Sequential(nn.Linear(stacked, width), nn.GELU(), nn.Linear(width, dimension))

    def forward(self, features: ItemFeatures) -> Tensor:
        """Unit rows [..., D]."""
        given = [part for part, there in zip(features[:2], self._has_vector, strict=True) if there]
        parts = [layer(part) for layer, part in zip(self.vectors, given, strict=True)]
        parts += [table(features.codes[..., number]) for number, table in enumerate(self.facts)]
        return F.normalize(self.mix(torch.cat([self._sometimes(part) for part in parts], -1)).float(), dim=-1)

    def _sometimes(self, part: Tensor) -> Tensor:
        """While training, without this part now and then: so that items that lack it are no surprise."""
        if not self.training or not self.dropout:
            return part
        return part * (torch.rand(part.shape[:-1], device=part.device) >= self.dropout)[..., None]


class DAN(nn.Module):
    """Deep averaging network over an unordered set: pool, then layers (Iyyer et al. 2015, section 3).

    Sum pooling keeps how many pieces there are; max pooling keeps the loudest piece of each component.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.pooling = config.pooling
        self.lift = nn.Sequential(nn.Linear(config.dimension, config.width), nn.GELU())
        hidden = [
            layer
            for _ in range(config.num_layers)
            for layer in (nn.Linear(config.width, config.width), nn.GELU(), nn.Dropout(config.dropout))
        ]
        self.layers = nn.Sequential(nn.LayerNorm(config.width), *hidden)
        self.out = nn.Linear(config.width, config.dimension)

    def forward(self, pieces_BPD: Tensor, known_BP: Tensor) -> Tensor:
        lifted_BPW = self.lift(pieces_BPD)
        if self.pooling == "sum":
            pooled_BW = (lifted_BPW * known_BP[..., None]).sum(1)
        else:
            hidden = ~known_BP[..., None].bool()
            pooled_BW = lifted_BPW.masked_fill(hidden, torch.finfo(lifted_BPW.dtype).min).amax(1)
        return self.out(self.layers(pooled_BW))


class SequenceLSTM(nn.Module):
    """The set as a sequence: each piece depends on all before it (Han et al. 2017, section 3.2)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.lstm = nn.LSTM(config.dimension, config.width, config.num_layers, batch_first=True)
        self.out = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(config.width, config.dimension))

    def forward(self, pieces_BPD: Tensor, known_BP: Tensor) -> Tensor:
        """Pieces stand first, in their order: what comes after the last one is not looked at."""
        hidden_BPW, _ = self.lstm(pieces_BPD)
        last_B = (known_BP.sum(1).long() - 1).clamp_min(0)
        return self.out(hidden_BPW[torch.arange(len(last_B), device=last_B.device), last_B])


class SetTransformer(nn.Module):
    """Pieces and a token for the missing one, without positions.

    OutfitTransformer (Sarkar et al. 2022, section 3.2).
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.lift = nn.Linear(config.dimension, config.width)
        self.target_1W = nn.Parameter(torch.randn(1, config.width) / config.width**0.5)
        layer = nn.TransformerEncoderLayer(
            config.width,
            config.num_heads,
            2 * config.width,
            config.dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.layers = nn.TransformerEncoder(layer, config.num_layers, enable_nested_tensor=False)
        self.out = nn.Sequential(nn.LayerNorm(config.width), nn.Linear(config.width, config.dimension))

    def forward(self, pieces_BPD: Tensor, known_BP: Tensor) -> Tensor:
        target_B1W = self.target_1W.expand(len(pieces_BPD), 1, -1)
        tokens_BTW = torch.cat([target_B1W, self.lift(pieces_BPD)], 1)
        hidden_BT = torch.cat([torch.zeros_like(known_BP[:, :1]), 1 - known_BP], 1).bool()
        return self.out(self.layers(tokens_BTW, src_key_padding_mask=hidden_BT)[:, 0])


GENERATORS: dict[str, type[DAN | SequenceLSTM | SetTransformer]] = {
    "dan": DAN,
    "lstm": SequenceLSTM,
    "transformer": SetTransformer,
}


class OutfitNetwork(nn.Module):
    """Item tower and generator, aligned: a query is near to the vectors of what goes with its set."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.items = ItemTower(config.items, config.dimension, config.width)
        self.generator = GENERATORS[config.generator](config)

    def queries(self, pieces_BPD: Tensor, known_BP: Tensor) -> Tensor:
        """Unit rows [B, D] for sets of item vectors; `known_BP` is 1 where there is a piece, pieces first."""
        return F.normalize(self.generator(pieces_BPD, known_BP).float(), dim=-1)
