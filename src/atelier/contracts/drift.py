"""Compares the categories of a drop with those of the last version, beyond chance.

The distance is total variation: the share of the drop that would have to change its category. A drop of
twenty items is far from any catalogue by chance alone, so the distance is compared with that of random drops
of the same size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from atelier.contracts.promise import Promise, Surroundings, promised

NUM_RANDOM_DROPS = 1_000
CHANCE_QUANTILE = 0.999


@dataclass(frozen=True)
class CategoryShares:
    """The number of items of each category in a version or a drop."""

    counts: Mapping[str, int]


@dataclass(frozen=True)
class Drift:
    """The distance of a drop's categories from those of the last accepted version."""

    distance: float
    """Total variation, 0 (the same shares) to 1 (no category in common)."""
    by_chance: float
    """The distance that one in a thousand drops of this size has when nothing changed."""

    @property
    def beyond_chance(self) -> float:
        return max(0.0, self.distance - self.by_chance)

    def __str__(self) -> str:
        return (
            f"{self.distance:.0%} of the drop would have to change its category to have the shares of the "
            f"last version; chance alone explains up to {self.by_chance:.0%}"
        )


DRIFT_WORTH_A_WARNING = 0.1


def resembles(drift: Drift) -> Promise:
    """Warn where the drop's categories differ from those of the last version; a drop may be special."""
    expected = f"shares like those of the last version: {drift}"

    def holds(rows: pd.DataFrame, _: Surroundings) -> pd.Series[bool]:
        return pd.Series(drift.beyond_chance <= DRIFT_WORTH_A_WARNING, index=rows.index, dtype=bool)

    return replace(promised(("category",), expected, holds), only_warns=True)


def measure_drift(drop: CategoryShares, previous: CategoryShares) -> Drift | None:
    """Measure the drift; None where one of the two has no items.

    Chance is measured by a parametric bootstrap: both sides are drawn again and again from the two together.
    """
    categories = sorted({*drop.counts, *previous.counts})
    counts = np.array([[side.counts.get(name, 0) for name in categories] for side in (drop, previous)])
    num_drop, num_previous = counts.sum(axis=1)
    if num_drop == 0 or num_previous == 0:
        return None
    together = counts.sum(axis=0) / counts.sum()
    generator = np.random.default_rng(0)
    drops = generator.multinomial(num_drop, together, NUM_RANDOM_DROPS) / num_drop
    versions = generator.multinomial(num_previous, together, NUM_RANDOM_DROPS) / num_previous
    return Drift(
        distance=float(_total_variation(counts[0] / num_drop, counts[1] / num_previous)),
        by_chance=float(np.quantile(_total_variation(drops, versions), CHANCE_QUANTILE)),
    )


def _total_variation(shares: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Over the last axis, which sums to 1 on both sides."""
    return np.abs(shares - others).sum(axis=-1) / 2
