"""What can be set about the retrieval family: each value beside the sentence that says what it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class NetworkConfig:
    """One image tower: a `timm` backbone, an embedding and a category head."""

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
    """Length of an embedding."""


@dataclass(frozen=True)
class AugmentConfig:
    """How catalogue pictures are made to look like shoppers' photos while training."""

    street_share: float = 0.4
    """Share of the query views that are cut out and put over a street; the others are tidy re-shots."""
    real_share: float = 0.5
    """How often a real shopper's photo of the item takes the place of an imitated one, where there is one."""
    first_view_strength: float = 0.25
    """Wear of the first view, which stands for the shop's own photo: 0 none, 1 a shopper's."""
    mirror_share: float = 0.5
    """Share of the products that a step shows with left and right exchanged."""
    tilt_degrees: float = 20.0
    """Largest tilt of a street view to either side; a tidy view takes 0.4 of it."""
    zoom: float = 0.14
    """How much a view's box may be too large or too small, as a share of its sides."""
    shift: float = 0.07
    """How far a view's box may be off, as a share of its sides."""
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
    attribute_weight: float = 0.3
    """Weight of each other known fact of an item: subcategory, department, gender, colour, season, usage."""
    student_item_weight: float = 0.2
    """Distillation: weight of the softmax over the teacher's item prototypes."""
    embedding_weight: float = 4.0
    """Distillation: weight of the distance between the student's and the teacher's embeddings."""
    similarity_weight: float = 1.0
    """Distillation: weight of the divergence between their similarity structures."""
    temperature: float = 0.05
    """Distillation: temperature of the similarity structures."""


@dataclass(frozen=True)
class RetrievalConfig:
    """A network, how its views are made and what it is trained for."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    items_per_cluster: int = 12
    """Mean size of the look-alike clusters that the cluster softmax tells apart."""
