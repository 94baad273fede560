"""The products that the retrieval family is trained on, in memory-mapped arrays.

N = catalogue photos, M = shoppers' photos of known items, P = labelled photos of unknown ones, F = side of a
frame, A = attributes, T = tokens
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import Dataset

from atelier.datasets.batches import ProductBatch
from atelier.families.retrieval.framing import frame_box, take
from atelier.vocabulary import Box

FRAME_SIDE = 80
"""Side of a kept frame: a quarter more than the usual view, so that a zoomed view stays sharp."""
UNKNOWN = -1
LABELLED_SHARE = 1 / 6
"""Labelled photos of unknown items that ride in a batch, for each product."""


@dataclass(frozen=True)
class Labels:
    """Labels of each of the N catalogue photos, as class numbers."""

    item_N: NDArray[np.int64]
    cluster_N: NDArray[np.int64]
    category_N: NDArray[np.int64]
    attributes_NA: NDArray[np.int64]
    """`UNKNOWN` where a value is not known."""
    categories: tuple[str, ...]
    """Names of the category numbers."""
    attribute_sizes: tuple[int, ...]
    """Number of values of each attribute."""
    title_N: NDArray[np.int64]
    """Products of one title share a number."""
    noun_N: NDArray[np.int64]
    """Number of a title's last word, which says what the product is: 'Puma Men Black Tshirt'."""
    shopper_labels: tuple[str, ...] = ()
    """Names of the coarse labels that shoppers' photos of unknown items carry."""

    @property
    def num_items(self) -> int:
        return int(self.item_N.max()) + 1

    @property
    def num_clusters(self) -> int:
        return int(self.cluster_N.max()) + 1


@dataclass(frozen=True)
class Products(Dataset[ProductBatch]):
    """A map-style dataset that returns whole batches; deterministic, as views are made later."""

    frames_N4FF: NDArray[np.uint8]
    extents_N4: NDArray[np.float32]
    shopper_frames_M3FF: NDArray[np.uint8]
    shopper_N: NDArray[np.int64]
    """Row of a shopper's photo of the same item, or `UNKNOWN`."""
    tokens_NT: NDArray[np.int64]
    labelled_frames_P3FF: NDArray[np.uint8]
    label_P: NDArray[np.int64]
    labels: Labels

    def __len__(self) -> int:
        return len(self.frames_N4FF)

    def __getitem__(self, index: int) -> ProductBatch:
        return self.__getitems__([index])

    def __getitems__(self, indices: list[int]) -> ProductBatch:
        rows = np.asarray(indices)
        shopper = self.shopper_N[rows]
        # Products come in random order, and so do the labelled photos that ride with the first of them.
        num_labelled = round(LABELLED_SHARE * len(rows)) if len(self.label_P) else 0
        labelled = rows[:num_labelled] % max(1, len(self.label_P))
        shopper_frames = np.zeros((len(rows), 3, *self.frames_N4FF.shape[2:]), np.uint8)
        shopper_frames[shopper >= 0] = self.shopper_frames_M3FF[shopper[shopper >= 0]]
        return ProductBatch(
            frames_B4FF=torch.from_numpy(self.frames_N4FF[rows]),
            extents_B4=torch.from_numpy(self.extents_N4[rows]),
            shopper_frames_B3FF=torch.from_numpy(shopper_frames),
            has_shopper_B=torch.from_numpy(shopper >= 0),
            item_B=torch.from_numpy(self.labels.item_N[rows]),
            cluster_B=torch.from_numpy(self.labels.cluster_N[rows]),
            category_B=torch.from_numpy(self.labels.category_N[rows]),
            attributes_BA=torch.from_numpy(self.labels.attributes_NA[rows]),
            tokens_BT=torch.from_numpy(self.tokens_NT[rows]),
            title_B=torch.from_numpy(self.labels.title_N[rows]),
            labelled_frames_L3FF=torch.from_numpy(self.labelled_frames_P3FF[labelled]),
            label_L=torch.from_numpy(self.label_P[labelled]),
        )

    @staticmethod
    def collate(batch: ProductBatch) -> ProductBatch:
        """Return the batch: `__getitems__` has joined it already."""
        return batch


def product_frame(
    pixels: NDArray[np.uint8], rgba: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], tuple[float, ...]]:
    """Frame a catalogue photo to uint8 [4, F, F]; returns the product's extent in it, from -1 to 1.

    `rgba` is the same picture without its background (`matting.matte`), [H, W, 4].
    """
    box = frame_box(pixels)
    colour = take(np.ascontiguousarray(rgba[..., :3]), box)
    alpha = take(
        np.pad(rgba[..., 3:], ((1, 1), (1, 1), (0, 0))), Box(box.x0 + 1, box.y0 + 1, box.x1 + 1, box.y1 + 1)
    )
    if rgba[..., 3].all():
        alpha = np.full(alpha.shape, 255, np.uint8)
    frame = np.concatenate([squeezed(colour), squeezed(np.repeat(alpha, 3, axis=2))[:1]])
    return frame, _extent(frame[3])


def squeezed(pixels: NDArray[np.uint8], side: int = FRAME_SIDE) -> NDArray[np.uint8]:
    """Resize a picture [H, W, 3] to a square, channels first: uint8 [3, side, side]."""
    square = Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR, reducing_gap=3.0)
    return np.ascontiguousarray(np.asarray(square).transpose(2, 0, 1))


def _extent(alpha_FF: NDArray[np.uint8]) -> tuple[float, ...]:
    """Normalised box of what is opaque; the whole frame when almost nothing is."""
    opaque = alpha_FF >= 128
    rows, columns = np.flatnonzero(opaque.any(axis=1)), np.flatnonzero(opaque.any(axis=0))
    if len(rows) < 2 or len(columns) < 2:
        return (-1.0, -1.0, 1.0, 1.0)
    side = len(alpha_FF)
    edges = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    return tuple(float(2 * edge / side - 1) for edge in edges)
