"""The batches that families are trained on: plain tensors, no I/O.

B = batch, F = side of a frame, A = attributes, T = tokens, L = labelled photos
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True)
class ProductBatch:
    """Products, each with the frame of its catalogue photo and, where there is one, of a shopper's photo."""

    frames_B4FF: Tensor
    """uint8, RGB and alpha."""
    extents_B4: Tensor
    """float32, x0, y0, x1, y1 of the product in its frame, from -1 to 1."""
    shopper_frames_B3FF: Tensor
    """uint8; black where `has_shopper_B` is False."""
    has_shopper_B: Tensor
    """bool."""
    item_B: Tensor
    """int64; duplicates of one product share a number."""
    cluster_B: Tensor
    """int64."""
    category_B: Tensor
    """int64."""
    attributes_BA: Tensor
    """int64; -1 where a value is not known."""
    tokens_BT: Tensor
    """int64; tokens of the title, see the family's `token_ids`."""
    title_B: Tensor
    """int64; products of one title share a number."""
    labelled_frames_L3FF: Tensor
    """uint8; shoppers' photos of unknown items, of which a coarse label is known; L may be zero."""
    label_L: Tensor
    """int64."""

    def to(self, device: torch.device) -> Self:
        """Return the same batch on another device."""
        return replace(self, **{each.name: getattr(self, each.name).to(device) for each in fields(self)})


@dataclass(frozen=True)
class CutoutBatch:
    """Products to be composed into scenes: the frame of each catalogue photo, and its kind."""

    frames_B4FF: Tensor
    """uint8, RGB and alpha."""
    extents_B4: Tensor
    """float32, x0, y0, x1, y1 of the product in its frame, from -1 to 1."""
    kind_B: Tensor
    """int64."""


@dataclass(frozen=True)
class SetBatch:
    """Sets of items that stand together, as rows of a table of items. P = places."""

    rows_BP: Tensor
    """int64, in the order of their makers; -1 behind the last piece."""
    source_B: Tensor
    """int64; sets of different sources are not compared with each other."""
    liked_B: Tensor
    """bool; False for sets that were shown often and clicked seldom."""


@dataclass(frozen=True)
class ShowingBatch:
    """Showings of sets to users, as rows of a table of sets. H = sets clicked before."""

    set_B: Tensor
    """int64, what was shown."""
    history_BH: Tensor
    """int64, what the user had clicked by then; -1 behind the last."""
    bucket_B: Tensor
    """int64, what the user's name is hashed to, from 1; 0 for a user without a click."""
    clicked_B: Tensor
    """bool."""
    propensity_B: Tensor
    """float32, probability with which the set was shown."""
