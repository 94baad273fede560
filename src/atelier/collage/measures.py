"""Measures a finished layout: faults, white space and balance.

It shares nothing with what placed the pieces, so that tests and benchmarks can trust it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from atelier.collage.boxes import Layout, Placed

_SLACK = 1e-6
"""Of the canvas's longer side: what floating point may be off."""


@dataclass(frozen=True)
class Bounds:
    """Limits of a valid layout. Outside of them a template is not used."""

    min_white_space: float = 0.30
    max_white_space: float = 0.90
    """For three pieces or more; one or two may be slight, a necklace and a belt."""
    max_white_space_of_few: float = 0.985
    max_imbalance: float = 0.16
    min_side: float = 0.012
    """The shorter side of a piece, as a share of the canvas's shorter side."""
    max_distortion: float = 0.01
    """By how much a box's proportions may differ from its piece's."""


BOUNDS = Bounds()


@dataclass(frozen=True)
class Measures:
    """Measured properties of a layout as a whole."""

    white_space: float
    """Share of the canvas that no piece covers, by their opaque pixels."""
    imbalance: float
    """From the canvas's middle to the pieces' centre of mass, by half its diagonal."""
    num_overlaps: int
    """Pairs of boxes that overlap, allowed or not."""


def measure(layout: Layout) -> Measures:
    """Measure white space, balance and overlaps of a layout."""
    masses = [_area(each) * each.piece.ink for each in layout.placed]
    total = sum(masses)
    if total == 0:
        return Measures(1.0, 0.0, 0)
    x = sum(mass * (each.box.x0 + each.box.x1) / 2 for mass, each in zip(masses, layout.placed, strict=True))
    y = sum(mass * (each.box.y0 + each.box.y1) / 2 for mass, each in zip(masses, layout.placed, strict=True))
    middle_x, middle_y = _middle(layout)
    away = math.hypot(x / total - middle_x, y / total - middle_y)
    return Measures(
        white_space=1 - total / (layout.width * layout.height),
        imbalance=away / (math.hypot(layout.width, layout.height) / 2),
        num_overlaps=sum(1 for _ in _overlapping(layout)),
    )


def faults(layout: Layout, bounds: Bounds = BOUNDS) -> list[str]:
    """List a sentence for every fault of a layout; empty if it can be published."""
    return [*_each_alone(layout, bounds), *_together(layout), *_as_a_whole(layout, bounds)]


def _each_alone(layout: Layout, bounds: Bounds) -> Iterator[str]:
    slack = _SLACK * max(layout.width, layout.height)
    content = layout.content
    for each in layout.placed:
        box, name = each.box, _name(each)
        if (
            min(box.x0 - content.x0, box.y0 - content.y0) < -slack
            or max(box.x1 - content.x1, box.y1 - content.y1) > slack
        ):
            yield f"{name} lies outside the canvas or on its margin: {_shown(each)}"
        across, down = box.x1 - box.x0, box.y1 - box.y0
        if min(across, down) < bounds.min_side * min(layout.width, layout.height):
            yield f"{name} is too small to be seen: {_shown(each)}"
        if abs(across / down / each.piece.aspect - 1) > bounds.max_distortion:
            yield f"{name} is distorted: {across / down:.3f}, its picture has {each.piece.aspect:.3f}"


def _together(layout: Layout) -> Iterator[str]:
    for one, other in _overlapping(layout):
        if other.name not in one.may_overlap and one.name not in other.may_overlap:
            yield f"{_name(one)} and {_name(other)} overlap: {_shown(one)} and {_shown(other)}"
    for each in layout.placed:
        for name, box in layout.text_boxes:
            if name not in each.may_overlap and _meet(
                each.box.as_tuple(), box.as_tuple(), _SLACK * layout.width
            ):
                yield f"{_name(each)} lies on the text '{name}': {_shown(each)}"


def _as_a_whole(layout: Layout, bounds: Bounds) -> Iterator[str]:
    seen = measure(layout)
    few = len(layout.placed) < 3
    most = bounds.max_white_space_of_few if few else bounds.max_white_space
    if not bounds.min_white_space <= seen.white_space <= most:
        yield f"white space is {seen.white_space:.2f}, expected {bounds.min_white_space} to {most}"
    if seen.imbalance > bounds.max_imbalance:
        max_off = bounds.max_imbalance
        yield f"the pieces hang to one side: {seen.imbalance:.2f} off the middle, at most {max_off}"


def _overlapping(layout: Layout) -> Iterator[tuple[Placed, Placed]]:
    slack = _SLACK * max(layout.width, layout.height)
    for position, one in enumerate(layout.placed):
        for other in layout.placed[position + 1 :]:
            if _meet(one.box.as_tuple(), other.box.as_tuple(), slack):
                yield one, other


def _meet(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float], slack: float
) -> bool:
    return (
        min(one[2], other[2]) - max(one[0], other[0]) > slack
        and min(one[3], other[3]) - max(one[1], other[1]) > slack
    )


def _middle(layout: Layout) -> tuple[float, float]:
    """Of the largest band, full width or full height, that the texts leave free; they weigh too."""
    low_x, low_y, high_x, high_y = 0.0, 0.0, layout.width, layout.height
    for _, box in layout.text_boxes:
        free = {
            "right": (layout.width - box.x1) * layout.height,
            "left": box.x0 * layout.height,
            "below": (layout.height - box.y1) * layout.width,
            "above": box.y0 * layout.width,
        }
        side = max(free, key=lambda key: free[key])
        if side == "right":
            low_x = max(low_x, box.x1)
        elif side == "left":
            high_x = min(high_x, box.x0)
        elif side == "below":
            low_y = max(low_y, box.y1)
        else:
            high_y = min(high_y, box.y0)
    return (low_x + high_x) / 2, (low_y + high_y) / 2


def _area(each: Placed) -> float:
    return (each.box.x1 - each.box.x0) * (each.box.y1 - each.box.y0)


def _name(each: Placed) -> str:
    return f"item {each.piece.item_id} ({each.name})"


def _shown(each: Placed) -> str:
    return "[" + ", ".join(f"{value:.0f}" for value in each.box.as_tuple()) + "]"
