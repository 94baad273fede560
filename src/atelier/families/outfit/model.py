"""Defines the networks: item -> vector, and partial set -> vector of the missing piece.

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
    """Inputs of items; rows of zeros, and code 0, stand for missing values."""

    image: Tensor
    """[..., I], unit rows; I is 0 without pictures."""
    title: Tensor
    """[..., T], unit rows."""
    colour: Tensor
    """[..., C], unit rows."""
    codes: Tensor
    """[..., F], int64: facts in the order of `ItemConfig.fact_sizes`, values from 1."""

    def at(self, rows: Tensor) -> ItemFeatures:
        """Select the features of some items, in any shape of `rows`."""
        return ItemFeatures(*(part[rows] for part in self))


class ItemTower(nn.Module):
    """Embeds an item as one unit vector: appearance first, then attributes.

    The first part is linear in picture, title and colours, so that what looks alike is near from the first
    step on: some hundred sets teach little more. The second part mixes all that is known.
    """

    def __init__(self, config: ItemConfig, look_dimension: int, dimension: int, width: int) -> None:
        super().__init__()
        self.dropout, self.vector_dropout = config.dropout, config.vector_dropout
        lengths = (config.image_dimension, config.title_dimension, config.colour_dimension)
        self._has_vector = [length > 0 for length in lengths]
        self.vectors = nn.ModuleList(
            nn.Linear(length, config.vector_width, bias=False) for length in lengths if length
        )
        self.facts = nn.ModuleList(
            nn.Embedding(size + 1, config.fact_width, padding_idx=0) for size in config.fact_sizes.values()
        )
        looked = len(self.vectors) * config.vector_width
        stacked = looked + len(self.facts) * config.fact_width
        if stacked == 0:
            raise ValueError("an item needs a picture, a title or a fact")
        self.look_dimension = look_dimension
        self.look = nn.Linear(looked, look_dimension, bias=False) if looked else None
        self.mix = nn.Sequential(
            nn.Linear(stacked, width), nn.GELU(), nn.Linear(width, dimension - look_dimension)
        )

    def forward(self, features: ItemFeatures) -> Tensor:
        """Compute unit rows [..., D]."""
        given = [part for part, there in zip(features[:3], self._has_vector, strict=True) if there]
        # What is known by its looks alone keeps them.
        told = (features.codes > 0).any(-1)
        share = torch.where(told, self.vector_dropout, self.dropout)
        parts = [self._sometimes(layer(part), share) for layer, part in zip(self.vectors, given, strict=True)]
        num_vectors = len(parts)
        parts += [
            self._sometimes(table(features.codes[..., number]), self.dropout)
            for number, table in enumerate(self.facts)
        ]
        mixed = self.mix(torch.cat(parts, -1)).float()
        if self.look is None:
            look = mixed.new_zeros((*mixed.shape[:-1], self.look_dimension))
        else:
            look = self.look(torch.cat(parts[:num_vectors], -1)).float()
        return F.normalize(torch.cat([look, mixed], -1), dim=-1)

    def _sometimes(self, part: Tensor, share: Tensor | float) -> Tensor:
        """While training, without this part now and then: so that items that lack it are no surprise."""
        if not self.training:
            return part
        return part * (torch.rand(part.shape[:-1], device=part.device) >= share)[..., None]


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
        """Encode pieces, which stand first, in their order; padding after the last one is ignored."""
        hidden_BPW, _ = self.lstm(pieces_BPD)
        last_B1 = (known_BP.sum(1, keepdim=True).long() - 1).clamp_min(0)
        last_B1W = last_B1[..., None].expand(-1, 1, hidden_BPW.shape[2])
        return self.out(hidden_BPW.gather(1, last_B1W)[:, 0])


class SetTransformer(nn.Module):
    """Pieces and a token for the missing one, without positions.

    OutfitTransformer (Sarkar et al. 2022, section 3.2).
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.lift = nn.Linear(config.dimension, config.width)
        self.target_1W = nn.Parameter(torch.randn(1, config.width) / config.width**0.5)
        self.layers = nn.ModuleList(SetAttention(config) for _ in range(config.num_layers))
        self.out = nn.Sequential(nn.LayerNorm(config.width), nn.Linear(config.width, config.dimension))

    def forward(self, pieces_BPD: Tensor, known_BP: Tensor) -> Tensor:
        target_B1W = self.target_1W.expand(pieces_BPD.shape[0], 1, -1)  # traced, as `len` is not
        tokens_BTW = torch.cat([target_B1W, self.lift(pieces_BPD)], 1)
        seen_B11T = torch.cat([torch.ones_like(known_BP[:, :1]), known_BP], 1).bool()[:, None, None]
        for layer in self.layers:
            tokens_BTW = layer(tokens_BTW, seen_B11T)
        return self.out(tokens_BTW[:, 0])


class SetAttention(nn.Module):
    """One layer of a Transformer, norms first (Xiong et al. 2020, section 3); T = tokens.

    Written out: the library's own layer is exported with a fixed number of tokens.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width = config.width
        self.num_heads, self.dropout = config.num_heads, config.dropout
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.parts, self.join = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mix = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(config.dropout), nn.Linear(2 * width, width)
        )
        self.drop = nn.Dropout(config.dropout)

    def forward(self, tokens_BTW: Tensor, seen_B11T: Tensor) -> Tensor:
        parts_3BHTW = self.parts(self.norms[0](tokens_BTW)).unflatten(-1, (3, self.num_heads, -1))
        query, key, value = parts_3BHTW.permute(2, 0, 3, 1, 4)
        dropout = self.dropout if self.training else 0.0
        heard = F.scaled_dot_product_attention(query, key, value, attn_mask=seen_B11T, dropout_p=dropout)
        tokens_BTW = tokens_BTW + self.drop(self.join(heard.transpose(1, 2).flatten(2)))
        return tokens_BTW + self.drop(self.mix(self.norms[1](tokens_BTW)))


GENERATORS: dict[str, type[DAN | SequenceLSTM | SetTransformer]] = {
    "dan": DAN,
    "lstm": SequenceLSTM,
    "transformer": SetTransformer,
}


class OutfitNetwork(nn.Module):
    """Item tower and generator, aligned: a query is near the vectors of the items that complete its set.

    What looks alike goes together unless learned otherwise, what is alike does not: before training, a query
    looks like the middle of its pieces, and the generator says what it is.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.items = ItemTower(config.items, config.look_dimension, config.dimension, config.width)
        self.generator = GENERATORS[config.generator](config)
        is_look_D = torch.arange(config.dimension) < config.look_dimension
        self.middle_D = nn.Parameter(torch.where(is_look_D, 1.0, 0.0))
        self.moved_D = nn.Parameter(torch.where(is_look_D, 0.3, 1.0))

    def queries(self, pieces_BPD: Tensor, known_BP: Tensor) -> Tensor:
        """Compute unit rows [B, D] for sets of item vectors; `known_BP` is 1 where there is a piece, pieces
        first.
        """
        known_BP1 = known_BP[..., None].to(pieces_BPD.dtype)
        middle_BD = (pieces_BPD * known_BP1).sum(1) / known_BP1.sum(1).clamp_min(1)
        moved_BD = self.generator(pieces_BPD, known_BP)
        return F.normalize((self.middle_D * middle_BD + self.moved_D * moved_BD).float(), dim=-1)
