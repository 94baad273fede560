"""The nouns of a layout: pieces, where they are placed, and the geometry of boxes. Nothing here draws.

Lengths are in units of a canvas, whatever its designer chose; drawing scales them to pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from atelier.errors import CollageError
from atelier.vocabulary import Box

Pixels = NDArray[np.uint8]

_LEVEL = 0.75
"""Each level's side by that of the one above: drawing then looks at hardly more pixels than it makes."""
_SMALLEST_LEVEL = 160
LONGEST_TO_SHORTEST = 25
"""A cut-out thinner than that is a scratch, not a product."""


@dataclass(frozen=True, eq=False)
class Piece:
    """One item of a set, cut out of its background."""

    item_id: str
    slot: str
    """Its place in the set, as rule files call it: 'top', 'bedside table'."""
    category: str | None
    picture: Pixels
    """RGBA, uint8 [H, W, 4], cropped to what is not transparent: see `cutouts.cut_out`."""

    def __post_init__(self) -> None:
        shape = self.picture.shape
        if len(shape) != 3 or shape[2] != 4 or self.picture.dtype != np.uint8:
            raise CollageError(
                f"item {self.item_id} ({self.slot}): its picture is {self.picture.dtype} {list(shape)}; "
                "expected a cut-out, uint8 [H, W, 4], as cut_out() makes it"
            )
        if min(shape[:2]) < 2 or max(shape[:2]) > LONGEST_TO_SHORTEST * min(shape[:2]):
            raise CollageError(
                f"item {self.item_id} ({self.slot}): its picture has {shape[1]} x {shape[0]} pixels; "
                f"expected 2 each way or more, and one side at most {LONGEST_TO_SHORTEST} times the other"
            )
        if self.ink == 0:
            raise CollageError(f"item {self.item_id} ({self.slot}): its picture is wholly transparent")

    @property
    def aspect(self) -> float:
        """Width by height."""
        return float(self.picture.shape[1] / self.picture.shape[0])

    @cached_property
    def ink(self) -> float:
        """Share of its box that it covers, 0 to 1."""
        return float(self.picture[::4, ::4, 3].mean() / 255) or float(self.picture[..., 3].mean() / 255)

    @cached_property
    def levels(self) -> tuple[Image.Image, ...]:
        """The picture in ever smaller sizes, colours multiplied by alpha, to shrink from."""
        full = Image.fromarray(self.picture).convert("RGBa")
        found = [full]
        while max(found[-1].size) > _SMALLEST_LEVEL:
            scale = _LEVEL ** len(found)
            size = (max(1, round(full.width * scale)), max(1, round(full.height * scale)))
            found.append(full.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0))
        return tuple(found)

    @cached_property
    def outline(self) -> Image.Image:
        """The smallest level's alpha, for a soft shadow."""
        return self.levels[-1].getchannel(3)


@dataclass(frozen=True)
class Placed:
    """A piece and its box on the canvas; the box has the piece's proportions."""

    piece: Piece
    box: Box
    name: str
    """Of the template's box; the slot where the solver placed it."""
    layer: int = 0
    """Higher ones are drawn over lower ones."""
    may_overlap: frozenset[str] = frozenset()
    """Names of boxes that the template lets it overlap."""


@dataclass(frozen=True)
class Layout:
    """The positions of pieces and texts on a canvas."""

    width: float
    height: float
    margin: float
    """Kept free along each side."""
    placed: tuple[Placed, ...]
    text_boxes: tuple[tuple[str, Box], ...] = ()
    """Areas of texts by name: no piece lies on them unless its template says so."""

    @property
    def content(self) -> Box:
        """The canvas without its margin."""
        return Box(self.margin, self.margin, self.width - self.margin, self.height - self.margin)


def width(box: Box) -> float:
    return box.x1 - box.x0


def height(box: Box) -> float:
    return box.y1 - box.y0


def area(box: Box) -> float:
    return width(box) * height(box)


def centre(box: Box) -> tuple[float, float]:
    return (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2


def overlap(one: Box, other: Box) -> float:
    """Compute the area of the intersection."""
    x = min(one.x1, other.x1) - max(one.x0, other.x0)
    y = min(one.y1, other.y1) - max(one.y0, other.y0)
    return max(x, 0.0) * max(y, 0.0)


def inside(box: Box, outer: Box, slack: float = 1e-6) -> bool:
    """Test whether the outer box holds all of the box."""
    return (
        box.x0 >= outer.x0 - slack
        and box.y0 >= outer.y0 - slack
        and box.x1 <= outer.x1 + slack
        and box.y1 <= outer.y1 + slack
    )


def fitted(aspect: float, into: Box) -> tuple[float, float]:
    """Compute the largest (width, height) of this aspect that a box holds."""
    if aspect > width(into) / height(into):
        return width(into), width(into) / aspect
    return height(into) * aspect, height(into)


def aligned(size: tuple[float, float], into: Box, across: float = 0.5, down: float = 0.5) -> Box:
    """Place a box of this size inside another: 0 is its left or upper side, 1 its right or lower one."""
    x0 = into.x0 + (width(into) - size[0]) * across
    y0 = into.y0 + (height(into) - size[1]) * down
    return Box(x0, y0, x0 + size[0], y0 + size[1])
