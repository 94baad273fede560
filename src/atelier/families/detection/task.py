"""Trains the detector on the items of a whole scene, and of a close view of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from atelier.datasets.batches import CutoutBatch
from atelier.families.detection.config import STRIDE, DetectionConfig, LossConfig
from atelier.families.detection.export import contract_of
from atelier.families.detection.inference import look_twice
from atelier.families.detection.kinds import KINDS
from atelier.families.detection.losses import box_loss, kind_loss, main_loss, targets_of
from atelier.families.detection.metrics import Seen, detection_metrics
from atelier.families.detection.model import DetectionNetwork, cell_middles
from atelier.families.detection.scenes import Streets, View, close_views, compose, whole_views

_TOLD_OF = 64
"""Validation photos that are looked at in one batch."""


class Looks(NamedTuple):
    """The same scenes for the first pass and for the second."""

    whole: View
    close: View


@dataclass(frozen=True)
class Truth:
    """A held-out photo and its labelled items."""

    pixels: NDArray[np.uint8]
    boxes_R4: NDArray[np.float32]
    """In pixels."""
    kinds: tuple[str, ...]
    has_main: bool
    """Whether the first box is the item that the photo is about."""


class DetectionModule(nn.Module):
    """The network with its losses. Call it with `Looks`: a loss and its parts."""

    def __init__(self, network: DetectionNetwork, config: LossConfig) -> None:
        super().__init__()
        self.network = network
        self.config = config

    def forward(self, looks: Looks) -> tuple[Tensor, dict[str, Tensor]]:
        whole, close = self._loss(looks.whole), self._loss(looks.close)
        weights = {
            "kind": self.config.kind_weight,
            "main": self.config.main_weight,
            "box": self.config.box_weight,
            "mean_box": self.config.mean_box_weight,
        }
        total = torch.stack(
            [weights[name] * (whole[name] + self.config.close_weight * close[name]) for name in weights]
        ).sum()
        close_parts = {f"close_{name}": value for name, value in close.items()}
        return total, {**whole, **close_parts}

    def _loss(self, view: View) -> dict[str, Tensor]:
        cells = self.network(view.pixels_B3SS)
        num_cells = view.pixels_B3SS.shape[-1] // STRIDE
        middles_G2 = cell_middles(num_cells, num_cells, cells.boxes.device)
        targets = targets_of(view.boxes_BR4, view.kinds_BR, view.has_main_B, middles_G2, len(KINDS))
        share_BG = cells.main_logits.softmax(1)
        mean_box_B4 = (share_BG[..., None] * cells.boxes).sum(1)
        return {
            "kind": kind_loss(cells.kind_logits, targets.heat_BGK),
            "main": main_loss(cells.main_logits, targets.main_BG),
            "box": box_loss(cells.boxes, targets.box_BG4, targets.answers_BG.float()),
            "mean_box": box_loss(mean_box_B4, view.boxes_BR4[:, 0], view.has_main_B.float()),
        }


class DetectionTask:
    """The engine's `Task` for a network that learns from composed scenes."""

    def __init__(
        self,
        module: DetectionModule,
        streets: Streets,
        config: DetectionConfig,
        validation: Sequence[Truth] = (),
    ) -> None:
        self.module: nn.Module = module
        self.streets = streets
        self.config = config
        self.validation = validation

    def prepare(self, batch: CutoutBatch, generator: torch.Generator) -> Looks:
        device = batch.frames_B4FF.device
        streets = Streets(*(each.to(device, non_blocking=True) for each in self.streets))
        scenes = compose(batch, streets, self.config.scenes, generator)
        network = self.config.network
        return Looks(
            whole_views(scenes, streets, network.look_size, self.config.scenes, generator),
            close_views(scenes, streets, network.close_size, self.config.scenes, generator),
        )

    def loss(self, module: nn.Module, batch: Looks) -> tuple[Tensor, dict[str, Tensor]]:
        return module(batch)

    def evaluate(self, module: nn.Module) -> dict[str, float]:
        return evaluate_network(module.network, self.config, self.validation) if self.validation else {}


@torch.inference_mode()
def evaluate_network(
    network: DetectionNetwork, config: DetectionConfig, photos: Sequence[Truth]
) -> dict[str, float]:
    """Look at every photo twice, as serving does, and hold the boxes against the truth.

    The network computes in the precision of the autocast that is on.
    """
    device = network.head.weight.device

    def run(pixels_B3SS: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        pixels = torch.from_numpy(pixels_B3SS).to(device).contiguous(memory_format=torch.channels_last)
        cells = network(pixels)
        told = (cells.kind_logits.sigmoid(), cells.main_logits.softmax(1), cells.boxes)
        return tuple(each.float().cpu().numpy() for each in told)

    found = []
    contract = contract_of(config, model_digest="")
    for start in range(0, len(photos), _TOLD_OF):
        pictures = [photo.pixels for photo in photos[start : start + _TOLD_OF]]
        found += look_twice(run, pictures, contract)
    seen = [
        Seen(
            np.asarray([each.box.as_tuple() for each in boxes], np.float32).reshape(-1, 4),
            tuple(each.category for each in boxes),
            np.asarray([each.score for each in boxes], np.float32),
            photo.boxes_R4,
            photo.kinds,
            photo.has_main,
        )
        for boxes, photo in zip(found, photos, strict=True)
    ]
    return detection_metrics(seen)
