"""Cuts every picture to the same framing, so that a shopper's boxed item and the shop's own photo line up.

A frame is 3:4 (the shape of most catalogue photos), holds the item's box in its middle and a thin margin
around it. Without a box, the item of a picture on a plain background is found by looking for what is not
background; any other picture is framed whole. NumPy and Pillow only.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from atelier.matting import item_before_plain_background
from atelier.vocabulary import Box

ASPECT = 0.75
"""Width by height of a frame."""
MARGIN = 0.04
"""Added on each side, as a share of the frame."""


def frame(pixels: NDArray[np.uint8], box: Box | None = None) -> NDArray[np.uint8]:
    """Crop the framed part of an upright picture, uint8 [H, W, 3]; beyond the edges its border is
    repeated.
    """
    return take(pixels, frame_box(pixels, box))


def frame_box(pixels: NDArray[np.uint8], box: Box | None = None) -> Box:
    """Compute the frame in pixels of the picture; it may reach beyond the edges."""
    box = box or content_box(pixels)
    height = max(box.y1 - box.y0, (box.x1 - box.x0) / ASPECT) * (1 + 2 * MARGIN)
    width = height * ASPECT
    x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def content_box(pixels: NDArray[np.uint8]) -> Box:
    """Find the tight box of what is not plain background; the whole picture where the background is not
    plain.
    """
    return item_before_plain_background(pixels) or Box(0, 0, pixels.shape[1], pixels.shape[0])


def take(pixels: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """Crop the pixels of `box`, rounded to whole ones; the border is repeated where it reaches beyond.

    A view of the picture where it does not.
    """
    height, width = pixels.shape[:2]
    x0, y0 = math.floor(box.x0 + 0.5), math.floor(box.y0 + 0.5)
    x1, y1 = max(x0 + 1, math.floor(box.x1 + 0.5)), max(y0 + 1, math.floor(box.y1 + 0.5))
    # Slices and a border: picking every pixel by its number takes longer than decoding the photo.
    left, right = _overlap(x0, x1, width)
    top, bottom = _overlap(y0, y1, height)
    inside = pixels[top:bottom, left:right]
    beyond = ((max(0, top - y0), max(0, y1 - bottom)), (max(0, left - x0), max(0, x1 - right)), (0, 0))
    if not any(map(any, beyond)):
        return inside
    return np.pad(inside, beyond, "edge")[: y1 - y0, : x1 - x0]


def _overlap(low: int, high: int, length: int) -> tuple[int, int]:
    """The part of `low`..`high` that lies in 0..`length`; the pixel nearest to it where none does."""
    first = min(max(low, 0), length - 1)
    return first, max(first + 1, min(high, length))
