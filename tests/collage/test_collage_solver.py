"""Layouts: measured by themselves, made by templates, and by the solver for whatever comes."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from collage_pieces import piece

from atelier.collage.boxes import Piece
from atelier.collage.measures import Bounds, faults
from atelier.collage.sizes import shown_size
from atelier.collage.solver import solve
from atelier.errors import CollageError
from atelier.vocabulary import Box

LOOSE = Bounds(min_white_space=0, max_white_space=1, max_white_space_of_few=1, max_imbalance=1)


def _any_pieces(chance: random.Random) -> list[Piece]:
    categories = ["Beds", "Ring", "Watches", "Jeans", "Tshirts", "Handbags", None]
    return [
        piece(
            chance.choice(["top", "bottom", "shoes", "?"]), chance.uniform(0.12, 6), chance.choice(categories)
        )
        for _ in range(chance.randint(1, 8))
    ]


@pytest.mark.parametrize("canvas", [(1000.0, 1000.0), (800.0, 1000.0), (1600.0, 900.0)])
def test_the_solver_places_whatever_comes_without_overlap_inside_the_canvas(
    canvas: tuple[float, float],
) -> None:
    chance = random.Random(3)
    for seed in range(40):
        pieces = _any_pieces(chance)
        area = Box(50, 150, canvas[0] - 50, canvas[1] - 50)
        title = (("title", Box(50, 50, canvas[0] - 50, 140)),)
        layout = solve(pieces, area, canvas, 50, title, seed)
        assert len(layout.placed) == len(pieces)
        tiny = replace(LOOSE, min_side=0.001)
        assert faults(layout, tiny) == [], [each.aspect for each in pieces]


def test_the_solver_is_the_same_for_the_same_seed() -> None:
    pieces = _any_pieces(random.Random(5))
    area = Box(50, 50, 950, 950)
    first, again = (solve(pieces, area, (1000, 1000), 50, seed=7) for _ in range(2))
    assert [each.box for each in first.placed] == [each.box for each in again.placed]


def test_the_solver_keeps_pieces_of_like_size_at_like_scale() -> None:
    layout = solve(
        [piece(slot) for slot in ("top", "bottom", "outer")], Box(50, 50, 950, 950), (1000, 1000), 50
    )
    scales = [(each.box.y1 - each.box.y0) / shown_size(each.piece)[1] for each in layout.placed]
    assert max(scales) / min(scales) < 1.3


def test_no_pieces_and_too_many_are_refused() -> None:
    for number in (0, 13):
        with pytest.raises(CollageError, match=f"1 to 12 pieces, not {number}"):
            solve([piece("top")] * number, Box(50, 50, 950, 950), (1000, 1000), 50)
