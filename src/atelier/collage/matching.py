"""Matches a set to the best template and places its pieces."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from atelier.collage.boxes import Layout, Piece, Placed, aligned, area, fitted, height, width
from atelier.collage.measures import BOUNDS, Bounds, faults
from atelier.collage.sizes import shown_size
from atelier.collage.templates import ANY, Slotted, Template

_SMALLEST_IN_BOX = 0.62
"""A piece fills at least this share of what its box allows, however small it really is."""
_ALMOST_AS_GOOD = 0.1
"""Templates whose cost is at most so much above the best one's are taken in turn, by seed."""
_EMPTY_BOX = 0.15
_ANY_BOX = 0.2
_MISFIT = 0.15
_ASPECTS_ALIKE = 0.02


@dataclass(frozen=True)
class Match:
    """A template that suits a set."""

    template: Template
    layout: Layout
    cost: float
    """0: every box is filled by a piece of its own proportions."""


def best_match(
    pieces: Sequence[Piece],
    templates: Iterable[Template],
    texts: Iterable[str],
    aspect: float,
    seed: int = 0,
    bounds: Bounds = BOUNDS,
) -> Match | None:
    """Choose the template that suits best, or None if none does.

    A template suits if it has the canvas's proportions, a box for every piece, a piece for every box that is
    not optional, an area for every text, a text for every area that is not optional, and if the layout that
    it gives has no fault. `seed` chooses among those that suit nearly as well as the best.
    """
    given = frozenset(texts)
    sizes = [shown_size(piece) for piece in pieces]
    found = [
        (cost, template, boxes)
        for template in templates
        if abs(template.aspect / aspect - 1) < _ASPECTS_ALIKE and _texts_suit(template, given)
        for boxes, cost in _assign(pieces, sizes, template)
    ]
    if not found:
        return None
    found.sort(key=lambda each: each[0])
    num_good = sum(cost <= found[0][0] + _ALMOST_AS_GOOD for cost, _, _ in found)
    order = [found[(seed + step) % num_good] for step in range(num_good)] + found[num_good:]
    for cost, template, boxes in order:
        layout = lay_out(pieces, boxes, template)
        if not faults(layout, bounds):
            return Match(template, layout, cost)
    return None


def lay_out(pieces: Sequence[Piece], boxes: Sequence[Slotted], template: Template) -> Layout:
    """Place each piece in its box: at one scale for all, as far as the boxes allow it."""
    largest = [fitted(piece.aspect, box.box) for piece, box in zip(pieces, boxes, strict=True)]
    ratios = sorted(size[1] / shown_size(piece)[1] for piece, size in zip(pieces, largest, strict=True))
    scale = ratios[(2 * len(ratios) - 1) // 3]
    placed = []
    for piece, box, (across, down) in zip(pieces, boxes, largest, strict=True):
        share = min(1.0, max(_SMALLEST_IN_BOX, scale * shown_size(piece)[1] / down))
        where = aligned((across * share, down * share), box.box, box.across, box.down)
        placed.append(Placed(piece, where, box.name, box.layer, box.may_overlap))
    texts = tuple((text.name, text.box) for text in template.texts)
    return Layout(template.width, template.height, template.margin, tuple(placed), texts)


def _texts_suit(template: Template, texts: frozenset[str]) -> bool:
    areas = {text.name for text in template.texts}
    return texts <= areas and all(text.optional or text.name in texts for text in template.texts)


def _assign(
    pieces: Sequence[Piece], sizes: Sequence[tuple[float, float]], template: Template
) -> list[tuple[list[Slotted], float]]:
    """The cheapest way: every piece gets a box, every box that is not optional a piece; [] without one."""
    boxes = template.boxes
    needed = sum(1 << number for number, box in enumerate(boxes) if not box.optional)
    if not needed.bit_count() <= len(pieces) <= len(boxes):
        return []
    rooms = [max(width(box.box), height(box.box)) for box in boxes]
    scale = (sum(rooms) / len(rooms)) / (sum(map(max, sizes)) / len(sizes))
    options = [
        sorted(
            (_cost(size, piece.slot in box.slots, box, scale), number)
            for number, box in enumerate(boxes)
            if piece.slot in box.slots or ANY in box.slots
        )
        for piece, size in zip(pieces, sizes, strict=True)
    ]
    best = _cheapest(options, needed)
    if best is None:
        return []
    cost, chosen = best
    num_empty = len(boxes) - len(pieces)
    return [([boxes[number] for number in chosen], cost / len(pieces) + _EMPTY_BOX * num_empty)]


def _cheapest(
    options: Sequence[Sequence[tuple[float, int]]], needed: int
) -> tuple[float, tuple[int, ...]] | None:
    """Of all ways to choose a box for each piece, each box once; `needed`: those that must be, as bits."""
    ways: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}
    for of_piece in options:
        longer: dict[int, tuple[float, tuple[int, ...]]] = {}
        for taken, (cost, chosen) in ways.items():
            for more, number in of_piece:
                if taken >> number & 1:
                    continue
                key = taken | 1 << number
                if key not in longer or cost + more < longer[key][0]:
                    longer[key] = (cost + more, (*chosen, number))
        ways = longer
    return min((way for taken, way in ways.items() if taken & needed == needed), default=None)


def _cost(size: tuple[float, float], is_named: bool, box: Slotted, scale: float) -> float:
    """How much of a box a piece leaves empty, and how far the box is from the size it should have."""
    across, down = fitted(size[0] / size[1], box.box)
    unused = 1 - across * down / area(box.box)
    misfit = abs(math.log(max(across, down) / (scale * max(size))))
    return unused * unused + _MISFIT * misfit + (0.0 if is_named else _ANY_BOX)
