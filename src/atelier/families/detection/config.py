"""Configures the detection family; a sentence describes each field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from atelier.families.detection.inference import BoxRules
from atelier.families.schedule import Schedule

STRIDE = 8
"""Pixels of a view for each cell that the network answers for."""
COARSEST_STRIDE = 32
"""Sides of views are multiples of this."""


@dataclass(frozen=True)
class NetworkConfig:
    """One network for both passes: a `timm` backbone, a top-down neck and one head."""

    backbone: str = "resnet18"
    """Name of a model in timm that gives features at strides 8, 16 and 32."""
    backbone_options: Mapping[str, object] = field(default_factory=dict)
    """Passed to `timm.create_model`: widths, depths, stem."""
    neck_channels: int = 64
    """Channels of the cells that the head reads."""
    look_size: int = 160
    """Side of the square that the whole photo is squeezed into for the first look."""
    close_size: int = 96
    """Side of the square for the second look, at what surrounds the chosen box."""

    def __post_init__(self) -> None:
        for name in ("look_size", "close_size"):
            if getattr(self, name) < COARSEST_STRIDE or getattr(self, name) % COARSEST_STRIDE:
                raise ValueError(
                    f"NetworkConfig.{name} must be a multiple of {COARSEST_STRIDE}, not {getattr(self, name)}"
                )


@dataclass(frozen=True)
class SceneConfig:
    """Parameters of the composition of training scenes."""

    plain_share: float = 0.15
    """Share of the scenes with the product before a plain background."""
    bare_share: float = 0.15
    """Share of the scenes that are a part of a street photo and nothing else."""
    height_share: tuple[float, float] = (0.2, 0.75)
    """Height of the upright product, as a share of a street scene's height."""
    plain_height_share: tuple[float, float] = (0.5, 1.0)
    """The same before a plain background."""
    aspect: tuple[float, float] = (0.68, 0.84)
    """Width by height of most scenes, as of photos held upright."""
    wide_share: float = 0.15
    """Share of the scenes of any shape between upright and lying, 0.68 to 1.5."""
    street_part: tuple[float, float] = (0.5, 1.0)
    """How much of a street photo's largest fitting part a scene shows."""
    tilt_degrees: float = 22.0
    perspective: float = 0.09
    """How far each corner of the product may wander, as a share of its side."""
    exposure: tuple[float, float] = (0.5, 1.2)
    contrast: tuple[float, float] = (0.65, 1.15)
    cast: float = 0.12
    """Largest change of one colour channel against the others."""
    shade: float = 0.4
    """How much darker one side of a scene may be than the other."""
    noise: float = 0.03
    """Largest standard deviation of the noise, of 1."""
    blur_share: float = 0.5
    """Share of the views that lose detail."""
    close_margin: tuple[float, float] = (1.1, 2.0)
    """Side of the second look's window, as a multiple of the box's side."""
    close_shift: float = 0.15
    """How far that window may be off, as a share of the box's side."""


@dataclass(frozen=True)
class LossConfig:
    """Weights of the losses."""

    kind_weight: float = 1.0
    """Of the focal loss that says what stands where."""
    main_weight: float = 0.5
    """Of the cross-entropy over cells that says which item the photo is about."""
    box_weight: float = 2.0
    """Of the boxes that single cells give."""
    mean_box_weight: float = 4.0
    """Of the main item's box, the mean of what the cells say."""
    close_weight: float = 1.0
    """Of the second look against the first."""


@dataclass(frozen=True)
class DetectionConfig:
    """A network, its scenes and its losses."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    scenes: SceneConfig = field(default_factory=SceneConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    rules: BoxRules = field(default_factory=BoxRules)
    """What is told when serving."""


@dataclass(frozen=True)
class DetectionPreset:
    """A detector and how it is trained; a pass composes one scene of every product."""

    name: str
    config: DetectionConfig
    schedule: Schedule
    min_main_hits: float = 0.0
    """Floor of `main/hit_75` below which not even a first champion is accepted."""
