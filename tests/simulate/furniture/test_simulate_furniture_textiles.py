"""Rugs, throws and cushions show the shape and edge that their cut names."""

from __future__ import annotations

import pytest
from simulated_drawings import drawn, mean_edge


def test_a_round_rug_leaves_the_corners_that_a_rectangular_one_covers() -> None:
    round_rug, long_rug = (drawn("Rugs", shape=shape, edge="bordered") for shape in ("round", "rectangular"))
    x0, y0, x1, y1 = round_rug.box
    assert (x1 - x0) == pytest.approx(y1 - y0, abs=1)
    assert round_rug.area / ((x1 - x0) * (y1 - y0)) == pytest.approx(0.785, abs=0.02)  # pi / 4
    x0, y0, x1, y1 = long_rug.box
    assert y1 - y0 > x1 - x0
    assert long_rug.area / ((x1 - x0) * (y1 - y0)) > 0.98


@pytest.mark.parametrize("shape", ["rectangular", "round"])
def test_fringes_make_a_rug_longer(shape: str) -> None:
    fringed, bordered = (
        mean_edge("bottom", "Rugs", shape=shape, edge=edge) for edge in ("fringed", "bordered")
    )
    assert fringed > bordered + 2


def test_a_border_is_of_the_second_colour() -> None:
    assert drawn("Rugs", shape="rectangular", edge="bordered").area_of("blue") > 300


def test_a_fringed_throw_ends_lower_than_a_hemmed_one() -> None:
    assert mean_edge("bottom", "Throws", ends="fringed") > mean_edge("bottom", "Throws", ends="hemmed") + 3


def test_tassels_are_of_the_accent_colour_at_the_four_corners() -> None:
    clean, tasselled = (drawn("Cushions", trim=trim) for trim in ("clean", "tasselled"))
    assert clean.area_of("green") == 0
    assert tasselled.area_of("green") > 20
    assert tasselled.box[0] < clean.box[0] - 2
    assert tasselled.box[3] > clean.box[3] + 2


def test_the_sides_of_a_cushion_curve_inwards() -> None:
    cushion = drawn("Cushions", trim="clean")
    x0, y0, x1, y1 = cushion.box
    assert 0.8 * (x1 - x0) * (y1 - y0) < cushion.area < 0.95 * (x1 - x0) * (y1 - y0)
