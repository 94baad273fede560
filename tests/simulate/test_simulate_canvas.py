"""Outlines, masks and paint of the drawing board."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from atelier.simulate.canvas import (
    HEIGHT,
    SIZE,
    WIDTH,
    Canvas,
    ellipse,
    mirrored,
    moved,
    outline,
    rounded,
    symmetric,
    turned,
)


def test_paint_is_opaque_inside_an_outline_and_absent_outside() -> None:
    canvas = Canvas(np.random.default_rng(0))
    canvas.fill(outline((20, 20), (100, 20), (100, 140), (20, 140)), (200, 10, 10), depth=0, folds=0)
    picture = np.asarray(canvas.picture())
    assert tuple(picture[160, 120]) == (200, 10, 10, 255)
    assert picture[10, 10, 3] == 0


COORDINATE = st.floats(-200, 200)
PATHS = st.lists(st.tuples(COORDINATE, COORDINATE), min_size=1, max_size=8).map(np.array)


def _area(points: np.ndarray) -> float:
    """Of a polygon, by the shoelace formula."""
    x, y = points[:, 0], points[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def test_a_step_of_two_numbers_is_straight_and_of_four_a_quadratic_curve() -> None:
    path = outline((0, 0), (10, 0), (20, 0, 20, 10))
    assert path[:2].tolist() == [[0, 0], [10, 0]]
    assert path[-1].tolist() == [20, 10]
    middle = path[1 + 6]  # Twelve points a curve; the sixth is at t = 1/2.
    assert middle.tolist() == [0.25 * 10 + 0.5 * 20 + 0.25 * 20, 0.25 * 10]


@given(points=PATHS)
def test_mirroring_twice_changes_nothing(points: np.ndarray) -> None:
    assert np.allclose(mirrored(mirrored(points)), points)
    assert np.allclose((mirrored(points) + points)[:, 0], WIDTH)


@given(points=PATHS, degrees=st.floats(-360, 360), across=COORDINATE, down=COORDINATE)
def test_turning_and_moving_keep_distances_and_can_be_undone(
    points: np.ndarray, degrees: float, across: float, down: float
) -> None:
    there = moved(turned(points, degrees), across, down)
    assert np.allclose(turned(moved(there, -across, -down), -degrees), points, atol=1e-6)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    assert np.allclose(np.linalg.norm(np.diff(there, axis=0), axis=1), steps, atol=1e-6)


def test_a_quarter_turn_is_clockwise_on_the_screen() -> None:
    assert np.allclose(turned(np.array([[70.0, 80.0]]), 90, (60, 80)), [[60, 90]])


def test_areas_of_an_ellipse_and_of_a_rounded_rectangle_are_known() -> None:
    assert _area(ellipse(60, 80, 30, 20)) == pytest.approx(np.pi * 600, rel=0.01)
    square = _area(rounded(10, 10, 50, 40, 0.0))
    assert square == pytest.approx(40 * 30)
    # A quadratic corner of radius r cuts off r²/6.
    assert _area(rounded(10, 10, 50, 40, 6.0)) == pytest.approx(40 * 30 - 4 * 36 / 6, rel=0.001)


def test_a_radius_larger_than_the_rectangle_is_cut_to_it() -> None:
    points = rounded(10, 10, 20, 14, 50)
    assert points.min(axis=0).tolist() == [10, 10]
    assert points.max(axis=0).tolist() == [20, 14]


def test_a_symmetric_outline_is_its_own_mirror_image() -> None:
    points = symmetric((60, 10), (90, 20, 80, 60), (60, 60))
    assert {tuple(np.round(p, 6)) for p in points} == {tuple(np.round(p, 6)) for p in mirrored(points)}


def _opaque(canvas: Canvas) -> np.ndarray:
    return np.asarray(canvas.picture().getchannel("A")) > 128


def test_later_paint_covers_earlier_and_a_cut_makes_a_hole() -> None:
    canvas = Canvas(np.random.default_rng(0))
    canvas.fill(rounded(20, 20, 100, 100), (200, 0, 0), depth=0, folds=0)
    canvas.fill(rounded(40, 40, 60, 60), (0, 0, 200), depth=0, folds=0)
    picture = np.asarray(canvas.picture())
    assert tuple(picture[100, 100]) == (0, 0, 200, 255)
    assert tuple(picture[60, 60]) == (200, 0, 0, 255)
    canvas.cut(rounded(40, 40, 60, 60))
    assert not _opaque(canvas)[100, 100]
    assert _opaque(canvas)[60, 60]


def test_paint_inside_another_outline_stays_there() -> None:
    canvas = Canvas(np.random.default_rng(0))
    canvas.fill(rounded(0, 0, WIDTH, HEIGHT), (9, 9, 9), depth=0, folds=0, inside=rounded(30, 30, 50, 50, 0))
    rows, columns = np.nonzero(_opaque(canvas))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == pytest.approx((60, 100, 60, 100), abs=1)


def test_an_outline_off_the_board_paints_nothing() -> None:
    canvas = Canvas(np.random.default_rng(0))
    canvas.fill(rounded(200, 200, 220, 220), (9, 9, 9))
    assert not _opaque(canvas).any()


def test_a_line_is_as_wide_as_asked_and_dots_as_large() -> None:
    canvas = Canvas(np.random.default_rng(0))
    canvas.line(outline((20, 80), (100, 80)), (9, 9, 9), 6)
    assert _opaque(canvas)[:, 120].sum() / 2 == pytest.approx(6, abs=0.6)
    dots = Canvas(np.random.default_rng(0))
    dots.dots(np.array([[30.0, 30.0], [90.0, 90.0]]), (9, 9, 9), 5)
    assert _opaque(dots).sum() / 4 == pytest.approx(2 * np.pi * 25, rel=0.1)


def test_a_bulge_is_lit_from_above_on_the_left() -> None:
    canvas = Canvas(np.random.default_rng(0))
    canvas.fill(ellipse(60, 80, 40, 40), (128, 128, 128), depth=0.6, folds=0)
    light = np.asarray(canvas.picture())[..., 0].astype(int)
    assert light[112, 72] > light[208, 168] + 10


def test_folds_differ_by_chance_and_vanish_at_strength_none() -> None:
    def shirt(seed: int, folds: float) -> np.ndarray:
        canvas = Canvas(np.random.default_rng(seed), folds=folds)
        canvas.fill(rounded(20, 20, 100, 140), (128, 128, 128), depth=0)
        return np.asarray(canvas.picture())

    assert (shirt(0, 0.1) != shirt(1, 0.1)).any()
    assert np.array_equal(shirt(0, 0.0), shirt(1, 0.0))


def test_a_print_shows_only_where_its_outline_and_its_own_alpha_reach() -> None:
    canvas = Canvas(np.random.default_rng(0))
    canvas.fill(rounded(20, 20, 100, 140), (200, 0, 0), depth=0, folds=0)
    canvas.within(rounded(20, 20, 60, 140), Image.new("RGBA", (120, 40), (0, 0, 200, 255)), (30, 60))
    picture = np.asarray(canvas.picture())
    assert tuple(picture[130, 100, :3]) == (0, 0, 200)
    assert tuple(picture[130, 140, :3]) == (200, 0, 0), "beyond the outline"
    assert picture.shape == (SIZE[1], SIZE[0], 4)
