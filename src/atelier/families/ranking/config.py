"""Configures the ranking family; a sentence describes each field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from atelier.families.schedule import Schedule


@dataclass(frozen=True)
class ItemConfig:
    """Inputs of the items of sets."""

    vector_dimension: int = 64
    """Length of an item's vector, made by another family."""
    fact_sizes: Mapping[str, int] = field(default_factory=dict)
    """Facts that are told apart ('category', 'colour', 'usage'), with their numbers of values."""
    price_mean: float = 4.0
    """Of the logarithms of prices, in the catalogue's currency;"""
    price_spread: float = 1.0
    """and their standard deviation."""

    def __post_init__(self) -> None:
        if self.vector_dimension < 1 or self.price_spread <= 0:
            raise ValueError(
                f"ItemConfig needs a vector_dimension of at least 1 and a price_spread above 0, "
                f"not {self.vector_dimension!r} and {self.price_spread!r}"
            )

    @property
    def summary_width(self) -> int:
        """Length of a set's summary: mean vector, share of each value of each attribute, price, whether it is
        known.
        """
        return self.vector_dimension + sum(self.fact_sizes.values()) + 2


@dataclass(frozen=True)
class NetworkConfig:
    """Two towers: users and sets to vectors whose product is the log-odds of a click."""

    items: ItemConfig = field(default_factory=ItemConfig)
    dimension: int = 32
    """Length of the vectors that are compared; a bias of either side is added to it."""
    width: int = 128
    """Hidden size of both towers."""
    num_layers: int = 1
    """Hidden layers of a tower after its first; 0 is best for some ten thousand showings."""
    fact_width: int = 16
    """Length of a fact's embedding in the set tower."""
    num_buckets: int = 0
    """Learned vectors that users' names are hashed to; 0: a user is what the user clicked, nothing else."""
    dropout: float = 0.1


@dataclass(frozen=True)
class LossConfig:
    """Weights of showings, and dropout of inputs."""

    max_weight: float = 5.0
    """Most that a showing counts, as a multiple of the mean: inverse propensities are clipped there."""
    softmax_weight: float = 0.1
    """Weight of finding one's own among all that a batch's users clicked."""
    cold_share: float = 0.15
    """Share of showings whose user is taken for one never seen."""
    nameless_share: float = 0.3
    """Share of showings whose user has a history but no name: buckets must not replace histories."""


@dataclass(frozen=True)
class RankingConfig:
    """A network and its losses."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    loss: LossConfig = field(default_factory=LossConfig)


@dataclass(frozen=True)
class RankingPreset:
    """A ranker and how it is trained; a pass sees every showing once."""

    name: str
    config: RankingConfig
    schedule: Schedule
    longest_history: int = 50
    """Latest clicks that a user is known by."""
    min_auc: float = 0.5
    """Floor of `auc_within_users` below which not even a first ranker is accepted."""
    min_clicks: int = 100
    """Clicks of the test part; fewer decide nothing."""

    def for_items(self, items: ItemConfig) -> RankingPreset:
        """The preset for a catalogue: lengths of vectors, facts, prices."""
        network = replace(self.config.network, items=items)
        return replace(self, config=replace(self.config, network=network))
