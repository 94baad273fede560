"""Which template suits a set best, and where its pieces then stand."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from atelier.collage.boxes import Layout, Piece, Placed, aligned, area, fitted, height, width
from atelier.collage.measures import BOUNDS, Bounds, faults
from atelier.collage.sizes import shown_size
from atelier.collage.templates import ANY, Slotted, Template

_SMALLEST_IN_BOX = 0.8
"""A piece fills at least this share of what its box allows, however small it really is."""
_ALMOST_AS_GOOD = 0.1
"""Templates whose cost is at most so much above the best one's are taken in turn, by seed."""
_EMPTY_BOX = 0.22
_ANY_BOX = 0.12
_MISFIT = 0.15
_UNUSED_TEXT = 0.25
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
    """The template that suits best, or None if none does.

    A template suits if it has the canvas's proportions, a box for every piece, a piece for every box that is
    not optional, an area for every text, a text for every area that is not optional, and if the layout that
    it gives has no fault. `seed` chooses among those that suit nearly as well as the best.
    """
    given = frozenset(texts)
    found = [
        match
        for template in templates
        if abs(template.aspect / aspect - 1) < _ASPECTS_ALIKE
        and (match := _match(pieces, template, given)) is not None
    ]
    found.sort(key=lambda match: match.cost)
    good = [match for match in found if match.cost <= found[0].cost + _ALMOST_AS_GOOD]
    order = [good[(seed + step) % len(good)] for step in range(len(good))] + found[len(good) :]
    return next((match for match in order if not faults(match.layout, bounds)), None)


def lay_out(pieces: Sequence[Piece], boxes: Sequence[Slotted], template: Template) -> Layout:
    """Place each piece in its box: at one scale for all, as far as the boxes allow it."""
    largest = [fitted(piece.aspect, box.box) for piece, box in zip(pieces, boxes, strict=True)]
    ratios = sorted(
        size[1] / shown_size(piece)[1] for piece, size in zip(pieces, largest, strict=True)
    )
    scale = ratios[(3 * len(ratios)) // 4]
    placed = []
    for piece, box, (across, down) in zip(pieces, boxes, largest, strict=True):
        share = min(1.0, max(_SMALLEST_IN_BOX, scale * shown_size(piece)[1] / down))
        where = aligned((across * share, down * share), box.box, box.across, box.down)
        placed.append(Placed(piece, where, box.name, box.layer, box.may_overlap))
    texts = tuple((text.name, text.box) for text in template.texts)
    return Layout(template.width, template.height, template.margin, tuple(placed), texts)


def _match(pieces: Sequence[Piece], template: Template, texts: frozenset[str]) -> Match | None:
    areas = {text.name for text in template.texts}
    if not texts <= areas or any(not text.optional and text.name not in texts for text in template.texts):
        return None
    chosen = _assign(pieces, template)
    if chosen is None:
        return None
    boxes, cost = chosen
    num_empty = len(template.boxes) - len(boxes)
    cost = cost / len(pieces) + _EMPTY_BOX * num_empty + _UNUSED_TEXT * len(areas - texts)
    return Match(template, lay_out(pieces, boxes, template), cost)


def _assign(pieces: Sequence[Piece], template: Template) -> tuple[list[Slotted], float] | None:
    """The cheapest way to give every piece a box and every box that is not optional a piece."""
    needed = frozenset(box.name for box in template.boxes if not box.optional)
    if len(pieces) > len(template.boxes) or len(pieces) < len(needed):
        return None
    rooms = [max(width(box.box), height(box.box)) for box in template.boxes]
    sizes = [max(shown_size(piece)) for piece in pieces]
    scale = (sum(rooms) / len(rooms)) / (sum(sizes) / len(sizes))
    options = [
        sorted(
            ((_cost(piece, box, scale), box) for box in template.boxes if piece.slot in box.slots or ANY in box.slots),
            key=lambda option: option[0],
        )
        for piece in pieces
    ]
    best: list[tuple[float, list[Slotted]]] = []

    def go_on(position: int, cost: float, taken: list[Slotted]) -> None:
        if best and cost >= best[0][0]:
            return
        if position == len(pieces):
            if needed <= {box.name for box in taken}:
                best[:] = [(cost, list(taken))]
            return
        for more, box in options[position]:
            if box not in taken:
                go_on(position + 1, cost + more, [*taken, box])

    go_on(0, 0.0, [])
    return (best[0][1], best[0][0]) if best else None


def _cost(piece: Piece, box: Slotted, scale: float) -> float:
    """How much of a box a piece leaves empty, and how far the box is from the size it should have."""
    across, down = fitted(piece.aspect, box.box)
    unused = 1 - across * down / area(box.box)
    misfit = abs(math.log(max(across, down) / (scale * max(shown_size(piece)))))
    return unused * unused + _MISFIT * misfit + (0.0 if piece.slot in box.slots else _ANY_BOX)
