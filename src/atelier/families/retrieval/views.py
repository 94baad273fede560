"""Makes the views of a step: two views of each product, and labelled shoppers' photos.

B = products, L = labelled photos, S = side of a view; a step sees V = 2 B + L views.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from atelier.datasets.batches import ProductBatch
from atelier.families.retrieval.augment import labelled_views, mirrored, street_views, tidy_views
from atelier.families.retrieval.config import RetrievalConfig


class Views(NamedTuple):
    """All first views of a batch's products, then all second ones, then its labelled photos."""

    pixels_V3SS: Tensor
    """float, 0 to 1."""
    products: ProductBatch

    def of_products(self, rows_V: Tensor) -> Tensor:
        """Select the outputs for products: 2 B rows."""
        return rows_V[: 2 * len(self.products.item_B)]

    def of_labelled(self, rows_V: Tensor) -> Tensor:
        """Select the outputs for labelled photos: L rows."""
        return rows_V[2 * len(self.products.item_B) :]

    def twice(self, label_B: Tensor) -> Tensor:
        """Repeat a label of each product for its two views."""
        return torch.cat([label_B, label_B])


def make_views(
    batch: ProductBatch, streets_M3HW: Tensor, config: RetrievalConfig, generator: torch.Generator
) -> Views:
    """Make a tidy view and a shopper's view of each product, and a view of each labelled photo.

    The shopper's view is a street composite for the first part of the batch and a re-shot for the rest (the
    batch is in random order); a real shopper's photo takes its place half the time where there is one.
    """
    size, augment = config.network.image_size, config.augment
    streets_M3HW = streets_M3HW.to(batch.frames_B4FF.device, non_blocking=True)
    frames_B4FF, extents_B4 = mirrored(batch.frames_B4FF, batch.extents_B4, augment, generator)
    num_streets = round(len(frames_B4FF) * augment.street_share)
    street, plain = frames_B4FF[:num_streets], frames_B4FF[num_streets:]
    second = torch.cat(
        [
            street_views(street, extents_B4[:num_streets], streets_M3HW, size, augment, generator),
            tidy_views(plain, size, augment, generator),
        ]
    )
    if batch.has_shopper_B.any():
        opaque = F.pad(batch.shopper_frames_B3FF, (0, 0, 0, 0, 0, 1), value=255)
        real = tidy_views(opaque, size, augment, generator)
        coin = torch.rand(len(second), device=second.device, generator=generator) < augment.real_share
        second = torch.where((coin & batch.has_shopper_B)[:, None, None, None], real, second)
    views = [tidy_views(frames_B4FF, size, augment, generator, augment.first_view_strength), second]
    if len(batch.label_L):
        views.append(labelled_views(batch.labelled_frames_L3FF, size, augment, generator))
    return Views(torch.cat(views).contiguous(memory_format=torch.channels_last), batch)
