"""Configures the retrieval family; a sentence describes each field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from atelier.families.schedule import Schedule


@dataclass(frozen=True)
class TextConfig:
    """The text tower, for titles and written queries."""

    num_buckets: int = 32_768
    """Numbers that tokens are hashed to; two tokens of one number are one to the tower."""
    width: int = 128
    """Length of a token's embedding."""
    hidden: int = 256


@dataclass(frozen=True)
class NetworkConfig:
    """One network: an image tower with a `timm` backbone, a text tower, an embedding and a category head."""

    backbone: str = "resnet18"
    """Name of a model in timm."""
    backbone_options: Mapping[str, object] = field(default_factory=dict)
    """Passed to `timm.create_model`: widths, depths, stem."""
    weights: str | None = None
    """Where the backbone starts: None from scratch, 'timm' the pretrained weights of that name (a download,
    only because it was asked for), or the path of a local safetensors file."""
    image_size: int = 64
    """Side of the square picture it sees."""
    dimension: int = 256
    """Length of a relevance vector, which puts the best finds in order. The recall vector, which is searched
    for in everything, is a projection of it."""
    recall_dimension: int = 128
    """Length of a recall vector."""
    text: TextConfig = field(default_factory=TextConfig)


@dataclass(frozen=True)
class AugmentConfig:
    """Parameters of the views that imitate shoppers' photos."""

    street_share: float = 0.4
    """Share of the query views that are cut out and put over a street; the others are tidy re-shots."""
    real_share: float = 0.5
    """How often a real shopper's photo of the item takes the place of an imitated one, where there is one."""
    first_view_strength: float = 0.25
    """PhotoDegradation of the first view, which stands for the shop's own photo: 0 none, 1 a shopper's."""
    mirror_share: float = 0.5
    """Share of the products that a step shows with left and right exchanged."""
    tilt_degrees: float = 20.0
    """Largest tilt of a street view to either side; a tidy view takes 0.4 of it."""
    zoom: float = 0.14
    """How much a view's box may be too large or too small, as a share of its sides."""
    shift: float = 0.07
    """How far a view's box may be off, as a share of its sides."""
    labelled_zoom: float = 0.25
    """How much nearer or further a labelled photo is seen, as a share of its sides."""
    exposure: tuple[float, float] = (0.45, 1.15)
    contrast: tuple[float, float] = (0.7, 1.15)
    cast: float = 0.12
    """Largest change of one colour channel against the others."""
    shade: float = 0.4
    """How much darker one side of the view may be than the other."""
    noise: float = 0.035
    """Largest standard deviation of the noise, of 1."""
    blur_share: float = 0.5
    """Share of the views that lose detail."""


@dataclass(frozen=True)
class LossConfig:
    """Weights and margins of the losses."""

    item_scale: float = 24.0
    """Scale of the margin softmax over items (`s` of CosFace)."""
    item_margin: float = 0.15
    """Margin of the softmax over items (`m` of CosFace)."""
    cluster_weight: float = 0.25
    cluster_margin: float = 0.1
    contrast_weight: float = 0.5
    """Weight of the in-batch contrast between the two views of an item."""
    contrast_temperature: float = 0.07
    category_weight: float = 3.0
    label_smoothing: float = 0.05
    sampled_items: int | None = None
    """Classes that a step of the softmax over items looks at: those of the batch and a random sample of the
    others (Partial FC). None looks at all; a million items need it."""
    text_weight: float = 0.3
    """Weight of the contrast between a photo and its item's title."""
    text_contrast: Literal["softmax", "sigmoid"] = "softmax"
    """How photos and titles are told apart: CLIP's softmax over the batch, or SigLIP's sigmoid for each pair,
    which needs no batch-wide normalisation and suits small batches."""
    label_weight: float = 1.0
    """Weight of the coarse labels of shoppers' photos that show no known item."""
    attribute_weight: float = 0.3
    """Weight of each other known fact of an item: subcategory, department, gender, colour, season, usage."""
    student_item_weight: float = 1.0
    """Distillation: weight of the margin softmax over the teacher's gallery, an item a class."""
    student_item_scale: float = 20.0
    student_item_margin: float = 0.1
    embedding_weight: float = 4.0
    """Distillation: weight of the distance between the student's and the teacher's embeddings."""
    similarity_weight: float = 1.0
    """Distillation: weight of the divergence between their similarity structures."""
    temperature: float = 0.05
    """Distillation: temperature of the similarity structures."""


@dataclass(frozen=True)
class RetrievalConfig:
    """A network, its views and its losses."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    items_per_cluster: int = 12
    """Mean size of the look-alike clusters that the cluster softmax tells apart."""
    cluster_size_factor: float = 2.0
    """How much larger or smaller than their category's mean its clusters may be."""


@dataclass(frozen=True)
class RetrievalPreset:
    """A teacher, its student, and how each is trained; a pass shows two views of every product."""

    name: str
    teacher: RetrievalConfig
    facts_schedule: Schedule
    """The teacher's first pass, over facts; its second goes on from there."""
    teacher_schedule: Schedule
    student: RetrievalConfig
    student_schedule: Schedule
    min_recall_at_1: float = 0.0
    """Floor below which not even a first champion is accepted."""
