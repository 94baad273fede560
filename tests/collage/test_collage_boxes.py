"""Pieces check their pictures; boxes know their geometry."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atelier.collage.boxes import Layout, Piece, aligned, area, centre, fitted, height, inside, overlap, width
from atelier.errors import CollageError
from atelier.vocabulary import Box


def test_a_piece_without_a_picture_is_named() -> None:
    empty = np.zeros((20, 20, 4), np.uint8)
    with pytest.raises(CollageError, match=r"item i7 \(shoes\): its picture is wholly transparent"):
        Piece("i7", "shoes", None, empty)
    with pytest.raises(CollageError, match=r"item i7 \(shoes\): its picture is uint8 \[20, 20, 3\]"):
        Piece("i7", "shoes", None, empty[..., :3])
    with pytest.raises(CollageError, match="20 x 1 pixels; expected 2 each way or more"):
        Piece("i7", "shoes", None, np.full((1, 20, 4), 255, np.uint8))


SIDE = st.floats(-50, 50).map(lambda value: round(value, 3))
LENGTH = st.floats(1, 40).map(lambda value: round(value, 3))
BOXES = st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), SIDE, SIDE, LENGTH, LENGTH)


def test_measures_of_a_box_are_known() -> None:
    box = Box(1, 2, 4, 8)
    assert (width(box), height(box), area(box), centre(box)) == (3, 6, 18, (2.5, 5))


@given(one=BOXES, other=BOXES)
def test_an_overlap_is_the_same_both_ways_and_never_more_than_either(one: Box, other: Box) -> None:
    shared = overlap(one, other)
    assert shared == overlap(other, one)
    assert 0 <= shared <= min(area(one), area(other)) * (1 + 1e-9) + 1e-9
    assert overlap(one, one) == pytest.approx(area(one))
    if inside(one, other):
        assert shared == pytest.approx(area(one), abs=1e-3)


@given(aspect=st.floats(0.1, 10), into=BOXES, across=st.floats(0, 1), down=st.floats(0, 1))
def test_the_largest_of_an_aspect_fits_touches_and_stays_inside_wherever_it_is_put(
    aspect: float, into: Box, across: float, down: float
) -> None:
    size = fitted(aspect, into)
    assert size[0] / size[1] == pytest.approx(aspect)
    assert size[0] == pytest.approx(width(into)) or size[1] == pytest.approx(height(into))
    assert inside(aligned(size, into, across, down), into)


def test_alignment_goes_from_the_left_and_upper_side_to_the_right_and_lower() -> None:
    into = Box(10, 10, 30, 50)
    assert aligned((10, 10), into, 0, 0) == Box(10, 10, 20, 20)
    assert aligned((10, 10), into, 1, 1) == Box(20, 40, 30, 50)
    assert aligned((10, 10), into) == Box(15, 25, 25, 35)


def test_a_layout_s_content_is_its_canvas_without_the_margin() -> None:
    assert Layout(100, 80, 5, ()).content == Box(5, 5, 95, 75)


def test_levels_of_a_piece_grow_smaller_and_the_last_is_its_outline() -> None:
    picture = np.zeros((600, 400, 4), np.uint8)
    picture[100:500, 100:300] = 255
    piece = Piece("i", "top", None, picture)
    sides = [max(level.size) for level in piece.levels]
    assert sides[0] == 600
    assert sides == sorted(sides, reverse=True)
    assert sides[-1] <= 160 < sides[-2]
    assert piece.outline.size == piece.levels[-1].size
    assert piece.aspect == pytest.approx(2 / 3)
    assert piece.ink == pytest.approx(1 / 3, abs=0.01)
