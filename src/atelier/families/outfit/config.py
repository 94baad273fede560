"""Configures the outfit family; a sentence describes each field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from atelier.families.schedule import Schedule

Kind = Literal["dan", "lstm", "transformer"]
Pooling = Literal["sum", "max"]


@dataclass(frozen=True)
class ItemConfig:
    """Inputs of an item. Items may lack any of them."""

    image_dimension: int = 0
    """Length of the retrieval family's relevance vector; 0 without pictures."""
    title_dimension: int = 0
    """Length of the title's vector of the same family; 0 without titles."""
    colour_dimension: int = 0
    """Length of what `colours.histogram` says of a picture; 0 without pictures."""
    fact_sizes: Mapping[str, int] = field(default_factory=dict)
    """Facts that are embedded ('category', 'usage', 'season'), with their numbers of values."""
    fact_width: int = 64
    """Length of a fact's embedding."""
    vector_width: int = 128
    """Length of what is made of a vector: picture, title, colours."""
    dropout: float = 0.1
    """Share of the facts of an item that training leaves out."""
    vector_dropout: float = 0.5
    """The same of picture, title and colours, where facts are told: no two items share a vector, so that few
    sets are soon learned by heart."""


@dataclass(frozen=True)
class NetworkConfig:
    """Dimensions of the item tower and of the generator."""

    items: ItemConfig = field(default_factory=ItemConfig)
    generator: Kind = "dan"
    pooling: Pooling = "sum"
    """Of the DAN: how a set becomes one vector, whatever the order of its pieces."""
    dimension: int = 96
    """Length of an item's vector: first what it looks like, then what it is."""
    look_dimension: int = 32
    """Length of the first part."""
    width: int = 256
    """Hidden size of the generator."""
    num_layers: int = 2
    num_heads: int = 4
    """Of the transformer."""
    dropout: float = 0.1


@dataclass(frozen=True)
class LossConfig:
    """Weights and scales of the losses."""

    scale: float = 16.0
    """Of cosines before the softmax (the smoothing factor of DSSM)."""
    easy_weight: float = 0.15
    """Weight of the choice among all that a batch lacks, where a set also has the next, harder one."""
    hard_weight: float = 1.0
    """Weight of the choice among other items of the missing piece's own category."""
    num_hard: int = 16
    """Items of that category which a set is compared with."""
    judge_weight: float = 0.5
    """Weight of saying, of each of these and of badly clicked sets, whether they go together."""
    judge_scale: float = 8.0
    judge_threshold: float = 0.3
    """Cosine above which pieces go together."""
    teacher_weight: float = 0.1
    """Of a student: weight of agreeing with its teacher about which piece a set lacks."""


@dataclass(frozen=True)
class OutfitPreset:
    """A set Transformer, the DAN that it teaches and that is served, and how both are trained.

    What is known of items is filled in from the data: lengths of vectors, values of facts.
    """

    name: str
    teacher: NetworkConfig
    student: NetworkConfig
    loss: LossConfig
    teacher_schedule: Schedule
    student_schedule: Schedule
    """A pass shows every set once, with one piece blanked out."""
    end_to_end_schedule: Schedule | None = None
    """How the student then goes on together with its image tower; None leaves the tower as it is."""
    min_fill_in_the_blank: float = 0.0
    """Floor of the mean over all sources below which not even a first champion is accepted."""
