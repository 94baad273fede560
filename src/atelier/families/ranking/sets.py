"""Sets and users as numbers, the same for training and for serving. Pure NumPy.

N = items, S = sets, P = places, D = item vector, F = facts, W = summary, B = users or batch, H = history
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from atelier.families.ranking.config import ItemConfig

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
_AT_ONCE = 8192


class Pieces(NamedTuple):
    """The items of sets; zeros where there is none."""

    vectors_BPD: Floats
    codes_BPF: Ints
    prices_BP2: Floats
    known_BP: Floats
    """1 where there is a piece."""


@dataclass(frozen=True, eq=False)
class Sets:
    """Sets, as rows of a table of items."""

    config: ItemConfig
    vectors_ND: Floats
    codes_NF: Ints
    """Facts in the order of `ItemConfig.fact_sizes`: values from 1, 0 where one is not known."""
    prices_N: Floats
    """NaN where a price is not known."""
    rows_SP: Ints
    """-1 behind the last piece; a set has one at least."""

    def __post_init__(self) -> None:
        num, facts = len(self.vectors_ND), self.config.fact_sizes
        expected: dict[str, tuple[int, ...]] = {
            "vectors_ND": (num, self.config.vector_dimension),
            "codes_NF": (num, len(facts)),
            "prices_N": (num,),
        }
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"Sets.{name} must be of shape {shape}, not {getattr(self, name).shape}")
        if len(self.rows_SP) and (self.rows_SP.max() >= num or (self.rows_SP < 0).all(1).any()):
            raise ValueError(
                f"Sets.rows_SP needs one row of {num} items for each set at least, -1 behind them"
            )
        for number, (fact, size) in enumerate(facts.items()):
            if num and not 0 <= self.codes_NF[:, number].min() <= self.codes_NF[:, number].max() <= size:
                raise ValueError(f"Sets.codes_NF: '{fact}' has codes from 0 to {size}, others were given")

    def __len__(self) -> int:
        return len(self.rows_SP)

    def pieces(self, sets: Ints | slice) -> Pieces:
        """Return the inputs of the set tower."""
        rows_BP = self.rows_SP[sets]
        known_BP = (rows_BP >= 0).astype(np.float32)
        at = np.maximum(rows_BP, 0)
        return Pieces(
            self.vectors_ND[at] * known_BP[..., None],
            self.codes_NF[at] * (rows_BP >= 0)[..., None],
            prices_in(self.prices_N, self.config)[at] * known_BP[..., None],
            known_BP,
        )

    @cached_property
    def summaries(self) -> Floats:
        """Compute each set's summary [S, W], the mean over its pieces, which describes a user who clicked
        it.
        """
        parts = [self._summaries(slice(at, at + _AT_ONCE)) for at in range(0, len(self), _AT_ONCE)]
        return np.concatenate([np.zeros((0, self.config.summary_width), np.float32), *parts])

    def _summaries(self, sets: slice) -> Floats:
        pieces = self.pieces(sets)
        columns = [pieces.vectors_BPD.sum(1)]
        for number, size in enumerate(self.config.fact_sizes.values()):
            values = np.arange(1, size + 1)
            columns.append((pieces.codes_BPF[:, :, number, None] == values).sum(1).astype(np.float32))
        columns.append(pieces.prices_BP2.sum(1))
        means: Floats = np.concatenate(columns, 1) / pieces.known_BP.sum(1)[:, None]
        return means.astype(np.float32)


def prices_in(prices_N: Floats, config: ItemConfig) -> Floats:
    """Convert prices [N, 2] to network inputs: logarithms around 0, and whether there is one."""
    known_N = np.isfinite(prices_N) & (prices_N > 0)
    logs_N = np.log(np.where(known_N, prices_N, 1.0))
    scaled_N = np.where(known_N, (logs_N - config.price_mean) / config.price_spread, 0.0)
    return np.stack([scaled_N, known_N], 1).astype(np.float32)


def price_scale(prices_N: Floats) -> tuple[float, float]:
    """Compute `price_mean` and `price_spread` of a catalogue; 0 and 1 where it has no prices."""
    logs = np.log(prices_N[np.isfinite(prices_N) & (prices_N > 0)])
    return (float(logs.mean()), float(logs.std()) or 1.0) if len(logs) else (0.0, 1.0)


def profiles(summaries_SW: Floats, history_BH: Ints) -> Floats:
    """Describe users [B, W + 1] by their clicks: the mean of the summaries, and the logarithm of their
    number.

    `history_BH`: rows of sets, -1 behind the last. All zeros for a user who clicked nothing yet.
    """
    known_BH = history_BH >= 0
    num_B1 = known_BH.sum(1, keepdims=True)
    sums_BW = np.einsum(
        "bhw,bh->bw", summaries_SW[np.maximum(history_BH, 0)], known_BH.astype(np.float32), optimize=True
    )
    found: Floats = np.concatenate([sums_BW / np.maximum(num_B1, 1), np.log1p(num_B1)], 1)
    return found.astype(np.float32)


def bucket_of(user_id: str, num_clicks: int, num_buckets: int) -> int:
    """Return the bucket of a user id, from 1; 0 for a user without clicks, or without buckets."""
    if not num_clicks or not num_buckets:
        return 0
    digest = hashlib.sha256(user_id.encode()).digest()
    return 1 + int.from_bytes(digest[:8], "big") % num_buckets
