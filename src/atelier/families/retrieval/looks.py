"""Makes several crops of one item at test time: the same photo framed a little differently.

An embedding is exact about its framing, and a box that is a tenth off already hides the item. So a query is
embedded under several framings at once, and an item is as near as it is to the nearest of them. NumPy and
Pillow only.

L = looks, S = image size
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from atelier.families.retrieval.framing import content_box, frame_box, take
from atelier.families.retrieval.inference import prepare, within
from atelier.vocabulary import Box


class QueryCrop(NamedTuple):
    """Difference of a crop's box from the given one: factor of its sides, shift in shares of them."""

    zoom: float
    x: float
    y: float


NARROW = tuple(
    QueryCrop(zoom, shift, shift) for zoom, shift in itertools.product((1.0, 0.95, 1.06), (0.0, 0.03, -0.03))
)
"""For a box that a person drew, or that stands out from a plain background."""
WIDE = tuple(
    QueryCrop(zoom, x, y)
    for zoom, (x, y) in itertools.product(
        (1.0, 0.88, 1.14), ((0.0, 0.0), (0.06, 0.0), (-0.06, 0.0), (0.0, 0.06), (0.0, -0.06))
    )
)
"""For a box that a detector found."""


def look_boxes(box: Box, looks: tuple[QueryCrop, ...]) -> list[Box]:
    """Compute the boxes of the crops; the first is the given one. They may reach beyond the picture."""
    width, height = box.x1 - box.x0, box.y1 - box.y0
    x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    return [
        Box(
            x + look.x * width - look.zoom * width / 2,
            y + look.y * height - look.zoom * height / 2,
            x + look.x * width + look.zoom * width / 2,
            y + look.y * height + look.zoom * height / 2,
        )
        for look in looks
    ]


def prepared_looks(
    pixels: NDArray[np.uint8], box: Box | None, image_size: int, looks: tuple[QueryCrop, ...] = NARROW
) -> NDArray[np.float32]:
    """Convert an upright picture's item to network inputs, one for each crop: float32 [L, 3, S, S] in 0..1.

    Without a box the item is what stands before a plain background, or the whole picture.
    QueryError: nothing of the box lies on the picture.
    """
    height, width = pixels.shape[:2]
    place = content_box(pixels) if box is None else within(box, width, height)
    return np.stack(
        [prepare(take(pixels, frame_box(pixels, look)), image_size) for look in look_boxes(place, looks)]
    )
