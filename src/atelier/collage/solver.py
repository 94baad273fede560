"""Places pieces where no template fits: the best of many arrangements in columns or rows. Always finds one.

An arrangement is a list of lanes, each a list of pieces. Lanes are columns that stand side by side, or rows
one below the other.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from atelier.collage.boxes import Layout, Piece, Placed, height, width
from atelier.collage.measures import BOUNDS, faults, measure
from atelier.collage.sizes import shown_size
from atelier.errors import CollageError
from atelier.vocabulary import Box

MAX_PIECES = 12
_ALL_PARTITIONS_UP_TO = 6
"""So many pieces can be shared out among lanes in 203 ways; more of them keep their order."""
_GAP = 0.045
"""Between two pieces, as a share of the shorter side of the area."""
_MAX_LANES = 5
_MAX_GROWTH = 1.25
"""A short lane's pieces may be so much larger than the scale of all."""
_CANDIDATES = 6
"""Arrangements that are measured as layouts, after a quick look at all."""
_ORDER = ("outer", "top", "dress", "whole", "wall picture", "tent", "lamp", "bottom", "bed", "climbing suit")
"""Slots from above to below; those not named follow."""

Lane = tuple[int, ...]


@dataclass(frozen=True)
class _Plan:
    """An arrangement, and the quick look at it."""

    lanes: tuple[Lane, ...]
    in_rows: bool
    cost: float


def solve(
    pieces: Sequence[Piece],
    area: Box,
    canvas: tuple[float, float],
    margin: float,
    text_boxes: tuple[tuple[str, Box], ...] = (),
    seed: int = 0,
) -> Layout:
    """Place 1 to 12 pieces in an area of a canvas; the same seed gives the same layout."""
    if not 1 <= len(pieces) <= MAX_PIECES:
        raise CollageError(f"a collage has 1 to {MAX_PIECES} pieces, not {len(pieces)}")
    sizes = _sizes(pieces)
    chance = random.Random(seed)
    plans = sorted(_plans(pieces, sizes, area, chance), key=lambda plan: plan.cost)[:_CANDIDATES]
    layouts = [_realise(pieces, sizes, plan, area, canvas, margin, text_boxes) for plan in plans]
    return min(layouts, key=_judge)


def _judge(layout: Layout) -> tuple[int, float]:
    seen = measure(layout)
    return len(faults(layout, BOUNDS)), seen.white_space + 1.5 * seen.imbalance


def _sizes(pieces: Sequence[Piece]) -> list[tuple[float, float]]:
    """(width, height) of each, as it is shown; of a set's pieces the shorter sides differ at most 12-fold."""
    sizes = [shown_size(piece) for piece in pieces]
    least = max(min(size) for size in sizes) / 12
    return [
        (across * max(1.0, least / min(across, down)), down * max(1.0, least / min(across, down)))
        for across, down in sizes
    ]


def _plans(
    pieces: Sequence[Piece], sizes: Sequence[tuple[float, float]], area: Box, chance: random.Random
) -> Iterator[_Plan]:
    order = sorted(range(len(pieces)), key=lambda each: (_rank(pieces[each]), -max(sizes[each])))
    for lanes in _partitions(order):
        for in_rows in (False, True):
            cost = _quick_cost(lanes, sizes, area, in_rows) + 1e-3 * chance.random()
            yield _Plan(lanes, in_rows, cost)


def _rank(piece: Piece) -> int:
    return _ORDER.index(piece.slot) if piece.slot in _ORDER else len(_ORDER)


def _partitions(order: Sequence[int]) -> Iterator[tuple[Lane, ...]]:
    """Ways to share pieces out among lanes; within a lane they keep their order."""
    if len(order) <= _ALL_PARTITIONS_UP_TO:
        for lanes in _all_partitions(tuple(order)):
            if len(lanes) <= _MAX_LANES:
                yield lanes
        return
    for cuts in range(1 << (len(order) - 1)):
        lanes_begun: list[list[int]] = [[order[0]]]
        for position, each in enumerate(order[1:]):
            if cuts >> position & 1:
                lanes_begun.append([])
            lanes_begun[-1].append(each)
        if 2 <= len(lanes_begun) <= _MAX_LANES:
            yield tuple(tuple(lane) for lane in lanes_begun)


def _all_partitions(order: Lane) -> Iterator[tuple[Lane, ...]]:
    if not order:
        yield ()
        return
    for lanes in _all_partitions(order[:-1]):
        for position, lane in enumerate(lanes):
            yield (*lanes[:position], (*lane, order[-1]), *lanes[position + 1 :])
        yield (*lanes, (order[-1],))


def _quick_cost(
    lanes: Sequence[Lane], sizes: Sequence[tuple[float, float]], area: Box, in_rows: bool
) -> float:
    """Low where the scale of all is large and lanes are of one length."""
    scale, lengths = _scale(lanes, sizes, area, in_rows)
    uneven = 1 - min(lengths) / max(lengths)
    covered = scale * scale * sum(across * down for across, down in sizes)
    return -covered / (width(area) * height(area)) + 0.15 * uneven


def _scale(
    lanes: Sequence[Lane], sizes: Sequence[tuple[float, float]], area: Box, in_rows: bool
) -> tuple[float, list[float]]:
    """The largest scale at which the lanes fit, and how long each lane then is."""
    side, along = (height(area), width(area)) if in_rows else (width(area), height(area))
    gap = _GAP * min(side, along)
    breadths = [max(sizes[each][1 if in_rows else 0] for each in lane) for lane in lanes]
    lengths = [sum(sizes[each][0 if in_rows else 1] for each in lane) for lane in lanes]
    scale = (side - gap * (len(lanes) - 1)) / sum(breadths)
    for lane, length in zip(lanes, lengths, strict=True):
        scale = min(scale, (along - gap * (len(lane) - 1)) / length)
    return scale, [
        length * scale + gap * (len(lane) - 1) for lane, length in zip(lanes, lengths, strict=True)
    ]


def _realise(
    pieces: Sequence[Piece],
    sizes: Sequence[tuple[float, float]],
    plan: _Plan,
    area: Box,
    canvas: tuple[float, float],
    margin: float,
    text_boxes: tuple[tuple[str, Box], ...],
) -> Layout:
    """Boxes for a plan: heavy lanes in the middle, short lanes grown a little, room shared out evenly."""
    side, along = (height(area), width(area)) if plan.in_rows else (width(area), height(area))
    gap = _GAP * min(side, along)
    scale, _ = _scale(plan.lanes, sizes, area, plan.in_rows)
    lanes = _heavy_in_the_middle(plan.lanes, sizes)
    turned = [(down, across) if plan.in_rows else (across, down) for across, down in sizes]
    breadths = [scale * max(turned[each][0] for each in lane) for lane in lanes]
    free = side - sum(breadths)
    # Room to spare is shared out at the sides too; without it lanes stand a gap apart.
    step = max(gap, free / (len(lanes) + 1))
    start = (free - step * (len(lanes) - 1)) / 2
    placed = []
    for lane, breadth in zip(lanes, breadths, strict=True):
        for each, box in _lane_boxes(lane, turned, scale, (start, breadth), along, gap):
            x0, y0, x1, y1 = (box[1], box[0], box[3], box[2]) if plan.in_rows else box
            where = Box(area.x0 + x0, area.y0 + y0, area.x0 + x1, area.y0 + y1)
            placed.append(Placed(pieces[each], where, pieces[each].slot))
        start += breadth + step
    return Layout(*canvas, margin, tuple(placed), text_boxes)


def _lane_boxes(
    lane: Lane,
    sizes: Sequence[tuple[float, float]],
    scale: float,
    across: tuple[float, float],
    along: float,
    gap: float,
) -> Iterator[tuple[int, tuple[float, float, float, float]]]:
    start, breadth = across
    length = sum(sizes[each][1] for each in lane) * scale
    growth = min(
        _MAX_GROWTH,
        (along - gap * (len(lane) - 1)) / length,
        *(breadth / (sizes[each][0] * scale) for each in lane),
    )
    free = along - length * growth
    between = min(free / (len(lane) + 1), 3 * gap)
    between = max(between, gap) if len(lane) > 1 else 0.0
    position = (free - between * (len(lane) - 1)) / 2
    for each in lane:
        wide, long = (side * scale * growth for side in sizes[each])
        left = start + (breadth - wide) / 2
        yield each, (left, position, left + wide, position + long)
        position += long + between


def _heavy_in_the_middle(lanes: Sequence[Lane], sizes: Sequence[tuple[float, float]]) -> list[Lane]:
    """Lanes by weight, taken in turn to the left and to the right of the heaviest."""
    by_weight = sorted(lanes, key=lambda lane: -sum(sizes[each][0] * sizes[each][1] for each in lane))
    if len(by_weight) == 2:
        return by_weight
    left, right = by_weight[1::2], by_weight[2::2]
    return [*reversed(left), by_weight[0], *right]
